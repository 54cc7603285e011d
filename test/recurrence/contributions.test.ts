// BPTT taken apart: the terms against JAX's numbers, and their sum against grad, for any cell.

import {
  add,
  ClewError,
  constantly,
  contributions,
  type Dim,
  dim,
  div,
  evaluate,
  grad,
  gradientFlow,
  input,
  item,
  jacobianNorms,
  matmul,
  mul,
  parameter,
  scalar,
  sigmoid,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  tanh,
  unroll,
  untie,
  zeros,
} from "clew";
import * as fp from "clew/fp";
import { describe, expect, it } from "vitest";
import { casesOf, expectNear, feedsOf, leavesOf, numbers } from "../oracle/cases.ts";

const oracle = casesOf("contributions")[0]!;

/** The oracle's net: a plain RNN, and E_t, the mean over the batch, at every step. */
function oracleNet() {
  const { dims, tensors } = leavesOf(oracle);
  const { U, W, b, V, b_y, x, y, h0 } = tensors as Readonly<Record<string, Tensor>>;
  const { outputs, steps } = unroll(
    (h: Tensor, x_t: Tensor) => {
      const h_t = tanh(add(add(matmul(x_t, U!), matmul(h, W!)), b!)) as Tensor;
      return { state: h_t, output: h_t };
    },
    { over: x!, from: h0! },
  );
  const logits = add(matmul(outputs, V!), b_y!) as Tensor;
  const each = softmaxCrossEntropy(logits, y as unknown as Tensor<readonly Dim[], "int">, { reduce: "none" }) as Tensor;
  return { tensors, each: div(each, dims.batch!.size) as Tensor, steps };
}

/** An LSTM (or a net of any size): gates share nothing, the state is a pair. */
function lstmNet({ reverse = false, from = false, length = 5 } = {}) {
  const [time, batch, word, hidden] = [dim("time", length), dim("batch", 3), dim("word", 2), dim("hidden", 3)];
  const x = input("x", [time, batch, word]);
  const gate = (name: string) => {
    const [U, W] = [parameter(`U_${name}`, [word, hidden]), parameter(`W_${name}`, [hidden, hidden])];
    return { W, of: (x_t: Tensor, h: Tensor) => add(matmul(x_t, U), matmul(h, W)) as Tensor };
  };
  const [f, i, g, o] = [gate("f"), gate("i"), gate("g"), gate("o")] as const;
  const start = (name: string) => (from ? input(name, [batch, hidden]) : zeros([batch, hidden])) as Tensor;
  const first = { h: start("h"), c: start("c") };
  const { outputs, steps, final } = unroll(
    ({ h, c }: { readonly h: Tensor; readonly c: Tensor }, x_t: Tensor) => {
      const next = add(mul(sigmoid(f.of(x_t, h)), c), mul(sigmoid(i.of(x_t, h)), tanh(g.of(x_t, h)))) as Tensor;
      const h_t = mul(sigmoid(o.of(x_t, h)), tanh(next)) as Tensor;
      return { state: { h: h_t, c: next }, output: h_t };
    },
    { over: x as Tensor, from: first, reverse },
  );
  const feeds = { x: Float64Array.from({ length: 30 }, (_, k) => Math.sin(2 * k)) };
  return { outputs, steps, final, first, W: f.W, feeds };
}

describe("untie", () => {
  it("gives every use a copy, by step; values and parameters stay", () => {
    const { final, W, feeds } = lstmNet();
    const loss = sum(final.h) as Tensor;
    const { outputs, copies } = untie(loss, W);
    expect(copies.map((c) => c.name)).toEqual(["W_f@0", "W_f@1", "W_f@2", "W_f@3", "W_f@4"]);
    expect(copies.map((c) => c.step)).toEqual([0, 1, 2, 3, 4]);
    const found = evaluate({ loss, outputs, copy: copies[2]!.node, W }, feeds, { seed: 3 });
    expect(found.outputs.data).toEqual(found.loss.data);
    expect(found.copy.data).toEqual(found.W.data);
  });

  it("reverse mode gives the term of every use; their sum is the gradient", () => {
    const { final, W, feeds } = lstmNet();
    const loss = sum(final.h) as Tensor<readonly []>;
    const { outputs, copies } = untie(loss, W);
    const wrt = Object.fromEntries(copies.map((c) => [c.name, c.node]));
    const found = evaluate({ terms: grad(outputs, wrt), whole: grad(loss, W) }, feeds, { seed: 3 });
    const total = new Float64Array(9);
    for (const term of Object.values(found.terms)) for (const [k, v] of term.data.entries()) total[k]! += v;
    expectNear({ data: total }, [...found.whole.data], 1e-14, "Σ terms");
    // moving W moves every copy: fed as before
    const fed = evaluate({ loss, outputs }, { ...feeds, W_f: new Float64Array(9).fill(0.3) });
    expect(fed.outputs.data).toEqual(fed.loss.data);
  });

  it("tells uses within a step, outside every recurrence, and in nested ones apart", () => {
    const w = parameter("w", [], constantly(2));
    const n = input("n", [dim("time", 2), dim("letter", 2)]);
    const twice = unroll((s: Tensor<readonly []>, _: Tensor) => ({ state: add(mul(s, w), w), output: s }), {
      over: n as Tensor,
      from: scalar(1),
    });
    expect(untie(mul(twice.final, w), w).copies.map((c) => [c.name, c.step])).toEqual([
      ["w@0", 0],
      ["w@0#2", 0],
      ["w@1", 1],
      ["w@1#2", 1],
      ["w@outside", undefined],
    ]);
    const nested = unroll(
      (s: Tensor<readonly []>, row: Tensor) => {
        const inner = unroll((a: Tensor<readonly []>, _: Tensor) => ({ state: mul(a, w), output: a }), { over: row, from: s });
        return { state: inner.final, output: inner.final };
      },
      { over: n as Tensor, from: scalar(1) },
    );
    expect(untie(nested.final, w).copies.map((c) => c.name)).toEqual(["w@0.0", "w@0.1", "w@1.0", "w@1.1"]);
    expect(untie(mul(w, w), w).copies.map((c) => c.name)).toEqual(["w@outside", "w@outside#2"]);
    expect(untie(scalar(1), w).copies).toEqual([]);
  });

  it("copies can be looked at one by one: a parameter of each layer of a deep net", () => {
    const w = parameter("w", [], constantly(2));
    const { final } = unroll((s: Tensor<readonly []>, _: Tensor) => ({ state: mul(s, w), output: s }), {
      over: input("n", [dim("time", 3)]) as Tensor,
      from: scalar(1),
    });
    const { outputs, copies } = untie(final, w);
    // s = w₀·w₁·w₂: every term is the product of the others
    expect(copies.map((c) => item(evaluate(grad(outputs as Tensor<readonly []>, c.node as Tensor<readonly []>), {})))).toEqual([4, 4, 4]);
  });
});

describe("contributions", () => {
  it("are those of JAX: terms, losses, ∂E_t/∂h_k", () => {
    const { tensors, each, steps } = oracleNet();
    const through = steps.map((s) => s.state);
    const tables = Object.fromEntries(["U", "W", "b"].map((name) => [name, contributions(each, { of: tensors[name]!, through })]));
    const found = evaluate(
      {
        terms: Object.fromEntries(Object.entries(tables).map(([n, t]) => [n, t.terms])),
        losses: tables.W!.losses,
        signal: tables.W!.signal,
      },
      feedsOf(oracle),
    );
    for (const name of ["U", "W", "b"]) expectNear(found.terms[name]!, oracle.values[`term.${name}`]!, 1e-10, `terms of ${name}`);
    expectNear(found.losses, oracle.values.losses!, 1e-10, "E_t");
    const theirs = numbers(oracle.values["dE_t/dh_k"]!);
    expectNear(
      found.signal,
      Array.from({ length: 16 }, (_, i) => Math.hypot(...theirs.slice(6 * i, 6 * i + 6))),
      1e-10,
      "‖∂E_t/∂h_k‖",
    );
  });

  it("add up to the gradient, and norms are the norms of terms", () => {
    const { tensors, each } = oracleNet();
    for (const name of ["U", "W", "b"]) {
      const table = contributions(each, { of: tensors[name]! });
      const found = evaluate({ table, whole: grad(sum(each) as Tensor<readonly []>, tensors[name]!) }, feedsOf(oracle));
      expectNear(found.table.total, [...found.whole.data], 1e-14, name);
      const size = found.whole.data.length;
      const { data } = found.table.terms;
      found.table.norms.data.forEach((norm, i) => {
        expect(norm).toBeCloseTo(Math.hypot(...data.slice(i * size, (i + 1) * size)), 14);
        if (i % 4 > Math.floor(i / 4)) expect(norm).toBe(0);
      });
    }
  });

  it("of an output's own W: each E_t sees its step alone", () => {
    const { time, V, each, feeds } = taggedNet();
    const { norms } = evaluate(contributions(each, { of: V }), feeds);
    for (let t = 0; t < time; t++) for (let k = 0; k < time; k++) expect(norms.data[t * time + k]! > 0).toBe(t === k);
  });

  it.each([false, true])("of an LSTM's gate, with a loss at the last step: one row (reverse: %s)", (reverse) => {
    const { final, W, feeds, steps } = lstmNet({ reverse });
    const loss = sum(mul(final.h, final.h)) as Tensor<readonly []>;
    const table = contributions(loss, { of: W, through: steps.map((s) => s.state) });
    const found = evaluate({ table, whole: grad(loss, W) }, feeds, { seed: 2 });
    expect(found.table.terms.dims).toEqual(["t", "k", "hidden", "hidden"]);
    expect(found.table.norms.shape).toEqual([1, 5]);
    expectNear(found.table.total, [...found.whole.data], 1e-14, "W_f");
    // the first step that is made sees h = 0: its use of W gets nothing
    expect(found.table.norms.data[reverse ? 4 : 0]).toBe(0);
    expect(Math.min(...(reverse ? found.table.norms.data.slice(0, 4) : found.table.norms.data.slice(1)))).toBeGreaterThan(0);
  });

  it("count a use outside the recurrence apart", () => {
    const w = parameter("w", [], constantly(2));
    const { final } = unroll((s: Tensor<readonly []>, _: Tensor) => ({ state: mul(s, w), output: s }), {
      over: input("n", [dim("time", 2)]) as Tensor,
      from: scalar(1),
    });
    const found = evaluate(contributions(mul(final, w) as Tensor, { of: w }), {});
    expect([found.terms.data, found.outside.data, found.total.data].map((d) => [...d])).toEqual([[4, 4], [4], [12]]);
  });

  it("say what is wrong", () => {
    const { W, final } = lstmNet();
    const codesOf = (outputs: unknown): unknown => {
      try {
        return evaluate(outputs, {});
      } catch (e) {
        return e instanceof ClewError ? e.diagnostics.map((d) => [d.code, d.op]) : e;
      }
    };
    const untyped = contributions as unknown as (loss: unknown, options: unknown) => { readonly terms: unknown };
    expect(codesOf(untyped(3, { of: W }).terms)).toEqual([["NotTensor", "contributions"]]);
    expect(codesOf(untyped(final.h, undefined).terms)).toEqual([["NotTensor", "contributions"]]);
    expect(codesOf(untyped(final.h, { of: parameter("other", []) }).terms)).toEqual([["Unreached", "contributions"]]);
    expect(codesOf(untyped(sum(W), { of: W }).terms)).toEqual([["Unreached", "contributions"]]);
    expect(codesOf(untie(3, W).outputs)).toEqual([["NotTensor", "untie"]]);
  });
});

/** A tagger: V turns every state into scores of its own step, inside the cell. */
function taggedNet() {
  const [time, batch, word, label] = [dim("time", 3), dim("batch", 2), dim("word", 2), dim("label", 2)];
  const V = parameter("V", [word, label]);
  const { outputs } = unroll(
    (s: Tensor, x_t: Tensor) => ({ state: tanh(add(s, x_t)) as Tensor, output: matmul(add(s, x_t), V) as Tensor }),
    { over: input("x", [time, batch, word]) as Tensor, from: zeros([batch, word]) as Tensor },
  );
  const y = input("y", [time, batch], "int") as unknown as Tensor<readonly Dim[], "int">;
  const each = softmaxCrossEntropy(outputs, y, { reduce: "none" }) as Tensor;
  return {
    time: 3,
    V,
    each,
    feeds: { x: Float64Array.from({ length: 12 }, (_, i) => Math.sin(i + 1)), y: Int32Array.of(0, 1, 1, 0, 1, 1) },
  };
}

describe("Jacobians", () => {
  it("and their singular values are those of JAX", () => {
    const { steps } = oracleNet();
    const { U, W, b, x, h0 } = feedsOf(oracle);
    const matrices = numbers(oracle.values["dh_t/dh_k"]!);
    const singular = numbers(oracle.values.singularValues!);
    for (const sequence of [0, 1]) {
      const table = jacobianNorms(steps, { U: U!, W: W!, b: b!, x: x!, h0: h0! }, { sequence });
      for (let t = 0; t < 4; t++) {
        for (let k = 0; k < 4; k++) {
          const found = table[t]![k];
          expect(found === undefined).toBe(k > t);
          if (found === undefined) continue;
          const at = (t * 4 + k) * 2 + sequence;
          expectNear({ data: found.singularValues }, [...singular.slice(at * 3, at * 3 + 3)], 1e-10, `singular values of ∂h_${t}/∂h_${k}`);
          expect(found.spectral).toBe(found.singularValues[0]);
          expect(found.frobenius).toBeCloseTo(Math.hypot(...matrices.slice(at * 9, at * 9 + 9)), 12);
        }
      }
    }
  });

  it("of an LSTM are those of the pair (h, c): the product is the whole derivative", () => {
    const lstm = lstmNet();
    const { steps, feeds } = lstm;
    const table = jacobianNorms(steps, feeds, { seed: 4, sequence: 1 });
    // by reverse mode through a net of its own, that starts from h_1 and c_1
    const { h, c } = evaluate(steps[1]!.state, { x: feeds.x }, { seed: 4 });
    const rest = lstmNet({ from: true, length: 3 });
    const fed = { x: feeds.x.slice(12), h: h.data, c: c.data };
    const rows = (["h", "c"] as const).flatMap((leaf) =>
      [0, 1, 2].map((i) => {
        const unit = input("unit", rest.final.h.shape) as Tensor;
        const picked = sum(mul(rest.final[leaf], unit)) as Tensor<readonly []>;
        const g = evaluate(
          grad(picked, rest.first),
          { ...fed, unit: Float64Array.from({ length: 9 }, (_, at) => (at === 3 + i ? 1 : 0)) },
          { seed: 4 },
        );
        return [...g.h.data.slice(3, 6), ...g.c.data.slice(3, 6)];
      }),
    );
    const frobenius = Math.hypot(...rows.flat());
    expect(table[4]![1]!.frobenius).toBeCloseTo(frobenius, 13);
    expect(table[4]![1]!.singularValues.length).toBe(6);
    // what reaches (h_1, c_1) is the gradient of that net by where it starts
    const flow = gradientFlow(sum(lstm.final.h) as Tensor, steps, feeds, { seed: 4 });
    const signal = evaluate(grad(sum(rest.final.h) as Tensor<readonly []>, rest.first), fed, { seed: 4 });
    expect(flow.gradient[1]).toBeCloseTo(Math.hypot(...signal.h.data, ...signal.c.data), 13);
    const { signal: table2 } = contributions(sum(lstm.final.h) as Tensor, { of: lstm.W, through: steps.map((s) => s.state) });
    expectNear(evaluate(table2, feeds, { seed: 4 }), [...flow.gradient], 1e-13, "signal");
    // half of the state is not enough: the cell carries more
    const half = () =>
      jacobianNorms(
        steps.map(({ state }) => ({ state: state.h })),
        feeds,
      );
    expect(half).toThrow(/not all that the cell carries/);
  });

  it("of a reversed recurrence lead to the future", () => {
    const { steps, feeds } = lstmNet({ reverse: true });
    const table = jacobianNorms(steps, feeds);
    expect(table[0]![4]!.spectral).toBeGreaterThan(0);
    expect(table[4]![0]).toBeUndefined();
  });
});

describe("gradientFlow", () => {
  const [time, hidden] = [dim("time", 6), dim("hidden", 2)];
  const scaled = (factor: number, options: { readonly reverse?: boolean } = {}) => {
    const made = unroll(
      (h: Tensor, x_t: Tensor) => {
        const h_t = add(mul(h, factor), x_t) as Tensor;
        return { state: h_t, output: h_t };
      },
      { over: input("x", [time, hidden]) as Tensor, from: zeros([hidden]) as Tensor, ...options },
    );
    return { ...made, feeds: { x: new Float64Array(12).fill(1) } };
  };
  const flowOf = (factor: number) => {
    const { final, steps, feeds } = scaled(factor);
    return gradientFlow(sum(final) as Tensor, steps, feeds, { unit: "words" });
  };

  it("has what reaches each step, as a share and as a norm", () => {
    const flow = flowOf(0.5);
    expect(flow.share).toEqual([1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]);
    expect(flow.gradient[5]).toBe(Math.SQRT2);
    expect(flow.jacobians.map((j) => j.spectral)).toEqual(flow.share);
  });

  it.each([
    [0.5, "fades", "it fades, and does not vanish, over 6 words"],
    [0.3, "vanishes", "it vanishes: 4 words back under 1 % of the signal is left"],
    [0.001, "vanishes", "it vanishes: 1 word back under 1 % of the signal is left"],
    [1, "kept", "it is kept over 6 words"],
    [1.5, "grows", "it grows, and does not explode, over 6 words"],
    [5, "explodes", "it explodes: 3 words back the gradient is over 100 times as large"],
    [1e200, "explodes", "it explodes: 1 word back the gradient is no finite number any more"],
  ] as const)("gives a verdict: times %d a step, it %s", (factor, kind, sentence) => {
    const { verdict } = flowOf(factor);
    expect([verdict.kind, verdict.sentence]).toEqual([kind, sentence]);
    if (factor < 2) expect(verdict.rate).toBeCloseTo(factor, 12);
  });

  it("is that of the last loss where there is one a step, with a row for each", () => {
    const { outputs, steps, feeds } = scaled(0.5);
    const flow = gradientFlow(outputs, steps, feeds);
    expect(flow.share[0]).toBe(1 / 32);
    expect(flow.table.length).toBe(6);
    expect(flow.table[2]!.map((g) => g / Math.SQRT2)).toEqual([0.25, 0.5, 1, 0, 0, 0]);
  });

  it("goes the other way in reverse", () => {
    const { final, steps, feeds } = scaled(0.5, { reverse: true });
    const flow = gradientFlow(sum(final) as Tensor, steps, feeds);
    expect(flow.share).toEqual([1, 0.5, 0.25, 0.125, 1 / 16, 1 / 32]);
    expect(flow.verdict.kind).toBe("fades");
  });

  it("bounds a plain cell by ‖W‖·max|φ′|, and no other", () => {
    const { tensors, each, steps } = oracleNet();
    const flow = gradientFlow(each, steps, feedsOf(oracle), { of: tensors.W! });
    const { perStep, slope } = flow.bound!;
    expect(slope).toBeLessThanOrEqual(1);
    flow.jacobians.forEach((j, k) => {
      expect(j.spectral).toBeLessThanOrEqual(perStep ** (3 - k) * (1 + 1e-12));
    });
    const lstm = lstmNet();
    expect(gradientFlow(sum(lstm.final.h) as Tensor, lstm.steps, lstm.feeds, { of: lstm.W }).bound).toBeUndefined();
    // U is no recurrent weight, whatever its shape
    expect(gradientFlow(each, steps, feedsOf(oracle), { of: tensors.U! }).bound).toBeUndefined();
  });

  it("looks at one sequence of the batch", () => {
    const { each, steps } = oracleNet();
    const all = gradientFlow(each, steps, feedsOf(oracle));
    const [a, b] = [0, 1].map((sequence) => gradientFlow(each, steps, feedsOf(oracle), { sequence }));
    all.gradient.forEach((g, k) => {
      expect(g).toBeCloseTo(Math.hypot(a!.gradient[k]!, b!.gradient[k]!), 14);
    });
    const theirs = numbers(oracle.values["dE_t/dh_k"]!);
    expect(b!.gradient[1]).toBeCloseTo(Math.hypot(...theirs.slice((3 * 4 + 1) * 6 + 3, (3 * 4 + 1) * 6 + 6)), 12);
  });

  it("says what is wrong, in both doors", () => {
    const { each, steps } = oracleNet();
    expect(() => gradientFlow(each, steps, feedsOf(oracle), { sequence: 2 })).toThrow(/no sequence 2/);
    expect(() => gradientFlow(each, [] as never, {})).not.toThrow(TypeError);
    expect(() => gradientFlow(each, undefined as never, {})).toThrow(ClewError);
    expect(fp.gradientFlow(each, steps, {})).toMatchObject({ _tag: "Left" });
    expect(fp.jacobianNorms(steps, {})).toMatchObject({ _tag: "Left" });
    const none = unroll((h: Tensor, _: Tensor) => ({ state: h, output: h }), {
      over: input("x", [dim("time", 0), hidden]) as Tensor,
      from: zeros([hidden]) as Tensor,
    });
    expect(gradientFlow(sum(none.final) as Tensor, none.steps, {}).verdict.sentence).toBe("there are no steps");
  });
});
