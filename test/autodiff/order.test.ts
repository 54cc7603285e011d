// The order in which contributions to an adjoint are summed is fixed, so that a recurrence gives the same bits in whatever form it is written.

import { add, dim, grad, input, mul, parameter, sum, unroll, zeros } from "clew";
import { describe, expect, it } from "vitest";
import type { Node } from "../../src/index.ts";

const time = dim("time", 2);
const w = parameter("w", []);

/** A sum of adjoints as text: nested additions, each leaf named by the step of the recurrence whose use of w it comes from. */
function shape(node: Node, names: ReadonlyMap<unknown, string>): string {
  if (node.op.name === "add") return `(${node.inputs.map((i) => shape(i, names)).join("+")})`;
  const { step } = node.origin;
  return step === undefined ? "outside" : `${names.get(step.of)}${step.t}`;
}

describe("the sum of what reaches a shared parameter", () => {
  const recurrence = (name: string) =>
    unroll((h, x_t) => ({ state: mul(add(h, x_t), w), output: h }), { over: input(name, [time]), from: zeros([]) });

  it("folds each recurrence on its own, the last step first", () => {
    const a = recurrence("a");
    const b = recurrence("b");
    const loss = add(add(mul(a.final, b.final), sum(add(a.outputs, b.outputs))), mul(w, w));
    const names = new Map<unknown, string>([
      [a.final.origin.step?.of, "a"],
      [b.final.origin.step?.of, "b"],
    ]);
    expect(shape(grad(loss, w), names)).toBe("((((a1+a0)+(b1+b0))+outside)+outside)");
  });
});
