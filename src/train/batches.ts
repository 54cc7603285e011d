// Sentences have their own lengths, a batch has one: shorter sentences are padded, and their lengths go along, from which the graph makes its
// mask. The order is drawn anew in every epoch from (seed, epoch), so a run that is resumed meets the same batches.

import { ClewError, type Diagnostic } from "../graph/diagnostics.ts";
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

const isCount = (n: number): boolean => Number.isInteger(n) && n >= 1;

function mistakes({ size, buckets = [] }: BatchOptions): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const bad = (message: string, hint: string): void => {
    found.push({ code: "BadArgument", severity: "error", op: "batches", message, hint });
  };
  if (!isCount(size)) bad(`size is ${size}`, "a batch holds 1 sentence or more: a whole number");
  if (!buckets.every((bound, i) => isCount(bound) && bound > (buckets[i - 1] ?? 0)))
    bad(`buckets are [${buckets.join(", ")}]`, "the bounds are whole numbers ≥ 1 that ascend, such as [8, 16, 32]");
  return found;
}

/**
 * The batches of one epoch: every sentence in exactly one of them.
 *
 * Each has `ids [time, batch]`, `lengths [batch]` and `labels [batch]`, to be fed as they are. `time` is at least 1, also for
 * sentences without a token.
 *
 * @throws ClewError `BadArgument` for a size or bounds that make no sense
 *
 * @example
 * import { batches, vocabulary } from "clew";
 * const texts = ["good", "not good", "not bad at all"];
 * const v = vocabulary(texts);
 * const sentences = texts.map((text, i) => ({ ids: v.encode(text), label: [1, 0, 1][i]! }));
 *
 * const [first, last] = batches(sentences, { size: 2 });
 * first!.lengths; // [1, 2]
 * first!.time; // 2
 * last!.batch; // 1
 *
 * const shuffled = batches(sentences, { size: 2, seed: 1, epoch: 7 }); // the same for the same seed and epoch
 */
export function batches(sentences: readonly LabelledSentence[], options: BatchOptions): readonly Batch[] {
  const found = mistakes(options);
  if (found.length > 0) throw new ClewError(found);

  const { size, seed, epoch = 0, buckets } = options;
  const shuffle = (n: number, what: string): ArrayLike<number> =>
    seed === undefined ? Array.from({ length: n }, (_, i) => i) : permutation(randomKey(seed, what, epoch), n);
  const longest = (indices: readonly number[]): number => indices.reduce((most, i) => Math.max(most, sentences[i]!.ids.length), 1);

  const bounds = buckets ?? [];
  const held: number[][] = Array.from({ length: bounds.length + 1 }, () => []);
  for (const i of Array.from(shuffle(sentences.length, "sentences"))) held[bucketOf(sentences[i]!.ids.length, bounds)]!.push(i);

  const made = held.flatMap((indices, b) => {
    const common = bounds[b] ?? (buckets === undefined ? undefined : longest(indices));
    const cuts = Array.from({ length: Math.ceil(indices.length / size) }, (_, k) => indices.slice(k * size, (k + 1) * size));
    return cuts.map((cut) => padded(sentences, cut, common ?? longest(cut)));
  });
  // Not bucket after bucket: an epoch that ends with its longest sentences would pull the weights their way.
  return bounds.length === 0 ? made : Array.from(shuffle(made.length, "batches"), (i) => made[i]!);
}
