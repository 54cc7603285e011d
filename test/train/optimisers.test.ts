// Ten steps of every optimiser, against PyTorch's (test/oracle).

import { readFileSync } from "node:fs";
import {
  adagrad,
  adam,
  adamw,
  add,
  bagOfWords,
  ClewError,
  chain,
  clipByGlobalNorm,
  clipByValue,
  compile,
  cosineDecay,
  type Dim,
  dim,
  div,
  evaluate,
  exponentialDecay,
  type GradientTransformation,
  input,
  interpret,
  momentum,
  type Parameter,
  parameter,
  type Rate,
  rmsprop,
  scalar,
  scale,
  sentences,
  sgd,
  sqrt,
  stepDecay,
  type Tensor,
  fit as train,
  updates,
  warmUp,
  weightDecay,
  zeros,
} from "clew";
import { describe, expect, test } from "vitest";

interface OracleTensor {
  readonly dims: readonly string[];
  readonly data: readonly number[];
}
interface OracleCase {
  readonly name: string;
  readonly settings: { readonly [name: string]: number | string | boolean } & {
    readonly optimiser?: string;
    readonly schedule?: string;
  };
  readonly dims: { readonly [name: string]: number };
  readonly parameters: { readonly [name: string]: OracleTensor };
  readonly inputs: { readonly [name: string]: OracleTensor };
  readonly values: { readonly [name: string]: OracleTensor };
}

const { cases } = JSON.parse(readFileSync(new URL("../oracle/optimisers.json", import.meta.url), "utf8")) as {
  readonly cases: readonly OracleCase[];
};
const tolerance = 1e-12;

type Settings = { readonly [name: string]: number };

const schedules: { readonly [kind: string]: (s: Settings) => Rate } = {
  step: (s) => stepDecay(s.rate!, { every: s.every!, factor: s.factor! }),
  exponential: (s) => exponentialDecay(s.rate!, s.factor!),
  cosine: (s) => cosineDecay(s.rate!, { steps: s.steps!, least: s.least! }),
  own: (s) => (step) => div(scalar(s.rate!), sqrt(add(step, 1))),
};

function rateOf({ settings }: OracleCase): Rate {
  const s = settings as Settings;
  const then = settings.schedule === undefined ? s.rate! : schedules[settings.schedule]!(s);
  return s.warm === undefined ? then : warmUp(s.warm, then);
}

/** By the name in `settings.optimiser`. */
const optimisers: { readonly [name: string]: (rate: Rate, s: Settings) => GradientTransformation } = {
  sgd: (rate) => sgd(rate),
  momentum: (rate, s) => momentum(rate, { momentum: s.momentum!, nesterov: Boolean(s.nesterov) }),
  rmsprop: (rate, s) => rmsprop(rate, { decay: s.decay!, epsilon: s.epsilon! }),
  adagrad: (rate, s) => adagrad(rate, { epsilon: s.epsilon! }),
  adam: (rate, s) => adam(rate, { beta1: s.beta1!, beta2: s.beta2!, epsilon: s.epsilon! }),
  adamw: (rate, s) => adamw(rate, { beta1: s.beta1!, beta2: s.beta2!, epsilon: s.epsilon!, weightDecay: s.weightDecay! }),
};

function optimiserOf(c: OracleCase): GradientTransformation {
  const s = c.settings as Settings;
  const made = optimisers[c.settings.optimiser!]!(rateOf(c), s);
  return s.l2 === undefined ? made : chain(weightDecay(s.l2), made);
}

const dimsOf = ({ dims }: OracleCase, { dims: names }: OracleTensor): readonly Dim[] => names.map((name) => dim(name, dims[name]!));

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((e, i) => {
    expect(Math.abs(actual[i]! - e) / Math.max(1, Math.abs(e))).toBeLessThan(tolerance);
  });
}

describe("ten steps as PyTorch makes them", () => {
  const all = cases.filter((c) => c.settings.optimiser !== undefined);

  test.each(all.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const w = parameter("w", dimsOf(c, c.parameters.w!));
    const gradient = input("gradient", w.shape);
    const program = interpret({}, { update: updates(optimiserOf(c), new Map([[w as Parameter, gradient as Tensor]])) });
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

  test("every optimiser and every schedule has its cases", () => {
    expect(new Set(all.map((c) => c.settings.optimiser))).toEqual(new Set(Object.keys(optimisers)));
    expect(new Set(all.flatMap((c) => c.settings.schedule ?? []))).toEqual(new Set(Object.keys(schedules)));
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

describe("schedules", () => {
  const rates = (rate: Rate, steps: readonly number[]): readonly number[] => {
    const w = parameter("w", []);
    const program = interpret({}, { update: updates(sgd(rate), new Map([[w as Parameter, scalar(1) as Tensor]])) });
    return steps.map((step) => {
      program.set({ w: 0, "/schedule.step": step });
      program.run({});
      return -program.parameters().w!.data[0]!;
    });
  };

  test("far beyond where they end", () => {
    expect(rates(cosineDecay(1, { steps: 10, least: 0.25 }), [10, 11, 1e6])).toEqual([0.25, 0.25, 0.25]);
    expect(rates(warmUp(4, 0.5), [3, 4, 1e6])).toEqual([0.5, 0.5, 0.5]);
    expect(rates(warmUp(3, exponentialDecay(1, 0.5)), [2, 3, 4, 5])).toEqual([1, 1, 0.5, 0.25]);
  });

  test("a step lasts to its last step: the quotient is exact where it is whole", () => {
    const every = 49; // 1/49 is no number of the machine
    expect(rates(stepDecay(1, { every, factor: 0.5 }), [48, 49, 97, 98, 49 * 30 - 1, 49 * 30])).toEqual([
      1,
      0.5,
      0.5,
      0.25,
      0.5 ** 29,
      0.5 ** 30,
    ]);
  });

  test("several in one chain count the same steps", () => {
    const w = parameter("w", []);
    const twice = chain(sgd(exponentialDecay(1, 0.5)), sgd(exponentialDecay(1, 0.5)));
    const program = compile({}, { update: updates(twice, new Map([[w as Parameter, scalar(1) as Tensor]])), precision: "f64" });
    const seen = Array.from({ length: 3 }, () => {
      program.run({});
      return program.parameters().w!.data[0];
    });
    expect(seen).toEqual([1, 1 + 1 / 4, 1 + 1 / 4 + 1 / 16]); // each is rate², by the two signs
  });

  test("with Adam, whose own count is another slot", () => {
    const w = parameter("w", []);
    const { slots } = adam(exponentialDecay(1e-3, 0.9))(new Map([[w as Parameter, scalar(1) as Tensor]]));
    expect([...slots.keys()].map((p) => p.parameter).sort()).toEqual(["/adam.step", "/schedule.step", "w/adam.m", "w/adam.v"]);
  });
});

test("weight decay spares what it is told to spare", () => {
  const W = parameter("W", []);
  const b = parameter("encoder.b", []);
  const decay = weightDecay(0.5, (name) => !name.endsWith(".b"));
  const made = decay(new Map([W, b].map((p) => [p as Parameter, scalar(1) as Tensor]))).gradients;
  expect(made.get(b as Parameter)!.op.name).toBe("full");
  const now = evaluate({ W: made.get(W as Parameter)!, b: made.get(b as Parameter)! }, { W: 4 });
  expect([now.W.data[0], now.b.data[0]]).toEqual([3, 1]);
});

describe("settings that make no sense", () => {
  // biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript may call it
  const anything = (value: unknown): any => value;
  const source = sentences([{ ids: [2], label: 1 }], { size: 1 });

  test.each<readonly [() => GradientTransformation, readonly string[]]>([
    [
      () => sgd(anything("fast")),
      ['sgd: rate is "fast", expected a finite number or a schedule, such as cosineDecay(1e-3, { steps: 1000 })'],
    ],
    [() => sgd(Number.NaN), ["sgd: rate is NaN, expected a finite number or a schedule, such as cosineDecay(1e-3, { steps: 1000 })"]],
    [() => scale(anything(null)), ["scale: factor is null, expected a finite number"]],
    [
      () => momentum(0.1, { momentum: 1, nesterov: anything("yes") }),
      ["momentum: momentum is 1, expected a number from 0 to below 1", 'momentum: nesterov is "yes", expected true or false'],
    ],
    [() => rmsprop(0.1, { decay: -1 }), ["rmsprop: decay is -1, expected a number from 0 to below 1"]],
    [() => adagrad(0.1, anything(3)), ["adagrad: the options must be a record, found 3"]],
    [
      () => adam(1e-3, { beta1: 1, epsilon: -1 }),
      ["adam: beta1 is 1, expected a number from 0 to below 1", "adam: epsilon is -1, expected a number of 0 or more"],
    ],
    [() => adamw(1e-3, anything(null)), ["adamw: the options must be a record, found null"]],
    [() => weightDecay(-1), ["weightDecay: amount is -1, expected a number of 0 or more"]],
    [() => weightDecay(1, anything("W")), ['weightDecay: the choice of parameters is "W", expected a function']],
    [() => clipByGlobalNorm(anything("1")), ['clipByGlobalNorm: most is "1", expected a number of 0 or more']],
    [() => clipByValue(-1), ["clipByValue: most is -1, expected a number of 0 or more"]],
    [() => sgd(stepDecay(1, { every: 0 })), ["stepDecay: every is 0, expected a whole number, 1 or more"]],
    [() => sgd(stepDecay(1, anything(undefined))), ["stepDecay: the options must be a record, found undefined"]],
    [() => adam(cosineDecay(1, { steps: 1.5 })), ["cosineDecay: steps is 1.5, expected a whole number, 1 or more"]],
    [() => adam(exponentialDecay(1, -2)), ["exponentialDecay: factor is -2, expected a number of 0 or more"]],
    [
      () => adam(warmUp(0, anything("1"))),
      [
        "warmUp: steps is 0, expected a whole number, 1 or more",
        'warmUp: then is "1", expected a finite number or a schedule, such as cosineDecay(1e-3, { steps: 1000 })',
      ],
    ],
    [() => sgd(anything(() => "1")), ['schedule: the schedule gave "1", expected a tensor without dims']],
    [() => sgd(anything(() => zeros([dim("a", 2)]))), ["schedule: the schedule gave [a=2], expected a tensor without dims"]],
  ])("%s", async (optimiser, messages) => {
    const run = async () => {
      for await (const _ of train(bagOfWords({ words: 3 }), source, { optimiser: optimiser(), epochs: 1 }));
    };
    const error = await run().then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ClewError);
    const { diagnostics } = error as ClewError;
    expect([...new Set(diagnostics.map((d) => `${d.op}: ${d.message}`))]).toEqual(messages);
    expect(diagnostics[0]!.at).toContain("optimisers.test.ts");
  });
});
