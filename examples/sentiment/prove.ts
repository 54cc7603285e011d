// The derived gradients of the model that was trained, at its trained parameters, against numeric ones; on a few sentences of different length.

import { batches, checkGradients, dim, type GradientReport, type Model } from "clew";
import { parametersIn, type Trained } from "./ask.ts";
import type { Task } from "./task.ts";

/** So many sentences are enough to reach every rule that the loss is made of, padding too. */
const sentences = 4;
/** Longer ones make the check slow, and prove no more. */
const longest = 12;

/** @param entries a parameter with more elements is checked along random directions, as `checkGradients` has it */
export function prove(task: Task, { model, learned }: Trained<Model>, seed: number, entries?: number): GradientReport {
  const short = task.training.filter((s) => s.ids.length > 1 && s.ids.length <= longest);
  const [batch] = batches(short.length > 0 ? short : task.training, { size: sentences, seed });
  const { time, batch: size, ids, lengths, labels } = batch!;
  const { loss } = model.build({ time: dim("time", time), batch: dim("batch", size) });
  return checkGradients(loss, {
    feeds: { ids, lengths, labels, ...parametersIn(learned, model) },
    seed,
    ...(entries === undefined ? {} : { entries }),
  });
}
