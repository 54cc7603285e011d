// Derivatives of scans: to third order against a closed form, forward mode, lifting, scans within scans, dropout, and what goes wrong inside.

import {
  add,
  ClewError,
  cos,
  dim,
  dropout,
  evaluate,
  gather,
  grad,
  hessian,
  hvp,
  index,
  inference,
  input,
  item,
  jacobian,
  jvp,
  lengthMask,
  log,
  matmul,
  mul,
  parameter,
  scan,
  sin,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  tanh,
  uniform,
  unroll,
  zeros,
} from "clew";
import { describe, expect, it } from "vitest";

const time = dim("time", 4);
const layer = dim("layer", 3);
const batch = dim("batch", 2);
const hidden = dim("hidden", 3);
const W = parameter("W", [hidden, hidden], uniform(-1, 1));
const U = parameter("U", [hidden, hidden], uniform(-1, 1));
const x = input("x", [time, batch, hidden]);
const h0 = input("h0", [batch, hidden]);
const wave = (n: number, phase = 0) => Float64Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + phase));
const feeds = { x: wave(24), h0: wave(6, 1) };
type H = Tensor<readonly [typeof batch, typeof hidden]>;

/** Either form of the recurrence: what must be the same in both is written once. */
type Recur = typeof scan;
const forms: readonly (readonly [string, Recur])[] = [
  ["scan", scan],
  ["unroll", unroll as unknown as Recur],
];

const plain = (recur: Recur) => {
  const cell = (h: H, x_t: H) => {
    const h_t = tanh(add(matmul(x_t, U), matmul(h, W)));
    return { state: h_t, output: h_t };
  };
  return recur(cell, { over: x, from: h0 });
};

/** Evaluates the same expression over both forms. */
function pair<A>(build: (recur: Recur) => A) {
  const [a, b] = forms.map(([, recur]) => evaluate(build(recur), feeds, { seed: 3 }));
  return { scanned: a!, unrolled: b! };
}

function expectClose(a: { readonly data: ArrayLike<number> }, b: { readonly data: ArrayLike<number> }, bound = 1e-13): void {
  expect(a.data.length).toBe(b.data.length);
  let scale = 1;
  for (let i = 0; i < b.data.length; i++) scale = Math.max(scale, Math.abs(b.data[i]!));
  for (let i = 0; i < b.data.length; i++) expect(Math.abs(a.data[i]! - b.data[i]!)).toBeLessThanOrEqual(bound * scale);
}

describe("the third derivative of s' = s·w", () => {
  // s_T = w^T: an accumulation that is counted on two routes makes it wrong by a factor
  it.each([1, 2, 3, 7])("over %i steps is T(T−1)(T−2)·w^(T−3)", (steps) => {
    const w = parameter("w", []);
    const { final } = scan((s) => ({ state: mul(s, w), output: s }), { steps: dim("step", steps), from: add(zeros([]), 1) });
    const [T, at] = [steps, 1.3];
    const first = grad(final, w);
    const second = grad(first, w);
    const third = grad(second, w, { unreached: "zero" });
    const found = evaluate({ final, first, second, third }, { w: at });
    expect(item(found.final)).toBeCloseTo(at ** T, 12);
    expect(item(found.first)).toBeCloseTo(T * at ** (T - 1), 12);
    expect(item(found.second)).toBeCloseTo(T * (T - 1) * at ** (T - 2), 11);
    expect(item(found.third)).toBeCloseTo(T * (T - 1) * (T - 2) * at ** (T - 3), 10);
  });

  it("of a nonlinear cell is the unrolling's", () => {
    const { scanned, unrolled } = pair((recur) => {
      const { outputs, final } = plain(recur);
      const loss = add(sum(mul(outputs, cos(outputs))), sum(final));
      const second = grad(sum(sin(grad(loss, W))), U);
      return grad(sum(sin(second)), { W, U, x, h0 });
    });
    for (const name of ["W", "U", "x", "h0"] as const) expectClose(scanned[name], unrolled[name]);
  });
});

describe("other transforms of a scan", () => {
  it("forward mode, its second order and mixed ones are the unrolling's", () => {
    const { scanned, unrolled } = pair((recur) => {
      const { outputs, final } = plain(recur);
      const direction = { W: sin(W), h0: cos(h0) };
      const moved = jvp({ outputs, final }, { W, h0 }, direction);
      const loss = add(sum(mul(outputs, outputs)), sum(final));
      return {
        moved,
        twice: jvp(moved.outputs, { W, h0 }, direction),
        hvp: hvp(loss, { W, h0 }, direction),
        reverse: grad(sum(mul(moved.outputs, moved.outputs)), { W, x }),
      };
    });
    expectClose(scanned.moved.outputs, unrolled.moved.outputs);
    expectClose(scanned.moved.final, unrolled.moved.final);
    expectClose(scanned.twice, unrolled.twice);
    expectClose(scanned.hvp.W, unrolled.hvp.W);
    expectClose(scanned.hvp.h0, unrolled.hvp.h0);
    expectClose(scanned.reverse.W, unrolled.reverse.W);
    expectClose(scanned.reverse.x, unrolled.reverse.x);
  });

  it("jacobian and hessian (lifted scans) are the unrolling's", () => {
    const { scanned, unrolled } = pair((recur) => {
      const { outputs, final } = plain(recur);
      return { j: jacobian(final, { W, x }), js: jacobian(outputs, h0), h: hessian(sum(mul(final, sum(outputs, time))), W) };
    });
    expectClose(scanned.j.W, unrolled.j.W);
    expectClose(scanned.j.x, unrolled.j.x);
    expectClose(scanned.js, unrolled.js);
    expectClose(scanned.h, unrolled.h);
  });

  it("inference takes dropout out of the body", () => {
    const build = (recur: Recur, rate: number) => {
      const cell = (h: H, x_t: H) => {
        const h_t = tanh(add(x_t, rate === 0 ? h : dropout(h, rate, "h")));
        return { state: h_t, output: rate === 0 ? h_t : dropout(h_t, rate, "o") };
      };
      return recur(cell, { over: x, from: h0 });
    };
    const { scanned, unrolled } = pair((recur) => {
      const dropped = build(recur, 0.4);
      const loss = sum(mul(dropped.outputs, dropped.outputs));
      const { outputs, final } = dropped;
      return {
        drawn: { outputs, final },
        g: grad(loss, { x }),
        without: inference({ outputs, final, g: grad(loss, { x }) }),
        never: build(recur, 0).outputs,
      };
    });
    expect(scanned.drawn.outputs.data).toEqual(unrolled.drawn.outputs.data);
    expect(scanned.g.x.data).toEqual(unrolled.g.x.data);
    expect(scanned.drawn.outputs.data).toContain(0);
    expect(scanned.without.outputs.data).toEqual(scanned.never.data);
    expectClose(scanned.without.g.x, unrolled.without.g.x);
  });
});

describe("a scan within a scan", () => {
  const inner = (recur: Recur, h: H, x_t: H, noise: number) =>
    recur(
      (s: H) => {
        const next = tanh(add(matmul(s, W), noise === 0 ? x_t : dropout(x_t, noise, "inner")));
        return { state: next, output: mul(next, h) };
      },
      { steps: layer, from: h },
    );
  const nested = (outer: Recur, within: Recur, noise = 0) =>
    outer(
      (h: H, x_t: H) => {
        const { outputs, final } = inner(within, h, matmul(x_t, U), noise);
        return { state: final, output: sum(outputs, layer) };
      },
      { over: x, from: h0 },
    );
  const all = (outer: Recur, within: Recur, noise = 0) => {
    const { outputs, final } = nested(outer, within, noise);
    const loss = add(sum(mul(outputs, outputs)), sum(mul(final, cos(final))));
    const g = grad(loss, { W, U, x, h0 });
    return { outputs, final, g, second: grad(add(sum(sin(g.W)), sum(sin(g.x))), { W, U, x, h0 }) };
  };
  const pairs = forms.flatMap(([a, outer]) => forms.map(([b, within]) => [`${b} in ${a}`, outer, within] as const));
  const reference = evaluate(all(unroll as unknown as Recur, unroll as unknown as Recur), feeds, { seed: 3 });

  it.each(pairs)("%s gives the bits of the unrolling of both; second derivatives to rounding", (_, outer, within) => {
    const found = evaluate(all(outer, within), feeds, { seed: 3 });
    expect(found.outputs.data).toEqual(reference.outputs.data);
    expect(found.final.data).toEqual(reference.final.data);
    for (const name of ["W", "U", "x", "h0"] as const) {
      expect([name, found.g[name].data]).toEqual([name, reference.g[name].data]);
    }
    // a later derivative's sums over two levels of steps are not bracketed alike in all forms
    for (const name of ["W", "U", "x", "h0"] as const) expectClose(found.second[name], reference.second[name]);
  });

  it.each(pairs)("%s draws the same dropout", (_, outer, within) => {
    const loose = unroll as unknown as Recur;
    expect(evaluate(all(outer, within, 0.5), feeds, { seed: 3 }).g.x.data).toEqual(
      evaluate(all(loose, loose, 0.5), feeds, { seed: 3 }).g.x.data,
    );
  });
});

interface Masked {
  readonly loss: { readonly data: ArrayLike<number> };
  readonly g: Readonly<Record<"W" | "U" | "h0", { readonly data: ArrayLike<number> }>>;
}

describe("a scan of records", () => {
  it("of an LSTM with a mask, reversed, lets no NaN of padding through", () => {
    const lengths = input("lengths", [batch], "int");
    const y = input("y", [batch], "int");
    const [scanned, unrolled] = [scan as Recur, unroll as unknown as Recur].map((recur) => {
      const cell = ({ h, c }: { readonly h: H; readonly c: H }, { x: x_t }: { readonly x: H }) => {
        const c_t = add(mul(c, sin(matmul(x_t, U))), mul(log(x_t), tanh(matmul(h, W))));
        const h_t = mul(cos(x_t), tanh(c_t));
        return { state: { h: h_t, c: c_t }, output: { h: h_t } };
      };
      const from = { h: h0, c: zeros([batch, hidden]) };
      const { outputs, final } = recur(cell, { over: { x }, from, mask: lengthMask(lengths, time), reverse: true });
      const loss = add(softmaxCrossEntropy(final.h, y), sum(outputs.h));
      const data = wave(24).map((v, k) => (k >= 12 && k % 6 < 3 ? Number.NaN : Math.abs(v) + 0.1));
      return evaluate({ loss, g: grad(loss, { W, U, h0 }) }, { ...feeds, x: data, lengths: [2, 4], y: [0, 2] }, { seed: 3, nan: "allow" });
    }) as readonly Masked[] as [Masked, Masked];
    expect(Number.isFinite(scanned.loss.data[0])).toBe(true);
    expect(scanned.loss.data).toEqual(unrolled.loss.data);
    for (const name of ["W", "U", "h0"] as const) expect(scanned.g[name].data).toEqual(unrolled.g[name].data);
  });
});

describe("what goes wrong in a scan", () => {
  const told = (run: () => unknown): ClewError => {
    try {
      run();
    } catch (e) {
      if (e instanceof ClewError) return e;
      throw e;
    }
    throw new Error("nothing was wrong");
  };

  it("is reported once, with the cell's own line, and names scan", () => {
    const wide = input("wide", [dim("wide", 5)]);
    const { outputs } = scan((h: H, x_t: H) => ({ state: h, output: matmul(x_t, wide as never) as unknown as H }), { over: x, from: h0 });
    const { diagnostics } = told(() => evaluate(outputs, feeds));
    expect(diagnostics.map((d) => [d.code, d.op])).toEqual([["RankMismatch", "matmul"]]);
    expect(diagnostics[0]!.at).toContain("scan-derivatives.test.ts");
    expect(diagnostics[0]!.step).toBe("each step of time");
    const shape = told(() =>
      evaluate(scan((h: H) => ({ state: sum(h, batch) as never, output: h }), { steps: time, from: h0 }).final, feeds),
    );
    expect(shape.diagnostics.map((d) => [d.code, d.op])).toEqual([["CellMismatch", "scan"]]);
  });

  it("an index out of range names the op in the cell and the step", () => {
    const word = dim("word", 5);
    const ids = input("ids", [time], "int");
    const table = parameter("table", [word, hidden]);
    const { outputs } = scan((h, id) => ({ state: h, output: gather(table, id, word) }), { over: ids, from: zeros([hidden]) });
    const { diagnostics } = told(() => evaluate(outputs, { ids: [0, 4, 7, 1] }));
    expect(diagnostics.map((d) => [d.op, d.step])).toEqual([["gather", "time = 2"]]);
    expect(diagnostics[0]!.message).toBe("element 0 of the ids is 7, out of range: there are 5 (0 … 4)");
    expect(diagnostics[0]!.at).toContain("scan-derivatives.test.ts");
  });

  it("a node of the cell that gets out of it is told", () => {
    let leaked: Tensor | undefined;
    scan(
      (h: H) => {
        leaked = tanh(h);
        return { state: h, output: h };
      },
      { steps: time, from: h0 },
    );
    expect(told(() => evaluate(leaked!, feeds)).diagnostics.map((d) => d.code)).toEqual(["EscapedTemplate"]);
  });

  it("states that nothing asks for are not computed", () => {
    const ids = input("ids", [time], "int");
    const table = parameter("table", [dim("word", 2), hidden]);
    const { final } = scan(
      (s: { a: Tensor<readonly [typeof hidden]>; b: Tensor<readonly [typeof hidden]> }, id) => ({
        state: { a: add(s.a, 1), b: gather(table, id, table.shape[0]) },
        output: s.b,
      }),
      {
        over: ids,
        from: { a: zeros([hidden]), b: zeros([hidden]) },
      },
    );
    expect([...evaluate({ a: final.a, ids }, { ids: [9, 9, 9, 9] }).a.data]).toEqual([4, 4, 4]);
  });
});

describe("a long scan", () => {
  it("of 10,000 steps is built, differentiated and run", () => {
    const long = dim("time", 10_000);
    const series = input("series", [long, hidden]);
    const cell = (h: Tensor<readonly [typeof hidden]>, x_t: Tensor<readonly [typeof hidden]>) => {
      const h_t = tanh(add(x_t, matmul(h, W)));
      return { state: h_t, output: h_t };
    };
    const { outputs } = scan(cell, { over: series, from: zeros([hidden]) });
    const last = index(outputs, long, 9_999);
    const found = evaluate({ last, g: grad(sum(outputs), { W }) }, { series: wave(30_000) }, { seed: 1 });
    expect(found.g.W.data.every(Number.isFinite)).toBe(true);
    expect(found.last.data.length).toBe(3);
  });
});
