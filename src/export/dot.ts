// Pictures of a graph, as text for Graphviz.

import type { Graph } from "../graph/graph.ts";
import { isNode, type Node } from "../graph/node.ts";
import { topological } from "../graph/traverse.ts";
import { nodesOf, rebuild, type Tree } from "../graph/tree.ts";
import { expandScans } from "../recurrence/scan/expand.ts";
import { backwardPicture } from "./picture/backward-view.ts";
import { folded } from "./picture/folded.ts";
import { foldedPicture } from "./picture/folded-view.ts";
import { gradientWayOf } from "./picture/gradient-way.ts";
import { netOf } from "./picture/net.ts";
import { printDot } from "./picture/print.ts";
import { unrolled } from "./picture/unrolled.ts";
import { unrolledPicture } from "./picture/unrolled-view.ts";

export interface DotOptions {
  /** The cell once; each time step; or the steps with the way of the gradient back through them. */
  readonly view?: "folded" | "unrolled" | "backward";
  readonly title?: string;
  /** How many time steps are shown at most: the first ones, an ellipsis, the last. 5 when left out. */
  readonly steps?: number;
}

/**
 * A picture of a graph as DOT text, for Graphviz (`npx -p graphviz-cli graphviz -Tsvg picture.dot`). The same graph gives the same text.
 *
 * - `folded`: the cell once, as it was written, with the recurrent edge. Weights are written on the arrows.
 * - `unrolled`: a frame for each time step; each parameter once, with an arrow to every use.
 * - `backward`: beside each state its adjoint; the way of the gradient back, each arrow with its local derivative; the sums ∂loss/∂W. For a
 *   graph that holds a gradient: `graph({ loss, gradient })`.
 *
 * @example
 * import { dim, graph, input, mean, tanh, toDot } from "clew";
 * const dot = toDot(graph({ loss: mean(tanh(input("x", [dim("word", 3)]))) }), { view: "folded" });
 * dot.startsWith("digraph"); // true
 */
export function toDot(graph: Graph<unknown>, { view = "folded", title, steps = 5 }: DotOptions = {}): string {
  const net = netOf(writtenOut(graph));
  if (view === "folded") return printDot(foldedPicture(folded(net), title));
  const sketch = unrolled(net, steps);
  return printDot(view === "unrolled" ? unrolledPicture(sketch, title) : backwardPicture(sketch, gradientWayOf(net), title));
}

/** A scan is drawn as the recurrence that it is. */
function writtenOut(graph: Graph<unknown>): Graph<unknown> {
  const outputs = nodesOf(graph.outputs);
  const expanded = expandScans(outputs);
  if (expanded === outputs) return graph;
  return { ...graph, outputs: rebuild(graph.outputs as Tree<Node>, isNode, expanded), nodes: topological(expanded) };
}
