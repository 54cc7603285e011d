// Metrics: how good a model is, in numbers that people compare. A metric asks a batch's graph for a few tensors, such as how many labels are
// right and how many there are; these are summed over all batches, and the number is read off the sums. So it does not depend on how the data were
// cut into batches, and is computed where the loss is: by the engine, without dropout.
//
// What is not said otherwise is as in the ready models: labels are the input `labels`, and where they have a dim `time` and the model an input `lengths`,
// what lies beyond a sentence's length does not count.

import { type Dim, dim, type Shape, sizeOf } from "../graph/dim.ts";
import { ill, mistakeHere } from "../graph/make.ts";
import type { Node, Tensor } from "../graph/node.ts";
import { composite } from "../graph/source.ts";
import type { Built } from "../models/model.ts";
import { argmax } from "../ops/argmax.ts";
import { cast } from "../ops/cast.ts";
import { contract } from "../ops/contract.ts";
import { equal } from "../ops/equal.ts";
import { ones, scalar } from "../ops/full.ts";
import { mul } from "../ops/mul.ts";
import { oneHot } from "../ops/oneHot.ts";
import { reshape } from "../ops/reshape.ts";
import { sum } from "../ops/sum.ts";
import { lengthMask } from "../recurrence/mask.ts";

/** A number, or more, about a model on some data. Write your own as these are written. */
export interface Metric<R = number, B extends Built = Built> {
  /** The tensors to be summed over all batches, by a name of the metric's own. */
  readonly of: (built: B) => { readonly [name: string]: Tensor };
  /** The result, from the sums, in row-major order. */
  readonly read: (sums: { readonly [name: string]: Float64Array }) => R;
  /** Which of two results is better; "higher" when left out. */
  readonly better?: "higher" | "lower";
}

/** Metrics by name. */
export type Metrics = { readonly [name: string]: Metric<unknown> };

/** Their results, by the same names. */
export type MetricResults<M extends Metrics> = { readonly [K in keyof M]: M[K] extends Metric<infer R> ? R : never };

/** Where a metric looks, when it is not where the ready models have it. */
export interface MetricOptions<B extends Built = Built> {
  /** Scores or probabilities, [..., label]; `predictions` when left out. */
  readonly predictions?: (built: B) => Tensor;
  /** What is right, [...]; the input `labels` when left out. */
  readonly labels?: (built: B) => Tensor<Shape, "int">;
  /** What counts, of the labels' shape; all but padding when left out. */
  readonly mask?: (built: B) => Tensor<Shape, "bool">;
}

type Ids = Tensor<Shape, "int">;

function labelsOf(of: string, built: Built): Ids {
  const labels = built.inputs.labels;
  if (labels !== undefined) return labels as Ids;
  const hint = `metrics.${of}({ labels: (built) => built.inputs.tags })`;
  return ill(mistakeHere("BadArgument", of, 'the model has no input "labels"', [], hint), { dtype: "int" }) as Ids;
}

/** 1 where a label counts, 0 at padding. */
function countedOf(built: Built, labels: Ids, mask: Tensor<Shape, "bool"> | undefined): Tensor {
  if (mask !== undefined) return cast(mask, "float");
  const [time] = labels.shape;
  const { lengths } = built.inputs;
  if (time?.name !== "time" || lengths === undefined) return ones(labels.shape);
  return cast(lengthMask(lengths as Tensor<readonly [Dim], "int">, time) as Tensor<Shape, "bool">, "float");
}

interface Looked {
  readonly labels: Ids;
  readonly guess: Ids;
  readonly counted: Tensor;
  readonly kinds: number;
}

function looked<B extends Built>(of: string, built: B, { predictions, labels, mask }: MetricOptions<B>): Looked {
  const scores = predictions?.(built) ?? built.predictions;
  const right = labels?.(built) ?? labelsOf(of, built);
  return {
    labels: right,
    guess: argmax(scores as Tensor<readonly [...Shape, Dim]>, -1) as Node as Ids,
    counted: countedOf(built, right, mask?.(built)),
    kinds: scores.shape.at(-1)?.size ?? 0,
  };
}

/** Composed as one thing: its mistakes are the metric's, not those of what it is made of. */
const asked = <B>(
  name: string,
  of: (built: B) => { readonly [name: string]: Tensor },
): ((built: B) => { readonly [name: string]: Tensor }) => composite(name, of);

/**
 * The share of labels that have the highest score.
 *
 * @example
 * import { bagOfWords, metrics, score, sentences } from "clew";
 * const data = sentences([{ ids: [2], label: 1 }, { ids: [3], label: 0 }], { size: 2 });
 * score(bagOfWords({ words: 4 }), {}, data, { metrics: { accuracy: metrics.accuracy() } }).metrics.accuracy; // 0.5
 */
export function accuracy<B extends Built = Built>(options: MetricOptions<B> = {}): Metric<number, B> {
  return {
    of: asked("accuracy", (built: B) => {
      const { labels, guess, counted } = looked("accuracy", built, options);
      return { right: sum(mul(cast(equal(guess, labels), "float"), counted)), of: sum(counted) };
    }),
    read: ({ right, of }) => right![0]! / of![0]!,
  };
}

/** What a perplexity is the exponential of. */
export interface PerplexityOptions<B extends Built = Built> {
  /** The mean cross entropy over what counts; the model's `loss` when left out, which must be that and have no other part. */
  readonly loss?: (built: B) => Tensor<readonly []>;
  readonly labels?: MetricOptions<B>["labels"];
  readonly mask?: MetricOptions<B>["mask"];
}

/**
 * exp of the mean cross entropy per label (nats): among how many equally likely tokens a model hesitates. Of a uniform guess it is their number.
 *
 * @example
 * import { bagOfWords, metrics, score, sentences } from "clew";
 * const data = sentences([{ ids: [2], label: 1 }, { ids: [3], label: 0 }], { size: 2 });
 * score(bagOfWords({ words: 4, labels: 5 }), {}, data, { metrics: { perplexity: metrics.perplexity() } }).metrics.perplexity; // 5
 */
export function perplexity<B extends Built = Built>(options: PerplexityOptions<B> = {}): Metric<number, B> {
  return {
    of: asked("perplexity", (built: B) => {
      const labels = options.labels?.(built) ?? labelsOf("perplexity", built);
      const count = sum(countedOf(built, labels, options.mask?.(built)));
      return { nats: mul(options.loss?.(built) ?? built.loss, count), of: count };
    }),
    read: ({ nats, of }) => Math.exp(nats![0]! / of![0]!),
    better: "lower",
  };
}

/** counts[i][j]: how often label i was taken for label j. */
export interface Confusion {
  readonly counts: readonly (readonly number[])[];
  /** By label: of those that were said, how many are right; NaN for a label that was never said. */
  readonly precision: readonly number[];
  /** By label: of those that are there, how many were found; NaN for a label that is never there. */
  readonly recall: readonly number[];
}

/**
 * How often each label was taken for each.
 *
 * @example
 * import { bagOfWords, metrics, score, sentences } from "clew";
 * const data = sentences([{ ids: [2], label: 1 }, { ids: [3], label: 0 }], { size: 2 });
 * score(bagOfWords({ words: 4 }), {}, data, { metrics: { confusion: metrics.confusion() } }).metrics.confusion.counts; // [[1, 0], [1, 0]]
 */
export function confusion<B extends Built = Built>(options: MetricOptions<B> = {}): Metric<Confusion, B> {
  return {
    of: asked("confusion", (built: B) => {
      const { labels, guess, counted, kinds } = looked("confusion", built, options);
      const each = dim("each", sizeOf(labels.shape));
      const rows = <N extends string>(ids: Ids, name: N): Tensor<readonly [Dim<"each">, Dim<N>]> =>
        oneHot(reshape(ids, [each]) as Tensor<readonly [Dim<"each">], "int">, dim(name, kinds) as Dim<N>);
      const weighted = mul(rows(guess, "said"), reshape(counted, [each]) as Tensor<readonly [Dim<"each">]>);
      return { counts: contract(rows(labels, "there"), weighted, each) };
    }),
    read: ({ counts }) => {
      const kinds = Math.round(Math.sqrt(counts!.length));
      const table = Array.from({ length: kinds }, (_, i) => [...counts!.subarray(i * kinds, (i + 1) * kinds)]);
      const total = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0);
      return {
        counts: table,
        precision: table.map((row, j) => row[j]! / total(table.map((r) => r[j]!))),
        recall: table.map((row, i) => row[i]! / total(row)),
      };
    },
  };
}

/** The mean of a number over all examples, each batch weighted by its size: any scalar of the model's graph. */
export function mean<B extends Built = Built>(
  of: (built: B) => Tensor<readonly []>,
  better: "higher" | "lower" = "higher",
): Metric<number, B> {
  return {
    of: (built) => ({ sum: mul(of(built), batchOf(built)), of: scalar(batchOf(built)) }),
    read: (sums) => sums.sum![0]! / sums.of![0]!,
    better,
  };
}

function batchOf({ inputs }: Built): number {
  const batch = Object.values(inputs).flatMap((x) => x.shape.filter((d) => d.name === "batch"))[0];
  return batch?.size ?? 1;
}
