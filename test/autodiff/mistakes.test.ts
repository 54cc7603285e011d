// What is wrong with the question itself: diagnostics, not verdicts; and what the report says about how it was checked.

import { add, argmax, cast, checkGradients, input, item, log, matmul, mul, parameter, sum, type Tensor, tanh, uniform } from "clew";
import * as fp from "clew/fp";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { hidden, rnn, word } from "./nets.ts";

const codes = (loss: Tensor, options?: Parameters<typeof fp.checkGradients>[1]) => {
  const result = fp.checkGradients(loss, options);
  return E.isLeft(result) ? result.left.map((d) => d.code) : [];
};

describe("mistakes", () => {
  const w = parameter("w", [hidden], uniform(-1, 1));
  test("each is a diagnostic", () => {
    expect(codes(tanh(w))).toEqual(["NonScalarLoss"]);
    expect(codes(sum(input("x", [hidden])), { feeds: { x: [1, 2, 3, 4] } })).toEqual(["Unreached"]);
    expect(codes(sum(mul(w, input("x", [hidden]))))).toEqual(["MissingFeed"]);
    expect(codes(sum(w), { feeds: { v: [1] } })).toEqual(["BadFeed"]);
    expect(codes(sum(cast(argmax(w, -1), "float")))).toEqual(["NoDerivative"]);
    expect(codes(sum(log(w)), { feeds: { w: [1, -1, 1, 1] }, nan: "allow" })).toEqual(["NotFinite"]);
    expect(codes(sum(matmul(w as Tensor, parameter("U", [word, hidden]))))).toEqual(["DimMismatch"]);
    expect(codes(3 as never)).toEqual(["NotTensor"]);
  });
  test("with the user's line", () => {
    const result = fp.checkGradients(tanh(w));
    expect(E.isLeft(result) && result.left[0]?.at).toMatch(/mistakes\.test\.ts:\d+:\d+$/);
    expect(() => checkGradients(tanh(w))).toThrow(/NonScalarLoss[\s\S]*mistakes\.test\.ts/);
  });
  test("a loss that is not finite: what made it so", () => {
    const result = fp.checkGradients(sum(log(mul(w, 0))));
    expect(E.isLeft(result) && result.left[0]).toMatchObject({ code: "NotFinite", op: "log" });
  });
});

describe("the report", () => {
  test("says which parameters were checked entry by entry, and which along random directions", () => {
    const { loss, feeds } = rnn();
    const report = checkGradients(loss, { feeds, entries: 12, directions: 5 });
    expect(report.verdict).toBe("pass");
    expect(report.parameters.map((p) => [p.parameter, p.checked, p.count, p.elements])).toEqual([
      ["U", "every entry", 12, 12],
      ["W", "random directions", 5, 16],
      ["b", "every entry", 4, 4],
      ["V", "every entry", 8, 8],
    ]);
  });

  test("has the error curve: truncation falls with h², rounding grows with 1/h, and the disagreement follows the sum", () => {
    const { loss, feeds } = rnn();
    const curve = checkGradients(loss, { feeds, seed: 2 }).worst!.curve!;
    const ratio = curve[1]!.truncation / curve[2]!.truncation;
    expect(ratio).toBeGreaterThan(12); // steps shrink by 4, so 16
    expect(ratio).toBeLessThan(20);
    for (const [i, p] of curve.entries()) {
      expect(p.rounding * p.h).toBeCloseTo(curve[0]!.rounding * curve[0]!.h, 20);
      if (i > 0) expect(p.disagreement).toBeLessThan(2 * p.truncation + p.rounding);
    }
  });

  test("takes inputs, and any node, to differentiate by", () => {
    const { loss, feeds, x, steps, parameters } = rnn();
    const report = checkGradients(loss, { feeds, wrt: { x, h2: steps[2]!.state, W: parameters.W }, order: 2 });
    expect(report.verdict).toBe("pass");
    expect(report.parameters.map((p) => `${p.order} ${p.parameter} ${p.count}`)).toEqual([
      "1 x 36",
      "1 h2 12",
      "1 W 16",
      "2 x 36",
      "2 h2 12",
      "2 W 16",
    ]);
  });

  test("the terms of the steps add up to the derivative", () => {
    const { loss, feeds } = rnn();
    for (const p of checkGradients(loss, { feeds, seed: 6 }).parameters) {
      const { steps, derived } = p.worst!;
      if (p.parameter === "V") expect(steps).toEqual([]);
      else expect(steps!.reduce((s, x) => s + x.derived, 0)).toBeCloseTo(derived, 12);
    }
  });

  test("a parameter that is prepared outside of the steps: its steps are named all the same", () => {
    const { loss, feeds, parameters } = rnn({ recurrent: (h, W) => matmul(h, tanh(add(W, W))) });
    void parameters;
    const W = checkGradients(loss, { feeds, seed: 6 }).parameters.find((p) => p.parameter === "W")!;
    expect(W.worst!.steps!.map((s) => s.step).sort()).toEqual(["time = 0", "time = 1", "time = 2", "time = 3"]);
    expect(W.worst!.steps!.reduce((s, x) => s + x.derived, 0)).toBeCloseTo(W.worst!.derived, 10);
  });

  test("gives the loss and the noise of its evaluation", () => {
    const { loss, feeds } = rnn();
    const report = checkGradients(loss, { feeds, seed: 2 });
    expect(report.loss).toBe(fp.evaluate(loss, feeds, { seed: 2 })._tag === "Right" ? report.loss : Number.NaN);
    expect(item({ data: Float64Array.of(report.loss) })).toBeGreaterThan(0);
    expect(report.condition).toBeGreaterThan(0.5);
    expect(report.condition).toBeLessThan(1000);
  });
});
