// The same task, data and optimiser for an LSTM and for a plain RNN.

import { adam, type CellMaker, chain, checkGradients, clipByGlobalNorm, dim, grad, graph, rnn, score } from "clew";
import type { Outcome, Settings } from "../harness/example.ts";
import { learned } from "../harness/learn.ts";
import { randomOf } from "../harness/random.ts";
import { copier, delay, remembering } from "./model.ts";
import { tasks, tasksSource } from "./tasks.ts";

export default async function copying(settings: Settings): Promise<Outcome> {
  const asked = tasks(delay, 500, randomOf(settings.seed + 1e6));
  const recallOf = async (maker: CellMaker): Promise<number> => {
    const model = copier(maker, 32);
    const options = { optimiser: chain(clipByGlobalNorm(1), adam(3e-3)), epochs: settings.small ? 4 : 8 };
    const parameters = await learned(model, tasksSource(delay, 32, 50), options, settings);
    return score(model, parameters, () => [asked], { engine: "f32" }).metric!;
  };
  settings.say("an LSTM");
  const recalled = await recallOf(remembering);
  settings.say("a plain RNN");
  const recalledByRnn = await recallOf(rnn);

  const few = tasks(2, 2, randomOf(settings.seed));
  const small = copier(remembering, 3);
  const { loss } = small.build({ time: dim("time", few.time), batch: dim("batch", few.batch) });
  const drawn = graph({ loss, gradient: grad(loss, small.parameters) });
  return {
    metrics: { recalled, recalledByRnn, delay, chance: 1 / 4 },
    gradientCheck: checkGradients(loss, { feeds: few.feeds, seed: settings.seed }),
    pictures: { folded: { graph: drawn, view: "folded" }, unrolled: { graph: drawn, view: "unrolled" } },
  };
}
