// What a run of training is told to do, and what makes no sense of it.

import * as E from "fp-ts/lib/Either.js";
import type { Feeds } from "../evaluate/feeds.ts";
import type { Checked, Diagnostic } from "../graph/diagnostics.ts";
import { badArgument, isRecord, meant, shown, wrongCount, wrongSeed } from "../graph/options.ts";
import type { Metrics } from "./metrics.ts";
import { wrongModel } from "./predict.ts";
import { type Engine, wrongEngine } from "./programs.ts";
import { wrongMetrics, wrongSource } from "./score.ts";
import type { Source } from "./sentences.ts";
import type { GradientTransformation } from "./transformation.ts";
import type { EarlyStopping, FullScore } from "./watch.ts";

export interface CheckpointOptions {
  /**
   * A safetensors file, replaced as a whole at the end of every epoch. When it is there at the start, the run goes on from it, and ends with the same bits as
   * one that was never stopped: whatever `from` says, and with the same seed, engine and data, which is checked.
   */
  readonly file: string;
  /** Besides, after every so many steps. */
  readonly every?: number;
}

export interface FitOptions<M extends Metrics = Metrics> {
  readonly optimiser: GradientTransformation;
  /** How often all of the data is gone through. */
  readonly epochs: number;
  /** Seed of initial values, of the order of the data and of dropout. Default 0. */
  readonly seed?: number;
  /** Looked at after every epoch, not learned from. */
  readonly validation?: Source;
  /** Asked of the validation data, besides the loss and the model's own metric. */
  readonly metrics?: M;
  /** By what an epoch is the best one: "loss" (when left out), "metric" (the model's own, the higher the better), or the name of one of `metrics`. */
  readonly watch?: "loss" | "metric" | (keyof M & string);
  /** Ends the run when it no longer gets better. */
  readonly earlyStopping?: EarlyStopping;
  /** Where to start instead of at initial values: some or all parameters, slots too. */
  readonly from?: Feeds;
  /** Keeps the run in a file, and goes on from it. */
  readonly checkpoint?: CheckpointOptions;
  /** What runs the steps. Default "f64", compiled; "reference" runs ops, too, of which no formula is known. */
  readonly engine?: Engine;
  /** How many threads may work at a step, at most; 1 when left out. The bits do not depend on it. */
  readonly threads?: number;
}

function wrong(message: string, hint?: string): Diagnostic {
  return badArgument("fit", message, hint);
}

export function wrongArguments(model: unknown, data: unknown, options: unknown): readonly Diagnostic[] {
  if (!isRecord(options)) return [wrong(`the options must be a record, found ${shown(options)}`, "{ optimiser: adam(1e-3), epochs: 10 }")];
  const { optimiser, epochs, seed, validation, engine, threads, metrics } = options;
  return [
    ...wrongModel("fit", model),
    ...wrongSource("fit", "the source", data),
    ...(typeof optimiser === "function" ? [] : [wrong(`optimiser is ${shown(optimiser)}`, "adam(1e-3)")]),
    ...wrongCount("fit", "epochs", epochs, 1),
    ...wrongSeed("fit", seed),
    ...wrongEngine("fit", engine),
    ...(threads === undefined ? [] : wrongCount("fit", "threads", threads, 1)),
    ...(validation === undefined ? [] : wrongSource("fit", "validation", validation)),
    ...wrongMetrics("fit", metrics),
    ...wrongWatch(options),
    ...wrongStopping(options.earlyStopping),
    ...wrongCheckpoint(options.checkpoint),
  ];
}

function wrongWatch({ watch = "loss", metrics = {}, validation }: { readonly [name: string]: unknown }): readonly Diagnostic[] {
  if (watch === "loss" || watch === "metric") return [];
  const names = isRecord(metrics) ? Object.keys(metrics) : [];
  const known = ["loss", "metric", ...names];
  if (typeof watch !== "string" || !names.includes(watch)) {
    const hint = `${typeof watch === "string" ? meant(watch, known) : ""}it is ${known.map(shown).join(", ")}`;
    return [wrong(`watch is ${shown(watch)}`, hint)];
  }
  return validation === undefined
    ? [wrong(`watch is ${shown(watch)}, a metric of validation data, and there are none`, "validation: …")]
    : [];
}

function wrongStopping(stopping: unknown): readonly Diagnostic[] {
  if (stopping === undefined) return [];
  if (!isRecord(stopping)) return [wrong(`earlyStopping is ${shown(stopping)}, expected a record`, "earlyStopping: { patience: 3 }")];
  const { patience, margin = 0 } = stopping;
  const isMargin = Number.isFinite(margin) && (margin as number) >= 0;
  return [...wrongCount("fit", "patience", patience, 1), ...(isMargin ? [] : [wrong(`margin is ${shown(margin)}`, "a number, 0 or more")])];
}

function wrongCheckpoint(checkpoint: unknown): readonly Diagnostic[] {
  if (checkpoint === undefined) return [];
  const { file, every } = isRecord(checkpoint) ? checkpoint : {};
  return [
    ...(typeof file === "string" && file !== ""
      ? []
      : [wrong(`the checkpoint's file is ${shown(file)}`, 'checkpoint: { file: "run/model.safetensors" }')]),
    ...(every === undefined ? [] : wrongCount("fit", "every", every, 1)),
  ];
}

/** What an epoch is compared by. */
export function watchedValue<M extends Metrics>(
  { watch = "loss", metrics }: FitOptions<M>,
  score: FullScore,
): Checked<{ readonly value: number; readonly better: "higher" | "lower" }> {
  if (watch === "loss") return E.right({ value: score.loss, better: "lower" });
  if (watch === "metric" && metrics?.metric === undefined) {
    if (score.metric !== undefined) return E.right({ value: score.metric, better: "higher" });
    return E.left([wrong('watch is "metric", and the model has none', 'watch: "loss"')]);
  }
  const value = score.metrics[watch];
  if (typeof value === "number") return E.right({ value, better: metrics?.[watch]?.better ?? "higher" });
  return E.left([wrong(`watch is ${shown(watch)}, whose result is ${shown(value)}`, "a metric that gives one number")]);
}
