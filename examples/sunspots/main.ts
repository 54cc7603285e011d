// Learns the years up to 1919, says each of the others from those before it, and continues the series behind its end.

import { adam, chain, checkGradients, clipByGlobalNorm, cosineDecay, dim, grad, graph, type ParameterValues, type Value } from "clew";
import type { Outcome, Settings } from "../harness/example.ts";
import { learned, trained } from "../harness/learn.ts";
import { forecaster } from "./model.ts";
import { autoregression, errorOf, pieces, piecesSource, scaled, spotsOf } from "./series.ts";
import { firstYear, sunspots } from "./years.ts";

const cut = 1920 - firstYear;
const stretch = 40;

export default async function sunspotsOf(settings: Settings): Promise<Outcome> {
  const { seed, small } = settings;
  const model = forecaster(16);
  const epochs = small ? 30 : 120;
  const optimiser = chain(clipByGlobalNorm(1), adam(cosineDecay(5e-3, { steps: 10 * epochs })));
  const parameters = await learned(model, piecesSource(sunspots.slice(0, cut), stretch), { optimiser, epochs }, settings);

  // one year ahead: of the years from the cut on, each from all before it
  const whole = pieces(sunspots, [0], sunspots.length - 1);
  const { scores } = model.build({ time: dim("time", whole.time), batch: dim("batch", 1) });
  const said = Array.from(trained({ scores }, parameters)(whole.feeds).scores.data, spotsOf).slice(cut - 1);
  const right = sunspots.slice(cut);
  const byTwo = autoregression(sunspots.slice(0, cut));
  const error = errorOf(said, right);
  const errorOfAutoregression = errorOf(
    right.map((_, i) => byTwo(sunspots[cut + i - 2]!, sunspots[cut + i - 1]!)),
    right,
  );
  const errorOfPersistence = errorOf(sunspots.slice(cut - 1, -1), right);

  const time = dim("time", 4);
  const tiny = forecaster(3);
  const { loss } = tiny.build({ time, batch: dim("batch", 2) });
  const gradientCheck = checkGradients(loss, { feeds: pieces(sunspots, [3, 50], time.size).feeds, seed });
  const drawn = graph({ loss, gradient: grad(loss, tiny.parameters) });
  return {
    metrics: { error, errorOfAutoregression, errorOfPersistence, continued: continued(parameters, 22) },
    gradientCheck,
    pictures: { folded: { graph: drawn, view: "folded" }, unrolled: { graph: drawn, view: "unrolled" } },
  };
}

/** The years behind the last one, as the model goes on: each that it says is the next that it reads. */
function continued(parameters: ParameterValues, years: number): readonly number[] {
  const { predictions, state, start } = forecaster(16).step(dim("batch", 1));
  const next = trained({ predictions, state }, parameters);
  let now: { readonly [name: string]: Value } = trained(start, parameters)({});
  const said: number[] = [];
  for (let t = 0; t < sunspots.length + years - 1; t++) {
    const spots = sunspots[t] ?? said.at(-1)!;
    const told = next({ x: [[[scaled(spots)]]], ...now });
    now = told.state;
    if (t >= sunspots.length - 1) said.push(Math.round(spotsOf(told.predictions.data[0]!)));
  }
  return said;
}
