// Truncated BPTT: the gradient is the sum of just those terms that its definition keeps, in both forms, for every cell.

import {
  add,
  ClewError,
  checkGradients,
  compile,
  contributions,
  dim,
  evaluate,
  grad,
  graph,
  input,
  jvp,
  matmul,
  mul,
  parameter,
  scan,
  sum,
  type Tensor,
  tanh,
  truncationLoss,
  uniform,
  unroll,
  untruncated,
  zeros,
} from "clew";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { passesOf } from "../../src/recurrence/truncate.ts";
import { batch, cellOf, hidden, inputsFor, lossOf, type Mask, parameters, plans, type Run } from "./random-cells.ts";

type Form = (cell: unknown, options: unknown) => Run;
const forms = { unroll: unroll as unknown as Form, scan: scan as unknown as Form };
const bits = (data: ArrayLike<number>): readonly number[] => Array.from(data, (v) => v + 0);

/** The definition, once more and in other words: of step t's loss, does the pass that it belongs to reach back to step k? */
function isKept(t: number, k: number, steps: number, { forward, backward }: { readonly forward: number; readonly backward: number }) {
  let end = 0;
  while (end <= t) end += forward;
  return k <= t && k >= Math.min(end, steps) - backward;
}

const truncations = fc
  .record({ forward: fc.integer({ min: 1, max: 4 }), more: fc.integer({ min: 0, max: 5 }) })
  .map(({ forward, more }) => ({ forward, backward: forward + more }));

describe("the passes of a truncation", () => {
  it("cover every step's loss once, and no lane serves two at a time", () => {
    fc.assert(
      fc.property(fc.nat(40), truncations, (steps, truncation) => {
        const passes = passesOf(steps, truncation);
        expect(passes.flatMap(({ from, end }) => Array.from({ length: end - from }, (_, i) => from + i))).toEqual([...Array(steps).keys()]);
        for (const [i, p] of passes.entries()) {
          expect(p.start).toBe(Math.max(0, p.end - truncation.backward));
          for (const q of passes.slice(0, i)) if (q.lane === p.lane) expect(q.end).toBeLessThanOrEqual(p.start);
        }
        const lanes = new Set(passes.map((p) => p.lane)).size;
        // as many as passes overlap: full ones, and the last one, cut short by the end of the sequence, with those that end after its first step
        const { forward, backward } = truncation;
        const rest = steps % forward;
        const most = Math.max(Math.ceil(backward / forward), rest === 0 ? 0 : 1 + Math.ceil((backward - rest) / forward));
        if (steps >= backward + forward) expect(lanes).toBe(most);
        else expect(lanes).toBeLessThanOrEqual(most);
      }),
    );
  });
});

describe("a truncated gradient", () => {
  const time = dim("time", 7);
  const x = input("x", [time, batch, hidden]);
  const [U, W] = [parameter("U", [hidden, hidden], uniform(-1, 1)), parameter("W", [hidden, hidden], uniform(-1, 1))];
  const wave = (n: number) => Float64Array.from({ length: n }, (_, i) => Math.sin(1.7 * i));
  const feeds = { x: wave(42) };
  const lossesOf = (recur: typeof unroll, truncate?: { forward: number; backward: number }, reverse = false) => {
    const { outputs } = recur(
      (h, x_t) => {
        const next = tanh(add(matmul(x_t, U), matmul(h, W)));
        return { state: next, output: sum(mul(next, mul(next, x_t))) };
      },
      { over: x, from: zeros([batch, hidden]), reverse, ...(truncate === undefined ? {} : { truncate }) },
    );
    return outputs;
  };

  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [1, 3],
    [2, 3],
    [2, 5],
    [3, 4],
    [4, 6],
  ])("every %i steps over the last %i is the sum of the terms that are kept", (forward, backward) => {
    for (const reverse of [false, true]) {
      const truncate = { forward, backward };
      const { terms } = contributions(lossesOf(unroll, undefined, reverse), { of: W });
      const kept = contributions(lossesOf(unroll, truncate, reverse), { of: W });
      const g = grad(sum(lossesOf(scan as unknown as typeof unroll, truncate, reverse)), W);
      const found = evaluate({ terms, kept: kept.terms, g }, feeds, { seed: 1 });
      const total = new Float64Array(9);
      const at = (k: number): number => (reverse ? 6 - k : k);
      for (let t = 0; t < 7; t++) {
        for (let k = 0; k < 7; k++) {
          const [from, here] = [(at(t) * 7 + at(k)) * 9, isKept(t, k, 7, truncate)];
          for (let i = 0; i < 9; i++) {
            const term = found.terms.data[from + i]!;
            // each term is there as it was, or not at all
            expect(Math.abs(found.kept.data[from + i]! - (here ? term : 0))).toBeLessThanOrEqual(1e-14);
            if (here) total[i]! += term;
          }
        }
      }
      for (let i = 0; i < 9; i++) expect(Math.abs(found.g.data[i]! - total[i]!)).toBeLessThanOrEqual(1e-13);
    }
  });

  it("leaves values alone, bit for bit, and is the whole one where passes reach the first step", () => {
    const whole = { loss: sum(lossesOf(unroll)), g: grad(sum(lossesOf(unroll)), { U, W }) };
    const far = sum(lossesOf(unroll, { forward: 2, backward: 7 }));
    const cut = sum(lossesOf(unroll, { forward: 2, backward: 4 }));
    const found = evaluate({ whole, far: { loss: far, g: grad(far, { U, W }) }, cut, undone: grad(untruncated(cut), { U, W }) }, feeds, {
      seed: 1,
    });
    expect(found.far).toEqual(found.whole);
    expect(found.cut.data).toEqual(found.whole.loss.data);
    for (const name of ["U", "W"] as const)
      found.undone[name].data.forEach((v, i) => {
        expect(Math.abs(v - found.whole.g[name].data[i]!)).toBeLessThanOrEqual(1e-13);
      });
  });

  it("passes the numeric check, for what is cut counts as constant", () => {
    for (const recur of [unroll, scan as unknown as typeof unroll]) {
      const loss = sum(lossesOf(recur, { forward: 2, backward: 3 })) as Tensor<readonly []>;
      const report = checkGradients(loss, { feeds, seed: 1 });
      expect([report.verdict, report.maxRelativeError < 1e-7]).toEqual(["pass", true]);
    }
  });

  it("is what forward mode has, too: ⟨ĝ, v⟩", () => {
    const loss = sum(lossesOf(scan as unknown as typeof unroll, { forward: 2, backward: 3 }));
    const direction = tanh(add(W, 0.3));
    const found = evaluate({ moved: jvp(loss, W, direction), along: sum(mul(grad(loss, W), direction)) }, feeds, { seed: 1 });
    expect(Math.abs(found.moved.data[0]! - found.along.data[0]!)).toBeLessThanOrEqual(1e-13);
  });

  it("is the same in a compiled program", () => {
    const loss = sum(lossesOf(scan as unknown as typeof unroll, { forward: 2, backward: 5 }));
    const outputs = { loss, g: grad(loss, { U, W }) };
    const [wanted, found] = [evaluate(outputs, feeds, { seed: 1 }), compile(outputs, { seed: 1, precision: "f64" }).run(feeds)];
    for (const name of ["U", "W"] as const)
      wanted.g[name].data.forEach((v, i) => {
        expect(Math.abs(v - found.g[name].data[i]!)).toBeLessThanOrEqual(1e-13);
      });
  });

  it("makes the step as often as passes overlap, and graphs of one size for any number of steps", () => {
    const nodes = (steps: number, backward: number) => {
      const long = input("x", [dim("time", steps), hidden]);
      const { final } = scan((h, x_t) => ({ state: tanh(add(x_t, matmul(h, W))), output: h }), {
        over: long,
        from: zeros([hidden]),
        truncate: { forward: 5, backward },
      });
      return graph(grad(sum(final), W)).nodes.length;
    };
    expect(nodes(10_000, 10)).toBe(nodes(100, 10));
    expect(nodes(100, 5)).toBeLessThan(nodes(100, 10));
  });
});

describe("truncated recurrences of random cells", () => {
  it("have the same values and gradients in both forms, bit for bit; undone, those of the whole gradient", () => {
    const nets = fc.record({
      plan: plans,
      steps: fc.integer({ min: 1, max: 6 }),
      seed: fc.nat(1000),
      backwards: fc.boolean(),
      masked: fc.boolean(),
      truncation: truncations,
    });
    fc.assert(
      fc.property(nets, ({ plan, steps, seed, backwards, masked, truncation }) => {
        const { x, h0, first, time, feeds } = inputsFor(steps, seed);
        const mask = input("mask", [time, batch], "bool") as Mask;
        const options = { over: x, from: first, reverse: backwards, ...(masked ? { mask } : {}) };
        const wrt = { x, h0, ...parameters };
        const of = ({ outputs, final }: Run) => ({ outputs, final, g: grad(lossOf({ outputs, final }), wrt, { unreached: "zero" }) });
        const cell = cellOf(plan, { x, h0 });
        const [a, b] = [forms.unroll, forms.scan].map((form) => of(form(cell, { ...options, truncate: truncation })));
        const whole = of(forms.scan(cell, options));
        const undone = of(untruncated(forms.scan(cell, { ...options, truncate: truncation })));
        const real = Uint8Array.from({ length: steps * 2 }, (_, i) => Number(Math.sin(seed + 2.1 * i) > -0.4));
        const found = evaluate({ anchor: { ...wrt, mask }, a: a!, b: b!, whole, undone }, { ...feeds, mask: real });
        for (const name of ["p", "q"] as const) {
          expect(bits(found.a.outputs[name].data)).toEqual(bits(found.whole.outputs[name].data));
          expect(bits(found.b.outputs[name].data)).toEqual(bits(found.whole.outputs[name].data));
        }
        for (const name of ["h", "c"] as const) expect(bits(found.b.final[name].data)).toEqual(bits(found.whole.final[name].data));
        for (const name of ["x", "h0", "W", "U", "b"] as const) {
          expect([name, bits(found.b.g[name].data)]).toEqual([name, bits(found.a.g[name].data)]);
          const scale = Math.max(1, ...found.whole.g[name].data.map(Math.abs));
          found.undone.g[name].data.forEach((v, i) => {
            expect(Math.abs(v - found.whole.g[name].data[i]!)).toBeLessThanOrEqual(1e-12 * scale);
          });
        }
      }),
      { numRuns: 120, seed: 7 },
    );
  });
});

describe("truncationLoss", () => {
  const x = input("x", [dim("time", 4)]);
  const w = parameter("w", []);
  const net = (truncate?: { forward: number; backward: number }) =>
    scan((s, x_t) => ({ state: add(mul(s, w), x_t), output: s }), {
      over: x,
      from: zeros([]),
      ...(truncate === undefined ? {} : { truncate }),
    }).final;
  const feeds = { x: [1, 1, 1, 1], w: 0.5 };

  it("is the share of the gradient that is not there", () => {
    // s_3 = ((x_0·w + x_1)·w + x_2)·w + x_3: ∂/∂w = s_2 + w·s_1 + w²·s_0, of which the terms of the last two steps are kept
    const [s0, s1, s2] = [1, 1.5, 1.75];
    const [kept, whole] = [s2 + 0.5 * s1, s2 + 0.5 * s1 + 0.25 * s0];
    const report = truncationLoss(net({ forward: 2, backward: 2 }), { w, x }, feeds);
    expect(report.parameters.w!.lost).toBeCloseTo((whole - kept) / whole, 14);
    expect(report.parameters.w).toMatchObject({ cosine: 1, norm: kept, whole });
    const x2 = 0.125 ** 2 + 0.25 ** 2;
    expect(report.parameters.x!.lost).toBeCloseTo(Math.sqrt(x2 / (x2 + 0.25 + 1)), 14);
    expect(report.lost).toBeCloseTo(Math.sqrt((x2 + (whole - kept) ** 2) / (x2 + 1.25 + whole ** 2)), 14);
    expect(report.sentence).toBe("it loses 13 % of the gradient (cosine 0.995), of x 24 %");
  });

  it("is nothing where nothing is truncated", () => {
    for (const truncate of [undefined, { forward: 4, backward: 4 }, { forward: 1, backward: 9 }]) {
      const report = truncationLoss(net(truncate), w, feeds);
      expect([report.lost, report.cosine, report.sentence]).toEqual([0, 1, "nothing of the gradient is lost"]);
    }
  });

  it("tells what is wrong, once", () => {
    const told = (run: () => unknown) => {
      try {
        run();
      } catch (e) {
        if (e instanceof ClewError) return e.diagnostics.map((d) => [d.code, d.op]);
        throw e;
      }
      throw new Error("nothing was wrong");
    };
    expect(told(() => truncationLoss(net({ forward: 2, backward: 2 }), { w }, { w: 1 }))).toEqual([["MissingFeed", "input"]]);
    expect(told(() => truncationLoss(x as never, { w }, feeds))).toEqual([["NonScalarLoss", "grad"]]);
    for (const truncate of [3, { forward: 0, backward: 2 }, { forward: 1.5, backward: 2 }, { forward: 2 }, { forward: 3, backward: 2 }])
      expect(told(() => graph(net(truncate as never)))).toEqual([["BadArgument", "scan"]]);
  });
});
