// The two models, trained on the same sentences by the same loop.

import {
  adam,
  adamw,
  type BagOfWords,
  bagOfWords,
  chain,
  clipByGlobalNorm,
  type EpochEvent,
  type FitEvent,
  fit,
  type GradientTransformation,
  type LabelledSentence,
  type Model,
  type ParameterValues,
  predict,
  type SentenceRnn,
  sentenceRnn,
  sentences,
  uniform,
} from "clew";
import type { Epoch, Learned, Recipe } from "./results.ts";
import { isNegated, type Task } from "./task.ts";

export function rnnOf({ vocabulary, recipe }: Task): SentenceRnn {
  const { vector, hidden, bias, loss, dropout } = recipe;
  const small = uniform(-1 / Math.sqrt(hidden), 1 / Math.sqrt(hidden));
  return sentenceRnn({ words: vocabulary.size, vector, hidden, bias, loss, dropout, initial: { U: small, W: small, V: small } });
}

export function bagOf({ vocabulary }: Task): BagOfWords {
  return bagOfWords({ words: vocabulary.size });
}

export function rnnOptimiser({ rate, weightDecay, clip }: Recipe): GradientTransformation {
  const step = weightDecay === 0 ? adam(rate) : adamw(rate, { weightDecay });
  return clip === undefined ? step : chain(clipByGlobalNorm(clip), step);
}

/** A convex problem: any optimiser finds the way, and at this rate it comes near the end within the RNN's number of epochs. */
export const bagOptimiser: GradientTransformation = adam(2e-2);

/** Lengths are rounded up to a few sizes, each of which is one graph. */
function bucketsOf(of: readonly LabelledSentence[]): readonly number[] {
  const longest = of.reduce((most, s) => Math.max(most, s.ids.length), 1);
  return longest <= 8 ? [longest] : [8, 16, 24, 32, 48, 64, 96, 128].filter((bound) => bound < longest * 2);
}

/** Trains a model; every event goes to `listen` (the progress bar). */
export async function learn(
  model: Model,
  task: Task,
  optimiser: GradientTransformation,
  seed: number,
  listen: (event: FitEvent) => void,
): Promise<Learned> {
  const { training, heldOut, shuffled, heldOutTexts, recipe } = task;
  const data = sentences(training, { size: recipe.batch, buckets: bucketsOf(training) });
  const validation = sentences(heldOut, { size: 64, buckets: bucketsOf(heldOut) });
  const started = performance.now();
  const curve: Epoch[] = [];
  let last: EpochEvent | undefined;
  for await (const event of fit(model, data, { optimiser, epochs: recipe.epochs, seed, validation })) {
    listen(event);
    if (event.kind !== "epoch") continue;
    last = event;
    curve.push({
      epoch: event.epoch + 1,
      loss: event.loss,
      accuracy: event.metric!,
      heldOutLoss: event.validation!.loss,
      heldOutAccuracy: event.validation!.metric!,
    });
  }
  const trained = onlyOwn(model, last!.parameters());
  const negated = heldOut.filter((_, i) => isNegated(heldOutTexts[i]!));
  return {
    curve,
    parameters: trained,
    numbers: Object.values(trained).reduce((n, value) => n + value.data.length, 0),
    seconds: (performance.now() - started) / 1000,
    heldOutAccuracy: accuracyOn(model, trained, heldOut),
    negatedAccuracy: accuracyOn(model, trained, negated),
    shuffledAccuracy: accuracyOn(model, trained, shuffled),
  };
}

/** Without the optimiser's slots. */
function onlyOwn(model: Model, all: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.keys(model.parameters).map((name) => [name, all[name]!]));
}

function accuracyOn(model: Model, parameters: ParameterValues, of: readonly LabelledSentence[]): number {
  const said = predict(
    model,
    parameters,
    of.map((s) => s.ids),
  );
  return of.filter((s, i) => Number(said[i]![1]! > said[i]![0]!) === s.label).length / of.length;
}
