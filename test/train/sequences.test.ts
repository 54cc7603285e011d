// Sources of sequences, and what a vocabulary and word vectors give them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BatchFeeds,
  characters,
  embeddingOf,
  loadWordVectors,
  paddingId,
  type Sequence,
  save,
  sentenceRnn,
  sentences,
  sequences,
  sgd,
  stream,
  tagged,
  fit as train,
  unknownId,
  vocabulary,
  vocabularyFrom,
  words,
  wordVectors,
} from "clew";
import * as fp from "clew/fp";
import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript may call it
const anything = (value: unknown): any => value;
const told = (result: E.Either<readonly fp.Diagnostic[], unknown>): readonly string[] =>
  E.isLeft(result) ? result.left.map((d) => `${d.code} ${d.op}: ${d.message}`) : [];
const field = ({ feeds }: BatchFeeds, name: string): ArrayLike<number> => feeds[name] as Float64Array;

describe("sequences", () => {
  const one = fc.nat(5).chain((length) =>
    fc.record({
      ids: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: length, maxLength: length }),
      x: fc.array(fc.tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true })), { minLength: length, maxLength: length }),
      label: fc.nat(3),
      about: fc.tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true }), fc.double({ noNaN: true })),
    }),
  );

  test("each stands in its column once an epoch, entry by entry, zeros behind it", () => {
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        fc.nat(),
        fc.nat(9),
        (all, size, inBuckets, seed, epoch) => {
          const of = all.map(({ ids, x, label, about }, i): Sequence => ({ steps: { ids, x }, once: { label, about, number: i } }));
          const batches = sequences(of, { size, ...(inBuckets ? { buckets: [2, 4] } : {}) })(epoch, seed);
          const seen: number[] = [];
          const steps = all.some((s) => s.ids.length > 0);
          for (const batch of batches) {
            expect(batch.batch).toBeLessThanOrEqual(size);
            for (let b = 0; b < batch.batch; b++) {
              const i = field(batch, "number")[b]!;
              const { ids, x, label, about } = all[i]!;
              seen.push(i);
              expect([field(batch, "lengths")[b], field(batch, "label")[b]]).toEqual([ids.length, label]);
              expect([0, 1, 2].map((k) => field(batch, "about")[b * 3 + k])).toEqual([...about]);
              for (let t = 0; steps && t < batch.time; t++) {
                expect(field(batch, "ids")[t * batch.batch + b]).toBe(ids[t] ?? 0);
                expect([0, 1].map((k) => field(batch, "x")[(t * batch.batch + b) * 2 + k])).toEqual([...(x[t] ?? [0, 0])]);
              }
            }
          }
          expect(seen.sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
        },
      ),
    );
  });

  test("are in the order of sentences: the same seed, the same batches", () => {
    const of = Array.from({ length: 20 }, (_, i) => ({ ids: Array.from({ length: 1 + (i % 6) }, () => i), label: i % 2 }));
    const as = sequences(
      of.map(({ ids, label }) => ({ steps: { ids }, once: { labels: label } })),
      { size: 3, buckets: [3] },
    );
    expect(as(4, 7)).toEqual(
      sentences(of, { size: 3, buckets: [3] })(4, 7).map(({ feeds: { ids, lengths, labels }, ...sizes }) => ({
        ...sizes,
        feeds: { lengths, ids, labels },
      })),
    );
  });

  test.each<readonly [unknown, unknown, readonly string[]]>([
    [null, { size: 1 }, ["the sequences must be an array, found null"]],
    [[], null, ["the options must be a record, found null"]],
    [[], { size: 0, buckets: [2, 1] }, ["size is 0", "buckets are [2, 1]"]],
    [[{ steps: { x: [1] } }, 1], { size: 1 }, ["sequence 1 is 1, expected { steps }"]],
    [[{ steps: { x: "abc" } }], { size: 1 }, ['sequence 0 has "abc" as "x", expected one entry for each step']],
    [[{ steps: { x: [1, 2], y: [1] } }], { size: 1 }, ['sequence 0 has 1 entries of "y", where it has 2 steps']],
    [[{ steps: { x: [1, "2"] } }], { size: 1 }, ['sequence 0 has "2" in "x", where a number or a row of numbers is expected']],
    [[{ steps: { x: [[1], [1, 2]] } }], { size: 1 }, ['sequence 0 has a row of 1 and a row of 2 in "x"']],
    [[{ steps: { x: [1, [1]] } }], { size: 1 }, ['sequence 0 has a number and a row of 1 in "x"']],
    [[{ steps: { x: [[1]] } }, { steps: { x: [1] } }], { size: 1 }, ['"x" of sequence 1 has a number, where the first one has a row of 1']],
    [[{ steps: { x: [1] } }, { steps: { y: [1] } }], { size: 1 }, ["sequence 1 has steps.y, where the first one has steps.x"]],
    [[{ steps: { x: [1] }, once: { lengths: 1 } }], { size: 1 }, ['sequence 0 has "lengths", by which its own length is told']],
  ])("%o %o make no sense", (of, options, messages) => {
    expect(told(fp.sequences(anything(of), anything(options)))).toEqual(messages.map((m) => `BadArgument sequences: ${m}`));
  });
});

describe("labels at every step", () => {
  test("stand beside the ids", () => {
    const [batch] = tagged(
      [
        { ids: [4, 5], labels: [1, 2] },
        { ids: [6], labels: [3] },
      ],
      { size: 2, buckets: [3] },
    )(0, 1);
    expect(batch!.time).toBe(3);
    const order = field(batch!, "lengths")[0] === 2 ? [0, 1] : [1, 0];
    const column = (name: string, b: number) => [0, 1, 2].map((t) => field(batch!, name)[t * 2 + order[b]!]);
    expect([column("ids", 0), column("labels", 0), column("ids", 1), column("labels", 1)]).toEqual([
      [4, 5, 0],
      [1, 2, 0],
      [6, 0, 0],
      [3, 0, 0],
    ]);
    expect(told(fp.tagged(anything([{ ids: [1] }]), { size: 1 }))).toEqual([
      'BadArgument tagged: sequence 0 has undefined as "labels", expected one entry for each step',
    ]);
  });

  test("of a stream are what comes next: every id but the first is said once", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(5),
        (length, time, size, epoch) => {
          const ids = Int32Array.from({ length }, (_, i) => 100 + i);
          const said: number[] = [];
          for (const batch of stream(ids, { time, size })(epoch, 3)) {
            for (let b = 0; b < batch.batch; b++) {
              for (let t = 0; t < field(batch, "lengths")[b]!; t++) {
                const at = t * batch.batch + b;
                expect(field(batch, "labels")[at]).toBe(field(batch, "ids")[at]! + 1);
                said.push(field(batch, "labels")[at]!);
              }
            }
          }
          expect(said.sort((a, b) => a - b)).toEqual([...ids].slice(1));
        },
      ),
    );
    expect(told(fp.stream([1], { time: 0, size: 1 }))).toEqual([
      "BadArgument stream: time is 0",
      "BadArgument stream: of 1 ids none has one that follows",
    ]);
    expect(told(fp.stream(anything(null), { time: 1, size: 1 }))).toEqual(["BadArgument stream: the ids are null"]);
  });
});

describe("a vocabulary", () => {
  test("has symbols of its own, which no text is cut into by chance", () => {
    const v = vocabulary(["<end> a b a"], { tokenise: (text) => text.split(" "), symbols: ["<start>", "<end>"] });
    expect(v.tokens).toEqual(["<padding>", "<unknown>", "<start>", "<end>", "a", "b"]);
    expect([v.id("<start>"), v.id("<end>"), v.id("a"), v.id("c"), v.id("<padding>")]).toEqual([2, 3, 4, unknownId, unknownId]);
    expect(v.decode([2, 4, 5, 3, paddingId])).toEqual(["<start>", "a", "b", "<end>"]);
  });

  test("is the same again when its tokens were kept", () => {
    const texts = ["a good movie", "it isn't good"];
    for (const tokenise of [words, characters]) {
      const v = vocabulary(texts, { tokenise, symbols: ["<end>"] });
      const again = vocabularyFrom(JSON.parse(JSON.stringify(v.tokens)), { tokenise });
      expect(again.tokens).toEqual(v.tokens);
      for (const text of [...texts, "a new one"]) expect(again.encode(text)).toEqual(v.encode(text));
    }
  });

  test.each<readonly [() => E.Either<readonly fp.Diagnostic[], unknown>, string]>([
    [() => fp.vocabulary([], { symbols: anything("<end>") }), 'BadArgument vocabulary: symbols are "<end>", expected different strings'],
    [() => fp.vocabulary([], { symbols: ["a", "a"] }), "BadArgument vocabulary: symbols are an array, expected different strings"],
    [() => fp.vocabularyFrom(anything(null)), "BadArgument vocabularyFrom: the tokens are null, expected different strings"],
    [() => fp.vocabularyFrom(["a", "b"]), 'BadArgument vocabularyFrom: the tokens begin with "a", "b"'],
    [
      () => fp.vocabularyFrom(["<padding>", "<unknown>"], { tokenise: anything("words") }),
      'BadArgument vocabularyFrom: tokenise is "words"',
    ],
    [
      () => fp.vocabularyFrom(["<padding>", "<unknown>"], anything(null)),
      "BadArgument vocabularyFrom: the options must be a record, found null",
    ],
  ])("%s is told", (run, message) => {
    expect(told(run())).toEqual([message]);
  });
});

describe("word vectors", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "clew-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const text = "good 0.5 1\nbad -0.5 1e-1\n. . . 3 4\nl'été 5 6";
  const expected = new Map([
    ["good", Float64Array.of(0.5, 1)],
    ["bad", Float64Array.of(-0.5, 0.1)],
    [". . .", Float64Array.of(3, 4)],
    ["l'été", Float64Array.of(5, 6)],
  ]);

  test("of a text: GloVe's, word2vec's with its first line, with either kind of line end", () => {
    expect(wordVectors(text)).toEqual({ width: 2, vectors: expected });
    expect(wordVectors(`4 2\n${text}\n`)).toEqual({ width: 2, vectors: expected });
    expect(wordVectors(text.replaceAll("\n", "\r\n")).vectors).toEqual(expected);
    expect([...wordVectors(text, { only: vocabulary(["bad"]) }).vectors.keys()]).toEqual(["bad"]);
  });

  test("of a file, whose parts may end within a line and within a letter", async () => {
    const path = join(folder, "vectors.txt");
    const many = Array.from({ length: 60_000 }, (_, i) => `été${i} ${i} ${-i}.25`).join("\n");
    writeFileSync(path, many);
    const { vectors } = await loadWordVectors(path);
    expect(vectors.size).toBe(60_000);
    for (const i of [0, 29_999, 59_999]) expect(vectors.get(`été${i}`)).toEqual(Float64Array.of(i, Number(`${-i}.25`)));
    expect((await loadWordVectors(path, { only: vocabulary(["été7"]) })).vectors).toEqual(new Map([["été7", Float64Array.of(7, -7.25)]]));
  });

  test("of a safetensors file, with words of its own or given", async () => {
    const path = join(folder, "vectors.safetensors");
    const E = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    await save(path, { E, b: { shape: [1], data: Float32Array.of(0) } }, { metadata: { words: '["a","b"]' } });
    const vectors = new Map([
      ["a", Float64Array.of(1, 2, 3)],
      ["b", Float64Array.of(4, 5, 6)],
    ]);
    expect(await loadWordVectors(path)).toEqual({ width: 3, vectors });
    expect((await loadWordVectors(path, { tensor: "E", words: ["x", "b"], only: vocabulary(["b"]) })).vectors).toEqual(
      new Map([["b", vectors.get("b")]]),
    );
    const wrong = async (options: Parameters<typeof loadWordVectors>[1]) => told(await fp.loadWordVectors(path, options)());
    expect(await wrong({ words: ["a"] })).toEqual([`BadFile loadWordVectors: "${path}": 1 words for the 2 rows of "E"`]);
    expect(await wrong({ tensor: "b" })).toEqual([
      `BadFile loadWordVectors: "${path}": there is no tensor "b" of two dims; it has "E", "b"`,
    ]);
    await save(path, { E, F: E });
    expect(await wrong({})).toEqual([`BadFile loadWordVectors: "${path}": which tensor is meant? it has "E", "F"`]);
    expect(await wrong({ tensor: "E" })).toEqual([
      `BadFile loadWordVectors: "${path}": its metadata have no "words": give them as the option words`,
    ]);
  });

  test.each<readonly [string, string]>([
    ["", "there are no words in it"],
    ["good 1 2\nbad 1", "line 2 has 1 numbers, where the first word has 2"],
    ["good 1 2\nbad 1 x", 'line 2: "x" is no number'],
    ["good 1  2\nbad 1 2 3", 'line 1: "" is no number'],
    ["good", "line 1 has a word, and no numbers"],
  ])("%o is told by its line", async (given, message) => {
    expect(told(fp.wordVectors(given))).toEqual([`BadFile wordVectors: the text: ${message}`]);
    const path = join(folder, "wrong.txt");
    writeFileSync(path, given);
    expect(told(await fp.loadWordVectors(path)())).toEqual([`BadFile loadWordVectors: "${path}": ${message}`]);
  });

  test("arguments that make no sense are told", async () => {
    expect(told(fp.wordVectors(anything(1), anything(null)))).toEqual([
      "BadArgument wordVectors: the text is 1",
      "BadArgument wordVectors: the options must be a record, found null",
    ]);
    expect(told(await fp.loadWordVectors(anything(1), { only: anything(3) })())).toEqual([
      "BadArgument loadWordVectors: the path is 1",
      "BadArgument loadWordVectors: only is 3, expected a vocabulary",
    ]);
    expect(told(await fp.loadWordVectors(join(folder, "none"))())).toHaveLength(1);
    expect(told(fp.embeddingOf(wordVectors(text), vocabulary([]), -1))).toEqual(["BadArgument embeddingOf: seed is -1"]);
  });

  test("make the table of an embedding: known words theirs, others drawn by seed and word, the padding 0", async () => {
    const v = vocabulary(["good bad good strange odd"]);
    const rows = (of: typeof v, seed?: number) => {
      const { shape, data } = embeddingOf(wordVectors(text), of, seed);
      expect(shape).toEqual([of.size, 2]);
      return (token: string) => [...data.subarray(of.tokens.indexOf(token) * 2, of.tokens.indexOf(token) * 2 + 2)];
    };
    const row = rows(v);
    expect([row("<padding>"), row("good"), row("bad")]).toEqual([
      [0, 0],
      [0.5, 1],
      [-0.5, 0.1],
    ]);
    expect(row("odd")).not.toEqual(row("strange"));
    expect(rows(v, 1)("odd")).not.toEqual(row("odd"));
    expect(rows(vocabulary(["odd good good bad"]))("odd")).toEqual(row("odd"));

    const model = sentenceRnn({ words: v.size, vector: 2, hidden: 3 });
    const E = embeddingOf(wordVectors(text), v);
    for await (const event of train(model, sentences([{ ids: v.encode("good"), label: 1 }], { size: 1 }), {
      optimiser: sgd(0),
      epochs: 1,
      from: { E },
    }))
      if (event.kind === "epoch") expect(event.parameters().E!.data).toEqual(E.data);
  });
});
