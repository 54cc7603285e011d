import {
  adam,
  bagOfWords,
  ClewError,
  dim,
  type EpochEvent,
  evaluate,
  type Feeds,
  type FitEvent,
  type LabelledSentence,
  type ParameterValues,
  predict,
  sentenceRnn,
  sentences,
  sgd,
  fit as train,
} from "clew";
import * as fp from "clew/fp";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";

// 2: good, 3: bad, 4: not, 5: film
const data: readonly LabelledSentence[] = [
  { ids: [2], label: 1 },
  { ids: [3], label: 0 },
  { ids: [4, 2], label: 0 },
  { ids: [4, 3], label: 1 },
  { ids: [5, 2], label: 1 },
  { ids: [5, 3], label: 0 },
  { ids: [5, 4, 2], label: 0 },
];
const source = sentences(data, { size: 3 });
const net = (dropout = 0) => sentenceRnn({ words: 6, vector: 4, hidden: 5, dropout, loss: "every" });
const options = { optimiser: adam(0.02), epochs: 3, seed: 7 };

async function all(events: AsyncIterable<FitEvent>): Promise<readonly FitEvent[]> {
  const seen: FitEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

const epochs = (events: readonly FitEvent[]): readonly EpochEvent[] => events.filter((e) => e.kind === "epoch");
const bits = (parameters: ParameterValues): readonly (readonly [string, readonly number[]])[] =>
  Object.entries(parameters).map(([name, value]) => [name, Array.from(value.data)]);

const sorted = (event: EpochEvent) => [...bits(event.parameters())].sort(([a], [b]) => (a < b ? -1 : 1));

describe("the stream of events", () => {
  test("has one for each step and each epoch, and counts them", async () => {
    const seen = await all(train(net(), source, options));
    expect(seen.map((e) => e.kind)).toEqual(Array.from({ length: 3 }, () => ["step", "step", "step", "epoch"]).flat());
    expect(seen.filter((e) => e.kind === "step").map((e) => e.step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(seen.every((e) => e.steps === 9 && e.epochs === 3 && e.secondsLeft >= 0 && e.stepsPerSecond >= 0)).toBe(true);
    expect(seen.at(-1)!.secondsLeft).toBe(0);
  });

  test("an epoch's loss is the mean over sentences: the last batch is smaller", async () => {
    const seen = await all(train(bagOfWords({ words: 6 }), source, { ...options, epochs: 1 }));
    const [a, b, c] = seen.map((e) => e.loss) as [number, number, number];
    expect(epochs(seen)[0]!.loss).toBeCloseTo((3 * a + 3 * b + 1 * c) / 7, 14);
  });

  test("nothing happens before it is iterated, and leaving the loop ends it", async () => {
    let asked = 0;
    const counting = (epoch: number, seed: number) => {
      asked++;
      return source(epoch, seed);
    };
    const events = train(net(), counting, options);
    expect(asked).toBe(0);
    for await (const event of events) if (event.kind === "epoch") break;
    expect(asked).toBe(1);
  });
});

describe("learning", () => {
  test("the same seed gives the same bits, dropout and all; another seed others", async () => {
    const end = async (seed: number) =>
      bits(
        epochs(await all(train(net(0.3), source, { ...options, seed })))
          .at(-1)!
          .parameters(),
      );
    expect(await end(1)).toEqual(await end(1));
    expect(await end(1)).not.toEqual(await end(2));
  });

  test("an RNN learns that order counts, a bag of words cannot", async () => {
    const trained = async (model: ReturnType<typeof net> | ReturnType<typeof bagOfWords>) => {
      const end = epochs(await all(train(model, source, { optimiser: adam(0.05), epochs: 60, seed: 1, validation: source }))).at(-1)!;
      return end.validation!.metric!;
    };
    expect(await trained(net())).toBe(1);
    expect(await trained(bagOfWords({ words: 6 }))).toBeLessThan(1);
  });

  test("goes on from given parameters, slots too, as if it had never stopped", async () => {
    const model = net();
    const whole = epochs(await all(train(model, source, options)));
    const rest = (epoch: number, seed: number) => source(epoch + 2, seed);
    const resumed = epochs(await all(train(model, rest, { ...options, epochs: 1, from: whole[1]!.parameters() })));
    expect(sorted(resumed[0]!)).toEqual(sorted(whole[2]!));
  });

  test("parameters that events hand out are copies", async () => {
    const seen = epochs(await all(train(net(), source, options)));
    (seen[0]!.parameters()["encoder.W"]!.data as Float64Array).fill(0);
    expect(bits(seen[0]!.parameters())).toEqual(bits(seen[0]!.parameters()));
    expect(seen[0]!.parameters()["encoder.W"]!.data.some((x) => x !== 0)).toBe(true);
  });
});

describe("padding", () => {
  test("changes neither loss nor prediction", () => {
    const model = net();
    const build = (time: number) => model.build({ time: dim("time", time), batch: dim("batch", 1) });
    const asked = (time: number) => {
      const { loss, predictions } = build(time);
      const ids = Int32Array.from({ length: time }, (_, t) => [4, 2][t] ?? 0);
      const now = evaluate({ loss, predictions }, { ids, lengths: [2], labels: [0] }, { seed: 3 });
      return [now.loss.data[0], ...now.predictions.data];
    };
    expect(asked(6)).toEqual(asked(2));
  });

  test("predictions come in the order of the sentences, whatever their lengths", () => {
    const model = net();
    const each = data.map(({ ids }) => predict(model, {}, [ids])[0]!);
    const together = predict(
      model,
      {},
      data.map((s) => s.ids),
      { size: 2 },
    );
    together.forEach((row, i) => {
      expect(row.length).toBe(2);
      row.forEach((p, k) => {
        expect(p).toBeCloseTo(each[i]![k]!, 14);
      });
    });
  });
});

describe("what goes wrong", () => {
  const failures = async (...args: Parameters<typeof fp.fit>) => {
    const seen = [];
    for await (const event of fp.fit(...args)) seen.push(event);
    const last = seen.at(-1);
    return { before: seen.length - 1, codes: last?.kind === "failure" ? last.diagnostics.map((d) => d.code) : undefined };
  };

  test("is the last event in clew/fp", async () => {
    expect(await failures(net(), source, { ...options, epochs: 0 })).toEqual({ before: 0, codes: ["BadArgument"] });
    expect(await failures(net(), sentences([], { size: 3 }), options)).toEqual({ before: 0, codes: ["BadArgument"] });
    expect(await failures(net(), sentences([{ ids: [6], label: 0 }], { size: 3 }), options)).toEqual({ before: 0, codes: ["BadFeed"] });
    expect(await failures(net(), sentences([{ ids: [2], label: 2 }], { size: 3 }), options)).toEqual({ before: 0, codes: ["BadFeed"] });
    expect(await failures(net(), source, { ...options, from: { V: [1] } })).toEqual({ before: 0, codes: ["BadFeed"] });
  });

  // biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript may call it
  const anything = (value: unknown): any => value;

  test.each<readonly [string, readonly unknown[], readonly string[]]>([
    ["no options", [net(), source, null], ["the options must be a record, found null"]],
    ["no model", [null, source, options], ["the model must be { parameters, build }, found null"]],
    [
      "no model's parameters",
      [{ build: () => 1, parameters: { W: 1 } }, source, options],
      ["the model must be { parameters, build }, found an object"],
    ],
    ["no source", [net(), [], options], ["the source is an array"]],
    ["a source of nothing", [net(), () => null, options], ["the source gave null"]],
    ["a source without feeds", [net(), () => [{ time: 1, batch: 1 }], options], ["feeds must be a record, found undefined"]],
    ["a seed that is none", [net(), source, { ...options, seed: 1.5 }], ["seed is 1.5"]],
    ["neither optimiser nor epochs", [net(), source, {}], ["optimiser is undefined", "epochs is undefined"]],
    ["no validation", [net(), source, { ...options, validation: [] }], ["validation is an array"]],
    [
      "a Map to start from",
      [net(), source, { ...options, from: new Map() }],
      ["parameters must be a record of values by name, found a Map"],
    ],
  ])("%s", async (_, args, messages) => {
    const [model, data, how] = args;
    const seen = [];
    for await (const event of fp.fit(anything(model), anything(data), anything(how))) seen.push(event);
    expect(seen.map((e) => (e.kind === "failure" ? e.diagnostics.map((d) => d.message) : e.kind))).toEqual([messages]);
  });

  test("is thrown in clew", async () => {
    await expect(all(train(net(), source, { ...options, epochs: 1.5 }))).rejects.toThrow(ClewError);
  });

  test("a loss that is not finite ends it, and what was learned before stands", async () => {
    const { before, codes } = await failures(bagOfWords({ words: 6 }), source, { ...options, optimiser: sgd(1e308), epochs: 9 });
    expect(new Set(codes)).toEqual(new Set(["NotFinite"]));
    expect(before).toBeGreaterThan(0);
  });
});

describe("names of given parameters", () => {
  const told = (result: E.Either<readonly fp.Diagnostic[], unknown>) =>
    E.isLeft(result) ? result.left.map((d) => [d.code, d.op, d.message, d.hint]) : [];
  const failure = async (from: Feeds, optimiser = options.optimiser) => {
    for await (const event of fp.fit(net(), source, { ...options, epochs: 1, optimiser, from }))
      if (event.kind === "failure") return event.diagnostics.map((d) => [d.code, d.op, d.message, d.hint]);
    return [];
  };
  const names = `it has "E", "encoder.U", "encoder.W", "V", "encoder.b"`;

  test("that the model lacks are refused, and what may have been meant is named", async () => {
    const wrong = { "encoder.w": new Float64Array(25), W: new Float64Array(25), constructor: 1 };
    const all = (verb: string) => [
      ["BadFeed", verb, 'the model has no parameter "encoder.w"', `did you mean "encoder.W"? ${names}`],
      ["BadFeed", verb, 'the model has no parameter "W"', names],
      ["BadFeed", verb, 'the model has no parameter "constructor"', names],
    ];
    expect(told(fp.predict(net(), wrong as Feeds, [[2]]))).toEqual(all("predict"));
    expect(await failure(wrong as Feeds)).toEqual(all("fit"));
    expect(told(fp.predict(net(), { "encoder.X/adam.m": 1 }, [[2]]))).toHaveLength(1);
  });

  test("may be those of slots: predict has no use for them, another optimiser neither", async () => {
    const trained = epochs(await all(train(net(), source, { ...options, epochs: 1 })))[0]!.parameters();
    expect(Object.keys(trained)).toEqual(expect.arrayContaining(["encoder.W/adam.m", "V/adam.v", "/adam.step"]));
    const own = Object.fromEntries(Object.entries(trained).filter(([name]) => !name.includes("/")));
    expect(predict(net(), trained, [[2]])).toEqual(predict(net(), own, [[2]]));
    const without = epochs(await all(train(net(), source, { ...options, epochs: 1, optimiser: sgd(0.1), from: trained })))[0]!.parameters();
    expect(Object.keys(without).sort()).toEqual(Object.keys(own).sort());
  });

  test("slots are checked when a run goes on", async () => {
    expect(await failure({ "encoder.W/adam.m": [1, 2] })).toEqual([
      ["BadFeed", "parameter", '"encoder.W/adam.m": 2 where hidden=5 elements are expected, for [hidden=5, hidden=5]', undefined],
    ]);
    expect((await failure({ "/adam.step": Number.NaN })).map(([, , message]) => message)).toEqual(['"/adam.step": element 0 is NaN']);
    expect(await failure({ "/adam.step": 7 })).toEqual([]);
  });
});

describe("predictions of what is no sentence", () => {
  // biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript may call it
  const told = (...args: readonly any[]): readonly string[] => {
    const result = (fp.predict as (...of: readonly unknown[]) => ReturnType<typeof fp.predict>)(...args);
    return E.isLeft(result) ? result.left.map((d) => `${d.op}: ${d.message}`) : [];
  };
  test.each<readonly [string, readonly unknown[], string]>([
    ["a text", [net(), {}, "good"], 'the sentences must be an array of ids, found "good"'],
    ["ids that are none", [net(), {}, [[2], [1, 2.5]]], "of[1][1] is 2.5"],
    ["one sentence", [net(), {}, [2, 3]], "of[0] is 2"],
    ["a size of 0", [net(), {}, [[2]], { size: 0 }], "size is 0"],
    ["no options", [net(), {}, [[2]], null], "the options must be a record, found null"],
    ["no model", [undefined, {}, [[2]]], "the model must be { parameters, build }, found undefined"],
    ["no parameters", [net(), null, [[2]]], "parameters must be a record of values by name, found null"],
  ])("%s", (_, args, message) => {
    expect(told(...args)).toEqual([`predict: ${message}`]);
  });
});

test("two threads give the bits of one", async () => {
  const many: readonly LabelledSentence[] = Array.from({ length: 64 }, (_, i) => ({
    ids: [2, 4, 3, 5, 2].map((w) => 2 + ((w + i) % 4)),
    label: i % 2,
  }));
  const model = () => sentenceRnn({ words: 6, vector: 32, hidden: 48, loss: "every" });
  const run = async (threads: number) => {
    const seen = await all(train(model(), sentences(many, { size: 32 }), { ...options, epochs: 40, engine: "f32", threads }));
    return sorted(epochs(seen).at(-1)!);
  };
  expect(await run(2)).toEqual(await run(1));
});
