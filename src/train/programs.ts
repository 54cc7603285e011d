// One program for each size of data: a model's graph is built when a size is met first, and kept. The parameters live in one store, which all of
// them share.

import * as E from "fp-ts/lib/Either.js";
import { grad } from "../autodiff/derivatives.ts";
import { inference } from "../autodiff/inference.ts";
import { interpret, type ParameterStore, type Program } from "../evaluate/program.ts";
import type { Checked } from "../graph/diagnostics.ts";
import { dim } from "../graph/dim.ts";
import type { Parameter, Tensor } from "../graph/node.ts";
import { type Built, built, type Model } from "../models/model.ts";
import { type GradientTransformation, updates } from "./transformation.ts";

export interface Sizes {
  readonly time: number;
  readonly batch: number;
}

/** A program by size, from `make` when the size is new. */
export function bySize<P>(make: (sizes: Sizes) => Checked<P>): (sizes: Sizes) => Checked<P> {
  const kept = new Map<string, P>();
  return (sizes) => {
    const key = `${sizes.time}×${sizes.batch}`;
    const known = kept.get(key);
    if (known !== undefined) return E.right(known);
    const made = make(sizes);
    if (E.isRight(made)) kept.set(key, made.right);
    return made;
  };
}

function builtFor<B extends Built>(model: Model<B>, { time, batch }: Sizes): B {
  return built(model, { time: dim("time", time), batch: dim("batch", batch) });
}

export interface Shared {
  readonly seed: number;
  readonly store: ParameterStore;
}

export type Scored = { readonly loss: Tensor<readonly []>; readonly metric?: Tensor<readonly []> };

/** Loss, gradient and the optimiser's step, as one program. Parameters that the loss does not reach at this size stay as they are. */
export function trainingProgram(model: Model, optimiser: GradientTransformation, sizes: Sizes, shared: Shared): Checked<Program<Scored>> {
  const { loss, metric } = builtFor(model, sizes);
  const gradients = grad(loss, { ...model.parameters }, { unreached: "zero" }) as { readonly [name: string]: Tensor };
  const perParameter = new Map<Parameter, Tensor>(Object.entries(model.parameters).map(([name, w]) => [w, gradients[name]!]));
  const outputs: Scored = metric === undefined ? { loss } : { loss, metric };
  return interpret(outputs, { update: updates(optimiser, perParameter), ...shared });
}

/** Loss and metric without dropout; nothing is written. */
export function scoringProgram(model: Model, sizes: Sizes, shared: Shared): Checked<Program<Scored>> {
  const { loss, metric } = builtFor(model, sizes);
  return interpret(inference<Scored>(metric === undefined ? { loss } : { loss, metric }), shared);
}

/** Predictions without dropout; nothing is written. */
export function predictionProgram(model: Model, sizes: Sizes, shared: Shared): Checked<Program<{ readonly predictions: Tensor }>> {
  const { predictions } = builtFor(model, sizes);
  return interpret(inference({ predictions }), shared);
}
