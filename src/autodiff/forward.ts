// Forward mode: tangents pass through the graph with it, in topological order. A graph again.

import type { Node } from "../graph/node.ts";
import { hasDerivative } from "../graph/op.ts";
import { numbered } from "../graph/traverse.ts";
import { algebra as m } from "../ops/algebra.ts";
import { activeNodes, derived } from "./reverse.ts";

/** The outputs' tangents for given tangents of `wrt`; undefined where nothing reaches (a structural zero). */
export function forward(outputs: readonly Node[], wrt: readonly Node[], tangents: readonly Node[]): readonly (Node | undefined)[] {
  const graph = numbered(outputs);
  const active = activeNodes(graph, wrt);
  const found = new Map<Node, Node>(wrt.map((w, i) => [w, tangents[i]!]));
  for (const [number, node] of graph.order.entries()) {
    if (found.has(node) || active[number] === 0) continue;
    const { jvp } = node.op;
    if (!hasDerivative(jvp)) continue;
    const given = node.inputs.map((i) => found.get(i));
    if (given.every((t) => t === undefined)) continue;
    const tangent = derived(node, `d${node.op.name}`, () =>
      jvp({ node, inputs: node.inputs, attributes: node.attributes, tangents: given }, m),
    );
    if (tangent !== undefined) found.set(node, tangent);
  }
  return outputs.map((o) => found.get(o));
}
