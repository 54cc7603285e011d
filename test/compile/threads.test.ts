// Threads. Whatever is dealt out to them, the bits are those of one thread; and between two barriers no thread touches what another one writes: that is
// looked at element by element, for a race that is not lost on this machine may be lost on the next.

import {
  add,
  compile,
  dim,
  dropout,
  gather,
  grad,
  input,
  lengthMask,
  matmul,
  mul,
  type Parameter,
  parameter,
  scan,
  sgd,
  sigmoid,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  unroll,
  updates,
  zeros,
} from "clew";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loopsOf } from "../../src/compile/graph-loops.ts";
import type { Buffer, Expression, Loop, LoopProgram, Precision, Statement } from "../../src/compile/loops.ts";
import { elementSize, type MemoryPlan, planMemory } from "../../src/compile/plan.ts";
import { Ground, Touched, touchedBy } from "../../src/compile/threads/ownership.ts";
import { Pace } from "../../src/compile/threads/pace.ts";
import { alone, type Piece, type Schedule, scheduled } from "../../src/compile/threads/schedule.ts";
import { accessesOf, cutsOf, type Leaf, spaceOf } from "../../src/compile/threads/shards.ts";
import { mostThreads } from "../../src/compile/threads/team.ts";
import { host } from "../../src/compile/wasm/host.ts";
import { controlBytes, type PrintOptions, print, scratchSize, withSums } from "../../src/compile/wasm/print.ts";
import { graph } from "../../src/graph/graph.ts";
import { nodesOf } from "../../src/graph/tree.ts";
import { hoistScans } from "../../src/recurrence/scan/hoist.ts";
import { indices, interpret, memoryFor } from "./interpret.ts";
import { randomProgram } from "./random-programs.ts";

// ---- what a schedule is held to ----

/** Barriers cost nothing, and everything is dealt out; or they cost something, so that work is done between them. */
const eager = { barrier: 0, program: Number.NEGATIVE_INFINITY };
const sparing = { barrier: 100, program: Number.NEGATIVE_INFINITY };

function planned(
  program: LoopProgram,
  precision: Precision,
  kept: readonly Buffer[] = program.buffers,
): { readonly plan: MemoryPlan; readonly settled: LoopProgram; readonly options: PrintOptions } {
  const options = { precision, fma: false, reassociate: precision === "f32" };
  const plan = planMemory(program, precision, new Set(kept));
  return { plan, settled: { ...program, body: withSums(program.body, options) }, options };
}

/** Every element that threads touch between two barriers: by address, who reads and who writes, as bits. */
function expectNoRace({ pieces, threads }: Schedule, plan: MemoryPlan, precision: Precision): number {
  const steps = new Map<Loop, number>();
  let looked = 0;
  const through = (loop: Loop, each: () => void): void => {
    for (let t = 0; t < loop.steps; t++) {
      steps.set(loop, loop.backwards ? loop.steps - 1 - t : t);
      each();
    }
  };
  const work = (shares: readonly (readonly Statement[])[]): void => {
    const readers = new Map<number, number>();
    const writers = new Map<number, number>();
    const touch = (leaf: Leaf, thread: number): void => {
      for (const { place, write, beside } of accessesOf(leaf)) {
        const seen = write ? writers : readers;
        const size = elementSize(place.buffer, precision);
        const start = place.offset + place.times.reduce((sum, t) => sum + t.stride * steps.get(t.loop)!, 0);
        for (const index of indices([...spaceOf(leaf), ...beside.map((b) => b.size)])) {
          const strides = [...place.strides, ...beside.map((b) => b.stride)];
          const at = plan.address.get(place.buffer)! + size * index.reduce((sum, i, axis) => sum + i * (strides[axis] ?? 0), start);
          seen.set(at, (seen.get(at) ?? 0) | (1 << thread));
          looked++;
        }
      }
    };
    const go = (statements: readonly Statement[], thread: number): void => {
      for (const s of statements)
        if (s.kind === "for") through(s.loop, () => go(s.body, thread));
        else touch(s, thread);
    };
    for (const [thread, share] of shares.entries()) go(share, thread);
    for (const [at, mask] of writers) {
      const all = mask | (readers.get(at) ?? 0);
      if ((all & (all - 1)) !== 0)
        expect.fail(`several threads at address ${at}: written by ${mask.toString(2)}, touched by ${all.toString(2)}`);
    }
  };
  const walk = (list: readonly Piece[]): void => {
    for (const piece of list)
      if (piece.kind === "work") work(piece.shares);
      else through(piece.loop, () => walk(piece.pieces));
  };
  expect(threads).toBeGreaterThan(1);
  walk(pieces);
  return looked;
}

/** What one thread leaves in memory that does all shares in turn. */
function memoryAfter(
  schedule: Schedule,
  plan: MemoryPlan,
  program: LoopProgram,
  options: PrintOptions,
  contents: ReadonlyMap<Buffer, readonly number[]>,
): ReadonlyMap<Buffer, Float64Array | Float32Array | Int32Array> {
  const addressOf = (b: Buffer): number => plan.address.get(b)!;
  const control = plan.bytes;
  const scratch = control + controlBytes(schedule.threads);
  const each = Math.ceil(scratchSize(program.body, options) / 64) * 64;
  const pages = Math.ceil((scratch + schedule.threads * each) / 65536);
  const { bytes } = print(schedule, { addressOf, scratchOf: (thread) => scratch + thread * each, control, pages }, options);
  const memory = new host.Memory({ initial: pages });
  const { exports } = new host.Instance(new host.Module(bytes), { env: { memory } });
  const views = memoryFor(program.buffers, options.precision);
  for (const [b, values] of views) {
    values.set(contents.get(b) ?? []);
    new Uint8Array(memory.buffer).set(new Uint8Array(values.buffer), addressOf(b));
  }
  (exports.run as () => number)();
  for (const [b, values] of views) new Uint8Array(values.buffer).set(new Uint8Array(memory.buffer, addressOf(b), values.byteLength));
  return views;
}

function expectSameBits(a: ReadonlyMap<Buffer, ArrayLike<number>>, b: ReadonlyMap<Buffer, ArrayLike<number>>): void {
  for (const [buffer, wanted] of b) {
    const own = a.get(buffer)!;
    for (let i = 0; i < wanted.length; i++)
      if (!Object.is(own[i], wanted[i])) expect([buffer.id, i, own[i]]).toEqual([buffer.id, i, wanted[i]]);
  }
}

// ---- nets ----

const word = dim("word", 9);
const hidden = dim("hidden", 6);

interface NetOptions {
  readonly steps: number;
  readonly batch: number;
  readonly cell: "rnn" | "lstm";
  readonly masked?: boolean;
  readonly backwards?: boolean;
  readonly rate?: number;
  readonly unrolled?: boolean;
}

/** A character model: embedding, cell, cross entropy at every step, gradient, update. */
function net({ steps, batch: size, cell, masked = false, backwards = false, rate = 0, unrolled = false }: NetOptions) {
  const [time, batch] = [dim("time", steps), dim("batch", size)];
  const x = input("x", [time, batch], "int");
  const y = input("y", [time, batch], "int");
  const lengths = input("lengths", [batch], "int");
  type H = Tensor<readonly [typeof batch, typeof hidden]>;
  type Ids = Tensor<readonly [typeof batch], "int">;
  const gate = (name: string) => {
    const [U, W, b] = [parameter(`U${name}`, [word, hidden]), parameter(`W${name}`, [hidden, hidden]), parameter(`b${name}`, [hidden])];
    return { parameters: [U, W, b] as readonly Parameter[], of: (h: H, id: Ids): H => add(add(gather(U, id, word), matmul(h, W)), b) };
  };
  const gates = (cell === "rnn" ? ["h"] : ["i", "f", "g", "o"]).map(gate);
  const V = parameter("V", [hidden, word]);
  const start = zeros([batch, hidden]);
  const rnn = (h: H, id: Ids) => {
    const h_t = tanh(gates[0]!.of(h, id));
    return { state: h_t, output: rate === 0 ? h_t : dropout(h_t, rate, "h") };
  };
  const lstm = ({ h, c }: { readonly h: H; readonly c: H }, id: Ids) => {
    const [i, f, g, o] = gates.map((each) => each.of(h, id)) as [H, H, H, H];
    const c_t = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
    const h_t = mul(sigmoid(o), tanh(c_t));
    return { state: { h: h_t, c: c_t }, output: rate === 0 ? h_t : dropout(h_t, rate, "h") };
  };
  const options = { over: x, reverse: backwards, ...(masked ? { mask: lengthMask(lengths, time) } : {}) };
  const recur = (unrolled ? unroll : scan) as typeof scan;
  const { outputs } = cell === "rnn" ? recur(rnn, { ...options, from: start }) : recur(lstm, { ...options, from: { h: start, c: start } });
  const loss = softmaxCrossEntropy(matmul(outputs, V), y, masked ? { mask: lengthMask(lengths, time) } : {});
  const parameters = [...gates.flatMap((g) => g.parameters), V];
  const gradients = grad(loss, Object.fromEntries(parameters.map((p) => [p.parameter, p]))) as { readonly [name: string]: Tensor };
  const update = updates(sgd(0.1), new Map(parameters.map((p) => [p, gradients[p.parameter]!])));
  const ids = (by: number): Int32Array => Int32Array.from({ length: steps * size }, (_, i) => (i * by + 3) % word.size);
  const feeds = {
    x: ids(5),
    y: ids(7),
    ...(masked ? { lengths: Int32Array.from({ length: size }, (_, i) => 1 + ((i * 3) % steps)) } : {}),
  };
  return { loss, gradients, update, feeds };
}

function loopsOfNet(options: NetOptions): LoopProgram {
  const { loss, update } = net(options);
  const whole = { loss, next: Object.fromEntries([...update.values()].map((next, i) => [i, next])) };
  const g = graph(whole) as { readonly right: Parameters<typeof loopsOf>[0] };
  const { program, statements } = loopsOf(g.right, hoistScans(nodesOf(whole)).outputs);
  return { buffers: program.buffers, body: statements };
}

const nets: fc.Arbitrary<NetOptions> = fc.record({
  steps: fc.integer({ min: 1, max: 4 }),
  batch: fc.integer({ min: 1, max: 7 }),
  cell: fc.constantFrom("rnn", "lstm"),
  masked: fc.boolean(),
  backwards: fc.boolean(),
  rate: fc.constantFrom(0, 0.3),
  unrolled: fc.boolean(),
});

describe("between two barriers", () => {
  it("no thread touches what another one writes", () => {
    let looked = 0;
    fc.assert(
      fc.property(nets, fc.integer({ min: 2, max: 4 }), fc.constantFrom(0, 100, 2000), (options, threads, barrier) => {
        const { plan, settled } = planned(loopsOfNet(options), "f32", []);
        looked += expectNoRace(scheduled(settled, plan, "f32", threads, { ...eager, barrier }), plan, "f32");
      }),
      { numRuns: 40, seed: 3 },
    );
    expect(looked).toBeGreaterThan(1e5);
  });

  it("what is taken to be one thread's own is nobody else's", () => {
    const axis = fc.record({ size: fc.integer({ min: 1, max: 6 }), stride: fc.integer({ min: -14, max: 24 }) });
    const owners = fc.record({
      axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
      beside: fc.array(axis, { maxLength: 1 }),
      steps: fc.array(axis, { maxLength: 1 }),
      offset: fc.nat(40),
      threads: fc.integer({ min: 2, max: 3 }),
    });
    const ownerIn = (bounds: readonly number[], at: number): number => bounds.filter((b) => b <= at).length;
    let owned = 0;
    fc.assert(
      fc.property(owners, ({ axes, beside, steps, offset, threads }) => {
        const buffer: Buffer = { id: 0, dtype: "float", size: 10_000, life: "temporary", label: "" };
        const times = steps.map(({ size, stride }, id) => ({ loop: { id, steps: size, backwards: false }, stride }));
        const place = { buffer, offset, strides: axes.map((a) => a.stride), times };
        const sizes = axes.map((a) => a.size);
        const cuts = cutsOf(sizes[0]!, threads);
        const [touch] = touchedBy([{ place, write: true, beside }], sizes, 0, cuts);
        const owner = touch!.owner;
        if (owner === "anyone" || typeof owner === "number") return;
        owned++;
        const strides = [...axes, ...beside, ...steps].map((a) => a.stride);
        for (const index of indices([...axes, ...beside, ...steps].map((a) => a.size))) {
          const at = index.reduce((sum, i, k) => sum + i * strides[k]!, offset);
          const within = ((at % owner.period) + owner.period) % owner.period;
          expect(ownerIn(owner.cuts, within)).toBe(ownerIn(cuts, index[0]!));
        }
      }),
      { numRuns: 8000, seed: 4 },
    );
    expect(owned).toBeGreaterThan(400);
  });

  it("what was read, and is written by the same threads, is not read by others before they meet; nor what takes its place", () => {
    const buffer = (id: number, size: number): Buffer => ({ id, dtype: "float", size, life: "temporary", label: `${id}` });
    const [x, inItsPlace, elsewhere] = [buffer(0, 8), buffer(1, 4), buffer(2, 8)];
    const addresses = new Map([
      [x, 64],
      [inItsPlace, 80],
      [elsewhere, 128],
    ]);
    const cut = { period: 8, cuts: [0, 4, 8] };
    const touched = new Touched(new Ground(addresses, "f32"));
    const reads = (of: Buffer) => touched.collides([{ buffer: of, write: false, owner: "anyone" }]);
    touched.add([{ buffer: x, write: false, owner: cut }]);
    expect([x, inItsPlace, elsewhere].map(reads)).toEqual([false, false, false]);
    touched.add([{ buffer: x, write: true, owner: cut }]);
    expect([x, inItsPlace, elsewhere].map(reads)).toEqual([true, true, false]);
    expect(touched.collides([{ buffer: x, write: true, owner: cut }])).toBe(false);
  });

  it("a time loop over a batch goes through all its steps without waiting", () => {
    const program = loopsOfNet({ steps: 9, batch: 8, cell: "lstm" });
    for (const kept of [program.buffers, []]) {
      const { plan, settled } = planned(program, "f32", kept); // where nothing is kept, one gate's values take the place of another's
      const { pieces } = scheduled(settled, plan, "f32", 2, sparing);
      expect(pieces.some((p) => p.kind === "steps")).toBe(false);
      const loops = pieces.flatMap((p) => (p.kind === "work" ? p.shares : [])).map((share) => share.filter((s) => s.kind === "for").length);
      expect(loops.filter((n) => n > 0)).toEqual([1, 1, 1, 1]); // forward and backward, on each thread
    }
  });

  it("what cannot be cut is dealt to whoever has the least to do", () => {
    const buffer = (id: number, size: number): Buffer => ({ id, dtype: "float", size, life: "temporary", label: "" });
    const sums = [6000, 2000, 3000].map((size, i): Statement => {
      const [from, out] = [buffer(2 * i, size), buffer(2 * i + 1, 1)].map((b) => ({ buffer: b, offset: 0, strides: [], times: [] }));
      const value: Expression = { kind: "load", from: { ...from!, strides: [1] }, dtype: "float" };
      return { kind: "reduce", by: "sum", kept: [], reduced: [size], out: out!, value };
    });
    const buffers = sums.flatMap((s) => (s.kind === "reduce" && s.value.kind === "load" ? [s.value.from.buffer, s.out.buffer] : []));
    const { plan, settled } = planned({ buffers, body: sums }, "f32");
    const { pieces } = scheduled(settled, plan, "f32", 2, sparing);
    const sizes = pieces.map((p) =>
      p.kind === "work" ? p.shares.map((share) => share.map((s) => (s.kind === "reduce" ? s.reduced[0] : 0))) : [],
    );
    expect(sizes).toEqual([[[6000], [2000, 3000]]]);
  });

  it("a small program is left to one thread", () => {
    const { plan, settled } = planned(loopsOfNet({ steps: 2, batch: 1, cell: "rnn" }), "f32");
    expect(scheduled(settled, plan, "f32", 2)).toEqual(alone(settled));
  });
});

describe.each(["f32", "f64"] as const)("the bits, in %s", (precision) => {
  it("are those of one thread, for every share of random statements", () => {
    fc.assert(
      fc.property(randomProgram, fc.integer({ min: 2, max: 4 }), ({ program, contents }, threads) => {
        const { plan, settled, options } = planned(program, precision);
        const ascending = { ...options, reassociate: false };
        const body = withSums(program.body, ascending);
        const schedule = scheduled({ ...program, body }, plan, precision, threads, eager);
        const expected = memoryFor(program.buffers, precision);
        for (const [b, values] of expected) values.set(contents.get(b) ?? []);
        interpret(program, expected, precision);
        expectSameBits(memoryAfter(schedule, plan, program, ascending, contents), expected);
        // split sums, too, are those of the whole
        const whole = memoryAfter(alone(settled), plan, program, options, contents);
        expectSameBits(memoryAfter(scheduled(settled, plan, precision, threads, eager), plan, program, options, contents), whole);
      }),
      { numRuns: 150, seed: 8 },
    );
  });

  it("are those of one thread, for products and sums of every width", () => {
    // rows of at most 2 and at most 4 are where a product's kernel changes, long sums are where they are split
    for (const batch of [1, 2, 3, 4, 5, 8]) {
      const program = loopsOfNet({ steps: 16, batch, cell: "rnn" });
      const { plan, settled, options } = planned(program, precision);
      const contents = new Map(program.buffers.map((b) => [b, Array.from({ length: b.size }, (_, i) => contentOf(b, i))]));
      const whole = memoryAfter(alone(settled), plan, program, options, contents);
      for (const [threads, worth] of [
        [2, eager],
        [2, sparing],
        [3, eager],
      ] as const) {
        const schedule = scheduled(settled, plan, precision, threads, worth);
        expect(schedule.threads).toBe(threads);
        expectSameBits(memoryAfter(schedule, plan, program, options, contents), whole);
      }
    }
  });
});

it("a part of a sum is made as the whole is, be it split or not", () => {
  for (const precision of ["f32", "f64"] as const) {
    for (let n = 2; n <= 14; n++) {
      for (const [along, apart] of [
        [1, n],
        [40, 1],
      ] as const) {
        const [x, out] = ([40 * n, n] as const).map((size, id): Buffer => ({ id, dtype: "float", size, life: "temporary", label: "" }));
        const from = { buffer: x!, offset: 0, strides: [along, apart], times: [] };
        // as much to compute as makes kernels work on fewer vectors at once, with the position of a share in it
        const position: Expression = { kind: "cast", operand: { kind: "index", axis: 0, dtype: "int" }, dtype: "float" };
        const load: Expression = { kind: "load", from, dtype: "float" };
        const value = Array.from({ length: n }).reduce<Expression>(
          (e, _, i) => ({ kind: "operation", name: i % 2 === 0 ? "add" : "sub", operands: [e, i === 0 ? position : load], dtype: "float" }),
          load,
        );
        const s: Statement = { kind: "reduce", by: "sum", kept: [n], reduced: [40], out: { ...from, buffer: out!, strides: [1] }, value };
        const program: LoopProgram = { buffers: [x!, out!], body: [s] };
        const { plan, settled } = planned(program, precision);
        const options = { precision, fma: false, reassociate: true };
        const body = withSums(program.body, options);
        const contents = new Map([[x!, Array.from({ length: 40 * n }, (_, i) => Math.sin(i))]]);
        const whole = memoryAfter(alone({ ...settled, body }), plan, program, options, contents);
        const dealt = scheduled({ ...settled, body }, plan, precision, 2, eager);
        expectSameBits(memoryAfter(dealt, plan, program, options, contents), whole);
      }
    }
  }
});

const contentOf = (b: Buffer, i: number): number => (b.dtype === "float" ? Math.sin(1 + b.id + i) : (i * 5) % 9);

describe("the pace", () => {
  /** Runs that took part together, when a run of all threads takes as long as it says at that run, and one thread alone takes 10 ms. */
  const together = (runs: number, all: (run: number) => number): readonly number[] => {
    const pace = new Pace(1000);
    pace.took(100, false); // the first ones are slow: the runtime has not compiled them yet
    return Array.from({ length: runs }, (_, run) => run).filter((run) => {
      const on = pace.together();
      pace.took(on ? all(run) : 10, on);
      return on;
    });
  };

  it("is of all threads while they are faster, but for a look at one now and then", () => {
    expect(together(1000, () => 6).length).toBeGreaterThan(960); // three of 134
  });
  it("is of one while others want the processors, and of all again when they do not", () => {
    const runs = together(6000, (run) => (run < 2000 ? 80 : 6));
    expect(runs.filter((run) => run >= 256 && run < 2000).length).toBeLessThan(20); // one in 130
    expect(runs.filter((run) => run >= 3000).length).toBeGreaterThan(2900);
  });
  it("is of one, too, where threads are slower by little", () => {
    expect(together(1000, () => 11).length).toBeLessThan(60);
  });
  it("is not misled by a machine that is fast at one time and slow at another", () => {
    const speed = (run: number): number => (Math.floor(run / 40) % 2 === 0 ? 1 : 1.7);
    const pace = new Pace(1000);
    let all = 0;
    for (let run = 0; run < 4000; run++) {
      const on = pace.together();
      pace.took((on ? 7 : 10) * speed(run), on);
      if (on) all++;
    }
    expect(all).toBeGreaterThan(3800);
  });
});

describe("the pace of the first runs", () => {
  const whoRuns = (stretch: number, runs: number): string => {
    const pace = new Pace(stretch);
    const found = Array.from({ length: runs }, () => {
      const on = pace.together();
      pace.took(on ? 2 : 3, on);
      return on ? "t" : "a";
    });
    return found.join("");
  };
  it("is of all from the second on where threads seldom wait for each other: one trial comes when the runtime has compiled", () => {
    expect(whoRuns(500_000, 12)).toBe("attttttatttt");
  });
  it("is of one where they often do", () => {
    expect(whoRuns(5000, 12)).toBe("aaaaattttttt");
  });
});

describe("workers", () => {
  const size = { steps: 12, batch: 64, cell: "lstm", rate: 0.2 } as const;
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it("give the same bits as one thread, before they are there and after, at every step", async () => {
    expect(mostThreads()).toBeGreaterThan(1);
    const { loss, gradients, update, feeds } = net(size);
    const outputs = { loss, gradients };
    const make = (threads: number) => compile(outputs, { update, seed: 3, threads });
    const [one, two] = [make(1), make(2)];
    const bits = (p: ReturnType<typeof make>, trainingStep: number): readonly ArrayLike<number>[] => {
      const { loss: e, gradients: g } = p.run(feeds, { trainingStep });
      return [e.data, ...Object.values(g).map((v) => v.data), ...Object.values(p.parameters()).map((v) => v.data)];
    };
    for (let step = 0; step < 300; step++) {
      if (step === 5) await wait(300); // now they are
      expect(bits(two, step)).toEqual(bits(one, step));
    }
    expect(Number(/2 threads in (\d+) of 300 runs/.exec(two.explain())?.[1])).toBeGreaterThan(0); // all but a few, unless others want the processors
  });

  it("take many programs, one after the other", async () => {
    const programs = [3, 5, 8].map((steps) => {
      const { loss, update, feeds } = net({ ...size, steps, rate: 0 });
      return { feeds, pair: [1, 2].map((threads) => compile({ loss }, { update, threads })) };
    });
    const together = (): boolean => programs.every(({ pair }) => Number(/2 threads in (\d+) of/.exec(pair[1]!.explain())?.[1]) > 0);
    const late = performance.now() + 20_000; // workers may be late on a busy machine
    for (let round = 0; round < 20 || !together(); round++) {
      expect(performance.now()).toBeLessThan(late);
      if (round % 20 === 0) await wait(50); // they are there when the event loop has turned
      for (const { feeds, pair } of programs) {
        const [a, b] = pair.map((p) => p.run(feeds).loss.data[0]);
        expect(a).toBe(b);
      }
    }
  });

  it("an id out of range is told as one thread tells it, and nothing is written", async () => {
    const { loss, update, feeds } = net({ ...size, rate: 0 });
    const program = compile({ loss }, { update, threads: 2 });
    program.run(feeds);
    await wait(300);
    const before = program.parameters();
    const wrong = Int32Array.from(feeds.x);
    wrong[700] = 9; // of the second thread's examples
    expect(() => program.run({ ...feeds, x: wrong })).toThrow(/x\[10, 60\] is 9|x\[10\]\[60\] is 9|9/);
    expect(program.parameters()).toEqual(before);
    expect(program.run(feeds).loss.data[0]).toBeGreaterThan(0);
  });
});
