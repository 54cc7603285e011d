// grad, vjp, jvp, jacobian, hessian, hvp: they agree with each other, with closed forms, and with numeric differences; what cannot be
// differentiated says why, at the user's line.

import {
  add,
  argmax,
  cast,
  checkGradients,
  constant,
  dim,
  evaluate,
  exp,
  grad,
  hessian,
  hvp,
  input,
  item,
  jacobian,
  jvp,
  matmul,
  mean,
  mul,
  parameter,
  sin,
  stopGradient,
  sum,
  type Tensor,
  tanh,
  uniform,
  unroll,
  valueAndGrad,
  vjp,
  zeros,
} from "clew";
import * as fp from "clew/fp";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { batch, hidden, rnn, sines, time } from "./nets.ts";

const seeded = { seed: 3 };
const near = (a: ArrayLike<number>, b: ArrayLike<number>, digits = 12) => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, digits);
};

describe("agree", () => {
  const { loss, feeds, parameters, steps } = rnn();
  const { W, b } = parameters;
  const states = { x: feeds.x! }; // what a state rests on

  test("valueAndGrad with the loss and grad", () => {
    const both = evaluate(valueAndGrad(loss, { W, b }), feeds, seeded);
    expect(item(both.value)).toBe(item(evaluate(loss, feeds, seeded)));
    expect(both.gradient).toEqual(evaluate(grad(loss, { W, b }), feeds, seeded));
  });

  test("vjp and jvp are adjoint through the whole net", () => {
    const state = steps[3]!.state;
    const u = constant(sines(12, 2), [batch, hidden]);
    const v = { W: constant(sines(16, 3), [hidden, hidden]), b: constant(sines(4, 5), [hidden]) };
    const pulled = vjp(state, { W, b }, u);
    const pushed = jvp(state, { W, b }, v);
    const left = item(evaluate(sum(mul(u, pushed)), states, seeded));
    const right = item(evaluate(add(sum(mul(pulled.W, v.W)), sum(mul(pulled.b, v.b))), states, seeded));
    expect(left).toBeCloseTo(right, 13);
  });

  test("jvp through a state and the W that made it, as vjp has it", () => {
    const h1 = steps[1]!.state;
    const v = { W: constant(sines(16, 3), [hidden, hidden]), h1: constant(sines(12, 4), [batch, hidden]) };
    const pushed = item(evaluate(jvp(loss, { W, h1 }, v), feeds, seeded));
    const pulled = grad(loss, { W, h1 });
    const product = add(sum(mul(pulled.W, v.W)), sum(mul(pulled.h1, v.h1)));
    expect(pushed).toBeCloseTo(item(evaluate(product, feeds, seeded)), 13);
  });

  test("the jacobian's rows are vjps, its columns jvps", () => {
    const state = steps[2]!.state;
    const J = evaluate(jacobian(state, b), states, seeded);
    expect(J.dims).toEqual(["batch", "hidden", "hidden"]);
    const unit = (n: number, i: number) => Float64Array.from({ length: n }, (_, k) => (k === i ? 1 : 0));
    for (let i = 0; i < 12; i++) {
      const row = evaluate(vjp(state, b, constant(unit(12, i), [batch, hidden])), states, seeded);
      near(J.data.slice(i * 4, i * 4 + 4), row.data, 14);
    }
    for (let j = 0; j < 4; j++) {
      const column = evaluate(jvp(state, b, constant(unit(4, j), [hidden])), states, seeded);
      near(
        Array.from({ length: 12 }, (_, i) => J.data[i * 4 + j]!),
        column.data,
        14,
      );
    }
  });

  test("the hessian is the jacobian of the gradient, symmetric, and hvp multiplies by it", () => {
    const H = evaluate(hessian(loss, W), feeds, seeded);
    near(H.data, evaluate(jacobian(grad(loss, W), W), feeds, seeded).data, 14);
    for (let i = 0; i < 16; i++) for (let j = 0; j < i; j++) expect(H.data[i * 16 + j]).toBeCloseTo(H.data[j * 16 + i]!, 13);
    const v = sines(16, 2);
    const product = evaluate(hvp(loss, W, constant(v, [hidden, hidden])), feeds, seeded).data;
    near(
      Array.from({ length: 16 }, (_, i) => v.reduce((s, x, j) => s + H.data[i * 16 + j]! * x, 0)),
      product,
      13,
    );
  });

  test("the hessian and numeric differences of the gradient", () => {
    expect(checkGradients(loss, { feeds, wrt: { W }, order: 2, ...seeded }).verdict).toBe("pass");
    const H = evaluate(hessian(loss, b), feeds, seeded).data;
    const at = evaluate(b, {}, seeded).data;
    const g = (shift: number, j: number) =>
      evaluate(grad(loss, b), { ...feeds, b: at.map((x, k) => (k === j ? x + shift : x)) }, seeded).data;
    const h = 2 ** -10;
    for (let j = 0; j < 4; j++) {
      const [a2, a1, b1, b2] = [g(2 * h, j), g(h, j), g(-h, j), g(-2 * h, j)];
      const column = a1.map((x, i) => (8 * (x - b1[i]!) - (a2[i]! - b2[i]!)) / (12 * h)); // of fourth order
      near(
        Array.from({ length: 4 }, (_, i) => H[i * 4 + j]!),
        column,
        9,
      );
    }
  });

  test("∂E/∂h_2 is the gradient by steps[2].state", () => {
    const h2 = steps[2]!.state;
    const value = evaluate(grad(loss, { h2 }), feeds, seeded).h2;
    expect(value.dims).toEqual(["batch", "hidden"]);
    expect(checkGradients(loss, { feeds, wrt: { h2 }, ...seeded }).verdict).toBe("pass");
  });
});

describe("closed forms", () => {
  // s_t = s_{t−1}·w, so E = s_T = w^T: every derivative is known
  const w = parameter("w", []);
  const { final } = unroll((s: Tensor<readonly []>) => ({ state: mul(s, w), output: s }), { steps: time, from: constant(1, []) });
  const feeds = { w: 1.5 };

  test("three times grad", () => {
    const first = grad(final, w);
    const second = grad(first, w);
    const third = grad(second, w);
    const all = evaluate({ first, second, third, fourth: grad(third, w) }, feeds);
    expect(item(all.first)).toBeCloseTo(4 * 1.5 ** 3, 13);
    expect(item(all.second)).toBeCloseTo(12 * 1.5 ** 2, 13);
    expect(item(all.third)).toBeCloseTo(24 * 1.5, 13);
    expect(item(all.fourth)).toBeCloseTo(24, 13);
  });

  test("the hessian of a scalar", () => {
    expect(item(evaluate(hessian(final, w), feeds))).toBeCloseTo(12 * 1.5 ** 2, 13);
  });

  test("exp(sin(x)) to third order", () => {
    const y = input("y", []);
    const f = exp(sin(y));
    const third = grad(grad(grad(f, y), y), y);
    const [s, c] = [Math.sin(0.7), Math.cos(0.7)];
    // f''' = f·cos·(cos² − 3·sin − 1)
    expect(item(evaluate(third, { y: 0.7 }))).toBeCloseTo(Math.exp(s) * c * (c * c - 3 * s - 1), 13);
  });
});

describe("stopGradient", () => {
  const v = parameter("v", [hidden], uniform(-1, 1));
  test("its operand counts as constant, in both modes and in every order", () => {
    const loss = sum(mul(stopGradient(v), v));
    const at = evaluate(v, {}).data;
    near(evaluate(grad(loss, v), {}).data, at);
    near(evaluate(jvp(loss, v, constant([1, 0, 0, 0], [hidden])), {}).data, [at[0]!]);
    near(evaluate(hessian(loss, v), {}).data, new Float64Array(16));
  });
  test("a loss that depends on nothing else has gradient zero, and is no mistake", () => {
    near(evaluate(grad(sum(stopGradient(v)), v), {}).data, [0, 0, 0, 0]);
  });
});

describe("mistakes", () => {
  const v = parameter("v", [hidden], uniform(-1, 1));
  const other = parameter("other", [hidden]);
  const problems = (outputs: unknown) => {
    const result = fp.graph(outputs);
    return E.isLeft(result) ? result.left : [];
  };
  const here = /derivatives\.test\.ts:\d+:\d+$/;

  test("a loss that is no scalar", () => {
    const [d, ...rest] = problems(grad(tanh(v) as unknown as Tensor<readonly []>, v));
    expect(d).toMatchObject({ code: "NonScalarLoss", op: "grad" });
    expect(d?.at).toMatch(here);
    expect(d?.hint).toMatch(/mean|sum/);
    expect(rest).toEqual([]);
  });

  test("a parameter that the loss does not reach: by name", () => {
    const [d, ...rest] = problems(grad(sum(v), { v, other }));
    expect(d).toMatchObject({ code: "Unreached" });
    expect(d?.message).toMatch(/other/);
    expect(d?.at).toMatch(here);
    expect(rest).toEqual([]);
    const zero = grad(sum(v), { v, other }, { unreached: "zero" });
    expect(problems(zero)).toEqual([]);
    near(evaluate(zero, {}).other.data, [0, 0, 0, 0]);
  });

  test("an op without a derivative: which, why, and where", () => {
    const [d, ...rest] = problems(grad(sum(cast(argmax(v, -1), "float")), v));
    expect(d).toMatchObject({ code: "NoDerivative" });
    expect(d?.message).toMatch(/argmax/);
    expect(d?.at).toMatch(here);
    expect(rest).toEqual([]);
  });

  test("three mistakes, three reports, in source order", () => {
    const codes = problems({
      a: grad(tanh(v) as unknown as Tensor<readonly []>, v),
      b: grad(sum(v), other),
      c: grad(mean(cast(argmax(v, -1), "float")), v),
    }).map((d) => d.code);
    expect(codes).toEqual(["NonScalarLoss", "Unreached", "NoDerivative"]);
  });

  test("a mistake upstream is told once, where it was made", () => {
    const wrong = matmul(zeros([batch, dim("word", 5)]) as Tensor, parameter("U", [dim("word", 6), hidden]));
    expect(problems(grad(sum(wrong), v)).map((d) => d.code)).toEqual(["DimMismatch"]);
  });
});
