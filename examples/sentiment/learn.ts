// The two models, trained on the same sentences by the same loop.

import {
  adam,
  adamw,
  type BagOfWords,
  bagOfWords,
  chain,
  clipByGlobalNorm,
  type EpochEvent,
  fit,
  type GradientTransformation,
  type LabelledSentence,
  type Model,
  type ParameterValues,
  predict,
  sentences,
} from "clew";
import type { Epoch, Learned, Recipe } from "./results.ts";
import { isNegated, type Task } from "./task.ts";
import type { TrainingView } from "./terminal.ts";

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

/** So many held-out sentences are looked at after each epoch, and at once after the last; of more, all count in the end alone. */
export const looked = 1000;

/** Trains a model; every event goes to the view (the progress bar). */
export async function learn(
  model: Model,
  task: Task,
  optimiser: GradientTransformation,
  seed: number,
  view: Pick<TrainingView, "listen" | "going">,
): Promise<Learned> {
  const { training, heldOut, shuffled, heldOutTexts, recipe } = task;
  const data = sentences(training, { size: recipe.batch, buckets: bucketsOf(training) });
  const validation = sentences(heldOut.slice(0, looked), { size: 64, buckets: bucketsOf(heldOut) });
  const started = performance.now();
  const curve: Epoch[] = [];
  let last: EpochEvent | undefined;
  for await (const event of fit(model, data, { optimiser, epochs: recipe.epochs, seed, validation, engine: "f32" })) {
    view.listen(event);
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
  const right = rightOn(model, trained, heldOut, view.going);
  const negated = heldOut.flatMap((_, i) => (isNegated(heldOutTexts[i]!) ? [right[i]!] : []));
  return {
    curve,
    parameters: trained,
    numbers: Object.values(trained).reduce((n, value) => n + value.data.length, 0),
    seconds: (performance.now() - started) / 1000,
    heldOutAccuracy: shareOf(right),
    negatedAccuracy: shareOf(negated),
    shuffledAccuracy: shareOf(rightOn(model, trained, shuffled, view.going)),
  };
}

/** Without the optimiser's slots. */
function onlyOwn(model: Model, all: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.keys(model.parameters).map((name) => [name, all[name]!]));
}

/** Which sentences are read rightly. `going` is told how far it is. */
function rightOn(
  model: Model,
  parameters: ParameterValues,
  of: readonly LabelledSentence[],
  going: TrainingView["going"],
): readonly boolean[] {
  const right: boolean[] = [];
  while (right.length < of.length) {
    const some = of.slice(right.length, right.length + looked);
    const said = predict(
      model,
      parameters,
      some.map((s) => s.ids),
    );
    for (const [i, s] of some.entries()) right.push(Number(said[i]![1]! > said[i]![0]!) === s.label);
    going(`held-out sentences: ${right.length.toLocaleString("en-US")} of ${of.length.toLocaleString("en-US")}`);
  }
  return right;
}

const shareOf = (right: readonly boolean[]): number => right.filter((r) => r).length / right.length;
