// How good a model is on data: its loss, its own metric, and the metrics that are asked for, as means and sums over all batches.

import * as E from "fp-ts/lib/Either.js";
import type { Feeds } from "../evaluate/feeds.ts";
import type { Program } from "../evaluate/program.ts";
import type { Checked, Diagnostic } from "../graph/diagnostics.ts";
import { badArgument, isRecord, shown, wrongRecord, wrongSeed } from "../graph/options.ts";
import { item, type Value } from "../graph/value.ts";
import type { Model } from "../models/model.ts";
import { noSums, type Sums } from "./checkpoint.ts";
import type { MetricResults, Metrics } from "./metrics.ts";
import { loadStore, taken, wrongModel } from "./predict.ts";
import { type Asked, bySize, type Engine, type Scored, type Shared, type Sizes, scoringProgram, wrongEngine } from "./programs.ts";
import type { BatchFeeds, Source } from "./sentences.ts";
import type { FullScore, Score } from "./watch.ts";

export function scoreOf(result: { readonly loss: Value; readonly metric?: Value }): Score {
  return { loss: item(result.loss), metric: result.metric === undefined ? undefined : item(result.metric) };
}

/** The sums with one more batch. */
export function added({ examples, loss, metric }: Sums, score: Score, batch: number): Sums {
  const counted = score.metric === undefined ? undefined : (metric ?? 0) + score.metric * batch;
  return { examples: examples + batch, loss: loss + score.loss * batch, metric: counted };
}

/** Means weighted by the number of examples: the last batch is smaller. */
export function meanOf({ examples, loss, metric }: Sums): Score {
  return { loss: loss / examples, metric: metric === undefined ? undefined : metric / examples };
}

export type Scoring = (sizes: Sizes) => Checked<Program<Scored & { readonly asked: Asked }>>;

/** The model's score on batches, by whatever is in the store of the programs. */
export function scoreOn<M extends Metrics>(
  programs: Scoring,
  data: readonly BatchFeeds[],
  metrics: M,
): Checked<FullScore<MetricResults<M>>> {
  let means = noSums;
  const sums = new Map<string, Map<string, Float64Array>>(Object.keys(metrics).map((name) => [name, new Map()]));
  for (const { feeds, ...sizes } of data) {
    const program = programs(sizes);
    if (E.isLeft(program)) return program;
    const result = program.right.run(taken(program.right, feeds));
    if (E.isLeft(result)) return result;
    means = added(means, scoreOf(result.right), sizes.batch);
    for (const [metric, own] of sums) {
      for (const [name, { data }] of Object.entries(result.right.asked[metric]!)) {
        const before = own.get(name);
        own.set(name, before === undefined ? Float64Array.from(data) : before.map((x, i) => x + data[i]!));
      }
    }
  }
  const read = [...sums].map(([name, own]) => [name, metrics[name]!.read(Object.fromEntries(own))] as const);
  return E.right({ ...meanOf(means), metrics: Object.fromEntries(read) as MetricResults<M> });
}

export interface ScoreOptions<M extends Metrics> {
  readonly metrics?: M;
  /** As for fit. */
  readonly engine?: Engine;
  /** Of what the source draws. Default 0. */
  readonly seed?: number;
}

/** Loss, the model's own metric, and others, on data that were not learned from. */
export function score<M extends Metrics = Record<never, never>>(
  model: Model,
  parameters: Feeds,
  data: Source,
  options: ScoreOptions<M> = {},
): Checked<FullScore<MetricResults<M>>> {
  const problems = [...wrongModel("score", model), ...wrongSource("score", "the source", data), ...wrongOptions(options)];
  if (problems.length > 0) return E.left(problems);
  const { engine = "f64", seed = 0 } = options;
  const metrics = options.metrics ?? ({} as M);
  const shared: Shared = { seed, store: new Map(), engine };
  const loaded = loadStore("score", model, shared, parameters);
  if (E.isLeft(loaded)) return loaded;
  const batches = batchesOf("score", "look at", data, 0, seed);
  if (E.isLeft(batches)) return batches;
  return scoreOn(
    bySize((sizes) => scoringProgram(model, sizes, shared, metrics)),
    batches.right,
    metrics,
  );
}

/** What a source gives for an epoch, which is the user's to write. */
export function batchesOf(
  op: string,
  to: "train on" | "look at",
  data: Source,
  epoch: number,
  seed: number,
): Checked<readonly BatchFeeds[]> {
  const batches: unknown = data(epoch, seed);
  if (!Array.isArray(batches)) return E.left([badArgument(op, `the source gave ${shown(batches)}`, "an array of { time, batch, feeds }")]);
  if (batches.length > 0) return E.right(batches as readonly BatchFeeds[]);
  return E.left([badArgument(op, `there is nothing to ${to}`, "a source gives one batch or more")]);
}

export function wrongSource(op: string, what: string, source: unknown): readonly Diagnostic[] {
  return typeof source === "function"
    ? []
    : [badArgument(op, `${what} is ${shown(source)}`, "a function of epoch and seed: sentences(of, { size: 32 })")];
}

export function wrongMetrics(op: string, metrics: unknown): readonly Diagnostic[] {
  if (metrics === undefined) return [];
  const hint = "metrics: { accuracy: metrics.accuracy() }";
  if (!isRecord(metrics)) return [badArgument(op, `metrics are ${shown(metrics)}, expected a record`, hint)];
  return Object.entries(metrics).flatMap(([name, metric]) => {
    const { of, read } = isRecord(metric) ? metric : {};
    return typeof of === "function" && typeof read === "function"
      ? []
      : [badArgument(op, `the metric "${name}" is ${shown(metric)}`, hint)];
  });
}

function wrongOptions(options: unknown): readonly Diagnostic[] {
  const problems = wrongRecord("score", options);
  if (problems.length > 0) return problems;
  const { metrics, engine, seed } = options as { readonly metrics?: unknown; readonly engine?: unknown; readonly seed?: unknown };
  return [...wrongMetrics("score", metrics), ...wrongEngine("score", engine), ...wrongSeed("score", seed)];
}
