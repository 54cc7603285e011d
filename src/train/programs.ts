// One program for each size of data: a model's graph is built when a size is met first, and kept. The parameters live in one store, which all of
// them share.

import * as E from "fp-ts/lib/Either.js";
import { grad } from "../autodiff/derivatives.ts";
import { inference } from "../autodiff/inference.ts";
import { compile } from "../compile/compile.ts";
import { interpret, type ParameterStore, type Program, type ProgramOptions, type Update } from "../evaluate/program.ts";
import type { Checked, Diagnostic } from "../graph/diagnostics.ts";
import { dim } from "../graph/dim.ts";
import { isNode, type Parameter, type Tensor } from "../graph/node.ts";
import { badArgument, isRecord, shown } from "../graph/options.ts";
import { type Built, built, type Model } from "../models/model.ts";
import type { Metrics } from "./metrics.ts";
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

/** A model's graph by size: what the user's own `build` gives may be anything. */
function builtFor<B extends Built>(model: Model<B>, { time, batch }: Sizes, need: "loss" | "predictions"): Checked<B> {
  const made: unknown = built(model, { time: dim("time", time), batch: dim("batch", batch) });
  const hint = "build: ({ time, batch }) => ({ inputs, loss, predictions })";
  if (!isRecord(made)) return E.left([badArgument("build", `the model's build gave ${shown(made)}, expected a record`, hint)]);
  if (!isNode(made[need]))
    return E.left([badArgument("build", `of what the model's build gave, ${need} is ${shown(made[need])}, expected a tensor`, hint)]);
  return E.right(made as unknown as B);
}

/** What runs a graph: compiled to WebAssembly, in f32 or f64; or the reference interpreter, which is f64 and slow, and runs every op. */
export type Engine = "f32" | "f64" | "reference";

const engines: readonly unknown[] = ["f32", "f64", "reference"] satisfies readonly Engine[];

export function wrongEngine(verb: string, engine: unknown): readonly Diagnostic[] {
  if (engine === undefined || engines.includes(engine)) return [];
  return [badArgument(verb, `no such engine: ${shown(engine)}`, 'engine: "f32", "f64" or "reference"')];
}

export interface Shared {
  readonly seed: number;
  readonly store: ParameterStore;
  readonly engine: Engine;
  /** Of a compiled step; 1 when left out. */
  readonly threads?: number;
}

function programOf<T>(
  outputs: T,
  { engine, threads = 1, ...shared }: Shared,
  update: Pick<ProgramOptions, "update"> = {},
): Checked<Program<T>> {
  return engine === "reference"
    ? interpret(outputs, { ...shared, ...update })
    : compile(outputs, { ...shared, ...update, precision: engine, threads });
}

export type Scored = { readonly loss: Tensor<readonly []>; readonly metric?: Tensor<readonly []> };

/** What a step of training computes and writes. */
export interface TrainingGraph {
  readonly outputs: Scored;
  readonly update: Update;
}

/** Loss, gradient and the optimiser's step, as one graph. Parameters that the loss does not reach at this size stay as they are. */
export function trainingGraph(model: Model, optimiser: GradientTransformation, sizes: Sizes): Checked<TrainingGraph> {
  const made = builtFor(model, sizes, "loss");
  if (E.isLeft(made)) return made;
  const { loss, metric } = made.right;
  const gradients = grad(loss, { ...model.parameters }, { unreached: "zero" }) as { readonly [name: string]: Tensor };
  const perParameter = new Map<Parameter, Tensor>(Object.entries(model.parameters).map(([name, w]) => [w, gradients[name]!]));
  return E.right({ outputs: metric === undefined ? { loss } : { loss, metric }, update: updates(optimiser, perParameter) });
}

/** The same as a program. */
export function trainingProgram(model: Model, optimiser: GradientTransformation, sizes: Sizes, shared: Shared): Checked<Program<Scored>> {
  const made = trainingGraph(model, optimiser, sizes);
  return E.isLeft(made) ? made : programOf(made.right.outputs, shared, { update: made.right.update });
}

/** The sums that metrics ask for, by metric and by the metric's own names. */
export type Asked = { readonly [metric: string]: { readonly [name: string]: Tensor } };

/** Loss, metric and what metrics ask for, without dropout; nothing is written. */
export function scoringProgram(
  model: Model,
  sizes: Sizes,
  shared: Shared,
  metrics: Metrics,
): Checked<Program<Scored & { readonly asked: Asked }>> {
  const made = builtFor(model, sizes, "loss");
  if (E.isLeft(made)) return made;
  const { loss, metric } = made.right;
  const asked: Asked = Object.fromEntries(Object.entries(metrics).map(([name, { of }]) => [name, of(made.right)]));
  return programOf(inference<Scored & { readonly asked: Asked }>(metric === undefined ? { loss, asked } : { loss, metric, asked }), shared);
}

/** Predictions without dropout; nothing is written. */
export function predictionProgram(model: Model, sizes: Sizes, shared: Shared): Checked<Program<{ readonly predictions: Tensor }>> {
  const made = builtFor(model, sizes, "predictions");
  return E.isLeft(made) ? made : programOf(inference({ predictions: made.right.predictions }), shared);
}
