// Compiled with checkpoints: the same numbers, in the memory that was chosen, with as many steps computed again as was said.

import {
  add,
  ClewError,
  compile,
  dim,
  dropout,
  evaluate,
  grad,
  input,
  matmul,
  mul,
  parameter,
  scan,
  sigmoid,
  sum,
  type Tensor,
  tanh,
  uniform,
  zeros,
} from "clew";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkpointed } from "../../src/compile/checkpoint.ts";
import { loopsOf } from "../../src/compile/graph-loops.ts";
import type { Buffer, Loop, Place, Precision, Statement } from "../../src/compile/loops.ts";
import { elementSize, planMemory } from "../../src/compile/plan.ts";
import { graph } from "../../src/fp.ts";
import { nodesOf } from "../../src/graph/tree.ts";
import { hoistScans } from "../../src/recurrence/scan/hoist.ts";
import { batch, cellOf, inputsFor, lossOf, type Mask, parameters, plans, type Run } from "../recurrence/random-cells.ts";
import { roundsOf } from "./interpret.ts";

const loosely = scan as unknown as (cell: unknown, options: unknown) => Run;

const [word, hidden] = [dim("word", 8), dim("hidden", 16)];
const weight = (name: string, from: typeof word | typeof hidden) => parameter(name, [from, hidden], uniform(-0.3, 0.3)) as Tensor;
const gates = ["i", "f", "o", "g"].map((name) => ({ U: weight(`U_${name}`, word), W: weight(`W_${name}`, hidden) }));
const weights = Object.fromEntries(
  gates.flatMap(({ U, W }, n) => [
    [`U${n}`, U],
    [`W${n}`, W],
  ]),
);

/** An LSTM over many steps, the loss of each computed within the step. */
function lstm(steps: number, checkpoint: unknown) {
  const x = input("x", [dim("time", steps), word]) as Tensor;
  const cell = ({ h, c }: { readonly h: Tensor; readonly c: Tensor }, x_t: Tensor) => {
    const [i, f, o, g] = gates.map(({ U, W }) => add(matmul(x_t, U) as Tensor, matmul(h, W) as Tensor) as Tensor) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const c_t = add(mul(sigmoid(f), c) as Tensor, mul(sigmoid(i), tanh(g)) as Tensor) as Tensor;
    const h_t = mul(sigmoid(o), tanh(c_t)) as Tensor;
    return { state: { h: h_t, c: c_t }, output: { p: sum(mul(h_t, h_t)), q: sum(c_t) } };
  };
  const first = zeros([hidden]) as Tensor;
  const { outputs } = loosely(cell, { over: x, from: { h: first, c: first }, checkpoint });
  const loss = add(sum(outputs.p), mul(sum(outputs.q), 0.1)) as Tensor<readonly []>;
  return { loss, gradient: grad(loss, weights) };
}
const wave = (n: number) => Float64Array.from({ length: n }, (_, i) => Math.sin(0.37 * i));

/** Steps of loops, and bytes, as they are in the program. */
function counted(outputs: unknown, precision: Precision) {
  const g = graph(outputs);
  if (g._tag === "Left") throw new ClewError(g.left);
  const done = checkpointed(nodesOf(outputs), precision);
  if (done._tag === "Left") throw new ClewError(done.left);
  const { outputs: roots } = hoistScans(done.right.outputs);
  const { program, statements, places } = loopsOf(g.right as never, roots);
  const kept = new Set(roots.map((r) => places.get(r)!.buffer));
  const plan = planMemory({ buffers: program.buffers, body: statements }, precision, kept);
  const at = new Map<Loop, number>();
  /** How often loops over steps run. */
  const rounds = (list: readonly Statement[]): number =>
    list.reduce((n, s) => {
      if (s.kind !== "for") return n;
      if (s.loop.ofSegment === true || !s.body.some((b) => b.kind === "for")) return n + (s.loop.range === undefined ? s.loop.steps : 0);
      const read = (p: Place): number =>
        program.constants.get(p.buffer)![p.offset + p.times.reduce((sum, t) => sum + t.stride * at.get(t.loop)!, 0)]!;
      return roundsOf(s.loop, read).reduce((sum, t) => {
        at.set(s.loop, t);
        return sum + rounds(s.body);
      }, n);
    }, 0);
  const bytes = (b: Buffer): number => b.size * elementSize(b, precision);
  const fixed = program.buffers.filter((b) => b.life !== "temporary").reduce((n, b) => n + bytes(b), 0);
  return {
    rounds: rounds(statements),
    temporaries: plan.bytes - fixed,
    checkpoints: done.right.checkpoints,
    statements: statements.length,
  };
}

describe("an LSTM of 10,000 steps", () => {
  const steps = 10_000;
  const plain = counted(lstm(steps, "none"), "f32");

  it("differentiates in the memory that its user chose, which is what explain() says", () => {
    const feeds = { x: wave(steps * 8) };
    const wanted = compile(lstm(steps, "none"), { seed: 1 }).run(feeds);
    for (const memory of [2_000_000, 120_000, 40_000]) {
      const outputs = lstm(steps, { memory });
      const { checkpoints, temporaries, rounds } = counted(outputs, "f32");
      const [plan] = checkpoints;
      expect(plan!.snapshots + plan!.tape).toBeLessThanOrEqual(memory);
      // beside what is spared: the losses of all steps and their adjoints, a gradient of every weight, packed weights
      const other = 6 * 4 * steps + 4 * 4 * (4 * 16 * 24);
      expect(temporaries).toBeLessThanOrEqual(plan!.snapshots + plan!.tape + other);
      expect(rounds).toBe(2 * steps + plan!.recomputed);
      const program = compile(outputs, { seed: 1 });
      const found = program.run(feeds);
      expect(program.explain()).toContain(`${plan!.recomputed.toLocaleString("en-US")} steps are computed again`);
      for (const name of ["U0", "W0", "W3"]) {
        const scale = Math.max(...Array.from(wanted.gradient[name]!.data, Math.abs));
        Array.from(wanted.gradient[name]!.data).forEach((v, i) => {
          expect(Math.abs(v - found.gradient[name]!.data[i]!)).toBeLessThanOrEqual(1e-4 * scale);
        });
      }
    }
    expect(plain.temporaries).toBeGreaterThan(4_000_000);
  });
});

describe("a state that is large beside what a step keeps", () => {
  const [rows, wide] = [dim("batch", 16), dim("hidden", 64)];
  const steps = 500;
  const R = parameter("R", [wide, wide], uniform(-0.2, 0.2));
  const x = input("x", [dim("time", steps), wide]);
  const feeds = { x: wave(64 * steps) };
  const rnn = (checkpoint: unknown) => {
    const from = zeros([rows, wide]) as Tensor;
    const cell = (h: Tensor, x_t: Tensor) => {
      const h_t = tanh(add(x_t, matmul(h, R)) as Tensor);
      return { state: h_t, output: { p: sum(mul(h_t, h_t)), q: sum(h_t) } };
    };
    const { outputs } = loosely(cell, { over: x, from, checkpoint });
    const loss = add(sum(outputs.p), sum(outputs.q)) as Tensor<readonly []>;
    return { loss, gradient: grad(loss, { R }) };
  };

  it("is kept in few slots: Revolve, in less memory than two levels can do with", () => {
    const wanted = compile(rnn("none"), { seed: 1, precision: "f64" }).run(feeds);
    const [two] = counted(rnn("sqrt"), "f64").checkpoints;
    for (const share of [1, 0.6, 0.4, 0.3]) {
      const memory = Math.floor(share * (two!.snapshots + two!.tape));
      const { checkpoints, rounds } = counted(rnn({ memory }), "f64");
      const [plan] = checkpoints;
      expect(plan!.snapshots + plan!.tape).toBeLessThanOrEqual(memory);
      expect(rounds).toBe(2 * steps + plan!.recomputed);
      // less memory costs more steps, but not many: Revolve's grow as slowly as can be
      expect(plan!.recomputed).toBeLessThan(5 * steps);
      if (share < 0.9) expect(plan!.segments!.slots).toBeDefined();
      for (const threads of [1, 2]) {
        const program = compile(rnn({ memory }), { seed: 1, precision: "f64", threads });
        const found = program.run(feeds);
        const scale = Math.max(...Array.from(wanted.gradient.R.data, Math.abs));
        Array.from(wanted.gradient.R.data).forEach((v, i) => {
          expect(Math.abs(v - found.gradient.R.data[i]!)).toBeLessThanOrEqual(1e-11 * scale);
        });
        if (share < 0.9) expect(program.explain()).toContain("slots, reversed by Revolve");
      }
    }
  });
});

describe("random cells with checkpoints", () => {
  const nets = fc.record({
    plan: plans,
    steps: fc.integer({ min: 2, max: 7 }),
    seed: fc.nat(1000),
    backwards: fc.boolean(),
    masked: fc.boolean(),
    drops: fc.boolean(),
  });

  it("have the numbers of the reference, which keeps all", () => {
    fc.assert(
      fc.property(nets, ({ plan, steps, seed, backwards, masked, drops }) => {
        const { x, h0, first, time, feeds } = inputsFor(steps, seed);
        const mask = input("mask", [time, batch], "bool") as Mask;
        const cell = cellOf(plan, { x, h0 });
        const dropping = (s: Parameters<typeof cell>[0], x_t: Tensor) => cell(drops ? { ...s, h: dropout(s.h, 0.3, "h") } : s, x_t);
        const run = loosely(dropping, { over: x, from: first, reverse: backwards, checkpoint: "sqrt", ...(masked ? { mask } : {}) });
        const wrt = { x, h0, ...parameters };
        const real = Uint8Array.from({ length: steps * 2 }, (_, i) => Number(Math.sin(seed + 2.1 * i) > -0.4));
        const outputs = { anchor: { ...wrt, mask }, final: run.final, g: grad(lossOf(run), wrt, { unreached: "zero" }) };
        const wanted = evaluate(outputs, { ...feeds, mask: real }, { seed: 3 });
        const found = compile(outputs, { precision: "f64", seed: 3 }).run({ ...feeds, mask: real });
        for (const name of ["x", "h0", "W", "U", "b"] as const) {
          const scale = Math.max(1, ...Array.from(wanted.g[name].data, Math.abs));
          wanted.g[name].data.forEach((v, i) => {
            expect(Math.abs(v - found.g[name].data[i]!)).toBeLessThanOrEqual(1e-12 * scale);
          });
        }
      }),
      { numRuns: 40, seed: 6 },
    );
  });
});

describe("a memory that is not enough", () => {
  it("is told, with what would be; that is enough", () => {
    const told = (memory: number) => {
      try {
        compile(lstm(1000, { memory }));
      } catch (e) {
        if (e instanceof ClewError) return e.diagnostics;
        throw e;
      }
      return [];
    };
    const [problem] = told(1000);
    expect([problem!.code, problem!.op, problem!.message]).toEqual([
      "TooLarge",
      "scan",
      "checkpoint: 1000 bytes are not enough for the 1000 steps of time",
    ]);
    expect(problem!.at).toContain("checkpoint.test.ts");
    const least = Number(/memory: (\d+)/.exec(problem!.hint!)![1]);
    expect(told(least)).toEqual([]);
    expect(told(least / 2).length).toBe(1);
  });

  it("and options that make no sense", () => {
    for (const checkpoint of ["all", 3, { memory: -1 }, { memory: "much" }, {}, null]) {
      const { loss } = lstm(3, checkpoint);
      expect(() => compile(loss)).toThrow(/scan: `checkpoint` is/);
    }
  });
});

it("where there is memory for everything, everything is kept", () => {
  const { checkpoints } = counted(lstm(100, { memory: 1e9 }), "f32");
  expect(checkpoints.map((c) => [c.segments, c.recomputed])).toEqual([[undefined, 0]]);
  expect(compile(lstm(100, { memory: 1e9 })).explain()).toContain("nothing is computed again");
});
