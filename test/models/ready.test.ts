// Every ready model: it learns, its derived gradient is the numeric one, scanned and unrolled it is the same, and it can be drawn.

import {
  adam,
  argmax,
  checkGradients,
  dim,
  encoderDecoder,
  evaluate,
  type Feeds,
  grad,
  graph,
  gru,
  inference,
  lstm,
  type ManyToMany,
  manyToMany,
  manyToOne,
  type Node,
  oneToMany,
  type Parameter,
  type RecurrentModel,
  sentenceRnn,
  type Tensor,
  toDot,
  fit as train,
} from "clew";
import { describe, expect, test } from "vitest";
import { parsed } from "../export/parse.ts";
import { messages, told, type Untyped } from "../graph/told.ts";

const [time, batch] = [dim("time", 4), dim("batch", 3)];
const sines = (length: number, by = 1) => Float64Array.from({ length }, (_, i) => Math.sin(by * (i + 1)));

const ids = Int32Array.of(2, 3, 4, 3, 3, 2, 1, 4, 2, 1, 5, 1);
const lengths = [2, 4, 3];
const texts = { words: Int32Array.of(2, 3, 4, 1, 3, 2, 1, 1, 5, 1, 1, 1), wordLengths: [2, 3, 4] };
const tags = Int32Array.of(0, 1, 2, 1, 0, 2, 2, 1, 0, 0, 1, 0);

interface Kind {
  readonly model: RecurrentModel;
  readonly feeds: Feeds;
}

const kinds: Readonly<Record<string, Kind>> = {
  "many to one, by a plain RNN on one-hot words": {
    model: manyToOne({ words: 6, hidden: 4, labels: 3 }),
    feeds: { ids, lengths, labels: [0, 1, 2] },
  },
  "many to one, by two LSTM layers, regularised, asked at every word": {
    model: manyToOne({ words: 6, vector: 3, cell: lstm, hidden: 4, layers: 2, dropout: 0.3, l2: 0.01, labels: 3, loss: "every" }),
    feeds: { ids, lengths, labels: [0, 1, 2] },
  },
  "many to one, numbers to numbers, by a GRU that reads both ways": {
    model: manyToOne({ features: 2, cell: gru, hidden: 3, bidirectional: true, targets: 2 }),
    feeds: { x: sines(24), lengths, targets: sines(6, 0.3) },
  },
  "many to one, numbers at every step": {
    model: manyToOne({ features: 2, cell: gru, hidden: 3, targets: 2, loss: "every" }),
    feeds: { x: sines(24), lengths, targets: sines(6, 0.3) },
  },
  "tags, by two layers of LSTM that read both ways": {
    model: manyToMany({ words: 6, vector: 3, cell: lstm, hidden: 3, layers: 2, bidirectional: true, labels: 3 }),
    feeds: { ids, lengths, labels: tags },
  },
  "next word, word vectors tied to the scores": {
    model: manyToMany({ words: 6, vector: 4, hidden: 4, cell: gru, tied: true, dropout: 0.2 }),
    feeds: { ids, lengths, labels: tags },
  },
  "numbers at every step, of given word vectors": {
    model: manyToMany({ words: 6, vectors: sines(12), hidden: 3, targets: 1 }),
    feeds: { ids, lengths, targets: sines(12, 0.7) },
  },
  "one to many, by two layers": {
    model: oneToMany({ features: 5, words: 6, end: 1, vector: 3, hidden: 4, cell: gru, layers: 2 }),
    feeds: { x: sines(15), words: texts.words, lengths: texts.wordLengths },
  },
  "encoder and decoder": {
    model: encoderDecoder({ reads: { words: 6 }, words: 6, hidden: 4, cell: lstm, end: 1, attention: false }),
    feeds: { ids, lengths, ...texts },
  },
  "encoder and decoder, with attention, reading both ways": {
    model: encoderDecoder({ reads: { words: 6, vector: 3, bidirectional: true }, words: 6, vector: 3, hidden: 3, cell: gru, end: 1 }),
    feeds: { ids, lengths, ...texts },
  },
};

describe.each(Object.entries(kinds))("%s", (_, { model, feeds }) => {
  const built = model.build({ time, batch });

  test("has its parameters made once, and all of them used", () => {
    const used = (b: typeof built) => new Set(graph(b.loss).parameters as readonly Parameter[]);
    expect(used(built)).toEqual(new Set(Object.values(model.parameters)));
    expect(used(model.build({ time: dim("time", 1), batch: dim("batch", 1) }))).toEqual(used(built));
    for (const [name, p] of Object.entries(model.parameters)) expect(p.parameter).toBe(name);
  });

  test("learns", async () => {
    const losses: number[] = [];
    const source = () => [{ time: 4, batch: 3, feeds }];
    for await (const event of train(model, source, { optimiser: adam(0.03), epochs: 25, seed: 1 }))
      if (event.kind === "epoch") losses.push(event.loss);
    expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
  });

  test("has the derivative that differences show", () => {
    // some five of a net's parameters, along two directions each: cells.test.ts holds every gate to JAX's gradients
    const names = Object.keys(model.parameters);
    const some = names.filter((_, i) => i % Math.ceil(names.length / 5) === 0);
    const wrt = Object.fromEntries(some.map((name) => [name, model.parameters[name]!]));
    const report = checkGradients(inference(built.loss), { feeds, wrt, seed: 2, entries: 4, directions: 2 });
    expect(report.verdict).toBe("pass");
    expect(report.maxRelativeError).toBeLessThanOrEqual(1e-7);
  });

  test("is the same scanned and unrolled, bit for bit: loss, gradient, predictions", () => {
    const asked = (b: typeof built) => {
      const { loss, predictions, metric } = b;
      const gradient = grad(loss, { ...model.parameters });
      return evaluate({ loss, predictions, gradient, ...(metric === undefined ? {} : { metric }) }, feeds, { seed: 4 });
    };
    expect(asked(built)).toEqual(asked(model.unrolled({ time, batch })));
  });

  test("can be drawn: every parameter, and each step of the recurrence", () => {
    const whole = graph({ loss: built.loss, gradient: grad(built.loss, { ...model.parameters }) });
    const folded = toDot(whole, { view: "folded" });
    for (const name of Object.keys(model.parameters)) expect(folded).toContain(name);
    const steps = (view: "unrolled" | "backward") => new Set(parsed(toDot(whole, { view })).frames.filter((f) => f.startsWith("time = ")));
    for (const view of ["unrolled", "backward"] as const) expect(steps(view).size).toBe(4);
  });
});

const [long, two] = [dim("time", 6), dim("batch", 2)];

describe("what writes words", () => {
  const models = {
    "one to many": oneToMany({ features: 5, words: 6, end: 1, vector: 3, hidden: 8, cell: gru, layers: 2 }),
    "encoder and decoder": encoderDecoder({ reads: { words: 6, vector: 3 }, words: 6, vector: 3, hidden: 8, cell: lstm, end: 1 }),
  };
  const given: Feeds = {
    x: Float64Array.of(1, 0, 0, 1, -1, 0, 1, -1, 0, 2),
    ids: Int32Array.of(2, 3, 4, 3, 3, 2, 1, 4, 2, 1, 5, 1),
    lengths: [6, 3],
    wordLengths: [6, 6],
  };
  const own = (asked: Node) =>
    Object.fromEntries(
      graph(asked).inputs.flatMap(({ attributes: { name } }) => (given[name as string] ? [[name, given[name as string]!]] : [])),
    );

  test.each(Object.entries(models))("%s: on its own writes the likeliest after the words that it wrote", (_, model) => {
    const { scores, written } = model.build({ time: long, batch: two });
    const likeliest = argmax(scores, -1);
    for (const seed of [1, 2, 3, 4, 5]) {
      const { data: words } = evaluate(written, own(written), { seed });
      const { data: next } = evaluate(likeliest as Node, { ...own(scores), words }, { seed });
      for (let b = 0; b < 2; b++) {
        const text = Array.from({ length: 6 }, (_, t) => words[2 * t + b]!);
        const end = text.indexOf(1);
        const said = end < 0 ? text : text.slice(0, end + 1);
        expect(said).toEqual(Array.from({ length: said.length }, (_, t) => next[2 * t + b]!));
        expect(text.slice(said.length)).toEqual(text.slice(said.length).fill(1));
      }
    }
  });

  test("learns to end: what it writes after training is the text, and end symbols behind it", async () => {
    const model = oneToMany({ features: 2, words: 6, end: 1, vector: 4, hidden: 12, cell: gru });
    const right = Int32Array.of(2, 4, 3, 1, 5, 0, 1, 0, 0, 0, 0, 0);
    const feeds = { x: Float64Array.of(1, 0, 0, 1), words: right, lengths: [4, 2] };
    let learned: Feeds = {};
    for await (const event of train(model, () => [{ time: 6, batch: 2, feeds }], { optimiser: adam(0.03), epochs: 80, seed: 1 }))
      if (event.kind === "epoch" && event.epoch === 79) learned = event.parameters();
    const { predictions } = model.build({ time: long, batch: two });
    const weights = Object.fromEntries(Object.keys(model.parameters).map((name) => [name, learned[name]!]));
    const { dims, data } = evaluate(predictions, { x: feeds.x, ...weights });
    expect(dims).toEqual(["batch", "time"]);
    expect([...data]).toEqual([2, 3, 5, 1, 1, 1, 4, 1, 1, 1, 1, 1]);
  });

  test("looks at what was read, in shares of 1, and never at padding", () => {
    const { attention } = models["encoder and decoder"].build({ time: dim("time", 3), source: dim("source", 6), batch: two });
    const words = Int32Array.of(2, 3, 4, 1, 1, 1);
    const { dims, data } = evaluate(attention!, { ...own(attention!), words }, { seed: 1 });
    expect(dims).toEqual(["time", "batch", "source"]);
    for (let t = 0; t < 3; t++) {
      for (let b = 0; b < 2; b++) {
        const shares = [...data.slice((t * 2 + b) * 6, (t * 2 + b + 1) * 6)];
        expect(shares.reduce((a, s) => a + s, 0)).toBeCloseTo(1, 14);
        expect(shares.slice(b === 0 ? 6 : 3)).toEqual(b === 0 ? [] : [0, 0, 0]);
        expect(shares.slice(0, 3).every((s) => s > 0)).toBe(true);
      }
    }
  });
});

describe("words come in", () => {
  const feeds: Feeds = { ids, lengths };
  const said = (options: object, more: Feeds = {}) => {
    const model = manyToOne({ words: 6, hidden: 4, labels: 3, ...options });
    return evaluate(model.build({ time, batch }).predictions, { ...feeds, ...more }, { seed: 1 }).data;
  };
  const unit = Float64Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 1 : 0));

  test("as one-hot vectors, which are vectors of the identity, given or learned", () => {
    expect(said({ vectors: unit })).toEqual(said({}));
    expect(said({ vector: 6 }, { E: unit })).toEqual(said({}));
    expect(said({ vectors: unit.map((x) => 2 * x) })).not.toEqual(said({}));
  });

  test("and given vectors are no parameters", () => {
    expect(Object.keys(manyToOne({ words: 6, vectors: unit, hidden: 4 }).parameters)).not.toContain("E");
  });
});

test("tied: the scores' weights are the word vectors, one node, and its gradient is the sum of both uses", () => {
  const model = manyToMany({ words: 6, vector: 4, hidden: 4, tied: true });
  expect(Object.keys(model.parameters).sort()).toEqual(["E", "b_y", "reader.U", "reader.W", "reader.b"]);
  const apart = manyToMany({ words: 6, vector: 4, hidden: 4, labels: 6 });
  const feeds: Feeds = { ids, lengths, labels: tags };
  const E = sines(24, 0.4);
  const V = Float64Array.from({ length: 24 }, (_, i) => E[(i % 6) * 4 + Math.floor(i / 6)]!); // its transpose
  const by = (m: ManyToMany, more: Feeds) => {
    const { loss } = m.build({ time, batch });
    return evaluate(grad(loss, { ...m.parameters }), { ...feeds, ...more }, { seed: 1 }) as Record<string, { data: Float64Array }>;
  };
  const [one, both] = [by(model, { E }), by(apart, { E, V })];
  // two sums of the same terms, of size 1 at most
  one.E!.data.forEach((g, i) => {
    expect(g).toBeCloseTo(both.E!.data[i]! + both.V!.data[(i % 4) * 6 + Math.floor(i / 4)]!, 14);
  });
});

test("step after step is the whole sequence, the state fed back by its names", () => {
  const model = manyToMany({ words: 6, vector: 3, hidden: 4, cell: lstm, layers: 2, labels: 3 });
  const whole = evaluate(model.build({ time: long, batch: two }).probabilities, { ids: given(), lengths: [6, 6] }, { seed: 1 });
  const { predictions, state, start, inputs } = model.step(two);
  expect(Object.keys(inputs)).toEqual(["ids", "state.layer1.h", "state.layer1.c", "state.layer2.h", "state.layer2.c"]);
  let now: Feeds = evaluate(start, {});
  for (let t = 0; t < 6; t++) {
    const made = evaluate({ predictions, state }, { ids: given().subarray(2 * t, 2 * t + 2), ...now }, { seed: 1 });
    expect(made.predictions.data).toEqual(whole.data.slice(t * 6, t * 6 + 6));
    now = made.state;
  }
  function given(): Int32Array {
    return Int32Array.of(2, 3, 4, 3, 3, 2, 1, 4, 2, 1, 5, 1);
  }
});

test("l2 is added for every matrix, and for no bias", () => {
  const [without, with_] = [0, 0.25].map((l2) => manyToOne({ words: 6, hidden: 4, labels: 3, ...(l2 === 0 ? {} : { l2 }) }));
  const feeds: Feeds = { ids, lengths, labels: [0, 1, 2], b_y: [7, 7, 7], "encoder.b": [1, 2, 3, 4] };
  const loss = (m: typeof without) => evaluate(m!.build({ time, batch }).loss, feeds, { seed: 1 }).data[0]!;
  const matrices = evaluate({ ...with_!.parameters }, {}, { seed: 1 });
  const squares = ["encoder.U", "encoder.W", "V"]
    .flatMap((name) => [...(matrices[name]!.data as Float64Array)])
    .reduce((a, w) => a + w * w, 0);
  expect(loss(with_)).toBeCloseTo(loss(without) + 0.25 * squares, 13);
});

describe("what makes no sense is told", () => {
  const cases: Readonly<Record<string, readonly [() => unknown, string]>> = {
    "no record": [() => oneToMany(3 as Untyped).build({ time, batch }).loss, "oneToMany: the options must be a record, found 3"],
    "nothing to read": [
      () => encoderDecoder({ words: 6, hidden: 3, end: 1 } as Untyped).build({ time, batch }).loss,
      "encoderDecoder, reads: the options must be a record, found undefined",
    ],
    "tied to nothing": [
      () => manyToMany({ words: 6, hidden: 4, tied: true }).build({ time, batch }).loss,
      "manyToMany: tied, but there are no word vectors",
    ],
    "a step both ways": [
      () => manyToMany({ words: 6, hidden: 4, bidirectional: true }).step(two).predictions,
      "manyToMany: what reads both ways needs the whole sequence: it has no single step",
    ],
    "tied, of another size": [
      () => manyToMany({ words: 6, vector: 3, hidden: 4, tied: true }).build({ time, batch }).loss,
      "rename: vector=3 cannot become hidden=4: sizes differ",
    ],
  };
  test.each(Object.entries(cases))("%s", (_, [make, message]) => {
    expect(messages(told(make()))).toEqual([message]);
  });
});

test("the main example's net is a many to one of its own kind: the same equations", () => {
  const simple = sentenceRnn({ words: 6, vector: 3, hidden: 4, labels: 3 });
  const general = manyToOne({ words: 6, vector: 3, hidden: 4, labels: 3 });
  const feeds: Feeds = { ids, lengths };
  const said = (m: typeof simple | typeof general) => evaluate(m.build({ time, batch }).predictions, feeds, { seed: 1 }).data;
  expect(said(general)).toEqual(said(simple));
});

describe("what is told has the dims that its types say", () => {
  const dims = { time, batch, source: dim("source", 5) };
  const words = { words: 6, vector: 4, hidden: 4 };
  const [one, many] = [manyToOne(words).build(dims), manyToMany(words)];
  const [numbers, pair] = [
    manyToOne({ features: 3, hidden: 4, targets: 2 }).build(dims),
    encoderDecoder({ ...words, reads: words, end: 1 }).build(dims),
  ];
  const caption = oneToMany({ ...words, features: 3, end: 0 }).build(dims);
  const tied = manyToMany({ ...words, tied: true }).build(dims);
  const all: Readonly<Record<string, readonly [Tensor, string]>> = {
    "many to one, scores": [one.scores, "batch label"],
    "its predictions": [one.predictions, "batch label"],
    "its opinions": [one.opinions, "time batch label"],
    "of numbers": [numbers.scores, "batch target"],
    "of numbers, opinions": [numbers.opinions, "time batch target"],
    "many to many, scores": [many.build(dims).scores, "time batch label"],
    "its probabilities": [many.build(dims).probabilities, "time batch label"],
    "its predictions, by text": [many.build(dims).predictions, "batch time label"],
    "of one step": [many.step(batch).predictions, "batch label"],
    "of numbers at every step": [manyToMany({ features: 3, hidden: 4, targets: 2 }).build(dims).scores, "time batch target"],
    "tied, scores": [tied.scores, "time batch word"],
    "one to many, scores": [caption.scores, "time batch word"],
    "what is written": [caption.predictions, "batch time"],
    "encoder and decoder, scores": [pair.scores, "time batch word"],
    "its attention": [pair.attention!, "time batch source"],
  };

  test.each(Object.entries(all))("%s", (_, [told, names]) => {
    expect(told.shape.map((d) => d.name).join(" ")).toBe(names);
  });
});

test("an encoder and a decoder may know different words, with vectors of different sizes", () => {
  const model = encoderDecoder({ reads: { words: 7, vector: 2 }, words: 5, vector: 3, hidden: 3, cell: gru, end: 1 });
  const { loss } = model.build({ time: dim("time", 3), source: dim("source", 2), batch: dim("batch", 1) });
  const feeds = { ids: [[6], [2]], lengths: [2], words: [[4], [3], [1]], wordLengths: [3] };
  expect(checkGradients(loss, { feeds, seed: 2 }).verdict).toBe("pass");
});
