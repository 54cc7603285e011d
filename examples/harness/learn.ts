// Training with a line an epoch, and programs of what was trained.

import { compile, type Evaluated, type Feeds, type FitOptions, fit, inference, type Model, type ParameterValues, type Source } from "clew";
import type { Settings } from "./example.ts";

/** Trains, and tells how it goes about ten times; the parameters of the best epoch by validation data, or without them those of the last one. */
export async function learned(model: Model, data: Source, options: FitOptions, { seed, say }: Settings): Promise<ParameterValues> {
  const every = Math.ceil(options.epochs / 10);
  let parameters: ParameterValues = {};
  for await (const event of fit(model, data, { engine: "f32", seed, ...options })) {
    if (event.kind !== "epoch") continue;
    const { epoch, epochs, loss, metric, validation, best, stepsPerSecond } = event;
    const last = epoch + 1 === epochs || event.stopped;
    if (last) parameters = validation === undefined ? ownOf(model, event.parameters()) : best.parameters();
    if (last || epoch % every === every - 1) {
      const held = validation === undefined ? "" : `, held out ${scoreOf(validation)}`;
      say(`epoch ${epoch + 1}: ${scoreOf({ loss, metric })}${held} (${stepsPerSecond.toFixed(0)} steps/s)`);
    }
  }
  return parameters;
}

const scoreOf = ({ loss, metric }: { readonly loss: number; readonly metric: number | undefined }): string =>
  `loss ${loss.toFixed(4)}${metric === undefined ? "" : `, right ${(100 * metric).toFixed(1)} %`}`;

/** Without the optimiser's slots. */
function ownOf(model: Model, values: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.values(model.parameters).map(({ parameter }) => [parameter, values[parameter]!]));
}

/** What trained parameters say: values of any tensors of the model's graph, without dropout. Of the feeds it takes what the tensors need. */
export function trained<T>(outputs: T, parameters: ParameterValues): (feeds: Feeds) => Evaluated<T> {
  const program = compile(inference(outputs), { precision: "f32" });
  const only = (names: readonly string[], values: Feeds): Feeds => Object.fromEntries(names.map((name) => [name, values[name]!]));
  program.set(only(Object.keys(program.parameters()), parameters));
  return (feeds) => program.run(only(program.inputs, feeds));
}
