// Lifting: a graph computed for a whole new leading dim at once ("vmap"). Each op says how it is done for itself.

import { readersIn } from "../graph/body.ts";
import type { Dim } from "../graph/dim.ts";
import { withOperands } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { ambientOrigin, building } from "../graph/source.ts";
import { type Numbered, numbered } from "../graph/traverse.ts";
import { algebra as m } from "../ops/algebra.ts";
import { reverse } from "./reverse.ts";

/**
 * The outputs with `dim` as their first dim, when the nodes of `given` are replaced by ones that have it, and those of `instead` by others of
 * their own shape.
 */
export function lift(
  outputs: readonly Node[],
  given: ReadonlyMap<Node, Node>,
  dim: Dim,
  { order, start }: Numbered = numbered(outputs),
  instead: ReadonlyMap<Node, Node> = new Map(),
): readonly Node[] {
  const lifted = new Map(given);
  const same = new Map(instead);
  const { site, cell } = ambientOrigin();
  const readers = readersIn(order);
  for (const [number, node] of order.entries()) {
    // a variable of a body has no operands, whatever it was computed from
    if (lifted.has(node) || start[number] === start[number + 1]) continue;
    const inputs = node.inputs.map((i) => lifted.get(i) ?? same.get(i) ?? i);
    if (!node.inputs.some((i) => lifted.has(i))) {
      if (inputs.some((x, i) => x !== node.inputs[i])) same.set(node, withOperands(node, inputs));
      continue;
    }
    const which = node.inputs.map((i) => lifted.has(i));
    const build = () =>
      node.op.lift({ node, inputs, lifted: which, attributes: node.attributes, dim, readers: readers.get(node) ?? [] }, m);
    lifted.set(node, building({ site: node.origin.site ?? site, step: node.origin.step, cell, derived: node.origin.derived }, build));
  }
  return outputs.map(
    (o) =>
      lifted.get(o) ??
      m.broadcast(
        same.get(o) ?? o,
        [dim, ...o.shape],
        o.shape.map((_, i) => i + 1),
      ),
  );
}

/**
 * reverse for many cotangents at once: `bases[i]` is [dim, ...outputs[i]], the result [dim, ...wrt[i]]. One backward pass on cotangents that
 * stand for them, then lifted.
 */
export function reverseLifted(outputs: readonly Node[], bases: readonly Node[], wrt: readonly Node[], dim: Dim): readonly Node[] {
  const seeds = outputs.map((o) => m.full(o.shape, 0));
  const adjoints = reverse(outputs, seeds, wrt);
  const found = adjoints.filter((a) => a !== undefined);
  const lifted = lift(found, new Map(seeds.map((seed, i) => [seed, bases[i]!])), dim);
  let next = 0;
  return adjoints.map((a, i) => (a === undefined ? m.full([dim, ...wrt[i]!.shape], 0) : lifted[next++]!));
}
