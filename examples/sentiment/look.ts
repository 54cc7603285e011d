// How far back the gradient of one opinion reaches, and of which steps the gradient of W is the sum.

import { contributions, dim, evaluate, grad, gradientFlow, inference, type SentenceRnn, softmaxCrossEntropy, sum, words } from "clew";
import { feedsFor, parametersIn, type Trained } from "./ask.ts";
import type { Contributed, GradientPerWord } from "./results.ts";
import type { Task } from "./task.ts";

/** ‖∂E/∂h_t‖ for the loss E at the last word of a sentence. */
export function gradientPerWord(task: Task, { model, learned }: Trained<SentenceRnn>, text: string, label: number): GradientPerWord {
  const ids = task.vocabulary.encode(text);
  const { inputs, logits, steps } = model.unrolled({ time: dim("time", ids.length), batch: dim("batch", 1) });
  const flow = gradientFlow(
    softmaxCrossEntropy(logits, inputs.labels),
    steps,
    { ...feedsFor(ids), labels: [label], ...parametersIn(learned, model) },
    { unit: "words" },
  );
  return { text, words: words(text), shares: flow.share, verdict: flow.verdict.sentence };
}

/** ∂E/∂W by the steps (t, k): what the loss at word t says through the use of W at word k. Their sum is the gradient. */
export function contributed(task: Task, { model, learned }: Trained<SentenceRnn>, text: string, label: number): Contributed {
  const ids = task.vocabulary.encode(text);
  const { losses } = model.unrolled({ time: dim("time", ids.length), batch: dim("batch", 1) });
  const { W } = model.cell;
  const { norms, total } = contributions(losses, { of: W });
  const feeds = { ...feedsFor(ids), labels: [label], ...parametersIn(learned, model) };
  const now = evaluate(inference({ norms, total, derived: grad(sum(losses), W) }), feeds);
  const [rows, columns] = now.norms.shape as readonly [number, number];
  return {
    text,
    words: words(text),
    norms: Array.from({ length: rows }, (_, t) => Array.from(now.norms.data.subarray(t * columns, (t + 1) * columns))),
    sumRelativeError: distance(now.total.data, now.derived.data) / Math.hypot(...now.derived.data),
  };
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.hypot(...Array.from(a, (x, i) => x - b[i]!));
}
