// What a model is. Data dims vary (training, one sentence, the last batch), weights do not: parameters are made once, and `build` makes the
// graph for given sizes around them.

import { diagnostic } from "../graph/diagnostics.ts";
import type { Dim, Shape } from "../graph/dim.ts";
import { ill } from "../graph/make.ts";
import type { DType, Node, Parameter, Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { argmax } from "../ops/argmax.ts";
import { cast } from "../ops/cast.ts";
import { equal } from "../ops/equal.ts";
import { mean } from "../ops/reductions.ts";

/** The sizes that data have: how many steps, how many examples. */
export interface DataDims {
  readonly time: Dim<"time">;
  readonly batch: Dim<"batch">;
}

/** A model's graph for given sizes. */
export interface Built {
  /** What is fed, by name. */
  readonly inputs: { readonly [name: string]: Tensor<Shape, DType> };
  /** One number, to be made small. */
  readonly loss: Tensor<readonly []>;
  /** What the model says, `[batch, …]`: for a classifier the probability of each label. */
  readonly predictions: Tensor;
  /** One number to be looked at while training: the share that is right, for a classifier. */
  readonly metric?: Tensor<readonly []>;
}

/** What is trained, checked, drawn and used. As the default export of a script, `clew` works on it; `ModelScript` says what it may carry besides. */
export interface Model<B extends Built = Built> {
  /** Made once: the same nodes in every graph that `build` makes. */
  readonly parameters: { readonly [name: string]: Parameter };
  readonly build: (dims: DataDims) => B;
}

/** A model with a recurrence: `build` has it as a scan, `unrolled` written out step by step. The values are the same, bit for bit. */
export interface RecurrentModel<B extends Built = Built> extends Model<B> {
  readonly unrolled: Model<B>["build"];
}

/** What fit and predict call in the place of a ready model's `build`: by them, its nodes stand at the line where the model was made. */
const ready = new WeakMap<object, (dims: DataDims) => Built>();

/** The `build` of a ready model that was made at `line`: what the user calls it for stands at the line of that call. */
export function buildOf<D, B extends Built>(line: Site, body: (dims: D) => B): (dims: D) => B {
  const build = (dims: D): B => standingAt(calledFrom(build), () => body(dims));
  ready.set(build, (dims) => standingAt(line, () => body(dims as D)));
  return build;
}

/** The graph of a model, ready or the user's own, when it is we who ask for it. */
export function built<B extends Built>(model: Model<B>, dims: DataDims): B {
  return (ready.get(model.build) as typeof model.build | undefined)?.(dims) ?? model.build(dims);
}

/** A ready model of which the options are no record: whatever is made of it says so, where it was made. */
export function withoutOptions<M>(line: Site, op: string, options: unknown, hint: string): M {
  const message = `the options must be a record, found ${shown(options)}`;
  const found = ill(diagnostic({ code: "BadArgument", op, message, hint, site: line }));
  const build = () => ({ inputs: {}, loss: found, predictions: found });
  return { parameters: { options: found }, build, unrolled: build } as M;
}

/** The share of labels that have the highest score: scores [..., label], labels [...]. */
export function accuracy<P extends Shape, L extends Dim>(
  scores: Tensor<readonly [...P, L]>,
  labels: Tensor<NoInfer<readonly [...P]>, "int">,
): Tensor<readonly []> {
  const guess: Node = argmax(scores, -1);
  return mean(cast(equal(guess as Tensor<Shape, "int">, labels as Tensor<Shape, "int">), "float"));
}

/** Parameters by their own names; one that could not be made has none, and is kept for what it says. */
export function byName(...parameters: readonly Parameter[]): { readonly [name: string]: Parameter } {
  return Object.fromEntries(parameters.map((p, i) => [p.parameter ?? i, p]));
}
