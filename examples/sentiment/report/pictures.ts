// Pictures of the graph that was trained, for the sentence that the report looks into.

import { dim, grad, graph, softmaxCrossEntropy, toDot } from "clew";
import { renderSvg } from "../../../scripts/render-svg.ts";
import { rnnOf } from "../model.ts";
import type { Results } from "../results.ts";
import type { Pictures } from "./figures.ts";

/**
 * The net over the words of one sentence, with the loss at the last word: arrows from a loss at every word, to each state and back, would hide
 * the one way that matters, from step to step.
 */
export async function drawGraph({
  vocabulary,
  recipe,
  contributions,
}: Pick<Results, "vocabulary" | "recipe" | "contributions">): Promise<Pictures> {
  const steps = contributions.words.length;
  // as it answers: dropout is for training
  const model = rnnOf({ vocabulary, recipe: { ...recipe, dropout: 0 } });
  const { logits, inputs } = model.build({ time: dim("time", steps), batch: dim("batch", 1) });
  const loss = softmaxCrossEntropy(logits, inputs.labels);
  const whole = graph({ loss, gradient: grad(loss, { W: model.cell.W }) });
  const draw = (view: keyof Pictures): Promise<string> => renderSvg(toDot(whole, { view, steps }));
  return { folded: await draw("folded"), unrolled: await draw("unrolled"), backward: await draw("backward") };
}
