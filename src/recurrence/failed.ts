// What a recurrence gives that cannot be made: nodes that carry the mistakes.

import type { Dim, Shape } from "../graph/dim.ts";
import { ill, illLike } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { nodesOf, type Tree } from "../graph/tree.ts";
import { type Cell, like, readCell } from "./cell.ts";
import type { IllOptions, Options } from "./options.ts";

export interface Failed {
  readonly outputs: Tree<Node>;
  readonly final: Tree<Node>;
  /** Any of its steps. */
  readonly step: { readonly state: Tree<Node>; readonly output: Tree<Node>; readonly input: Tree<Node> };
}

/** Options that make no sense. The cell is called all the same, so that its own mistakes are reported too, and its output is known. */
export function illOptions(verb: string, { mistakes, rests, known }: IllOptions, cell: Cell): Failed {
  const { from, over, time = { name: "time", size: 1 } as Dim } = known;
  const readable = typeof cell === "function" && from !== undefined && over !== undefined;
  const read = readable ? readCell(verb, cell, { from, over, time, mask: undefined, reverse: false }, false) : undefined;
  const inCell = read !== undefined && "mistakes" in read ? read : { mistakes: [], rests: [] };
  return failed(ill([...mistakes, ...inCell.mistakes], { rests: [...rests, ...inCell.rests] }), known, read?.output);
}

/** Best-effort shapes, all resting on the mistakes. */
export function failed(because: Node, { from, over, time }: Partial<Options>, output?: Tree<Node>): Failed {
  const rest = (n: Node, shape: Shape): Node => ill(undefined, { shape, dtype: n.dtype, rests: [because] });
  const resting = (tree: Tree<Node> | undefined, shape: (n: Node) => Shape): Tree<Node> =>
    tree === undefined
      ? because
      : like(
          tree,
          nodesOf(tree).map((n) => rest(n, shape(n))),
        );
  const state = resting(from, (n) => n.shape);
  const step = { state, output: resting(output, (n) => n.shape), input: resting(over, (n) => n.shape.slice(1)) };
  const outputs = resting(output, (n) => (time === undefined ? n.shape : [time, ...n.shape]));
  const final =
    from === undefined
      ? because
      : like(
          from,
          nodesOf(from).map((n) => illLike(because, n)),
        );
  return { outputs, final, step };
}
