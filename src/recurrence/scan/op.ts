// A scan as one node of the graph: a body, and operands that are bound to its variables. It does not grow with the number of steps.

import { type Body, bodyOf, nowIn, orderOf } from "../../graph/body.ts";
import { withOperands } from "../../graph/make.ts";
import type { Node, Op } from "../../graph/node.ts";
import { backward, onward } from "./derive.ts";
import { lifted } from "./lift.ts";
import type { ScanAttributes } from "./results.ts";
import { branchesOfScan, runScan } from "./run.ts";

export const scanOp: Op<ScanAttributes> = {
  name: "scan",
  doc: "A recurrence: a body, computed for every step; other nodes ask for its results.",
  infer: () => ({ shape: [], dtype: "float" }),
  evaluate: runScan,
  vjp: backward,
  jvp: onward,
  lift: lifted,
  atStep: (attributes, step) => ({ ...attributes, outer: step }),
  inference: (node, inputs) => {
    const body = forInference(bodyOf(node)!);
    return withOperands(node, inputs, body === undefined ? node.attributes : { ...node.attributes, body });
  },
  branch: branchesOfScan,
  label: ({ recurrence }) => `scan over ${recurrence.dim.name}`,
  latex: (operands) => `\\operatorname{scan}(${operands.join(", ")})`,
  samples: [],
};

/** The body as it is used when training is over; undefined when it is the same. */
function forInference(body: Body): Body | undefined {
  const { order, start } = orderOf(body);
  const result = new Map<Node, Node>();
  for (const [i, node] of order.entries()) {
    if (start[i] === start[i + 1]) {
      result.set(node, node);
      continue;
    }
    const inputs = node.inputs.map((x) => result.get(x)!);
    const changed = inputs.some((x, k) => x !== node.inputs[k]);
    result.set(node, node.op.inference?.(node, inputs) ?? (changed ? withOperands(node, inputs) : node));
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
