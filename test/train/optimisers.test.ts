// Ten steps of every optimiser, against PyTorch's (test/oracle).

import { readFileSync } from "node:fs";
import {
  adam,
  adamw,
  chain,
  clipByGlobalNorm,
  clipByValue,
  type Dim,
  dim,
  evaluate,
  type GradientTransformation,
  input,
  interpret,
  type Parameter,
  parameter,
  sgd,
  type Tensor,
  updates,
} from "clew";
import { describe, expect, test } from "vitest";

interface OracleTensor {
  readonly dims: readonly string[];
  readonly data: readonly number[];
}
interface OracleCase {
  readonly name: string;
  readonly settings: { readonly [name: string]: number | string };
  readonly dims: { readonly [name: string]: number };
  readonly parameters: { readonly [name: string]: OracleTensor };
  readonly inputs: { readonly [name: string]: OracleTensor };
  readonly values: { readonly [name: string]: OracleTensor };
}

const { cases } = JSON.parse(readFileSync(new URL("../oracle/optimisers.json", import.meta.url), "utf8")) as {
  readonly cases: readonly OracleCase[];
};
const tolerance = 1e-12;

/** By the name in `settings.optimiser`; an optimiser that is not there yet is not in the table. */
const optimisers: { readonly [name: string]: (s: { readonly [name: string]: number }) => GradientTransformation } = {
  sgd: (s) => sgd(s.rate!),
  adam: (s) => adam(s.rate!, { beta1: s.beta1!, beta2: s.beta2!, epsilon: s.epsilon! }),
  adamw: (s) => adamw(s.rate!, { beta1: s.beta1!, beta2: s.beta2!, epsilon: s.epsilon!, weightDecay: s.weightDecay! }),
};

const dimsOf = ({ dims }: OracleCase, { dims: names }: OracleTensor): readonly Dim[] => names.map((name) => dim(name, dims[name]!));

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((e, i) => {
    expect(Math.abs(actual[i]! - e) / Math.max(1, Math.abs(e))).toBeLessThan(tolerance);
  });
}

describe("ten steps as PyTorch makes them", () => {
  const known = cases.filter((c) => String(c.settings.optimiser) in optimisers);

  test.each(known.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const w = parameter("w", dimsOf(c, c.parameters.w!));
    const gradient = input("gradient", w.shape);
    const optimiser = optimisers[String(c.settings.optimiser)]!(c.settings as { readonly [name: string]: number });
    const program = interpret({}, { update: updates(optimiser, new Map([[w as Parameter, gradient as Tensor]])) });
    program.set({ w: Float64Array.from(c.parameters.w!.data) });
    const size = c.parameters.w!.data.length;
    const step = (of: OracleTensor, t: number): readonly number[] => of.data.slice(t * size, (t + 1) * size);
    for (let t = 0; t < c.dims.step!; t++) {
      program.run({ gradient: Float64Array.from(step(c.inputs.gradient!, t)) });
      const now = program.parameters();
      for (const [name, expected] of Object.entries(c.values))
        expectClose(
          now[name === "w" ? "w" : `w/${c.settings.optimiser === "adamw" ? "adam" : c.settings.optimiser}.${name}`]!.data,
          step(expected, t),
        );
    }
  });

  test("the cases are there", () => {
    expect(known.length).toBeGreaterThanOrEqual(6);
  });
});

describe("clipping", () => {
  const clipped = (c: OracleCase, transformation: GradientTransformation): { readonly [name: string]: ArrayLike<number> } => {
    const names = Object.keys(c.inputs);
    const gradients = new Map<Parameter, Tensor>(
      names.map((name) => [parameter(name, dimsOf(c, c.inputs[name]!)), input(`gradient of ${name}`, dimsOf(c, c.inputs[name]!))]),
    );
    const made = transformation(gradients).gradients;
    const outputs = Object.fromEntries([...made].map(([p, g]) => [p.parameter, g]));
    const feeds = Object.fromEntries(names.map((name) => [`gradient of ${name}`, Float64Array.from(c.inputs[name]!.data)]));
    return Object.fromEntries(
      Object.entries(evaluate(outputs, feeds)).map(([name, value]) => [name, (value as { data: ArrayLike<number> }).data]),
    );
  };

  test.each(cases.filter((c) => c.name.startsWith("clip")).map((c) => [c.name, c] as const))("%s", (_, c) => {
    const by = c.name.startsWith("clipByValue") ? clipByValue : clipByGlobalNorm;
    const now = clipped(c, by(Number(c.settings.maximum)));
    for (const name of Object.keys(now)) expectClose(now[name]!, c.values[name]!.data);
  });

  test("leaves gradients below the norm as they are, to the bit", () => {
    const c = cases.find((one) => one.name === "clipByGlobalNorm/below")!;
    const now = clipped(c, clipByGlobalNorm(1e6));
    for (const name of Object.keys(now)) expect(Array.from(now[name]!)).toEqual(c.inputs[name]!.data);
  });
});

test("a chain hands the gradients on, and keeps the slots of all", () => {
  const w = parameter("w", []);
  const g = input("g", []);
  const program = interpret({}, { update: updates(chain(clipByGlobalNorm(1), sgd(1)), new Map([[w as Parameter, g as Tensor]])) });
  program.run({ g: 10 });
  expect(program.parameters().w!.data[0]).toBe(-1);
  expect([...chain(adam(1), adam(1))(new Map([[w as Parameter, g as Tensor]])).slots.keys()].map((p) => p.parameter)).toContain("w/adam.m");
});
