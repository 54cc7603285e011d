// Both nets see the same numbers, and are trained on the same task: bits that are told one step after they were seen.

import {
  adam,
  type BatchFeeds,
  checkGradients,
  compile,
  dim,
  evaluate,
  grad,
  graph,
  type ParameterValues,
  type Source,
  score,
  type Value,
} from "clew";
import type { Outcome, Settings } from "../harness/example.ts";
import { learned } from "../harness/learn.ts";
import { randomOf } from "../harness/random.ts";
import { net, type Order } from "./model.ts";

/** At each step a bit (as −1 or 1) and noise; the label is the bit of the step before, and at the first step the bit itself. */
function bits(time: number, batch: number, random: () => number): BatchFeeds {
  const x = new Float64Array(time * batch * 2);
  const labels = new Int32Array(time * batch);
  for (let i = 0; i < time * batch; i++) {
    const bit = random() < 0.5 ? 0 : 1;
    x.set([2 * bit - 1, random() - 0.5], 2 * i);
    if (i < batch) labels[i] = bit;
    if (i + batch < labels.length) labels[i + batch] = bit;
  }
  return { time, batch, feeds: { x, labels } };
}

/** How many numbers are not the same to the last bit. */
function different(one: Value, other: Value): number {
  return Array.from(one.data).filter((x, i) => !Object.is(x, other.data[i])).length;
}

interface Ordered {
  readonly reference: { readonly scores: Value; readonly loss: Value };
  readonly compiled: { readonly scores: Value; readonly loss: Value; readonly gradient: ParameterValues };
  readonly trained: ParameterValues;
}

const all = (one: ParameterValues, other: ParameterValues): number =>
  Object.keys(one).reduce((n, name) => n + different(one[name]!, other[name]!), 0);

export default async function twoOrders(settings: Settings): Promise<Outcome> {
  const { seed, small } = settings;
  const [time, batch] = [dim("time", 6), dim("batch", 3)];
  const few = bits(time.size, batch.size, randomOf(seed));
  const source: Source = (epoch, of) => {
    const random = randomOf(of * 7919 + epoch);
    return Array.from({ length: 20 }, () => bits(12, 16, random));
  };
  const inOrder = async (order: Order): Promise<Ordered> => {
    const model = net(order);
    const { loss, scores } = model.build({ time, batch });
    const reference = evaluate({ scores, loss }, few.feeds, { seed });
    const compiled = compile({ scores, loss, gradient: grad(loss, model.parameters) }, { seed, precision: "f64" }).run(few.feeds);
    settings.say(order);
    const trained = await learned(model, source, { optimiser: adam(1e-2), epochs: small ? 4 : 10, engine: "f64" }, settings);
    return { reference, compiled: { ...compiled, gradient: compiled.gradient as ParameterValues }, trained };
  };
  const [one, other] = [await inOrder("alternating"), await inOrder("states first")];

  const model = net("alternating");
  const asked = bits(12, 500, randomOf(seed + 1e6));
  const { loss } = model.build({ time, batch });
  const drawn = (order: Order) => {
    const built = net(order).build({ time, batch });
    return { graph: graph(built.scores), view: "folded" as const };
  };
  return {
    metrics: {
      differentScores: different(one.reference.scores, other.reference.scores) + different(one.compiled.scores, other.compiled.scores),
      differentLosses: different(one.reference.loss, other.reference.loss) + different(one.compiled.loss, other.compiled.loss),
      differentGradients: all(one.compiled.gradient, other.compiled.gradient),
      differentWeights: all(one.trained, other.trained),
      accuracy: score(model, one.trained, () => [asked]).metric,
    },
    gradientCheck: checkGradients(loss, { feeds: few.feeds, seed }),
    pictures: { alternating: drawn("alternating"), "states-first": drawn("states first") },
  };
}
