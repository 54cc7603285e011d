// Metrics, early stopping, the best model: against what is counted by hand.

import {
  accuracy,
  adam,
  type Built,
  bagOfWords,
  type DataDims,
  type Dim,
  dim,
  type EpochEvent,
  type FitOptions,
  input,
  type LabelledSentence,
  type Metric,
  type Model,
  metrics,
  mul,
  oneHot,
  parameter,
  predict,
  score,
  sentences,
  sgd,
  softmax,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  fit as train,
} from "clew";
import * as fp from "clew/fp";
import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";

type Ids = Tensor<readonly [DataDims["time"], DataDims["batch"]], "int">;

/** Says of every step the score that is fed: a tagger that has learned nothing. */
const tagger = (kinds: number, masked = true): Model => ({
  parameters: { none: parameter("none", []) },
  build: ({ time, batch }): Built => {
    const label = dim("label", kinds);
    const scores = input("scores", [time, batch, label]);
    const labels = input("labels", [time, batch], "int");
    const lengths = input("lengths", [batch], "int");
    const loss = softmaxCrossEntropy(scores, labels as Ids);
    return { inputs: { scores, labels, ...(masked ? { lengths } : {}) }, loss, predictions: softmax(scores, -1) };
  },
});

const kinds = 3;
const tagged = fc
  .array(fc.array(fc.tuple(fc.nat(kinds - 1), fc.nat(kinds - 1)), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  .chain((rows) => fc.tuple(fc.constant(rows), fc.integer({ min: 1, max: 3 })));

/** Batches of rows of [label, guess], padded with a wrong guess. */
const sourceOf = (rows: readonly (readonly (readonly [number, number])[])[], size: number) => () =>
  Array.from({ length: Math.ceil(rows.length / size) }, (_, k) => {
    const own = rows.slice(k * size, (k + 1) * size);
    const time = 4;
    const at = (t: number, b: number) => own[b]![t] ?? [0, 1];
    const grid = <A>(of: (pair: readonly [number, number]) => A) =>
      Array.from({ length: time }, (_, t) => own.map((_, b) => of(at(t, b) as readonly [number, number])));
    const scores = grid(([, guess]) => Array.from({ length: kinds }, (_, i) => (i === guess ? 2 : -1)));
    return { time, batch: own.length, feeds: { scores, labels: grid(([label]) => label), lengths: own.map((r) => r.length) } };
  });

describe("whatever the batches, without padding", () => {
  test("accuracy and confusion are those that are counted", () => {
    fc.assert(
      fc.property(tagged, ([rows, size]) => {
        const asked = { accuracy: metrics.accuracy(), confusion: metrics.confusion() };
        const found = score(tagger(kinds), {}, sourceOf(rows, size), { metrics: asked, engine: "reference" }).metrics;
        const pairs = rows.flat();
        const counts = Array.from({ length: kinds }, (_, i) =>
          Array.from({ length: kinds }, (_, j) => pairs.filter(([l, g]) => l === i && g === j).length),
        );
        expect(found.confusion.counts).toEqual(counts);
        expect(found.accuracy).toBeCloseTo(pairs.filter(([l, g]) => l === g).length / pairs.length, 12);
        for (let k = 0; k < kinds; k++) {
          expect(found.confusion.recall[k]).toBe(counts[k]![k]! / counts[k]!.reduce((a, b) => a + b, 0));
          expect(found.confusion.precision[k]).toBe(counts[k]![k]! / counts.reduce((a, row) => a + row[k]!, 0));
        }
      }),
      { numRuns: 30 },
    );
  });
});

test("perplexity: of a uniform guess the number of labels; of others e to the mean, by the number that counts", () => {
  const source = sentences(
    [2, 3, 3, 2, 2].map((id) => ({ ids: [id], label: id - 2 })),
    { size: 2 },
  );
  const model = bagOfWords({ words: 4, labels: 7 });
  const asked = { perplexity: metrics.perplexity() };
  expect(score(model, {}, source, { metrics: asked }).metrics.perplexity).toBeCloseTo(7, 12);
  const parameters = { bias: [1, 2, 0, 0, 0, 0, 0] };
  const p = predict(model, parameters, [[2]])[0]!;
  const nats = -(3 * Math.log(p[0]!) + 2 * Math.log(p[1]!)) / 5;
  expect(score(model, parameters, source, { metrics: asked }).metrics.perplexity).toBeCloseTo(Math.exp(nats), 12);
});

test("a metric looks where it is told to, and anybody can write one", () => {
  const model = {
    ...tagger(kinds),
    build: (dims: DataDims) => {
      const { inputs, ...rest } = tagger(kinds).build(dims);
      const tags = input("tags", [dims.time, dims.batch], "int");
      return {
        ...rest,
        inputs: { scores: inputs.scores!, tags },
        loss: softmaxCrossEntropy(inputs.scores as never, tags as never) as Tensor<readonly []>,
      };
    },
  };
  const rows: readonly (readonly (readonly [number, number])[])[] = [
    [
      [0, 0],
      [1, 1],
      [2, 0],
      [2, 0],
    ],
  ];
  const source = () =>
    sourceOf(rows, 1)().map(({ feeds: { scores, labels }, ...sizes }) => ({ ...sizes, feeds: { scores, tags: labels } }));
  const ones: Metric<number> = {
    of: ({ inputs }) => ({ twos: sum(mul(oneHot(inputs.tags as Tensor<readonly [Dim], "int">, dim("label", kinds)), 1) as Tensor) }),
    read: ({ twos }) => twos![0]!,
  };
  const found = score(model, {}, source, { metrics: { right: metrics.accuracy({ labels: ({ inputs }) => inputs.tags as Ids }), ones } });
  expect(found.metrics).toEqual({ right: 0.5, ones: 4 });
  const wrong = fp.score(model, {}, source, { metrics: { right: metrics.accuracy() } });
  expect(E.isLeft(wrong) && wrong.left.map((d) => `${d.op}: ${d.message}`)).toEqual(['accuracy: the model has no input "labels"']);
});

test("the mean of any number is that over the examples", () => {
  const data: readonly LabelledSentence[] = [2, 3, 3].map((id) => ({ ids: [id], label: id - 2 }));
  const model = bagOfWords({ words: 4 });
  const parameters = { bias: [1, 0] };
  const loss = metrics.mean((b: Built) => b.loss);
  const found = score(model, parameters, sentences(data, { size: 2 }), { metrics: { loss } });
  expect(found.metrics.loss).toBeCloseTo(found.loss, 14);
  expect(accuracy).toBeTypeOf("function"); // of the models: a tensor, where metrics.accuracy is a metric
});

describe("early stopping and the best model", () => {
  // learns its two sentences; the validation data say the contrary of one of them, so that it gets worse
  const data = sentences(
    [
      { ids: [2], label: 0 },
      { ids: [3], label: 1 },
    ],
    { size: 2 },
  );
  const contrary = sentences(
    [
      { ids: [2], label: 0 },
      { ids: [3], label: 0 },
    ],
    { size: 2 },
  );
  const model = bagOfWords({ words: 4 });
  const run = async (more: Partial<FitOptions>): Promise<readonly EpochEvent[]> => {
    const seen: EpochEvent[] = [];
    for await (const event of train(model, data, { optimiser: adam(0.3), epochs: 30, ...more }))
      if (event.kind === "epoch") seen.push(event);
    return seen;
  };

  test("the best epoch is that of the least loss, and its parameters are kept", async () => {
    const seen = await run({ validation: contrary });
    const losses = seen.map((e) => e.validation!.loss);
    const least = losses.indexOf(Math.min(...losses));
    const { best } = seen.at(-1)!;
    expect([best.epoch, best.value]).toEqual([least, losses[least]]);
    expect(best.epoch).toBeLessThan(29);
    const { score: kept, bias } = seen[least]!.parameters();
    expect(best.parameters()).toEqual({ score: kept, bias });
    expect(score(model, best.parameters(), contrary).loss).toBe(losses[least]);
    expect(seen.map((e) => e.improved)).toEqual(losses.map((l, i) => i === 0 || l < Math.min(...losses.slice(0, i))));
  });

  test("without validation data, the training data count", async () => {
    const seen = await run({});
    expect(seen.at(-1)!.best).toMatchObject({ epoch: 29, value: seen[29]!.loss });
  });

  test("patience is counted in epochs without a better one", async () => {
    const all = (await run({ validation: contrary })).map((e) => e.validation!.loss);
    const least = all.indexOf(Math.min(...all));
    const seen = await run({ validation: contrary, earlyStopping: { patience: 3 } });
    expect(seen.length).toBe(least + 1 + 3);
    expect(seen.map((e) => e.stopped)).toEqual(seen.map((_, i) => i === seen.length - 1));
    expect((await run({ earlyStopping: { patience: 3 } })).length).toBe(30);
    // each step is better, but never by as much as this
    expect((await run({ earlyStopping: { patience: 3, margin: 10 } })).length).toBe(4);
  });

  test("by the model's own metric, or by one that is asked for: the higher, or the lower, the better", async () => {
    const more = { validation: contrary, metrics: { perplexity: metrics.perplexity(), accuracy: metrics.accuracy() } };
    const byLoss = (await run(more)).at(-1)!.best.epoch;
    const lower = (await run({ ...more, watch: "perplexity" })).at(-1)!;
    expect(lower.best.epoch).toBe(byLoss);
    expect(lower.validation!.metrics).toEqual({ perplexity: expect.any(Number), accuracy: expect.any(Number) });
    const higher = await run({ ...more, watch: "metric" });
    expect(higher.at(-1)!.best.value).toBe(Math.max(...higher.map((e) => e.validation!.metric!)));
    expect((await run({ ...more, watch: "accuracy" })).at(-1)!.best.epoch).toBe(higher.at(-1)!.best.epoch);
  });

  test.each<readonly [unknown, readonly string[]]>([
    [{ watch: "acuracy", metrics: { accuracy: metrics.accuracy() } }, ['watch is "acuracy"']],
    [
      { watch: "accuracy", metrics: { accuracy: metrics.accuracy() } },
      ['watch is "accuracy", a metric of validation data, and there are none'],
    ],
    [
      { watch: "confusion", validation: contrary, metrics: { confusion: metrics.confusion() } },
      ['watch is "confusion", whose result is an object'],
    ],
    [{ metrics: { accuracy: 1 } }, ['the metric "accuracy" is 1']],
    [{ metrics: [metrics.accuracy()] }, ["metrics are an array, expected a record"]],
    [{ earlyStopping: 3 }, ["earlyStopping is 3, expected a record"]],
    [{ earlyStopping: { patience: 0, margin: -1 } }, ["patience is 0", "margin is -1"]],
    [{ checkpoint: "run" }, ["the checkpoint's file is undefined"]],
    [{ checkpoint: { file: "out/x", every: 0 } }, ["every is 0"]],
    [{ validation: () => [] }, ["there is nothing to look at"]],
  ])("%o makes no sense", async (more, messages) => {
    const seen = [];
    for await (const event of fp.fit(model, data, { optimiser: sgd(0.1), epochs: 1, ...(more as Partial<FitOptions>) })) seen.push(event);
    const last = seen.at(-1);
    expect(last?.kind === "failure" && last.diagnostics.map((d) => d.message)).toEqual(messages);
  });
});
