// What users hand to a recurrence, and what they get, as types: trees of tensors, with and without the dim of time.

import type { Dim, Shape } from "../graph/dim.ts";
import type { Tensor } from "../graph/node.ts";
import type { IsAny } from "../graph/types.ts";

/** A state or an input: a tensor, or a record (of records) of tensors. */
// biome-ignore lint/suspicious/noExplicitAny: a tensor of any shape and dtype, in either position
export type AnyTree = Tensor<any, any> | { readonly [name: string]: AnyTree };

/** One time step of x: without its first dim. */
export type StepOf<X> =
  X extends Tensor<infer S extends Shape, infer D>
    ? S extends readonly [unknown, ...infer R extends Shape]
      ? Tensor<readonly [...R], D>
      : Tensor<Shape, D>
    : { readonly [K in keyof X]: StepOf<X[K]> };
export type TimeOf<X> =
  IsAny<X> extends true
    ? Dim // any's fields are any: there would be no end
    : X extends Tensor<infer S extends Shape, infer _>
      ? S extends readonly [infer T extends Dim, ...infer _]
        ? T
        : Dim
      : TimeOf<X[keyof X]>;
/** An output of every step, over time. */
export type Stacked<T extends Dim, O> =
  O extends Tensor<infer S extends Shape, infer D> ? Tensor<readonly [T, ...S], D> : { readonly [K in keyof O]: Stacked<T, O[K]> };

export interface Recurrence<S, O> {
  readonly state: S;
  readonly output: O;
}

/** Truncated backpropagation through time, as {@link UnrollOptions} has it. */
export interface Truncation {
  /** A backward pass every so many steps, for the losses of these steps. */
  readonly forward: number;
  /** How many steps each goes back: `forward` or more. */
  readonly backward: number;
}

/** What is kept of the forward pass, as {@link ScanOptions} has it. */
export type Checkpoint = "none" | "sqrt" | { readonly memory: number };

export interface UnrollOptions<S> {
  /** The first state. */
  readonly from: S;
  /** Which steps are real, [time, …] with dims of the states: elsewhere the state passes untouched, the output is zero, and no gradient comes back. */
  readonly mask?: Tensor<Shape, "bool">;
  /** From the last step to the first; outputs stay in the order of time. */
  readonly reverse?: boolean;
  /**
   * Truncates the gradient: every `forward` steps a backward pass over the last `backward` steps. Of ∂E/∂W = Σ_t Σ_{k≤t} (the term of E_t through step k)
   * the terms with k ≥ b(t) − backward are kept, where b(t) is the end of the stretch of `forward` steps (or of the sequence) in which step t stands; values
   * stay. The step is computed as often as passes overlap: ⌈backward / forward⌉ times, and where the sequence ends r steps into a stretch (0 < r < forward),
   * 1 + ⌈(backward − r) / forward⌉ times if that is more, by one. `truncationLoss` says how much is lost.
   * Source: R. Williams, J. Peng, An efficient gradient-based algorithm for on-line training of recurrent network trajectories (1990).
   */
  readonly truncate?: Truncation;
}

export interface ScanOptions<S> extends UnrollOptions<S> {
  /**
   * How a compiled program differentiates in less memory: what the backward pass needs of the forward pass is computed again, segment by segment, from
   * states that were kept. `"none"` (the default) keeps all, `"sqrt"` makes segments of about √T steps, `{ memory }` recomputes as little as it can within so many
   * bytes for kept states and one segment. Values are the same; `explain()` says what it costs. On a scan inside another scan's cell it is a mistake: the outer
   * scan's is for both.
   */
  readonly checkpoint?: Checkpoint;
}

/** A state as tensors: a parameter may be the first one, the next ones are computed. `any` stays what it is. */
export type StateOf<S> = 0 extends 1 & S
  ? S
  : S extends Tensor<infer H extends Shape, infer D>
    ? Tensor<H, D>
    : { [K in keyof S]: StateOf<S[K]> };
