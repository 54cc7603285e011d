// The cell learns to say who leads: more ones than minus ones so far, after each of twenty steps. Its gradient is checked to second order.

import { adam, type BatchFeeds, chain, checkGradients, clipByGlobalNorm, dim, grad, graph, score } from "clew";
import type { Outcome, Settings } from "../harness/example.ts";
import { learned } from "../harness/learn.ts";
import { randomOf } from "../harness/random.ts";
import { majority } from "./model.ts";

export function leads(time: number, batch: number, random: () => number): BatchFeeds {
  const x = new Float64Array(time * batch);
  const labels = new Int32Array(time * batch);
  for (let b = 0; b < batch; b++) {
    let lead = 0;
    for (let t = 0; t < time; t++) {
      const i = t * batch + b;
      x[i] = random() < 0.5 ? -1 : 1;
      lead += x[i]!;
      labels[i] = lead > 0 ? 1 : 0;
    }
  }
  return { time, batch, feeds: { x, labels } };
}

export default async function ownCell(settings: Settings): Promise<Outcome> {
  const { seed, small } = settings;
  const model = majority(24);
  const optimiser = chain(clipByGlobalNorm(1), adam(5e-3));
  const source = (epoch: number, of: number): readonly BatchFeeds[] => {
    const random = randomOf(of * 7919 + epoch);
    return Array.from({ length: 50 }, () => leads(20, 32, random));
  };
  const parameters = await learned(model, source, { optimiser, epochs: small ? 6 : 15 }, settings);
  const asked = leads(20, 1000, randomOf(seed + 1e6));

  const few = leads(4, 2, randomOf(seed));
  const tiny = majority(3);
  const { loss } = tiny.build({ time: dim("time", few.time), batch: dim("batch", few.batch) });
  const gradientCheck = checkGradients(loss, { feeds: few.feeds, seed });
  const second = checkGradients(loss, { feeds: few.feeds, seed, order: 2 });
  const drawn = graph({ loss, gradient: grad(loss, tiny.parameters) });
  return {
    metrics: {
      accuracy: score(model, parameters, () => [asked], { engine: "f32" }).metric,
      secondOrderVerdict: second.verdict,
      secondOrderError: second.maxRelativeError,
    },
    gradientCheck,
    pictures: { folded: { graph: drawn, view: "folded" }, backward: { graph: drawn, view: "backward" } },
  };
}
