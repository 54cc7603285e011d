import { type Batch, type BatchOptions, batches, ClewError, type LabelledSentence, paddingId } from "clew";
import * as fp from "clew/fp";
import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";

const sentence: fc.Arbitrary<LabelledSentence> = fc.record({
  ids: fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 12 }),
  label: fc.integer({ min: 0, max: 3 }),
});
const sentences = fc.array(sentence, { maxLength: 40 });
const bounds = fc.uniqueArray(fc.integer({ min: 1, max: 10 }), { maxLength: 4 }).map((b) => b.sort((x, y) => x - y));
const options: fc.Arbitrary<BatchOptions> = fc.record(
  { size: fc.integer({ min: 1, max: 9 }), seed: fc.maxSafeNat(), epoch: fc.nat(), buckets: bounds },
  { requiredKeys: ["size"] },
);

const indices = (made: readonly Batch[]): readonly number[] => made.flatMap((one) => [...one.indices]);

/** The sentence in column b, read back from `ids [time, batch]`. */
const column = (one: Batch, b: number): readonly number[] => Array.from({ length: one.time }, (_, t) => one.ids[t * one.batch + b]!);

// 0, 1, 2 … tokens
const growing = Array.from({ length: 10 }, (_, n): LabelledSentence => ({ ids: Array.from({ length: n }, () => n), label: n % 2 }));

describe("for any sentences and options", () => {
  test("every sentence occurs exactly once in an epoch", () => {
    fc.assert(
      fc.property(sentences, options, (given, how) => {
        expect([...indices(batches(given, how))].sort((a, b) => a - b)).toEqual(given.map((_, i) => i));
      }),
    );
  });

  test("each stands in its column with its length and label, padding after it", () => {
    fc.assert(
      fc.property(sentences, options, (given, how) => {
        for (const one of batches(given, how)) {
          expect([one.ids.length, one.lengths.length, one.labels.length]).toEqual([one.time * one.batch, one.batch, one.batch]);
          one.indices.forEach((index, b) => {
            const { ids, label } = given[index]!;
            const padding = Array.from({ length: one.time - ids.length }, () => paddingId);
            expect(column(one, b)).toEqual([...Array.from(ids), ...padding]);
            expect([one.lengths[b], one.labels[b]]).toEqual([ids.length, label]);
          });
        }
      }),
    );
  });

  test("no batch is larger than size, and no more are smaller than there are buckets", () => {
    fc.assert(
      fc.property(sentences, options, (given, how) => {
        const sizes = batches(given, how).map((one) => one.batch);
        expect(sizes.every((size) => size >= 1 && size <= how.size)).toBe(true);
        expect(sizes.filter((size) => size < how.size).length).toBeLessThanOrEqual((how.buckets?.length ?? 0) + 1);
      }),
    );
  });

  test("the same seed and epoch give the same batches", () => {
    fc.assert(
      fc.property(sentences, options, (given, how) => {
        expect(batches(given, how)).toEqual(batches(given, how));
      }),
    );
  });
});

describe("order", () => {
  test("without a seed, as given", () => {
    expect(batches(growing, { size: 4 }).map((one) => [...one.indices])).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
  });

  test("another one for another seed, and in every epoch", () => {
    const order = (seed: number, epoch?: number): string =>
      indices(batches(growing, { size: 4, seed, ...(epoch === undefined ? {} : { epoch }) })).join();
    const epochs = Array.from({ length: 20 }, (_, epoch) => order(1, epoch));
    expect(new Set(epochs).size).toBe(20);
    expect(epochs).not.toContain(order(2, 0));
    expect(order(1)).toBe(epochs[0]);
  });

  test("buckets do not follow one another by length", () => {
    const many = Array.from({ length: 200 }, (_, i): LabelledSentence => ({ ids: Array.from({ length: 1 + (i % 9) }, () => 1), label: 0 }));
    const times = batches(many, { size: 4, seed: 1, buckets: [3, 6] }).map((one) => one.time);
    expect(times).not.toEqual([...times].sort((a, b) => a - b));
  });
});

describe("time", () => {
  test("without buckets, the longest of the batch, at least 1", () => {
    expect(batches(growing, { size: 4 }).map((one) => one.time)).toEqual([3, 7, 9]);
    expect(batches([growing[0]!], { size: 4 })[0]).toMatchObject({
      time: 1,
      batch: 1,
      ids: Int32Array.of(paddingId),
      lengths: Int32Array.of(0),
    });
  });

  test("with buckets, the bound; beyond the last, the longest of all", () => {
    const made = batches(growing, { size: 2, buckets: [2, 5] });
    expect(made.map((one) => [one.time, ...one.lengths])).toEqual([
      [2, 0, 1],
      [2, 2],
      [5, 3, 4],
      [5, 5],
      [9, 6, 7],
      [9, 8, 9],
    ]);
    const times = Array.from({ length: 5 }, (_, epoch) =>
      batches(growing, { size: 2, seed: 1, epoch, buckets: [2, 5] }).map((one) => one.time),
    );
    expect(new Set(times.flat())).toEqual(new Set([2, 5, 9]));
  });

  test("no sentences, no batches", () => {
    expect(batches([], { size: 4, seed: 1 })).toEqual([]);
  });
});

describe("what makes no sense", () => {
  const told = (result: E.Either<readonly fp.Diagnostic[], unknown>): readonly string[] =>
    E.isLeft(result) ? result.left.map((d) => `${d.code} ${d.op}: ${d.message}`) : [];
  // biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript may call it
  const anything = (value: unknown): any => value;

  test.each<readonly [unknown, string]>([
    [{ size: 0 }, "size is 0"],
    [{ size: -1 }, "size is -1"],
    [{ size: 1.5 }, "size is 1.5"],
    [{ size: Number.NaN }, "size is NaN"],
    [{ size: Number.POSITIVE_INFINITY }, "size is Infinity"],
    [{}, "size is undefined"],
    [{ size: 1, buckets: [4, 2] }, "buckets are [4, 2]"],
    [{ size: 1, buckets: [0] }, "buckets are [0]"],
    [{ size: 1, buckets: ["4"] }, 'buckets are ["4"]'],
    [{ size: 1, buckets: 8 }, "buckets are 8"],
    [null, "the options must be a record, found null"],
    [undefined, "the options must be a record, found undefined"],
  ])("options %o", (options, message) => {
    expect(told(fp.batches(growing, anything(options)))).toEqual([`BadArgument batches: ${message}`]);
    expect(told(fp.sentences(growing, anything(options)))).toEqual([`BadArgument sentences: ${message}`]);
    expect(() => batches(growing, anything(options))).toThrow(ClewError);
  });

  test.each([Number.NaN, -1, 1.5, "a", null])("the seed %o, and the epoch", (value) => {
    const shown = JSON.stringify(value).replace(/^null$/, String(value));
    expect(told(fp.batches(growing, { size: 1, seed: anything(value) }))).toEqual([`BadArgument batches: seed is ${shown}`]);
    expect(told(fp.batches(growing, { size: 1, epoch: anything(value) }))).toEqual([`BadArgument batches: epoch is ${shown}`]);
  });

  test.each<readonly [unknown, string]>([
    [null, "the sentences must be an array, found null"],
    [[{ ids: [1], label: 0 }, null], "sentences[1].ids is undefined"],
    [[{ ids: "12", label: 0 }], 'sentences[0].ids is "12"'],
    [[{ ids: [1, 2.5], label: 0 }], "sentences[0].ids[1] is 2.5"],
    [[{ ids: [1, "2"], label: 0 }], 'sentences[0].ids[1] is "2"'],
    [[{ ids: [2 ** 31], label: 0 }], "sentences[0].ids[0] is 2147483648"],
    [[{ ids: [1] }], "sentences[0].label is undefined"],
    [[{ ids: [1], label: Number.NaN }], "sentences[0].label is NaN"],
  ])("sentences %o", (of, message) => {
    expect(told(fp.batches(anything(of), { size: 2 }))).toEqual([`BadArgument batches: ${message}`]);
    expect(told(fp.sentences(anything(of), { size: 2 }))).toEqual([`BadArgument sentences: ${message}`]);
  });

  test("is told all at once", () => {
    expect(told(fp.batches(growing, { size: 0, buckets: [3, 3] }))).toEqual([
      "BadArgument batches: size is 0",
      "BadArgument batches: buckets are [3, 3]",
    ]);
  });
});
