// A body with some of its nodes replaced: dropout taken out, cuts of a truncated gradient undone.

import type { Replacement } from "../../autodiff/inference.ts";
import { type Body, bodyOf, nowIn, orderOf } from "../../graph/body.ts";
import { withOperands } from "../../graph/make.ts";
import type { Node } from "../../graph/node.ts";

/** A scan on other operands, its body rewritten. */
export function rewritten(scan: Node, inputs: readonly Node[], instead: Replacement): Node {
  const body = rewrittenBody(bodyOf(scan)!, instead);
  return withOperands(scan, inputs, body === undefined ? scan.attributes : { ...scan.attributes, body });
}

/** Undefined when nothing changes. */
function rewrittenBody(body: Body, instead: Replacement): Body | undefined {
  const { order, start } = orderOf(body);
  const result = new Map<Node, Node>();
  for (const [i, node] of order.entries()) {
    if (start[i] === start[i + 1]) {
      result.set(node, node);
      continue;
    }
    const inputs = node.inputs.map((x) => result.get(x)!);
    const changed = inputs.some((x, k) => x !== node.inputs[k]);
    result.set(node, instead(node, inputs) ?? (changed ? withOperands(node, inputs) : node));
  }
  if (order.every((n) => result.get(n) === n)) return undefined;
  const now = (n: Node): Node => result.get(n) ?? n;
  const before = body.instead ?? new Map<Node, Node>();
  return {
    ...body,
    next: body.next.map(now),
    outputs: body.outputs.map(now),
    instead: new Map([...order.map((n) => [n, now(n)] as const), ...[...before].map(([n, b]) => [n, now(nowIn(body, b))] as const)]),
  };
}
