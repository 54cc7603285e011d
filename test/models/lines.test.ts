// What is wrong with a ready model is told at the user's line: where the model was made, or where its graph was asked for.

import { bagOfWords, dim, feedForward, input, type Model, parameter, rnn, sentenceRnn, sentences, sgd, tanh, unroll, zeros } from "clew";
import * as fp from "clew/fp";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { here, lineOf, messages, told, type Untyped } from "../graph/told.ts";

const time = dim("time", 3);
const batch = dim("batch", 2);
const word = dim("word", 5);
const hidden = dim("hidden", 4);
const bad: Untyped = 1.5;
const x: Untyped = input("x", [time, batch, word]);
const from: Untyped = zeros([batch, hidden]);

const linesOf = (outputs: unknown) => [...new Set(told(outputs).map((d) => lineOf(d.at)))];

const makers: Readonly<Record<string, (size: number) => readonly [Model, string]>> = {
  bagOfWords: (size) => [bagOfWords({ words: size }), here()],
  sentenceRnn: (size) => [sentenceRnn({ words: size, vector: 3, hidden: 4, loss: "every" }), here()],
  "sentenceRnn, its state": (size) => [sentenceRnn({ words: 6, vector: 3, hidden: size, loss: "last" }), here()],
  feedForward: (size) => [feedForward({ features: 2, hidden: [size] }), here()],
  "feedForward, its labels": (size) => [feedForward({ features: 2, hidden: [3], labels: size }), here()],
};

describe.each(Object.entries(makers))("%s", (_, make) => {
  test("a size that is none: where the model was made", () => {
    const [model, line] = make(bad);
    expect(linesOf({ ...model.parameters })).toEqual([line]);
  });

  test("a data size that is none: where the graph was asked for", () => {
    const [model] = make(3);
    const { loss } = model.build({ time, batch: dim("batch", bad) });
    expect(linesOf(loss)).toEqual([here(-1)]);
  });

  test("found by fit and predict: where the model was made", async () => {
    const [model, line] = make(bad);
    const data = E.getOrElse((): Untyped => undefined)(fp.sentences([{ ids: [1], label: 0 }], { size: 1 }));
    for await (const event of fp.fit(model, data, { optimiser: sgd(1), epochs: 1 })) {
      if (event.kind !== "failure") throw new Error(event.kind);
      expect([...new Set(event.diagnostics.map((d) => lineOf(d.at)))]).toEqual([line]);
    }
    const said = fp.predict(model, {}, [[1]]);
    expect(E.isLeft(said) && [...new Set(said.left.map((d) => lineOf(d.at)))]).toEqual([line]);
  });
});

describe("the cell of an RNN", () => {
  test("of a size that is none", () => {
    const cell: Untyped = rnn("encoder", word, dim("hidden", bad));
    expect(linesOf(cell.W)).toEqual([here(-1)]);
  });

  test("that does not fit what it is unrolled over", () => {
    const cell: Untyped = rnn("encoder", hidden, hidden);
    const line = here(-1);
    const [d, ...others] = told(unroll(cell, { over: x, from }).outputs);
    expect([d!.code, d!.op, lineOf(d!.at), others]).toEqual(["DimMismatch", "matmul", line, []]);
    expect(linesOf(cell(from, zeros([batch, word])).state)).toEqual([line]);
  });

  test("with an activation that is none", () => {
    const cell: Untyped = rnn("encoder", word, hidden, { activation: "gelu" as Untyped });
    const line = here(-1);
    expect(told(unroll(cell, { over: x, from }).outputs).map((d) => [d.op, d.message, lineOf(d.at)])).toEqual([
      ["rnn", 'no such activation: "gelu"', line],
    ]);
  });

  test("and after it every call has its own line again", () => {
    const cell = rnn("encoder", word, hidden);
    unroll(cell as Untyped, { over: x, from });
    expect(linesOf(tanh("3" as Untyped))).toEqual([here()]);
    const own = (h: Untyped, x_t: Untyped) => ({ state: cell(h, x_t).state, output: tanh("3" as Untyped) });
    const line = here(-1);
    expect(linesOf(unroll(own, { over: x, from }).outputs)).toEqual([line]);
  });
});

test("a user's own model has its own lines, also in fit", async () => {
  const W: Untyped = fp.parameter("W", [hidden]);
  const model: Untyped = {
    parameters: { W },
    build: () => ({ inputs: {}, loss: fp.sum(fp.matmul(W, x)), predictions: W }),
  };
  const line = here(-2);
  const data = sentences([{ ids: [1], label: 0 }], { size: 1 });
  for await (const event of fp.fit(model, data, { optimiser: sgd(1), epochs: 1 }))
    expect(event.kind === "failure" && event.diagnostics.map((d) => lineOf(d.at))).toEqual([line]);
});

test("composites in a ready model are called by their names", () => {
  const { loss } = bagOfWords({ words: 4 }).build({ time: dim("time", 1), batch: dim("batch", 1) });
  const result = fp.evaluate(loss, { ids: [[1]], lengths: [1], labels: [2] });
  expect(E.isLeft(result) && result.left.map((d) => d.op)).toEqual(["softmaxCrossEntropy"]);
});

describe("options that are no record", () => {
  const made: Readonly<Record<string, (options: Untyped) => readonly [Model, string]>> = {
    bagOfWords: (options) => [bagOfWords(options), here()],
    sentenceRnn: (options) => [sentenceRnn(options), here()],
    feedForward: (options) => [feedForward(options), here()],
  };
  test.each(Object.entries(made))("%s", (name, make) => {
    for (const [options, found] of [
      [null, "null"],
      [undefined, "undefined"],
      [[3], "an array"],
    ] as const) {
      const [model, line] = make(options);
      const { loss, predictions } = model.build({ time, batch });
      for (const diagnostics of [told({ ...model.parameters }), told(loss), told(predictions)]) {
        expect(messages(diagnostics)).toEqual([`${name}: the options must be a record, found ${found}`]);
        expect(lineOf(diagnostics[0]!.at)).toBe(line);
      }
      const said = fp.predict(model, {}, [[1]]);
      expect(E.isLeft(said) && messages(said.left)).toEqual([`${name}: the options must be a record, found ${found}`]);
    }
  });
});

describe("a user's own model", () => {
  const w = parameter("w", []);
  test.each<readonly [Untyped, string, string]>([
    [undefined, "the model's build gave undefined, expected a record", "the model's build gave undefined, expected a record"],
    [
      { inputs: {} },
      "of what the model's build gave, loss is undefined, expected a tensor",
      "of what the model's build gave, predictions is undefined, expected a tensor",
    ],
  ])("that builds %j", async (gives, asLoss, asPredictions) => {
    const model: Untyped = { parameters: { w }, build: () => gives };
    const data = E.getOrElse((): Untyped => undefined)(fp.sentences([{ ids: [1], label: 0 }], { size: 1 }));
    const events = [];
    for await (const event of fp.fit(model, data, { optimiser: sgd(1), epochs: 1 })) events.push(event);
    expect(events.map((e) => (e.kind === "failure" ? messages(e.diagnostics) : e.kind))).toEqual([[`build: ${asLoss}`]]);
    const said = fp.predict(model, {}, [[1]]);
    expect(E.isLeft(said) && messages(said.left)).toEqual([`build: ${asPredictions}`]);
  });
});
