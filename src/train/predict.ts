// Using what was trained: predictions for sentences of any length, without dropout, by programs of their sizes.

import * as E from "fp-ts/lib/Either.js";
import type { Feeds } from "../evaluate/feeds.ts";
import { interpret, type Program } from "../evaluate/program.ts";
import type { Checked } from "../graph/diagnostics.ts";
import { item, type Value } from "../graph/value.ts";
import type { Model } from "../models/model.ts";
import { batches } from "./batches.ts";
import { bySize, predictionProgram, type Scored, type Shared, type Sizes } from "./programs.ts";
import { type BatchFeeds, feedsOf } from "./sentences.ts";

/** How good a model is on some data: means over the examples. */
export interface Score {
  readonly loss: number;
  /** The model's own metric (for a classifier: the share that is right), when it has one. */
  readonly metric: number | undefined;
}

export function scoreOf(result: { readonly loss: Value; readonly metric?: Value }): Score {
  return { loss: item(result.loss), metric: result.metric === undefined ? undefined : item(result.metric) };
}

/** Means weighted by the number of examples: the last batch is smaller. */
export function meanScore(scores: readonly { readonly score: Score; readonly examples: number }[]): Score {
  const all = scores.reduce((n, s) => n + s.examples, 0);
  const mean = (of: (s: Score) => number): number => scores.reduce((sum, s) => sum + of(s.score) * s.examples, 0) / all;
  return { loss: mean((s) => s.loss), metric: scores[0]?.score.metric === undefined ? undefined : mean((s) => s.metric!) };
}

/** Of what a batch has, what a program takes: predictions do not need the labels. */
export function taken({ inputs }: { readonly inputs: readonly string[] }, feeds: Feeds): Feeds {
  return Object.fromEntries(inputs.filter((name) => feeds[name] !== undefined).map((name) => [name, feeds[name]!]));
}

/** A store that holds the given values; the model's parameters that are not given will take their initial ones. */
export function loadStore(model: Model, { seed, store }: Shared, from: Feeds): Checked<void> {
  const own = Object.keys(model.parameters);
  const slots = Object.keys(from).filter((name) => !own.includes(name));
  const known = Object.fromEntries(own.filter((name) => from[name] !== undefined).map((name) => [name, from[name]!]));
  for (const name of slots) store.set(name, from[name] as Value);
  return E.chain((program: Program<unknown>) => program.set(known))(interpret({ ...model.parameters }, { seed, store }));
}

/** The model's score on batches, by whatever is in the store of the programs. */
export function scoreOn(programs: (sizes: Sizes) => Checked<Program<Scored>>, data: readonly BatchFeeds[]): Checked<Score> {
  const scores: { score: Score; examples: number }[] = [];
  for (const { feeds, ...sizes } of data) {
    const program = programs(sizes);
    if (E.isLeft(program)) return program;
    const result = program.right.run(taken(program.right, feeds));
    if (E.isLeft(result)) return result;
    scores.push({ score: scoreOf(result.right), examples: sizes.batch });
  }
  return E.right(meanScore(scores));
}

export interface PredictOptions {
  /** Sentences in a batch, at most; 64 when left out. */
  readonly size?: number;
}

/**
 * What a model says of each sentence: its row of `predictions`, for a classifier the probability of each label.
 *
 * @param parameters trained values by name, as an epoch's event gives them
 * @param of encoded sentences; each has a length of its own, 1 or more
 */
export function predict(
  model: Model,
  parameters: Feeds,
  of: readonly ArrayLike<number>[],
  { size = 64 }: PredictOptions = {},
): Checked<readonly Float64Array[]> {
  const shared: Shared = { seed: 0, store: new Map() };
  const loaded = loadStore(model, shared, parameters);
  if (E.isLeft(loaded)) return loaded;
  const programs = bySize((sizes) => predictionProgram(model, sizes, shared));
  const rows = new Array<Float64Array>(of.length);
  const lengths = [...new Set(of.map((ids) => Math.max(1, ids.length)))].sort((a, b) => a - b);
  for (const batch of batches(
    of.map((ids) => ({ ids, label: 0 })),
    { size, buckets: lengths },
  )) {
    const { feeds, ...sizes } = feedsOf(batch);
    const program = programs(sizes);
    if (E.isLeft(program)) return program;
    const result = program.right.run(taken(program.right, feeds));
    if (E.isLeft(result)) return result;
    const { data } = result.right.predictions;
    const width = data.length / sizes.batch;
    batch.indices.forEach((index, b) => {
      rows[index] = Float64Array.from(data.subarray(b * width, (b + 1) * width));
    });
  }
  return E.right(rows);
}
