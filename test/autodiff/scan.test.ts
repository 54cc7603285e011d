// The numeric check of a loss that rests on a scan: right ones pass, to second order; what is wrong inside of the body is found there.

import {
  abs,
  add,
  checkGradients,
  defineOp,
  dim,
  dropout,
  input,
  lengthMask,
  matmul,
  mul,
  orthogonal,
  parameter,
  relu,
  scan,
  softmaxCrossEntropy,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  type Unary,
  uniform,
  zeros,
} from "clew";
import { describe, expect, it } from "vitest";

const time = dim("time", 5);
const batch = dim("batch", 2);
const hidden = dim("hidden", 3);
const W = parameter("W", [hidden, hidden], orthogonal());
const U = parameter("U", [hidden, hidden], uniform(-0.7, 0.7));
const x = input("x", [time, batch, hidden]);
const y = input("y", [batch], "int");
const feeds = { x: Float64Array.from({ length: 30 }, (_, i) => Math.sin(1.7 * i)), y: [0, 2] };
type H = Tensor<readonly [typeof batch, typeof hidden]>;

function lossWith(act: (a: H, t_h: H) => H, options: { readonly mask?: Tensor<readonly [typeof time, typeof batch], "bool"> } = {}) {
  const cell = (h: H, x_t: H) => {
    const h_t = act(add(matmul(x_t, U), matmul(h, W)), h);
    return { state: h_t, output: h_t };
  };
  const { outputs, final } = scan(cell, { over: x, from: zeros([batch, hidden]), ...options });
  return add(softmaxCrossEntropy(final, y), mul(sum(mul(outputs, outputs)), 0.1));
}

describe("the gradient check of a scan", () => {
  it.each([1, 2] as const)("passes what is right, order %i", (order) => {
    const report = checkGradients(lossWith(tanh), { feeds, seed: 1, order });
    expect(report.verdict).toBe("pass");
    expect(report.maxRelativeError).toBeLessThan(1e-7);
  });

  it("passes with a mask, and with dropout", () => {
    const mask = lengthMask(input("lengths", [batch], "int"), time);
    expect(checkGradients(lossWith(tanh, { mask }), { feeds: { ...feeds, lengths: [2, 5] }, seed: 1 }).verdict).toBe("pass");
    expect(
      checkGradients(
        lossWith((a) => tanh(dropout(a, 0.3, "a"))),
        { feeds, seed: 1 },
      ).verdict,
    ).toBe("pass");
  });

  it.each([1, 2] as const)("holds what stopGradient holds in the body, order %i", (order) => {
    const report = checkGradients(
      lossWith((a, h) => tanh(add(a, mul(stopGradient(tanh(a)), h)))),
      { feeds, seed: 1, order },
    );
    expect(report.verdict).toBe("pass");
  });

  it("finds a kink in the body", () => {
    // with U = 0 every element of the first step stands on the kink
    const report = checkGradients(
      lossWith((a) => relu(a)),
      { feeds: { ...feeds, U: new Float64Array(9) }, seed: 1 },
    );
    expect(report.kinks.length).toBeGreaterThan(0);
  });

  it("refutes a rule that is wrong in the body", () => {
    const bad = defineOp<Unary>({
      name: "bad",
      doc: "tanh with a derivative that is off by 1e-4.",
      formula: (m, a) => m.tanh(a!),
      derivative: [(m, v, _, y) => m.mul(m.mul(v, m.constant(1.0001)), m.sub(m.constant(1), m.mul(y, y)))],
    });
    expect(
      checkGradients(
        lossWith((a) => bad(a) as H),
        { feeds, seed: 1 },
      ).verdict,
    ).toBe("fail");
  });

  it("has abs and sub of the state as it has others", () => {
    expect(
      checkGradients(
        lossWith((a, h) => tanh(add(a, abs(sub(h, 0.3))))),
        { feeds, seed: 1 },
      ).verdict,
    ).toBe("pass");
  });
});
