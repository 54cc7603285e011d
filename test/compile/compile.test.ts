// Compiled programs compute what the reference computes: for every op and sample, for random cells, as training steps.

import {
  adam,
  add,
  ClewError,
  type CompiledProgram,
  compile,
  constantly,
  defineOp,
  dim,
  dropout,
  evaluate,
  gather,
  grad,
  input,
  interpret,
  matmul,
  mul,
  parameter,
  scan,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  type Unary,
  uniform,
  unroll,
  updates,
  zeros,
} from "clew";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Node } from "../../src/graph/node.ts";
import type { Value } from "../../src/graph/value.ts";
import { registry } from "../../src/ops/registry.ts";
import { cellOf, inputsFor, lossOf, type Mask, parameters, plans, type Run, batch as rows } from "../recurrence/random-cells.ts";
import { boundsOf, expectWithin } from "./error-bound.ts";
import { sampled, valuesOf } from "./sampled.ts";

/** Elements differ by at most `bound` times the largest of them; NaN and infinities stand where they stand in the reference. */
function expectClose(label: string, found: Value, wanted: Value, bound: number): void {
  expect([label, found.dims, found.shape]).toEqual([label, wanted.dims, wanted.shape]);
  let scale = 0;
  for (const v of wanted.data) if (Number.isFinite(v)) scale = Math.max(scale, Math.abs(v));
  for (let i = 0; i < wanted.data.length; i++) {
    const [a, b] = [found.data[i]!, wanted.data[i]!];
    const same = Object.is(a, b) || a === b || Math.abs(a - b) <= bound * scale;
    if (!same) expect(`${label}[${i}] = ${a}`).toBe(`${label}[${i}] = ${b}`);
  }
}

describe("every op, on every sample", () => {
  const cases = registry.flatMap((op) => op.samples.map((sample) => ({ name: `${op.name}: ${sample.name}`, op, sample })));

  it.each(cases)("$name", ({ op, sample }) => {
    const { outputs, feeds } = sampled(op, sample);
    const wanted = valuesOf(evaluate(outputs, feeds, { nan: "allow", seed: 2 }));
    const found = valuesOf(compile(outputs, { precision: "f64", seed: 2 }).run(feeds, { nan: "allow" }));
    for (const [i, value] of wanted.entries()) expectClose(op.name, found[i]!, value, 1e-12);
  });
});

type Form = (cell: unknown, options: unknown) => Run;
const forms: readonly (readonly [string, Form])[] = [
  ["scan", scan as unknown as Form],
  ["unroll", unroll as unknown as Form],
];

describe.each(forms)("%s of random cells, with gradients", (_, recur) => {
  const nets = fc.record({
    plan: plans,
    steps: fc.integer({ min: 0, max: 4 }),
    seed: fc.nat(1000),
    backwards: fc.boolean(),
    masked: fc.boolean(),
  });

  it.each(["f64", "f32"] as const)("in %s", (precision) => {
    fc.assert(
      fc.property(nets, ({ plan, steps, seed, backwards, masked }) => {
        const { x, h0, first, time, feeds } = inputsFor(steps, seed);
        const outside = zeros([dim("a step", 1), ...x.shape.slice(1)]) as Tensor;
        const mask = input("mask", [time, rows], "bool") as Mask;
        const run = recur(cellOf(plan, { x: steps === 0 ? outside : x, h0 }), {
          over: x,
          from: first,
          reverse: backwards,
          ...(masked ? { mask } : {}),
        });
        const wrt = { x, h0, ...parameters };
        const outputs = {
          run: { outputs: run.outputs, final: run.final },
          g: grad(lossOf(run), wrt, { unreached: "zero" }),
          anchor: { ...wrt, mask },
        };
        const real = Uint8Array.from({ length: steps * 2 }, (__, i) => Number(Math.sin(seed + 2.1 * i) > -0.4));
        const rounded = Object.fromEntries(
          Object.entries({ ...feeds, mask: real }).map(([name, data]) => [
            name,
            data instanceof Float64Array ? Float64Array.from(data, Math.fround) : data,
          ]),
        );
        const wanted = valuesOf(evaluate(outputs, rounded));
        const found = valuesOf(compile(outputs, { precision }).run(rounded));
        if (precision === "f32") expectWithin("a net", boundsOf(outputs, rounded, "f32"), found, wanted);
        else for (const [i, value] of wanted.entries()) expectClose(`output ${i}`, found[i]!, value, 1e-12);
      }),
      { numRuns: 60, seed: 5 },
    );
  });
});

const time = dim("time", 7);
const batch = dim("batch", 3);
const hidden = dim("hidden", 5);
const word = dim("word", 9);
const weights = () => ({
  U: parameter("U", [word, hidden], uniform(-1, 1)),
  W: parameter("W", [hidden, hidden], uniform(-0.5, 0.5)),
  V: parameter("V", [hidden, word], uniform(-1, 1)),
  b: parameter("b", [hidden], constantly(0)),
});
const ids = Int32Array.from({ length: 21 }, (_, i) => (i * 5) % 9);
const next = Int32Array.from({ length: 21 }, (_, i) => (i * 5 + 5) % 9);

/** A character model: embedding, cell, cross entropy at every step. */
function characters(recur: typeof scan, steps = time, rate = 0) {
  const { U, W, V, b } = weights();
  const x = input("x", [steps, batch], "int");
  const y = input("y", [steps, batch], "int");
  type H = Tensor<readonly [typeof batch, typeof hidden]>;
  const cell = (h: H, x_t: Tensor<readonly [typeof batch], "int">) => {
    const a = add(add(gather(U, x_t, word), matmul(h, W)), b);
    const h_t = tanh(rate === 0 ? a : dropout(a, rate, "a"));
    return { state: h_t, output: h_t };
  };
  const { outputs } = recur(cell, { over: x, from: zeros([batch, hidden]) });
  const loss = softmaxCrossEntropy(matmul(outputs, V), y);
  return { loss, parameters: { U, W, V, b } };
}

describe("a training step", () => {
  it.each([0, 0.3])("with Adam, compiled, walks the path of the reference (dropout %f)", (rate) => {
    const { loss, parameters: wrt } = characters(scan, time, rate);
    const gradients = grad(loss, wrt);
    const update = updates(adam(0.05), new Map(Object.entries(wrt).map(([name, w]) => [w, gradients[name as "U"]])) as never);
    const programs = [interpret({ loss }, { update, seed: 4 }), compile({ loss }, { update, seed: 4, precision: "f64" })];
    for (let step = 0; step < 5; step++) {
      const [a, b] = programs.map((p) => p.run({ x: ids, y: next }, { trainingStep: step }).loss.data[0]!);
      expect(Math.abs(a! - b!)).toBeLessThanOrEqual(1e-11 * Math.abs(a!));
    }
    const [a, b] = programs.map((p) => p.parameters());
    for (const [name, value] of Object.entries(a!)) expectClose(name, b![name]!, value, 1e-10);
  });

  it("writes nothing when the loss is not finite", () => {
    const w = parameter("w", [], constantly(1));
    const x = input("x", []);
    const program = compile({ loss: mul(w, x) }, { update: new Map([[w, add(w, x)]]) as never });
    program.run({ x: 2 });
    expect(() => program.run({ x: 1e39 })).toThrow(ClewError);
    expect(program.parameters().w!.data[0]).toBe(3);
  });

  it("does not grow with the number of steps", () => {
    const statements = (steps: number) => {
      const { loss, parameters: wrt } = characters(scan, dim("time", steps) as never);
      return compile({ loss, g: grad(loss, wrt) })
        .explain()
        .split("\n")
        .find((l) => l.startsWith("lower"));
    };
    expect(statements(4)).toMatch(/map.*contract/);
    expect(statements(512)).toBe(statements(4));
  });
});

describe("what cannot be compiled or run", () => {
  const told = (run: () => unknown) => {
    try {
      run();
    } catch (e) {
      if (e instanceof ClewError) return e.diagnostics;
      throw e;
    }
    throw new Error("nothing was wrong");
  };

  it("an op of which only the reference is known", () => {
    const odd = defineOp<Unary>({
      name: "odd",
      doc: "A copy, of which no formula is known.",
      infer: ([a]: readonly Node[]) => ({ shape: a!.shape, dtype: "float" }),
      evaluate: ([a]: readonly Value[]) => a!.data,
      vjp: ({ cotangent }: { readonly cotangent: Node }) => [cotangent],
      jvp: ({ tangents }: { readonly tangents: readonly Node[] }) => tangents[0],
    } as never);
    const [problem] = told(() => compile(odd(input("x", [batch]))));
    expect([problem!.code, problem!.op]).toEqual(["NotCompilable", "odd"]);
    expect(problem!.at).toContain("compile.test.ts");
  });

  it("an id out of range, in the words of the reference", () => {
    const { loss } = characters(scan);
    const bad = ids.map((v, i) => (i === 4 ? 40 : v));
    expect(told(() => compile({ loss }).run({ x: bad, y: next }))).toEqual(told(() => evaluate({ loss }, { x: bad, y: next })));
  });

  it("options and feeds that make no sense", () => {
    const x = input("x", [batch]);
    expect(told(() => compile(x, { precision: "f16" as never })).map((d) => d.code)).toEqual(["BadArgument"]);
    const program: CompiledProgram<typeof x> = compile(x);
    expect(told(() => program.run({ x: [1] })).map((d) => d.code)).toEqual(["BadFeed"]);
    expect(told(() => program.run({})).map((d) => d.code)).toEqual(["MissingFeed"]);
  });
});
