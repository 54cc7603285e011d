// Random cells: an unrolling is the hand-written loop of calls, in values bit for bit, in gradients to rounding.

import {
  add,
  dim,
  evaluate,
  grad,
  index,
  input,
  less,
  matmul,
  maximum,
  mul,
  parameter,
  reverse,
  type Shape,
  sigmoid,
  stack,
  sub,
  sum,
  type Tensor,
  tanh,
  unroll,
  where,
  zeros,
} from "clew";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const batch = dim("batch", 2);
const hidden = dim("hidden", 3);
const [W, U, b] = [parameter("W", [hidden, hidden]), parameter("U", [hidden, hidden]), parameter("b", [hidden])] as Tensor[] as [
  Tensor,
  Tensor,
  Tensor,
];

/** An expression over what the cell has: operands by position among all that was made before. */
interface Instruction {
  readonly op: number;
  readonly operands: readonly [number, number];
}
interface CellPlan {
  readonly program: readonly Instruction[];
  /** Which results are the two states, and the output. */
  readonly results: readonly [number, number, number];
}

const ops: readonly ((x: Tensor, y: Tensor) => Tensor)[] = [
  (x, y) => add(x, y) as Tensor,
  (x, y) => sub(x, y) as Tensor,
  (x, y) => mul(x, tanh(y)) as Tensor,
  (x) => tanh(x),
  (x) => sigmoid(x),
  (x) => matmul(tanh(x), W) as Tensor,
  (x) => matmul(tanh(x), U) as Tensor,
  (x) => add(x, b) as Tensor,
  (x, y) => maximum(x, y) as Tensor,
  (x, y) => where(less(x, y), sigmoid(x), y) as Tensor,
];

const plans: fc.Arbitrary<CellPlan> = fc.record({
  program: fc.array(fc.record({ op: fc.nat(ops.length - 1), operands: fc.tuple(fc.nat(), fc.nat()) }), { minLength: 1, maxLength: 9 }),
  results: fc.tuple(fc.nat(), fc.nat(), fc.nat()),
});

type State = { readonly h: Tensor; readonly c: Tensor };

function cellOf({ program, results }: CellPlan): (s: State, x: Tensor) => { readonly state: State; readonly output: Tensor } {
  return ({ h, c }, x) => {
    const made: Tensor[] = [h, c, x];
    for (const { op, operands } of program) {
      const [p, q] = operands.map((o) => made[o % made.length]!) as [Tensor, Tensor];
      made.push(ops[op]!(p, q));
    }
    const [h_t, c_t, output] = results.map((r) => made[made.length - 1 - (r % made.length)]!) as [Tensor, Tensor, Tensor];
    // states stay bounded, so that no run overflows
    return { state: { h: tanh(h_t), c: tanh(c_t) }, output };
  };
}

interface Run {
  readonly outputs: Tensor;
  readonly final: State;
}

const net = fc.record({ plan: plans, steps: fc.integer({ min: 1, max: 6 }), seed: fc.nat(1000), runsReverse: fc.boolean() });
const parameters = { W, U, b };

function inputsFor(steps: number, seed: number) {
  const time = dim("time", steps);
  const x = input("x", [time, batch, hidden]) as Tensor;
  const first: State = { h: input("h0", [batch, hidden]) as Tensor, c: zeros([batch, hidden]) as Tensor };
  const wave = (n: number, phase: number) => Float64Array.from({ length: n }, (_, i) => Math.sin(1.3 * i + phase + seed));
  return { time, x, first, feeds: { x: wave(steps * 6, 0), h0: wave(6, 2), W: wave(9, 1), U: wave(9, 4), b: wave(3, 5) } };
}

/** The cell called once a step, as one writes a loop. */
function byHand(plan: CellPlan, x: Tensor, first: State, time: ReturnType<typeof dim<"time", number>>, runsReverse: boolean): Run {
  const cell = cellOf(plan);
  const outputs: Tensor[] = [];
  let state = first;
  for (let k = 0; k < time.size; k++) {
    const t = runsReverse ? time.size - 1 - k : k;
    const made = cell(state, index(x, time, t) as Tensor);
    state = made.state;
    outputs[t] = made.output;
  }
  return { outputs: stack(outputs, time) as Tensor, final: state };
}

/** What is looked at of an unrolling. */
function unrolled(
  plan: CellPlan,
  x: Tensor,
  from: State,
  options: { readonly reverse?: boolean; readonly mask?: Tensor<Shape, "bool"> } = {},
): Run {
  const { outputs, final } = unroll(cellOf(plan), { over: x, from, ...options });
  return { outputs: outputs as Tensor, final };
}

/** A loss that depends on everything, each element with its own weight. */
function lossOf({ outputs, final }: Run): Tensor<readonly []> {
  const weighted = (a: Tensor, by: number) => sum(mul(a, tanh(add(mul(a, by), 0.3))));
  return add(weighted(outputs, 0.7), add(weighted(final.h, -0.2), weighted(final.c, 1.1))) as Tensor<readonly []>;
}

function expectClose(a: { readonly data: ArrayLike<number> }, b: { readonly data: ArrayLike<number> }, bound: number): void {
  let scale = 0;
  for (let i = 0; i < b.data.length; i++) scale = Math.max(scale, Math.abs(b.data[i]!));
  for (let i = 0; i < b.data.length; i++) expect(Math.abs(a.data[i]! - b.data[i]!)).toBeLessThanOrEqual(bound * Math.max(scale, 1));
}

describe("an unrolling of a random cell", () => {
  it("has the values of a loop, bit for bit, and its gradients", () => {
    fc.assert(
      fc.property(net, ({ plan, steps, seed, runsReverse }) => {
        const { time, x, first, feeds } = inputsFor(steps, seed);
        const made = unrolled(plan, x, first, { reverse: runsReverse });
        const loop = byHand(plan, x, first, time, runsReverse);
        // also looked at: so that every feed is read, whatever the cell uses
        const anchor = { x, h0: first.h, ...parameters };
        const wrt = { x, h0: first.h, ...parameters };
        const derived = (run: Run) => grad(lossOf(run), wrt, { unreached: "zero" });
        const found = evaluate({ anchor, a: made, b: loop, da: derived(made), db: derived(loop) }, feeds);
        expect(found.a.outputs.data).toEqual(found.b.outputs.data);
        expect(found.a.final.h.data).toEqual(found.b.final.h.data);
        expect(found.a.final.c.data).toEqual(found.b.final.c.data);
        for (const name of ["x", "h0", "W", "U", "b"] as const) expectClose(found.da[name], found.db[name], 1e-13);
      }),
      { numRuns: 120, seed: 7 },
    );
  });

  it("in reverse is the unrolling of the reversed input, reversed", () => {
    fc.assert(
      fc.property(net, ({ plan, steps, seed }) => {
        const { time, x, first, feeds } = inputsFor(steps, seed);
        const a = unrolled(plan, x, first, { reverse: true });
        const b = unrolled(plan, reverse(x, time) as Tensor, first);
        const turned = { outputs: reverse(b.outputs, time) as Tensor, final: b.final };
        const wrt = { x, ...parameters };
        const derived = (run: Run) => grad(lossOf(run), wrt, { unreached: "zero" });
        const found = evaluate({ anchor: { ...wrt, h0: first.h }, a, b: turned, da: derived(a), db: derived(turned) }, feeds);
        expect(found.a.outputs.data).toEqual(found.b.outputs.data);
        expect(found.a.final.h.data).toEqual(found.b.final.h.data);
        for (const name of ["x", "W", "U", "b"] as const) expectClose(found.da[name], found.db[name], 1e-13);
      }),
      { numRuns: 60, seed: 8 },
    );
  });

  it("with a mask is that of each sequence's real steps alone", () => {
    fc.assert(
      fc.property(net, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), ({ plan, steps, seed, runsReverse }, bits) => {
        const { time, x, first, feeds } = inputsFor(steps, seed);
        const mask = input("mask", [time, batch], "bool");
        const real = Uint8Array.from(bits.slice(0, steps * 2), Number);
        const padded = feeds.x.map((v, i) => (real[Math.floor(i / 3)] === 1 ? v : Number.NaN));
        const made = unrolled(plan, x, first, { mask, reverse: runsReverse });
        const wrt = { x, h0: first.h, ...parameters };
        const g = grad(lossOf(made), wrt, { unreached: "zero" });
        const found = evaluate({ anchor: { ...wrt, mask }, made, g }, { ...feeds, x: padded, mask: real }, { nan: "allow" });
        // one sequence after the other, over its real steps
        const total = { W: new Float64Array(9), U: new Float64Array(9), b: new Float64Array(3) };
        for (let s = 0; s < 2; s++) {
          const at = Array.from({ length: steps }, (_, t) => t).filter((t) => real[2 * t + s] === 1);
          const alone = inputsFor(at.length, seed);
          const pick = (data: Float64Array, t: number) => [...data.slice((2 * t + s) * 3, (2 * t + s) * 3 + 3)];
          // both sequences of the batch are this one: everything is there twice
          const twice = (row: readonly number[]) => [...row, ...row];
          const xs = Float64Array.from(at.flatMap((t) => twice(pick(feeds.x, t))));
          const run = unrolled(plan, alone.x, alone.first, { reverse: runsReverse });
          const own = grad(mul(lossOf(run), 0.5) as Tensor<readonly []>, parameters, { unreached: "zero" });
          const h0 = Float64Array.from(twice(pick(feeds.h0, 0)));
          const result = evaluate({ anchor: { x: alone.x, h0: alone.first.h, ...parameters }, run, own }, { ...feeds, x: xs, h0 });
          at.forEach((t, k) => {
            expect([...found.made.outputs.data.slice((2 * t + s) * 3, (2 * t + s) * 3 + 3)]).toEqual([
              ...result.run.outputs.data.slice(k * 6, k * 6 + 3),
            ]);
          });
          expect([...found.made.final.h.data.slice(s * 3, s * 3 + 3)]).toEqual([...result.run.final.h.data.slice(0, 3)]);
          for (const name of ["W", "U", "b"] as const) for (const [i, v] of result.own[name].data.entries()) total[name][i]! += v;
        }
        for (const name of ["W", "U", "b"] as const) expectClose(found.g[name], { data: total[name] }, 1e-12);
        found.g.x.data.forEach((v, i) => {
          if (real[Math.floor(i / 3)] !== 1) expect(Math.abs(v)).toBe(0);
        });
      }),
      { numRuns: 80, seed: 9 },
    );
  });
});
