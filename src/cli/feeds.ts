// Feeds that a gradient can be checked with, drawn by seed from what the graph says of its inputs. A whole number by which rows are looked up (a word, a
// label) may be any id that there is; one that nothing is looked up by is a count, such as a length, and lies in 1 … time.

import type { Feeds } from "../evaluate/feeds.ts";
import { sizeOf } from "../graph/dim.ts";
import type { Graph } from "../graph/graph.ts";
import { computationOf, nameOf } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { normalAt, randomKey, uniformAt } from "../graph/random.ts";
import { topological } from "../graph/traverse.ts";
import { nodesOf } from "../graph/tree.ts";
import { expandScans } from "../recurrence/scan/expand.ts";

export function drawnFeeds(graph: Graph<unknown>, time: number, seed: number): Feeds {
  const ids = idsIn(graph);
  return Object.fromEntries(
    graph.inputs.map((input) => {
      const name = nameOf(input)!;
      const key = randomKey(seed, "feeds", name);
      const count = sizeOf(input.shape);
      if (input.dtype === "float") return [name, Float64Array.from({ length: count }, (_, i) => normalAt(key, i))];
      const below = input.dtype === "bool" ? 2 : (ids.get(input) ?? time);
      const first = input.dtype === "bool" || ids.has(input) ? 0 : 1;
      const drawn = Int32Array.from({ length: count }, (_, i) => first + Math.floor(below * uniformAt(key, i)));
      return [name, input.dtype === "bool" ? Uint8Array.from(drawn) : drawn];
    }),
  );
}

/** How many ids there are for each int input by which rows are looked up: the fewest, where it is used for several tables. */
function idsIn({ outputs }: Graph<unknown>): ReadonlyMap<Node, number> {
  const found = new Map<Node, number>();
  for (const node of topological(expandScans(nodesOf(outputs)))) {
    const use = lookup(node);
    if (use === undefined) continue;
    for (const n of numbersBehind(use.ids)) found.set(n, Math.min(use.count, found.get(n) ?? use.count));
  }
  return found;
}

/** The operand that holds ids, and how many there are to choose from. */
function lookup(node: Node): { readonly ids: Node; readonly count: number } | undefined {
  const how = computationOf(node);
  const [first, second] = node.inputs;
  if (how?.kind === "oneHot") return { ids: first!, count: node.shape.at(-1)!.size };
  if (how?.kind === "gather") return { ids: second!, count: first!.shape[how.axis]!.size };
  if (how?.kind === "scatter") return { ids: second!, count: node.shape[how.axis]!.size };
  return undefined;
}

/** The int inputs that a node's numbers come from, moved about, but not made into others. */
function numbersBehind(node: Node): readonly Node[] {
  const seen = new Set<Node>();
  const left = [node];
  for (let n = left.pop(); n !== undefined; n = left.pop()) {
    if (n.dtype !== "int" || seen.has(n)) continue;
    seen.add(n);
    left.push(...n.inputs);
  }
  return [...seen].filter((n) => n.op.leaf === "input");
}
