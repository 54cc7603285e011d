// Trained on numbers of ten digits, asked for sums of numbers of thirty.

import { adam, chain, checkGradients, clipByGlobalNorm, dim, grad, graph } from "clew";
import type { Outcome, Settings } from "../harness/example.ts";
import { learned, trained } from "../harness/learn.ts";
import { randomOf } from "../harness/random.ts";
import { adder } from "./model.ts";
import { exact, sums, sumsSource } from "./sums.ts";

const bits = 10;

export default async function adding(settings: Settings): Promise<Outcome> {
  const model = adder(16);
  const optimiser = chain(clipByGlobalNorm(1), adam(1e-2));
  const parameters = await learned(model, sumsSource(bits, 32, 100), { optimiser, epochs: settings.small ? 6 : 20 }, settings);

  // sums that were not trained on, three times as long
  const asked = sums(3 * bits, 1000, randomOf(settings.seed + 1e6));
  const { sum } = model.build({ time: dim("time", asked.time), batch: dim("batch", asked.batch) });
  const exactSums = exact(trained({ sum }, parameters)(asked.feeds).sum.data, asked) / asked.batch;

  const few = sums(4, 3, randomOf(settings.seed));
  const built = model.build({ time: dim("time", few.time), batch: dim("batch", few.batch) });
  const gradientCheck = checkGradients(built.loss, { feeds: { ...few.feeds, ...parameters }, seed: settings.seed });
  const drawn = graph({ loss: built.loss, gradient: grad(built.loss, model.parameters) });
  return {
    metrics: { exactSums, digits: 3 * bits },
    gradientCheck,
    pictures: { folded: { graph: drawn, view: "folded" }, unrolled: { graph: drawn, view: "unrolled" } },
  };
}
