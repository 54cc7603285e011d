import {
  add,
  constantly,
  dim,
  div,
  evaluate,
  grad,
  input,
  lengthMask,
  log,
  matmul,
  mul,
  parameter,
  softmaxCrossEntropy,
  sub,
  sum,
  type Tensor,
  tanh,
  unroll,
  zeros,
} from "clew";
import { describe, expect, it } from "vitest";

const time = dim("time", 4);
const batch = dim("batch", 3);
const word = dim("word", 2);
const hidden = dim("hidden", 2);
const label = dim("label", 2);
const U = parameter("U", [word, hidden]);
const W = parameter("W", [hidden, hidden]);
const V = parameter("V", [hidden, label]);
const mask = input("mask", [time, batch], "bool");
const x = input("x", [time, batch, word]);
const y = input("y", [batch], "int");

type H = Tensor<readonly [typeof batch, typeof hidden]>;
type X = Tensor<readonly [typeof batch, typeof word]>;
const cell = (h: H, x_t: X) => {
  const h_t = tanh(add(matmul(x_t, U), matmul(h, W)));
  return { state: h_t, output: h_t };
};

/** Which steps are real, [time][batch]: a prefix, holes, nothing at all. */
const masks = {
  prefixes: [
    [1, 1, 0],
    [1, 1, 0],
    [1, 0, 0],
    [1, 0, 0],
  ],
  holes: [
    [0, 1, 1],
    [1, 0, 1],
    [0, 0, 1],
    [1, 1, 0],
  ],
  nothing: [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ],
} as const;

const real = Float64Array.from({ length: 24 }, (_, i) => Math.cos(1.7 * i));
const isReal = (m: readonly (readonly number[])[], i: number): boolean => m[Math.floor(i / 6)]![Math.floor((i % 6) / 2)] === 1;

describe.each(Object.entries(masks))("a mask of %s", (_, m) => {
  const padded = real.map((v, i) => (isReal(m, i) ? v : Number.NaN));
  const feeds = (values: Float64Array) => ({ x: values, mask: Uint8Array.from(m.flat()) });
  const allow = { nan: "allow", seed: 5 } as const;

  it.each([false, true])("passes the state untouched and gives zeros, whatever stands in the padding (reverse: %s)", (reverse) => {
    const { outputs, final, steps } = unroll(cell, { over: x, from: add(zeros([batch, hidden]), 0.5), mask, reverse });
    const found = evaluate({ outputs, final, states: Object.fromEntries(steps.map((s, t) => [`h${t}`, s.state])) }, feeds(padded), allow);
    const order = reverse ? [3, 2, 1, 0] : [0, 1, 2, 3];
    // by hand, one sequence after the other, over its real steps alone
    const weights = evaluate({ U, W }, {}, { seed: 5 });
    for (let b = 0; b < 3; b++) {
      let h = [0.5, 0.5];
      for (const t of order) {
        if (m[t]![b] === 1) {
          h = [0, 1].map((j) => {
            let a = 0;
            for (let i = 0; i < 2; i++) a += real[t * 6 + b * 2 + i]! * weights.U.data[i * 2 + j]! + h[i]! * weights.W.data[i * 2 + j]!;
            return Math.tanh(a);
          });
        }
        for (let j = 0; j < 2; j++) {
          expect(found.outputs.data[t * 6 + b * 2 + j]!).toBeCloseTo(m[t]![b] === 1 ? h[j]! : 0, 14);
          expect(found.states[`h${t}`]!.data[b * 2 + j]!).toBeCloseTo(h[j]!, 14);
        }
      }
      for (let j = 0; j < 2; j++) expect(found.final.data[b * 2 + j]!).toBeCloseTo(h[j]!, 14);
    }
  });

  it("lets neither a NaN nor a gradient out of padded steps", () => {
    const { outputs, final } = unroll(cell, { over: x, from: zeros([batch, hidden]), mask });
    const loss = add(softmaxCrossEntropy(matmul(final, V), y), sum(mul(outputs, outputs)));
    const g = grad(loss, { U, W, V, x });
    const labels = { y: [0, 1, 0] };
    const bad = evaluate({ loss, g }, { ...feeds(padded), ...labels }, allow);
    const zero = evaluate({ loss, g }, { ...feeds(real.map((v, i) => (isReal(m, i) ? v : 0))), ...labels }, allow);
    expect(bad.loss.data).toEqual(zero.loss.data);
    for (const name of ["U", "W", "V"] as const) expect(bad.g[name].data).toEqual(zero.g[name].data);
    bad.g.x.data.forEach((v, i) => {
      expect(Number.isFinite(v)).toBe(true);
      if (!isReal(m, i)) expect(Math.abs(v)).toBe(0);
    });
  });

  it("nor out of a cell that has no value for zeros", () => {
    // log(0) is −∞ and its derivative ∞: a sequence without a real step must not be fed zeros
    const positive = real.map((v) => 1.5 + v);
    const { outputs } = unroll(
      (h: H, x_t: X) => {
        const h_t = add(mul(h, 0.5), matmul(log(x_t), U));
        return { state: h_t, output: h_t };
      },
      { over: x, from: zeros([batch, hidden]), mask },
    );
    const g = grad(sum(outputs), { U, x });
    const found = evaluate(g, feeds(positive.map((v, i) => (isReal(m, i) ? v : Number.NaN))), allow);
    const isNothing = m.flat().every((v) => v === 0);
    for (const v of isNothing ? [] : [...found.U.data, ...found.x.data]) expect(Number.isFinite(v)).toBe(true);
  });
});

describe("what the cell is fed in padded steps", () => {
  // 1 / (n − x) at step n: finite at the pairs that are real, infinite at others. In padding the cell must see the first state together
  // with the input that is made first: the carried state, or another real input, would bring ∞ and, through 0·∞, NaN.
  const scale = parameter("scale", [], constantly(2));
  const n0 = zeros([batch]);
  const one = input("one", [time, batch]);
  const run = (reverse: boolean) =>
    unroll(
      (n: Tensor<readonly [typeof batch]>, x_t: Tensor<readonly [typeof batch]>) => ({ state: add(n, 1), output: div(scale, sub(n, x_t)) }),
      { over: one, from: n0, mask, reverse },
    );
  it.each([
    // sequence 0 has 2 real steps; after them n = 2 = x of its first real step
    [false, [2, 0, 9, 9]],
    // made from the last: x = 2 with n = 0, then x = 0 with n = 1
    [true, [0, 2, 9, 9]],
  ] as const)("is what its first real step sees (reverse: %s)", (reverse, sequence) => {
    const { outputs } = run(reverse);
    const values = Float64Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? sequence[i / 3]! : -1));
    const real = Uint8Array.from({ length: 12 }, (_, i) => (i % 3 === 0 && i >= 6 ? 0 : 1));
    const found = evaluate({ outputs, g: grad(sum(outputs), { scale, one }) }, { one: values, mask: real });
    expect(found.outputs.data.every(Number.isFinite)).toBe(true);
    expect(found.g.scale.data.every(Number.isFinite)).toBe(true);
    expect(found.g.one.data.every(Number.isFinite)).toBe(true);
  });
});

describe("masks of other things", () => {
  it("select word ids and records of inputs", () => {
    const ids = input("ids", [time, batch], "int");
    const { outputs } = unroll(
      (
        n: { readonly last: Tensor<readonly [typeof batch], "int">; readonly h: H },
        at: { readonly id: Tensor<readonly [typeof batch], "int">; readonly x: X },
      ) => ({
        state: { last: at.id, h: add(n.h, matmul(at.x, U)) },
        output: n.last,
      }),
      { over: { id: ids, x }, from: { last: inputLike(), h: zeros([batch, hidden]) }, mask },
    );
    const found = evaluate(outputs, {
      ids: Int32Array.from({ length: 12 }, (_, i) => 10 + i),
      mask: Uint8Array.from(masks.holes.flat()),
      first: [7, 8, 9],
    });
    expect([...found.data]).toEqual([0, 8, 9, 7, 0, 12, 0, 0, 15, 13, 11, 0]);
  });

  it("by lengths", () => {
    const lengths = input("lengths", [batch], "int");
    expect([...evaluate(lengthMask(lengths, time), { lengths: [0, 2, 9] }).data]).toEqual([0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1]);
  });

  it("of time alone", () => {
    const times = input("times", [time], "bool");
    const { final } = unroll(cell, { over: x, from: zeros([batch, hidden]), mask: times });
    const short = unroll(cell, { over: input("x", [dim("time", 2), batch, word]), from: zeros([batch, hidden]) });
    const a = evaluate(final, { x: real.map((v, i) => (i >= 6 && i < 18 ? v : Number.NaN)), times: [0, 1, 1, 0] }, { nan: "allow" });
    expect(a.data).toEqual(evaluate(short.final, { x: real.slice(6, 18) }).data);
  });
});

function inputLike(): Tensor<readonly [typeof batch], "int"> {
  return input("first", [batch], "int");
}
