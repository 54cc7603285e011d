// Right gradients pass: every kind of cell, huge and tiny losses, zero gradients, constants, random cells. Nothing is tuned per case.

import {
  abs,
  add,
  cast,
  checkGradients,
  clamp,
  constantly,
  defineOp,
  dim,
  dropout,
  gather,
  input,
  lengthMask,
  less,
  logSumExp,
  matmul,
  max,
  mean,
  meanSquaredError,
  mul,
  neg,
  parameter,
  relu,
  scalar,
  sigmoid,
  sin,
  softmaxCrossEntropy,
  softplus,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  type Unary,
  uniform,
  unroll,
  where,
  zeros,
} from "clew";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batch, hidden, label, rnn, type State, sines, time, word } from "./nets.ts";

type Checked = Parameters<typeof checkGradients>[0];
type Options = NonNullable<Parameters<typeof checkGradients>[1]>;

function expectPass(loss: Checked, options: Options) {
  const report = checkGradients(loss, options);
  expect(
    report.worst?.relativeError ?? 0,
    `${report.worst?.place} ${report.kinks.find((k) => k.verdict === "fail")?.place ?? ""}`,
  ).toBeLessThan(1e-7);
  expect(report.verdict).toBe("pass");
  return report;
}

describe("cells", () => {
  for (const [name, activation] of Object.entries({ tanh, sigmoid, relu, softplus, sin })) {
    test(name, () => {
      const net = rnn({ activation: (a) => activation(a) });
      expectPass(net.loss, { feeds: net.feeds, seed: 5, order: 2 });
    });
  }

  test("with gates, a mask, and embeddings", () => {
    const vocabulary = dim("vocabulary", 6);
    const E = parameter("E", [vocabulary, word], uniform(-1, 1));
    const gate = (name: string) => ({
      U: parameter(`U_${name}`, [word, hidden]),
      W: parameter(`W_${name}`, [hidden, hidden]),
      b: parameter(`b_${name}`, [hidden]),
    });
    const gates = { f: gate("f"), i: gate("i"), o: gate("o"), c: gate("c") };
    const V = parameter("V", [hidden, label]);
    const ids = input("ids", [time, batch], "int");
    const lengths = input("lengths", [batch], "int");
    const y = input("y", [batch], "int");
    const start = zeros([batch, hidden]);
    const { final } = unroll(
      ({ h, c }, id) => {
        const x_t = gather(E, id, vocabulary);
        const pre = (g: ReturnType<typeof gate>): State => add(add(matmul(x_t, g.U), matmul(h, g.W)), g.b);
        const next = add(mul(sigmoid(pre(gates.f)), c), mul(sigmoid(pre(gates.i)), tanh(pre(gates.c))));
        const h_t = mul(sigmoid(pre(gates.o)), tanh(next));
        return { state: { h: h_t, c: next }, output: h_t };
      },
      { over: ids, from: { h: start, c: start }, mask: lengthMask(lengths, time) },
    );
    const feeds = { ids: Int32Array.of(0, 3, 2, 1, 3, 0, 5, 5, 0, 2, 0, 0), lengths: [4, 3, 2], y: [0, 1, 1] };
    const report = expectPass(softmaxCrossEntropy(matmul(final.h, V), y), { feeds, seed: 2 });
    // word 4 never occurs: its row has no gradient, and 0 = 0 is right
    expect(report.parameters.find((p) => p.parameter === "E")?.belowFloor).toBeGreaterThan(0);
  });

  test("dropout draws the same mask in every run", () => {
    const net = rnn({ activation: (a) => dropout(tanh(a), 0.4, "hidden") });
    for (const trainingStep of [0, 7]) expectPass(net.loss, { feeds: net.feeds, seed: 1, trainingStep });
  });

  test("random cells", { timeout: 60_000 }, () => {
    const operations: readonly ((a: State, b: State) => State)[] = [
      (a, b) => add(a, b),
      (a, b) => mul(tanh(a), b),
      (a, b) => mul(sigmoid(a), sin(b)),
      (a, b) => sub(softplus(a), mul(b, 0.3)),
      (a, b) => where(less(a, b), tanh(a), sin(b)),
      (a, b) => relu(add(a, mul(b, 0.5))),
      (a, b) => clamp(sub(a, abs(b)), -0.5, 0.5),
    ];
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(operations.length - 1), fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 5 }),
        fc.nat(1000),
        (program, seed) => {
          const U = parameter("U", [word, hidden]);
          const W = parameter("W", [hidden, hidden]);
          const b = parameter("b", [hidden], uniform(-0.5, 0.5));
          const x = input("x", [time, batch, word]);
          const { outputs } = unroll(
            (h: State, x_t) => {
              const values: State[] = [add(matmul(x_t, U), b), matmul(h, W), h];
              for (const [o, i, j] of program) values.push(operations[o]!(values[i % values.length]!, values[j % values.length]!));
              const h_t = tanh(add(values.at(-1)!, add(values[0]!, values[1]!)));
              return { state: h_t, output: h_t };
            },
            { over: x, from: zeros([batch, hidden]) },
          );
          const loss = mean(mul(outputs, sin(add(outputs, 0.3))));
          expectPass(loss, { feeds: { x: sines(36, 1.7) }, seed });
        },
      ),
      { numRuns: 30, seed: 11 },
    );
  });
});

describe("scales", () => {
  const net = () => {
    const { loss, feeds } = rnn();
    return { loss: loss as Tensor<readonly []>, feeds };
  };
  for (const factor of [1e6, 1e-8, 1e-100, 1e100]) {
    test(`a loss of about ${factor}`, () => {
      const { loss, feeds } = net();
      expectPass(mul(loss, factor), { feeds, seed: 4, order: 2 });
    });
  }
  test("a small gradient on top of a loss of 1e6", () => {
    const { loss, feeds } = net();
    const report = expectPass(add(loss, 1e6), { feeds, seed: 4 });
    // the sum keeps no more than 1e6·ε of the loss
    expect(report.noise).toBeGreaterThan(1e6 * Number.EPSILON * 0.5);
    expect(report.floor).toBeLessThan(1e-6);
  });
  test("huge logits", () => {
    for (const size of [30, 1e3, 1e5]) {
      const V = parameter("V", [hidden, label], uniform(-1, 1));
      const h = input("h", [batch, hidden]);
      const y = input("y", [batch], "int");
      expectPass(softmaxCrossEntropy(mul(matmul(h, V), size), y), { feeds: { h: sines(12), y: [0, 1, 1] }, seed: 3 });
    }
  });
  test("parameters of very different sizes", () => {
    for (const size of [1e-4, 1e4]) {
      const w = parameter("w", [hidden], uniform(-size, size));
      expectPass(sum(tanh(mul(w, 1 / size))), { order: 2 });
    }
  });
  test("a gradient that is exactly zero", () => {
    const w = parameter("w", [hidden], uniform(-1, 1));
    const v = parameter("v", [hidden], uniform(-1, 1));
    const report = expectPass(add(sum(mul(w, 0)), sum(mul(v, v))), { seed: 1, order: 2 });
    expect(report.parameters[0]).toMatchObject({ parameter: "w", maxRelativeError: 0, maxAbsoluteError: 0 });
  });
  test("a scalar loss of a scalar parameter at 0, where every odd derivative is all there is", () => {
    const w = parameter("w", []);
    const report = expectPass(sin(w), { order: 1 });
    expect(report.loss).toBe(0);
    expect(report.worst?.place).toBe("w");
  });
});

describe("what counts as constant is held", () => {
  test("straight-through: forward rounds, backward does not", () => {
    const w = parameter("w", [hidden], uniform(-3, 3));
    const rounded = cast(cast(w, "int"), "float");
    const through = add(w, stopGradient(sub(rounded, w)));
    const report = expectPass(sum(mul(through, through)), { seed: 2 });
    expect(report.kinks).toEqual([]);
  });
  test("the maximum that is taken out of logSumExp is no kink, even at a tie", () => {
    const w = parameter("w", [hidden], constantly(0.5));
    const report = expectPass(logSumExp(w), { order: 2 });
    expect(report.kinks).toEqual([]);
    expect(report.parameters.every((p) => p.shortened === 0)).toBe(true);
  });
});

describe("kinks", () => {
  const at = (...values: readonly number[]) => ({ feeds: { w: values } });
  const w = () => parameter("w", [dim("hidden", 3)]);

  test("exactly at a relu's 0: named, with its line, and the derivative lies between the one-sided ones", () => {
    const p = w();
    const report = expectPass(sum(mul(relu(p), 2)), at(0.5, 0, -0.5));
    expect(report.kinks).toHaveLength(1);
    expect(report.kinks[0]).toMatchObject({ parameter: "w", place: "w[1]", op: "relu", left: 0, right: 2, derived: 0, verdict: "pass" });
    expect(report.kinks[0]?.at).toMatch(/right\.test\.ts:\d+:\d+$/);
    expect(report.kinks[0]?.nearby?.relativeError).toBeLessThan(1e-7);
  });

  test("in an unrolled net: the step is named", () => {
    const W = parameter("W", [hidden, hidden], constantly(0));
    const x = input("x", [time, batch, hidden]);
    const { final } = unroll(
      (h: State, x_t) => {
        const h_t = relu(add(matmul(h, W), x_t));
        return { state: h_t, output: h_t };
      },
      { over: x, from: zeros([batch, hidden]) },
    );
    // at t = 2 the input is 0, and so is what comes from W = 0
    const x2 = sines(48).map((v, i) => (i >= 24 && i < 36 ? 0 : v));
    const report = expectPass(sum(final), { feeds: { x: x2 } });
    expect(report.kinks.length).toBeGreaterThan(0);
    expect(new Set(report.kinks.map((k) => k.step))).toEqual(new Set(["time = 2"]));
  });

  for (const distance of [1e-3, 1e-6, 1e-9, 1e-12]) {
    test(`${distance} from a relu's 0`, () => {
      const p = w();
      const report = expectPass(sum(sin(relu(p))), at(0.5, distance, -distance));
      for (const k of report.kinks) expect(k.verdict).toBe("pass");
      if (distance >= 1e-6) expect(report.kinks).toEqual([]);
    });
  }

  test("abs, maximum, a tie of max, a where", () => {
    const p = w();
    const kinks = (loss: Checked, ...values: readonly number[]) => expectPass(loss, at(...values)).kinks.map((k) => `${k.op} ${k.place}`);
    expect(kinks(sum(abs(p)), 1, 0, -1)).toEqual(["abs w[1]"]);
    expect(kinks(max(p), 2, 2, -1)).toEqual(["max w[0]", "max w[1]"]);
    expect(kinks(sum(clamp(p, -1, 1)), 1, 0, 3)).toEqual(["minimum w[0]"]);
    expect(kinks(sum(where(less(p, 0), neg(p), mul(p, 3))), 1, 0, -1)).toEqual(["less w[1]"]);
  });

  test("a wrong derivative is not excused by a kink", () => {
    const wrongRelu = (inside: number, at0: number) =>
      defineOp<Unary>({
        name: "relu",
        doc: "max(a, 0), with a wrong derivative.",
        formula: (m, a) => m.maximum(a!, m.constant(0)),
        derivative: [
          (m, v, [a]) =>
            m.mul(
              v,
              m.where(m.less(m.constant(0), a!), m.constant(inside), m.where(m.equal(a!, m.constant(0)), m.constant(at0), m.constant(0))),
            ),
        ],
        branch: (a) => Math.sign(a),
      });
    const kinkOf = (relu_: Unary) => checkGradients(sum(relu_(w())), at(0, 0, 0));
    expect(kinkOf(wrongRelu(1, 0.5)).verdict).toBe("pass"); // any slope between is a subgradient
    expect(kinkOf(wrongRelu(1, -0.5)).verdict).toBe("fail"); // beyond both sides
    // every entry lies on the kink, where 0 is as right as 1: the factor 2 shows a little off
    const hidden_ = kinkOf(wrongRelu(2, 0));
    expect(hidden_.verdict).toBe("fail");
    expect(hidden_.kinks[0]?.nearby?.relativeError).toBeGreaterThan(0.4);
  });

  test("a jump of the loss is named, and is no derivative", () => {
    const p = w();
    const report = checkGradients(sum(where(less(p, 0), scalar(0), add(p, 1))), at(1, 0, -1));
    expect(report.kinks[0]).toMatchObject({ op: "less", place: "w[1]", left: 0 });
    expect(report.kinks[0]?.right).toBeCloseTo(1, 9);
  });

  test("second order next to a kink", () => {
    const p = w();
    const report = expectPass(sum(mul(relu(p), mul(p, p))), { ...at(0.5, 1e-3, -0.5), order: 2 });
    expect(report.kinks).toEqual([]);
  });
});

test("large losses per step, mean squared error against a target", () => {
  const net = rnn();
  const target = input("target", [time, batch, hidden]);
  expectPass(meanSquaredError(net.outputs as typeof target, target), { feeds: { x: net.feeds.x!, target: sines(48, 3) }, seed: 8 });
});
