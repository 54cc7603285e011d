import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClewError } from "../../src/graph/diagnostics.ts";
import { type Batch, type BatchOptions, batches, type LabelledSentence } from "../../src/train/batches.ts";
import { paddingId } from "../../src/train/vocabulary.ts";

const sentence: fc.Arbitrary<LabelledSentence> = fc.record({
  ids: fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 12 }),
  label: fc.integer({ min: 0, max: 3 }),
});
const sentences = fc.array(sentence, { maxLength: 40 });
const bounds = fc.uniqueArray(fc.integer({ min: 1, max: 10 }), { maxLength: 4 }).map((b) => b.sort((x, y) => x - y));
const options: fc.Arbitrary<BatchOptions> = fc.record(
  { size: fc.integer({ min: 1, max: 9 }), seed: fc.integer(), epoch: fc.nat(), buckets: bounds },
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

test("sizes and bounds that make no sense are diagnostics, all at once", () => {
  for (const bad of [{ size: 0 }, { size: 1.5 }, { size: Number.NaN }, { size: 1, buckets: [4, 2] }, { size: 1, buckets: [0] }])
    expect(() => batches(growing, bad)).toThrow(ClewError);
  try {
    batches(growing, { size: 0, buckets: [3, 3] });
    expect.unreachable();
  } catch (error) {
    expect((error as ClewError).diagnostics.map((d) => [d.code, d.message])).toEqual([
      ["BadArgument", "size is 0"],
      ["BadArgument", "buckets are [3, 3]"],
    ]);
  }
});
