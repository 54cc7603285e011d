// How far back the gradient of one opinion reaches: ‖∂E/∂h_t‖ for the loss E at the last word.

import { dim, evaluate, grad, inference, type SentenceRnn, softmaxCrossEntropy, words } from "clew";
import { feedsFor, parametersIn, type Trained } from "./ask.ts";
import type { GradientPerWord } from "./results.ts";
import type { Task } from "./task.ts";

export function gradientPerWord(task: Task, { model, learned }: Trained<SentenceRnn>, text: string, label: number): GradientPerWord {
  const ids = task.vocabulary.encode(text);
  const time = dim("time", ids.length);
  const { inputs, logits, steps } = model.build({ time, batch: dim("batch", 1) });
  const last = softmaxCrossEntropy(logits, inputs.labels);
  const states = Object.fromEntries(steps.map(({ state }, t) => [`h${t}`, state]));
  const gradients = evaluate(inference(grad(last, states)), {
    ...feedsFor(ids),
    labels: [label],
    ...parametersIn(learned, model),
  });
  const norms = steps.map((_, t) => Math.hypot(...gradients[`h${t}`]!.data));
  const whole = norms.at(-1)!;
  const shares = norms.map((norm) => norm / whole);
  return { text, words: words(text), shares, verdict: "" };
}
