// Sentences have their own lengths, a batch has one: shorter sentences are padded, and their lengths go along, from which the graph makes its
// mask. The order is drawn anew in every epoch from (seed, epoch), so a run that is resumed meets the same batches.

import * as E from "fp-ts/lib/Either.js";
import type { Checked, Diagnostic } from "../graph/diagnostics.ts";
import { badArgument, isRecord, shown, wrongCount, wrongSeed } from "../graph/options.ts";
import { permutation, randomKey } from "../graph/random.ts";
import { paddingId } from "./vocabulary.ts";

/** One encoded sentence and the class that it belongs to. */
export interface LabelledSentence {
  /** `[time]`, a length of its own. */
  readonly ids: ArrayLike<number>;
  readonly label: number;
}

/** Sentences side by side, row-major and time first: the ids of step t are `ids.subarray(t * batch, (t + 1) * batch)`. */
export interface Batch {
  /** Size of the dim `time`: the number of steps that the sentences are padded to. */
  readonly time: number;
  /** Size of the dim `batch`. */
  readonly batch: number;
  /** `[time, batch]`, `paddingId` from a sentence's end on. */
  readonly ids: Int32Array;
  /** `[batch]` */
  readonly lengths: Int32Array;
  /** `[batch]` */
  readonly labels: Int32Array;
  /** `[batch]`: which of the given sentences each one is. */
  readonly indices: Int32Array;
}

export interface BatchOptions {
  /** Sentences in a batch, at most; the last batch (of each bucket) has what is left. */
  readonly size: number;
  /** With a seed the sentences are shuffled, without one they keep their order. */
  readonly seed?: number;
  /** Counted from 0; every epoch has another order. */
  readonly epoch?: number;
  /**
   * Upper bounds of length, as `[8, 16, 32]`: a batch holds sentences of one bucket only and is padded to its bound, so that little is wasted and few
   * sizes of `time` occur (each is a program to compile). Sentences longer than the last bound share a bucket, padded to the longest of them.
   * Without buckets a batch is padded to its own longest sentence.
   */
  readonly buckets?: readonly number[];
}

/** Which bucket holds a length: the first whose bound is not below it, the one after the last when none is. */
function bucketOf(length: number, bounds: readonly number[]): number {
  const found = bounds.findIndex((bound) => length <= bound);
  return found < 0 ? bounds.length : found;
}

function padded(sentences: readonly LabelledSentence[], indices: readonly number[], time: number): Batch {
  const batch = indices.length;
  const ids = new Int32Array(time * batch).fill(paddingId);
  const lengths = new Int32Array(batch);
  const labels = new Int32Array(batch);
  indices.forEach((index, b) => {
    const sentence = sentences[index]!;
    for (let t = 0; t < sentence.ids.length; t++) ids[t * batch + b] = sentence.ids[t]!;
    lengths[b] = sentence.ids.length;
    labels[b] = sentence.label;
  });
  return { time, batch, ids, lengths, labels, indices: Int32Array.from(indices) };
}

/** What is wrong with the options, and with the sentences: all of the options, the first of the sentences. */
export function mistakes(op: string, sentences: unknown, options: unknown): readonly Diagnostic[] {
  return isRecord(options) ? [...wrongBatching(op, options), ...wrongSentences(op, sentences)] : wrongBatching(op, options);
}

/** What is wrong with the options. */
export function wrongBatching(op: string, options: unknown): readonly Diagnostic[] {
  if (!isRecord(options)) return [badArgument(op, `the options must be a record, found ${shown(options)}`, "{ size: 32 }")];
  const { size, seed, epoch = 0, buckets = [] } = options;
  const bounds: readonly unknown[] | undefined = Array.isArray(buckets) ? buckets : undefined;
  const ascend = bounds?.every((b, i) => Number.isSafeInteger(b) && (b as number) > ((bounds[i - 1] as number | undefined) ?? 0));
  return [
    ...wrongCount(op, "size", size, 1),
    ...wrongSeed(op, seed),
    ...wrongCount(op, "epoch", epoch, 0),
    ...(ascend === true
      ? []
      : [
          badArgument(
            op,
            `buckets are ${bounds === undefined ? shown(buckets) : `[${bounds.map(shown).join(", ")}]`}`,
            "the bounds are whole numbers ≥ 1 that ascend, such as [8, 16, 32]",
          ),
        ]),
  ];
}

function wrongSentences(op: string, sentences: unknown): readonly Diagnostic[] {
  if (!Array.isArray(sentences))
    return [badArgument(op, `the sentences must be an array, found ${shown(sentences)}`, "[{ ids: v.encode(text), label: 1 }, …]")];
  for (const [i, sentence] of sentences.entries()) {
    const { ids, label } = (sentence ?? {}) as { readonly ids?: unknown; readonly label?: unknown };
    const odd = oddId(ids);
    if (odd !== undefined) return [badArgument(op, `sentences[${i}].ids${odd}`, "ids are whole numbers (32 bits): v.encode(text)")];
    if (!isInt32(label))
      return [badArgument(op, `sentences[${i}].label is ${shown(label)}`, "a label is a whole number (32 bits): 0, 1, …")];
  }
  return [];
}

/** What of an encoded sentence is none, `[2] is 1.5`; undefined for one that is. */
export function oddId(ids: unknown): string | undefined {
  if (!Array.isArray(ids) && !(ArrayBuffer.isView(ids) && "length" in ids)) return ` is ${shown(ids)}`;
  const list = ids as ArrayLike<unknown>;
  for (let t = 0; t < list.length; t++) if (!isInt32(list[t])) return `[${t}] is ${shown(list[t])}`;
  return undefined;
}

const isInt32 = (n: unknown): boolean => typeof n === "number" && (n | 0) === n;

/**
 * The batches of one epoch: every sentence in exactly one of them.
 *
 * Each has `ids [time, batch]`, `lengths [batch]` and `labels [batch]`, to be fed as they are. `time` is at least 1, also for
 * sentences without a token.
 *
 * @returns the batches, or what is wrong with options and sentences
 */
export function batches(sentences: readonly LabelledSentence[], options: BatchOptions): Checked<readonly Batch[]> {
  const found = mistakes("batches", sentences, options);
  return found.length > 0 ? E.left(found) : E.right(batched(sentences, options));
}

/** The same of what is known to be right. */
export function batched(sentences: readonly LabelledSentence[], options: BatchOptions): readonly Batch[] {
  const groups = grouped(
    sentences.map(({ ids }) => ids.length),
    options,
  );
  return groups.map(({ indices, time }) => padded(sentences, indices, time));
}

/** Which sequences go into a batch together, and how many steps it has. */
export interface Group {
  readonly indices: readonly number[];
  readonly time: number;
}

/** The batches of an epoch, of sequences of these lengths: shuffled by the seed, cut into sizes, bucket by bucket. */
export function grouped(lengths: readonly number[], options: BatchOptions): readonly Group[] {
  const { size, seed, epoch = 0, buckets } = options;
  const shuffle = (n: number, what: string): ArrayLike<number> =>
    seed === undefined ? Array.from({ length: n }, (_, i) => i) : permutation(randomKey(seed, what, epoch), n);
  const longest = (indices: readonly number[]): number => indices.reduce((most, i) => Math.max(most, lengths[i]!), 1);

  const bounds = buckets ?? [];
  const held: number[][] = Array.from({ length: bounds.length + 1 }, () => []);
  for (const i of Array.from(shuffle(lengths.length, "sentences"))) held[bucketOf(lengths[i]!, bounds)]!.push(i);

  const made = held.flatMap((indices, b) => {
    const common = bounds[b] ?? (buckets === undefined ? undefined : longest(indices));
    const cuts = Array.from({ length: Math.ceil(indices.length / size) }, (_, k) => indices.slice(k * size, (k + 1) * size));
    return cuts.map((cut): Group => ({ indices: cut, time: common ?? longest(cut) }));
  });
  // Not bucket after bucket: an epoch that ends with its longest sentences would pull the weights their way.
  return bounds.length === 0 ? made : Array.from(shuffle(made.length, "batches"), (i) => made[i]!);
}
