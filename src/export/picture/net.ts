// What of a graph is the net: the loss, and all it rests on. Derived nodes are left out, but asked where they come from: a gradient alone
// (without the loss's value) still knows the loss that it is the gradient of.

import type { Graph } from "../../graph/graph.ts";
import type { Node } from "../../graph/node.ts";
import { isNode } from "../../graph/node.ts";
import { topological } from "../../graph/traverse.ts";
import { nodesOf, paths } from "../../graph/tree.ts";

export interface Net {
  /** In topological order. */
  readonly nodes: readonly Node[];
  /** The user's names of the outputs among them. */
  readonly outputs: ReadonlyMap<Node, string>;
  /** The derived nodes of the graph: rules applied to forward nodes. */
  readonly derived: readonly Node[];
  /** All outputs, derived ones too. */
  readonly all: ReadonlySet<Node>;
}

export function netOf(graph: Graph<unknown>): Net {
  const outputs = nodesOf(graph.outputs);
  const names = paths(graph.outputs as never, isNode);
  // a node that rests on a derived one (an optimiser's update) is no part of the net
  const touched = new Set<Node>();
  const derived: Node[] = [];
  for (const node of graph.nodes) {
    const isDerived = node.origin.derived !== undefined;
    if (isDerived) derived.push(node);
    if (isDerived || node.inputs.some((i) => touched.has(i))) touched.add(node);
  }
  const own = new Set(outputs.filter((o) => !touched.has(o) && o.op.leaf !== "constant"));
  const sources = derived.flatMap((d) => {
    const of = d.origin.derived!.of;
    return of.origin.derived === undefined && !touched.has(of) ? [of] : [];
  });
  const named = new Map<Node, string>();
  outputs.forEach((o, i) => {
    if (own.has(o) && !named.has(o)) named.set(o, names[i]!);
  });
  return { nodes: topological([...own, ...new Set(sources)]), outputs: named, derived, all: new Set(outputs) };
}
