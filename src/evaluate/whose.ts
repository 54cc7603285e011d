// Whose fault it is: an op that is handed an id out of range knows a number in an array; the user knows the feed that it stands in.

import { nameOf } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { OutOfRange } from "../graph/range.ts";
import { topological } from "../graph/traverse.ts";
import type { Value } from "../graph/value.ts";

/** What was thrown when `node` was computed; an id out of range by the name and place in which it was fed (`labels[3]`), where that is known. */
export function named(thrown: unknown, node: Node, fed: ReadonlyMap<Node, Value>): unknown {
  if (!(thrown instanceof OutOfRange)) return thrown;
  const inputs = topological(node.inputs.filter((i) => i.dtype === "int")).filter((n) => n.dtype === "int" && fed.has(n));
  const itself = inputs.find((n) => fed.get(n)!.data === thrown.ids.data);
  if (itself !== undefined) return thrown.of(`${nameOf(itself)}${placeIn(itself, thrown.element)}`);
  // a step's part of it, or a copy with more dims: the feed is the one that has such an id
  const having = inputs.map((n) => [n, fed.get(n)!.data.indexOf(thrown.id)] as const).filter(([, at]) => at >= 0);
  const [only] = having;
  return having.length === 1 && only !== undefined ? thrown.of(`${nameOf(only[0])}${placeIn(...only)}`) : thrown;
}

/** `[2, 0]`: where an element stands, row-major. */
function placeIn({ shape }: Node, element: number): string {
  let rest = element;
  const at = [...shape].reverse().map(({ size }) => {
    const i = rest % size;
    rest = (rest - i) / size;
    return i;
  });
  return at.length === 0 ? "" : `[${at.reverse().join(", ")}]`;
}
