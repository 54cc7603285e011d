// Which way the gradient goes: read off the derived nodes that are in the graph, not assumed from the forward ones. A rule that made a node for
// an operand is evidence; a rule that hands the cotangent on unchanged (a sum's) makes no node, and counts where something further down has one.

import type { Node } from "../../graph/node.ts";
import type { Net } from "./net.ts";

export interface GradientWay {
  /** True when ∂loss/∂node is part of the graph. */
  readonly has: (node: Node) => boolean;
  /** True when the cotangent of `node` is passed on to its operand. */
  readonly passes: (node: Node, operand: number) => boolean;
  /** Where the gradient starts. */
  readonly losses: ReadonlySet<Node>;
  /** Nodes that were differentiated by, as far as outputs of the graph show. */
  readonly targets: ReadonlySet<Node>;
}

export function gradientWayOf({ nodes, derived, all }: Net): GradientWay {
  const rules = new Map<Node, Set<Node>>(); // forward node → operands for which its rule made a node
  const adjoints = new Map<Node, Node[]>();
  for (const d of derived) {
    const { of, rule, adjointOf } = d.origin.derived!;
    if (of.origin.derived !== undefined || (!rule.startsWith("∂") && rule !== "Σ")) continue;
    const own = rules.get(of) ?? new Set<Node>();
    rules.set(of, own);
    if (adjointOf === undefined) continue;
    if (adjointOf !== of) own.add(adjointOf);
    const known = adjoints.get(adjointOf);
    if (known === undefined) adjoints.set(adjointOf, [d]);
    else known.push(d);
  }
  const unchanged = (node: Node, operand: number): boolean => node.op.picture?.derivative?.[operand]?.("δ", [], "") === "δ";

  const useful = new Set<Node>();
  for (const node of nodes) {
    if (
      adjoints.has(node) ||
      (rules.get(node)?.size ?? 0) > 0 ||
      node.inputs.some((i, k) => i.dtype === "float" && unchanged(node, k) && useful.has(i))
    )
      useful.add(node);
  }
  const passes = (node: Node, operand: number): boolean => {
    const to = node.inputs[operand]!;
    if (node.op.constant === true || to.dtype !== "float") return false;
    return rules.get(node)?.has(to) === true || (unchanged(node, operand) && useful.has(to));
  };
  const reached = new Set<Node>();
  const losses = new Set<Node>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    if (!reached.has(node)) {
      if (rules.get(node) === undefined || adjoints.has(node)) continue;
      losses.add(node);
      reached.add(node);
    }
    node.inputs.forEach((to, k) => {
      if (passes(node, k)) reached.add(to);
    });
  }
  const targets = new Set([...adjoints].flatMap(([of, list]) => (list.some((d) => all.has(d)) ? [of] : [])));
  return { has: (node) => reached.has(node), passes, losses, targets };
}
