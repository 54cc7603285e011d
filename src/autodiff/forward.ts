// Forward mode: tangents pass through the graph with it, in topological order. A graph again.

import { readersIn } from "../graph/body.ts";
import { hasDerivative, type Node } from "../graph/node.ts";
import { type Numbered, numbered } from "../graph/traverse.ts";
import { algebra as m } from "../ops/algebra.ts";
import { inPass } from "./pass.ts";
import { activeNodes, derived } from "./reverse.ts";

/** The outputs' tangents for given tangents of `wrt`; undefined where nothing reaches (a structural zero). */
export function forward(
  outputs: readonly Node[],
  wrt: readonly Node[],
  tangents: readonly Node[],
  graph: Numbered = numbered(outputs),
): readonly (Node | undefined)[] {
  return inPass("forward", () => passedOn(outputs, wrt, tangents, graph));
}

function passedOn(
  outputs: readonly Node[],
  wrt: readonly Node[],
  tangents: readonly Node[],
  graph: Numbered,
): readonly (Node | undefined)[] {
  const readers = readersIn(graph.order);
  const active = activeNodes(graph, wrt);
  const own = new Map<Node, Node>(wrt.map((w, i) => [w, tangents[i]!]));
  const found = new Map(own);
  for (const [number, node] of graph.order.entries()) {
    if (active[number] === 0) continue;
    const { jvp } = node.op;
    // a variable of a body has no operands, whatever it was computed from
    if (!hasDerivative(jvp) || graph.start[number] === graph.start[number + 1]) continue;
    const given = node.inputs.map((i) => found.get(i));
    if (given.every((t) => t === undefined)) continue;
    const tangent = derived(node, `d${node.op.name}`, () =>
      jvp({ node, inputs: node.inputs, attributes: node.attributes, tangents: given, readers: readers.get(node) ?? [] }, m),
    );
    if (tangent === undefined) continue;
    // a node of wrt that depends on another (a state, and the W that made it) moves by its own tangent and with the other: the adjoint of
    // what reverse mode does, where a cotangent passes through such a node
    const moved = own.get(node);
    found.set(node, moved === undefined ? tangent : derived(node, `d${node.op.name}`, () => m.add(moved, tangent)));
  }
  return outputs.map((o) => found.get(o));
}
