// Pictures of the graph that was trained, for the sentence that the report looks into.

import { dim, grad, graph, inference, toDot } from "clew";
import { renderSvg } from "../../scripts/render-svg.ts";
import type { Pictures } from "./report-figures.ts";
import type { Results } from "./results.ts";

/** The net over the words of one sentence; without dropout, which is a matter of training. */
export async function drawGraph({ model, contributions }: Pick<Results, "model" | "contributions">): Promise<Pictures> {
  const { loss } = model.build({ time: dim("time", contributions.words.length), batch: dim("batch", 1) });
  const forward = inference(loss);
  const whole = graph({ loss: forward, gradient: grad(forward, { W: model.cell.W }) });
  const draw = (view: keyof Pictures): Promise<string> => renderSvg(toDot(whole, { view, steps: contributions.words.length }));
  return { folded: await draw("folded"), unrolled: await draw("unrolled"), backward: await draw("backward") };
}
