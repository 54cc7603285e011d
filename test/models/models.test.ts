import { bagOfWords, dim, evaluate, type Feeds, grad, graph, input, type Parameter, rnn, sentenceRnn, unroll, zeros } from "clew";
import { describe, expect, test } from "vitest";

const time = dim("time", 4);
const batch = dim("batch", 3);
const feeds: Feeds = {
  ids: [
    [2, 3, 4],
    [3, 3, 2],
    [0, 4, 2],
    [0, 5, 0],
  ],
  lengths: [2, 4, 3],
  labels: [0, 1, 1],
};

describe("a cell", () => {
  const [word, hidden] = [dim("word", 5), dim("hidden", 3)];
  const x = input("x", [time, batch, word]);

  test("names its parameters, which are the same at every step", () => {
    const { final } = unroll(rnn("encoder", word, hidden), { over: x, from: zeros([batch, hidden]) });
    const names = graph(final).parameters.map((p) => (p as Parameter).parameter);
    expect(names.sort()).toEqual(["encoder.U", "encoder.W", "encoder.b"]);
  });

  test("two of them live side by side", () => {
    const lower = unroll(rnn("lower", word, hidden), { over: x, from: zeros([batch, hidden]) });
    const upper = unroll(rnn("upper", hidden, hidden, { bias: false, activation: "relu" }), {
      over: lower.outputs,
      from: zeros([batch, hidden]),
    });
    expect(graph(upper.final).parameters.length).toBe(5);
    expect(evaluate(upper.final, { x: new Float64Array(4 * 3 * 5).fill(1) }).data.every((h) => h >= 0)).toBe(true);
  });
});

describe.each([
  ["bag of words", bagOfWords({ words: 6, labels: 3 })],
  ["sentence RNN, loss at the last word", sentenceRnn({ words: 6, vector: 4, hidden: 5, labels: 3, loss: "last" })],
  [
    "sentence RNN, loss at every word",
    sentenceRnn({ words: 6, vector: 4, hidden: 5, labels: 3, loss: "every", bias: false, dropout: 0.5 }),
  ],
])("%s", (_, model) => {
  const built = model.build({ time, batch });

  test("has its parameters made once, outside of build", () => {
    const other = model.build({ time: dim("time", 7), batch: dim("batch", 2) });
    const used = (loss: typeof built.loss) => new Set(graph(loss).parameters);
    expect(used(built.loss)).toEqual(used(other.loss));
    expect(used(built.loss)).toEqual(new Set(Object.values(model.parameters)));
  });

  test("gives probabilities, a loss and a share that is right", () => {
    const { loss, predictions, metric } = evaluate({ loss: built.loss, predictions: built.predictions, metric: built.metric! }, feeds, {
      seed: 1,
    });
    expect(predictions.shape).toEqual([3, 3]);
    for (let b = 0; b < 3; b++) expect([0, 1, 2].reduce((total, k) => total + predictions.data[3 * b + k]!, 0)).toBeCloseTo(1, 12);
    expect(loss.data[0]).toBeGreaterThan(0);
    expect([0, 1 / 3, 2 / 3, 1].some((share) => Math.abs(share - metric.data[0]!) < 1e-12)).toBe(true);
  });

  test("learns through every parameter", () => {
    const gradient = evaluate(grad(built.loss, { ...model.parameters }), feeds, { seed: 1 });
    for (const value of Object.values(gradient)) expect(value.data.some((g) => g !== 0)).toBe(true);
  });
});

test.each(["last", "every"] as const)("unrolled, a sentence RNN with its loss at the %s word is the same, bit for bit", (loss) => {
  const model = sentenceRnn({ words: 6, vector: 4, hidden: 5, labels: 3, loss, dropout: 0.5 });
  const bits = ({ loss, losses, opinions, predictions }: ReturnType<typeof model.build>) =>
    evaluate({ loss, losses, opinions, predictions, gradient: grad(loss, { ...model.parameters }) }, feeds, { seed: 3 });
  const unrolled = model.unrolled({ time, batch });
  expect(unrolled.steps.length).toBe(4);
  expect(bits(unrolled)).toEqual(bits(model.build({ time, batch })));
});

test("the order of words is nothing to a bag of words, and something to an RNN", () => {
  const said = (model: ReturnType<typeof bagOfWords> | ReturnType<typeof sentenceRnn>, ids: readonly number[]) => {
    const { predictions } = model.build({ time: dim("time", 3), batch: dim("batch", 1) });
    const score = { score: Float64Array.from({ length: 12 }, (_, i) => Math.sin(i)) };
    return evaluate(predictions, { ids: Int32Array.from(ids), lengths: [3], ...("score" in model ? score : {}) }, { seed: 1 }).data[0]!;
  };
  const bag = bagOfWords({ words: 6 });
  expect(said(bag, [2, 3, 4])).toBeCloseTo(said(bag, [4, 3, 2]), 14);
  const net = sentenceRnn({ words: 6, vector: 4, hidden: 5 });
  expect(said(net, [2, 3, 4])).not.toBeCloseTo(said(net, [4, 3, 2]), 6);
});
