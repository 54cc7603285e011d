// Training: batch after batch through one program per size, told as a stream of events. Whoever listens draws the progress bar, keeps the
// parameters, or stops by leaving the loop.
//
// Between two steps a run is a position (checkpoint.ts) and the store of parameters and slots, and nothing else. So it can be written down there, and
// be gone on with from there, to the same bits.

import * as E from "fp-ts/lib/Either.js";
import type { Feeds } from "../evaluate/feeds.ts";
import { copy, type ParameterStore, type ParameterValues } from "../evaluate/program.ts";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import type { Model } from "../models/model.ts";
import { beginning, decodeCheckpoint, digestOf, encodeCheckpoint, noSums, type Order, type Position } from "./checkpoint.ts";
import type { EpochEvent, FitEvent, FitFailure, StepEvent } from "./events.ts";
import { readFileIfThere, writeFile } from "./files.ts";
import { firstBad } from "./first-bad.ts";
import { type FitOptions, watchedValue, wrongArguments } from "./fit-options.ts";
import type { MetricResults, Metrics } from "./metrics.ts";
import { loadStore, taken } from "./predict.ts";
import { bySize, type Shared, type Sizes, scoringProgram, trainingGraph, trainingProgram } from "./programs.ts";
import { added, batchesOf, meanOf, scoreOf, scoreOn } from "./score.ts";
import type { BatchFeeds, Source } from "./sentences.ts";
import { slotsOf } from "./transformation.ts";
import { type FullScore, watched } from "./watch.ts";

/**
 * Trains a model on the batches of a source.
 *
 * The same model, data, options and seed give the same bits, in one go or in several (`checkpoint`).
 *
 * @returns an async iterable of events: one per step, one per epoch; nothing happens until it is iterated
 */
export async function* fit<M extends Metrics = Record<never, never>>(
  model: Model,
  data: Source,
  options: FitOptions<M>,
): AsyncGenerator<FitEvent<M> | FitFailure, void, undefined> {
  const problems = wrongArguments(model, data, options);
  if (problems.length > 0) return yield failure(problems);
  const { optimiser, epochs, seed = 0, validation, engine = "f64", threads = 1, checkpoint, earlyStopping } = options;
  const metrics = options.metrics ?? ({} as M);

  const store: ParameterStore = new Map();
  const shared: Shared = { seed, store, engine, threads };
  const own = Object.values(model.parameters);
  const slots = slotsOf(optimiser, own);
  const run = { seed, engine };
  const before = checkpoint === undefined ? E.right(undefined) : await resumed(checkpoint.file, run, data, [...own, ...slots]);
  if (E.isLeft(before)) return yield failure(before.left);
  const loaded = loadStore("fit", model, shared, before.right?.values ?? options.from ?? {}, slots);
  if (E.isLeft(loaded)) return yield failure(loaded.left);
  const training = bySize((sizes) => trainingProgram(model, optimiser, sizes, shared));
  const looking = bySize((sizes) => scoringProgram(model, sizes, shared, metrics));

  const started = Date.now();
  const first = before.right?.position ?? beginning;
  let at = first;
  let steps = 0;
  const progress = (epoch: number) => {
    const seconds = (Date.now() - started) / 1000;
    const stepsPerSecond = (at.step - first.step) / Math.max(seconds, 1e-3);
    return { epoch, epochs, step: at.step, steps, stepsPerSecond, secondsLeft: Math.max(0, steps - at.step) / stepsPerSecond };
  };
  const epochEvent = (): EpochEvent<M> => {
    const { epoch, training: means, validation: seen } = at.last!;
    const best = at.watch.best ?? { epoch, value: Number.NaN, parameters: copies(store, model) };
    const now = copies(store); // at once: programs keep their parameters in memory that the next step writes
    return {
      kind: "epoch",
      ...progress(epoch),
      ...means,
      validation: seen as FullScore<MetricResults<M>> | undefined,
      parameters: () => copied(now),
      best: { ...best, parameters: () => copied(best.parameters) },
      improved: best.epoch === epoch,
      stopped: at.stopped,
    };
  };
  const written = (order: Order): Promise<Checked<void>> => writeFile("fit", checkpoint!.file, encodeCheckpoint(store, at, run, order))();

  if (at.last !== undefined && (at.stopped || at.epoch >= epochs)) {
    steps = at.step;
    return yield epochEvent(); // it was over: how it ended is told again
  }
  while (at.epoch < epochs && !at.stopped) {
    const { epoch } = at;
    const batches = batchesOf("fit", "train on", data, epoch, seed);
    if (E.isLeft(batches)) return yield failure(batches.left);
    if (steps === 0) steps = batches.right.length * epochs;
    const order = checkpoint === undefined ? undefined : { epoch, digest: digestOf(batches.right) };
    for (const { feeds, ...sizes } of batches.right.slice(at.batch)) {
      const program = training(sizes);
      if (E.isLeft(program)) return yield failure(program.left);
      const own = taken(program.right, feeds);
      const result = program.right.run(own, { trainingStep: at.step });
      if (E.isLeft(result)) return yield failure(explained(result.left, model, options, { sizes, feeds: own }, shared, at));
      const score = scoreOf(result.right);
      at = { ...at, batch: at.batch + 1, step: at.step + 1, sums: added(at.sums, score, sizes.batch) };
      if (order !== undefined && checkpoint?.every !== undefined && at.step % checkpoint.every === 0 && at.batch < batches.right.length) {
        const kept = await written(order);
        if (E.isLeft(kept)) return yield failure(kept.left);
      }
      const event: StepEvent = { kind: "step", ...progress(epoch), ...score };
      yield event;
    }

    const seen = validation === undefined ? E.right(undefined) : looked(validation, epoch);
    if (E.isLeft(seen)) return yield failure(seen.left);
    const means = meanOf(at.sums);
    const value = watchedValue(options, seen.right ?? { ...means, metrics: {} });
    if (E.isLeft(value)) return yield failure(value.left);
    const now = { epoch, value: value.right.value, parameters: copies(store, model) };
    const watch = watched(at.watch, now, value.right.better, earlyStopping?.margin ?? 0);
    const stopped = earlyStopping !== undefined && watch.since >= earlyStopping.patience && epoch + 1 < epochs;
    at = { ...at, epoch: epoch + 1, batch: 0, sums: noSums, watch, last: { epoch, training: means, validation: seen.right }, stopped };
    if (order !== undefined) {
      const kept = await written(order);
      if (E.isLeft(kept)) return yield failure(kept.left);
    }
    yield epochEvent();
  }

  function looked(source: Source, epoch: number): Checked<FullScore> {
    const batches = batchesOf("fit", "look at", source, epoch, seed);
    return E.isLeft(batches) ? batches : scoreOn(looking, batches.right, metrics);
  }
}

/** What a checkpoint's file has of this run, when there is one; the data must be those that it was made with. */
async function resumed(
  file: string,
  run: Pick<Shared, "seed" | "engine">,
  data: Source,
  parameters: readonly { readonly parameter: string }[],
): Promise<Checked<{ readonly values: Feeds; readonly position: Position } | undefined>> {
  const bytes = await readFileIfThere("fit", file)();
  if (E.isLeft(bytes) || bytes.right === undefined) return bytes as Checked<undefined>;
  const names = parameters.map((p) => p.parameter);
  return E.chain((held: { readonly values: Feeds; readonly position: Position; readonly order: Order }) =>
    E.chain((batches: readonly BatchFeeds[]): Checked<typeof held> => {
      if (digestOf(batches) === held.order.digest) return E.right(held);
      const message = `"${file}": its run was given other data, or in another order: epoch ${held.order.epoch} does not have the same batches`;
      const hint = "another file for another run, or delete this one to begin anew";
      return E.left([diagnostic({ code: "BadFile", op: "fit", message, hint })]);
    })(batchesOf("fit", "train on", data, held.order.epoch, run.seed)),
  )(decodeCheckpoint(file, bytes.right, run, names));
}

/** Of a step that gave NaN or infinity: where it came up first, and what is left. Other failures say it themselves. */
function explained(
  told: readonly Diagnostic[],
  model: Model,
  { optimiser, checkpoint }: Pick<FitOptions, "optimiser" | "checkpoint">,
  { sizes, feeds }: { readonly sizes: Sizes; readonly feeds: Feeds },
  { seed, store, engine }: Shared,
  { epoch, step }: Position,
): readonly Diagnostic[] {
  if (!told.some((d) => d.code === "NotFinite")) return told;
  const f32 = engine === "f32";
  const found = E.map((made: { readonly outputs: unknown; readonly update: Parameters<typeof firstBad>[0]["update"] }) =>
    firstBad({ ...made, feeds, store, seed, trainingStep: step, f32 }),
  )(trainingGraph(model, optimiser, sizes));
  const bad = E.isRight(found) ? found.right : undefined;
  const when = `in training step ${step + 1} (epoch ${epoch + 1}); nothing of the step was written`;
  const kept = checkpoint === undefined ? "" : `; "${checkpoint.file}" has the last checkpoint`;
  const hint = "a smaller learning rate, or clipByGlobalNorm, keeps steps finite";
  if (bad === undefined) {
    const range = f32 ? '; by the reference all is finite: engine: "f64" has more range' : "";
    return told.map((d) => ({ ...d, message: `${d.message}, ${when}${kept}${range}` }));
  }
  return [{ ...bad, message: `${bad.message}, ${when}${kept}`, hint }];
}

function failure(diagnostics: readonly Diagnostic[]): FitFailure {
  return { kind: "failure", diagnostics };
}

/** Values as they stand, of all parameters and slots, or of a model's parameters alone. */
function copies(store: ParameterStore, model?: Model): ParameterValues {
  const names = model === undefined ? [...store.keys()] : Object.values(model.parameters).map((p) => p.parameter);
  return copied(Object.fromEntries(names.map((name) => [name, store.get(name)!])));
}

function copied(values: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, copy(value)]));
}
