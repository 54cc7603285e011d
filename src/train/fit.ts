// Training: batch after batch through one program per size, told as a stream of events. Whoever listens draws the progress bar, keeps the
// parameters, or stops by leaving the loop.

import * as E from "fp-ts/lib/Either.js";
import type { Feeds } from "../evaluate/feeds.ts";
import type { ParameterStore, ParameterValues } from "../evaluate/program.ts";
import type { Diagnostic } from "../graph/diagnostics.ts";
import { badArgument, isRecord, shown, wrongCount, wrongSeed } from "../graph/options.ts";
import type { Model } from "../models/model.ts";
import { loadStore, meanScore, type Score, scoreOf, scoreOn, taken, wrongModel } from "./predict.ts";
import { bySize, type Engine, type Shared, scoringProgram, trainingProgram, wrongEngine } from "./programs.ts";
import type { Source } from "./sentences.ts";
import { type GradientTransformation, slotsOf } from "./transformation.ts";

export interface FitOptions {
  readonly optimiser: GradientTransformation;
  /** How often all of the data is gone through. */
  readonly epochs: number;
  /** Seed of initial values, of the order of the data and of dropout. Default 0. */
  readonly seed?: number;
  /** Looked at after every epoch, not learned from. */
  readonly validation?: Source;
  /** Where to start instead of at initial values: some or all parameters, slots too. */
  readonly from?: Feeds;
  /** What runs the steps. Default "f64", compiled; "reference" runs ops, too, of which no formula is known. */
  readonly engine?: Engine;
}

interface Progress {
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Training steps made, over all epochs. */
  readonly step: number;
  /** Steps in all; exact when every epoch has as many batches as the first. */
  readonly steps: number;
  readonly stepsPerSecond: number;
  readonly secondsLeft: number;
}

/** A batch was learned from: its loss and metric, by the parameters before the step. */
export interface StepEvent extends Progress, Score {
  readonly kind: "step";
}

/** An epoch is over: means over its examples. */
export interface EpochEvent extends Progress, Score {
  readonly kind: "epoch";
  readonly validation: Score | undefined;
  /** Copies of all parameters as they were at this event, slots included. */
  readonly parameters: () => ParameterValues;
}

export type FitEvent = StepEvent | EpochEvent;

/** In `clew/fp` the last event of a run that failed. What was learned before stands: a step that fails writes nothing. */
export interface FitFailure {
  readonly kind: "failure";
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Trains a model on the batches of a source.
 *
 * The same model, data, options and seed give the same bits.
 *
 * @returns an async iterable of events: one per step, one per epoch; nothing happens until it is iterated
 */
export async function* fit(model: Model, data: Source, options: FitOptions): AsyncGenerator<FitEvent | FitFailure, void, undefined> {
  const problems = wrongArguments(model, data, options);
  if (problems.length > 0) return yield failure(problems);
  const { optimiser, epochs, seed = 0, validation, from = {}, engine = "f64" } = options;

  const store: ParameterStore = new Map();
  const shared: Shared = { seed, store, engine };
  const loaded = loadStore("fit", model, shared, from, slotsOf(optimiser, Object.values(model.parameters)));
  if (E.isLeft(loaded)) return yield failure(loaded.left);
  const training = bySize((sizes) => trainingProgram(model, optimiser, sizes, shared));
  const looking = bySize((sizes) => scoringProgram(model, sizes, shared));

  const started = Date.now();
  let step = 0;
  let steps = 0;
  const progress = (epoch: number): Progress => {
    const seconds = (Date.now() - started) / 1000;
    const stepsPerSecond = step / Math.max(seconds, 1e-3);
    return { epoch, epochs, step, steps, stepsPerSecond, secondsLeft: Math.max(0, steps - step) / stepsPerSecond };
  };

  for (let epoch = 0; epoch < epochs; epoch++) {
    const batches = data(epoch, seed);
    if (!Array.isArray(batches)) return yield failure([wrong(`the source gave ${shown(batches)}`, "an array of { time, batch, feeds }")]);
    if (batches.length === 0) return yield failure([wrong("there is nothing to train on", "a source gives one batch or more")]);
    if (epoch === 0) steps = batches.length * epochs;
    const scores: { score: Score; examples: number }[] = [];
    for (const { feeds, ...sizes } of batches) {
      const program = training(sizes);
      if (E.isLeft(program)) return yield failure(program.left);
      const result = program.right.run(taken(program.right, feeds), { trainingStep: step });
      if (E.isLeft(result)) return yield failure(result.left);
      const score = scoreOf(result.right);
      step++;
      scores.push({ score, examples: sizes.batch });
      yield { kind: "step", ...progress(epoch), ...score };
    }
    const seen = validation === undefined ? E.right(undefined) : scoreOn(looking, validation(epoch, seed));
    if (E.isLeft(seen)) return yield failure(seen.left);
    const now = new Map(store); // values are replaced, never written into: this is how they stand at this event
    yield { kind: "epoch", ...progress(epoch), ...meanScore(scores), validation: seen.right, parameters: () => copies(now) };
  }
}

function failure(diagnostics: readonly Diagnostic[]): FitFailure {
  return { kind: "failure", diagnostics };
}

function wrong(message: string, hint: string): Diagnostic {
  return badArgument("fit", message, hint);
}

function wrongArguments(model: unknown, data: unknown, options: unknown): readonly Diagnostic[] {
  if (!isRecord(options)) return [wrong(`the options must be a record, found ${shown(options)}`, "{ optimiser: adam(1e-3), epochs: 10 }")];
  const { optimiser, epochs, seed, validation, engine } = options;
  const no = (name: string, value: unknown, hint: string): readonly Diagnostic[] =>
    typeof value === "function" ? [] : [wrong(`${name} is ${shown(value)}`, hint)];
  return [
    ...wrongModel("fit", model),
    ...no("the source", data, "a function of epoch and seed: sentences(of, { size: 32 })"),
    ...no("optimiser", optimiser, "adam(1e-3)"),
    ...wrongCount("fit", "epochs", epochs, 1),
    ...wrongSeed("fit", seed),
    ...wrongEngine("fit", engine),
    ...(validation === undefined ? [] : no("validation", validation, "a function of epoch and seed: sentences(of, { size: 32 })")),
  ];
}

function copies(store: ParameterStore): ParameterValues {
  return Object.fromEntries([...store].map(([name, value]) => [name, { ...value, data: value.data.slice() as Float64Array }]));
}
