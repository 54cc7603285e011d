// What users get wrong at the verbs, besides graphs and feeds: clew/fp returns it, and throws nothing but what the user's own code threw.

import {
  add,
  constantly,
  type Diagnostic,
  defineOp,
  dim,
  dropout,
  input,
  mul,
  parameter,
  scalar,
  scan,
  sgd,
  sum,
  tanh,
  type Unary,
  unroll,
  zeros,
} from "clew";
import * as fp from "clew/fp";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { messages, type Untyped, untyped } from "./told.ts";

const hidden = dim("hidden", 2);
const time = dim("time", 3);
const w = parameter("w", [hidden]);
const loss = sum(mul(w, w));
const { steps, final } = unroll((h, x_t) => ({ state: add(h, x_t), output: h }), {
  over: input("x", [time, hidden]),
  from: zeros([hidden]),
});
const fed = { x: new Float64Array(6) };

/** All that is wrong, as `op: message`. */
const left = (result: E.Either<readonly Diagnostic[], unknown>): readonly string[] => (E.isLeft(result) ? messages(result.left) : []);

const verbs: Readonly<Record<string, (options: Untyped) => E.Either<readonly Diagnostic[], unknown>>> = {
  evaluate: (options) => fp.evaluate(loss, {}, options),
  interpret: (options) => fp.interpret(loss, options),
  checkGradients: (options) => fp.checkGradients(loss, options),
  gradientFlow: (options) => fp.gradientFlow(sum(final as Untyped) as Untyped, steps as Untyped, fed, options),
  truncationLoss: (options) => fp.truncationLoss(loss, w, {}, options),
  jacobianNorms: (options) => fp.jacobianNorms(steps as Untyped, fed, options),
};

describe.each(Object.entries(verbs))("the options of %s", (verb, run) => {
  test.each([
    ["null", null],
    ["an array", []],
    ["a Map", new Map()],
    ["3", 3],
  ])("are no record: %s", (found, options) => {
    expect(left(run(options))).toEqual([`${verb}: the options must be a record, found ${found}`]);
  });

  test.each([
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["1.5", 1.5],
    ["-1", -1],
    ['"a"', "a"],
    ["null", null],
    ["9007199254740992", 2 ** 53],
  ])("have no seed: %s", (found, seed) => {
    expect(left(run({ seed }))).toEqual([`${verb}: seed is ${found}`]);
  });

  test("may have any other", () => {
    for (const seed of [0, 1, 2 ** 32, 2 ** 53 - 1, undefined]) expect(left(run({ seed }))).toEqual([]);
  });
});

test("a training step and a rule for NaN that are none", () => {
  expect(left(fp.evaluate(loss, {}, { trainingStep: -1, nan: "maybe" as Untyped }))).toEqual([
    "evaluate: trainingStep is -1",
    'evaluate: nan is "maybe"',
  ]);
  const program = fp.interpret(loss) as E.Right<fp.Program<unknown>>;
  expect(left(program.right.run({}, null as Untyped))).toEqual(["run: the options must be a record, found null"]);
});

test("of a seed all bits count", () => {
  const drawn = (seed: number) => fp.evaluate(dropout(add(zeros([dim("word", 64)]), 1), 0.5, "x"), {}, { seed });
  expect(drawn(2 ** 32 + 1)).not.toEqual(drawn(1));
  expect(drawn(2 ** 52 + 1)).not.toEqual(drawn(2 ** 51 + 1));
});

test("what is differentiated by, and how exactly, that makes no sense", () => {
  const itself: Untyped = {};
  itself.w = itself;
  const run = (options: Untyped) => left(fp.checkGradients(loss, options));
  expect(run({ wrt: itself })).toEqual(["checkGradients: wrt.w is a record that holds itself"]);
  expect(run({ wrt: "w" })).toEqual(['checkGradients: wrt is "w"']);
  expect(run({ wrt: [w] })).toEqual(["checkGradients: wrt is an array"]);
  expect(run({ order: 3, tolerance: Number.NaN, entries: -1, directions: 0 })).toEqual([
    "checkGradients: order is 3",
    "checkGradients: tolerance is NaN",
    "checkGradients: entries is -1",
    "checkGradients: directions is 0",
  ]);
});

describe("updates and stores", () => {
  test.each<readonly [string, Untyped, string]>([
    ["no Map", { update: { w: loss } }, "interpret: update is an object, expected a Map"],
    ["a key that is no parameter", { update: new Map([["w", loss]]) }, "interpret: update has a key that is no parameter"],
    ["a next value that is no tensor", { update: new Map([[w, 3]]) }, 'interpret: the next value of "w" is 3, expected a tensor'],
    ["a store that is none", { store: {} }, "interpret: store is an object, expected a Map"],
    [
      "two parameters of one name",
      {
        update: new Map([
          [parameter("v", []), scalar(1)],
          [parameter("v", []), scalar(2)],
        ]),
      },
      'parameter: two different parameters are named "v"',
    ],
  ])("%s", (_, options, message) => {
    expect(left(fp.interpret(loss, options))).toEqual([message]);
  });

  test("an initialiser that gives no values, as evaluate says it; and nothing is written", () => {
    const odd = parameter("odd", [hidden], (() => [1, 2]) as Untyped);
    const store = new Map();
    const message = 'parameter: "odd": the initialiser gave an array, expected a Float64Array of 2';
    expect(left(fp.interpret({ loss, odd }, { store }))).toEqual([message]);
    expect(store.size).toBe(0);
    expect(left(fp.evaluate(odd, {}))).toEqual([message]);
  });
});

describe("outputs", () => {
  const itself: Untyped = { loss };
  itself.self = itself;
  const around: Untyped = { a: { b: {} } };
  around.a.b.c = around.a;
  let deep: Untyped = loss;
  for (let i = 0; i < 100_000; i++) deep = { deep };
  const no = "graph: outputs must be a tensor, or a record of tensors";

  test.each<readonly [string, Untyped, string]>([
    ["that hold themselves", itself, `${no}: self is a record that holds itself`],
    ["that hold themselves further down", around, `${no}: a.b.c is a record that holds itself`],
    ["without an end in sight", deep, `${no}: deep.deep.deep.… is more than 1000 records deep`],
    ["with an array in it", { a: { b: [loss] } }, `${no}: a.b is an array`],
  ])("%s", (_, outputs, message) => {
    expect(left(fp.graph(outputs))).toEqual([message]);
    expect(left(fp.evaluate(outputs, {}))).toEqual([message]);
    expect(left(fp.checkGradients(outputs))).toEqual([message]);
    expect(left(fp.interpret(outputs))).toHaveLength(1);
    for (const transform of [fp.grad, fp.inference, fp.vjp, fp.jvp, fp.untie])
      expect(left(fp.graph(untyped(transform)(outputs, outputs, outputs)))).not.toEqual([]);
  });

  test("within each other, and one record in two places", () => {
    const shared = { loss };
    let nested: Untyped = shared;
    for (let i = 0; i < 900; i++) nested = { nested };
    expect(left(fp.evaluate({ a: shared, b: shared, nested }, {}))).toEqual([]);
  });
});

describe("what no memory holds", () => {
  const huge = dim("huge", 2 ** 33);
  const wide = dim("wide", 2 ** 20);
  const tall = dim("tall", 2 ** 20);
  test.each<readonly [string, Untyped, Untyped, string]>([
    ["a constant", sum(zeros([huge])), {}, "full: memory does not hold [huge=8589934592]: 8589934592 elements, 64 GiB"],
    [
      "a parameter",
      sum(parameter("big", [huge], constantly(1))),
      {},
      "parameter: memory does not hold [huge=8589934592]: 8589934592 elements, 64 GiB",
    ],
    ["an input", input("x", [huge]), { x: [1] }, "input: memory does not hold [huge=8589934592]: 8589934592 elements, 64 GiB"],
    [
      "a product of sizes",
      sum(tanh(fp.broadcastTo(input("x", [wide]), [tall, wide]))),
      { x: new Float64Array(2 ** 20) },
      "broadcastTo: memory does not hold [tall=1048576, wide=1048576]: 1099511627776 elements, 8192 GiB",
    ],
  ])("%s", (_, outputs, feeds, message) => {
    expect(left(fp.evaluate(outputs, feeds))).toEqual([message]);
    expect(left(fp.interpret(outputs))).toEqual([message]);
  });

  test("is still a graph", () => {
    expect(left(fp.graph(sum(zeros([huge]))))).toEqual([]);
  });

  test("by nobody's limit but this machine's: the allocation that fails is told, where it fails", () => {
    const most = dim("most", 2 ** 32); // a length that an engine accepts, and 32 GiB
    const once = sum(parameter("big", [most], () => new Float64Array(2 ** 33)));
    const result = (() => {
      try {
        new Float64Array(2 ** 32);
        return undefined; // a machine that has it
      } catch {
        return fp.evaluate(once, {});
      }
    })();
    if (result !== undefined)
      expect(left(result)).toEqual(["parameter: memory does not hold [most=4294967296]: 4294967296 elements, 32 GiB"]);
  });
});

describe("more steps than a graph holds", () => {
  const huge = dim("time", 2 ** 33);
  const recurrence = (verb: Untyped) => verb((h: Untyped) => ({ state: tanh(h), output: h }), { steps: huge, from: zeros([hidden]) });

  test("are no unrolling", () => {
    const { outputs, final: last, steps: made } = recurrence(unroll);
    for (const part of [outputs, last, made[9].state, { outputs, last }])
      expect(left(fp.graph(part))).toEqual(["unroll: no graph holds 8589934592 steps of time"]);
  });

  test("nor are they with options that make no sense", () => {
    const odd: Untyped = unroll;
    const { final: last } = odd((h: Untyped) => ({ state: h, output: h }), { steps: huge, from: zeros([hidden]), mask: 3 });
    expect(left(fp.graph(last))).toEqual(["unroll: the mask must be a tensor, found number"]);
  });

  test("are a scan, of which no memory holds the outputs", () => {
    const { outputs, final: last } = recurrence(scan);
    expect(left(fp.graph({ outputs, last, g: fp.grad(sum(last), { w: zeros([]) }, { unreached: "zero" }) }))).toEqual([]);
    expect(left(fp.evaluate(outputs, {}))).toEqual([
      "stacked: memory does not hold [time=8589934592, hidden=2]: 17179869184 elements, 128 GiB",
    ]);
  });
});

describe("what the user's own code throws comes through as it is", () => {
  const boom = new RangeError("the user's own");
  const throws = (): never => {
    throw boom;
  };
  const caught = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (e) {
      return e;
    }
  };
  const formula = defineOp<Unary>({ name: "mine", doc: "Throws.", formula: throws, derivative: [(_, v) => v] });
  const record = defineOp<Unary>({
    name: "own",
    doc: "Throws.",
    infer: ([a]) => ({ shape: a!.shape, dtype: "float" }),
    evaluate: throws,
    vjp: throws,
    jvp: throws,
  });
  const start = parameter("start", [hidden], throws);
  const outputs = { formula: sum(formula(w)), record: sum(record(w)), start: sum(start) };

  test.each(Object.entries(outputs))("%s, from every verb", (_, output) => {
    expect(caught(() => fp.evaluate(output, {}))).toBe(boom);
    expect(caught(() => (fp.interpret(output) as E.Right<fp.Program<unknown>>).right.run({}))).toBe(boom);
    expect(caught(() => fp.checkGradients(output))).toBe(boom);
  });

  test("a derivative, where it is asked for", () => {
    expect(caught(() => fp.grad(sum(record(w)), w))).toBe(boom);
  });

  test("an optimiser, a source, a model, while it is fitted", async () => {
    const model = (build: Untyped) => ({ parameters: { w }, build });
    const source = () => [{ time: 1, batch: 1, feeds: {} }];
    const fine = model(() => ({ inputs: {}, loss, predictions: loss }));
    const run = async (...args: readonly Untyped[]) => {
      try {
        for await (const _ of untyped(fp.fit)(...args));
        return undefined;
      } catch (e) {
        return e;
      }
    };
    expect(await run(model(throws), source, { optimiser: sgd(1), epochs: 1 })).toBe(boom);
    expect(await run(fine, throws, { optimiser: sgd(1), epochs: 1 })).toBe(boom);
    expect(await run(fine, source, { optimiser: throws, epochs: 1 })).toBe(boom);
    expect(await run(fine, source, { optimiser: sgd(1e-3), epochs: 1 })).toBe(undefined);
  });
});
