// How the elements of a result follow from those of the operands: all that an engine needs to know of an op. A dozen forms are enough for every op,
// so engines have a table by form, and never name an op. Axes are positions; an engine knows the operands' shapes.

import type { Arithmetic, ContractAxes } from "./algebra.ts";
import type { DType } from "./value.ts";

/** Where an axis of an operand lies: along an axis of the result, from `start`, forwards (1) or backwards (−1); or at one position. */
export type AlongAxis = { readonly axis: number; readonly start: number; readonly step: 1 | -1 } | { readonly at: number };

export type Computation =
  /** Fed, kept, or bound from outside: nothing to compute. */
  | { readonly kind: "given" }
  /** Numbers that are known: the op's reference gives them. */
  | { readonly kind: "known" }
  | { readonly kind: "fill"; readonly value: number }
  /** The position along an axis. */
  | { readonly kind: "position"; readonly axis: number }
  /** Element by element; operands broadcast. */
  | { readonly kind: "elementwise"; readonly formula: <T>(m: Arithmetic<T>, ...operands: T[]) => T }
  | { readonly kind: "convert"; readonly to: DType }
  /** The operand's elements elsewhere: for each of its axes, where it lies in the result. */
  | { readonly kind: "view"; readonly axes: readonly AlongAxis[] }
  /** The same elements in row-major order. */
  | { readonly kind: "reshape" }
  /** Each operand is a part of the result: for each axis of the result, where the operand lies, or its axis. Zeros elsewhere. */
  | { readonly kind: "assemble"; readonly parts: readonly (readonly PartAxis[])[]; readonly covers: boolean }
  | { readonly kind: "reduce"; readonly by: "sum" | "max" | "argmax"; readonly axes: readonly number[] }
  | { readonly kind: "contract"; readonly axes: ContractAxes }
  /** Rows of operand 0 along an axis, by the ids of operand 1. */
  | { readonly kind: "gather"; readonly axis: number }
  /** Rows of operand 0, whose axes from `axis` on are those of the ids, added by id. */
  | { readonly kind: "scatter"; readonly axis: number }
  /** 1 where the last axis is at the id. */
  | { readonly kind: "oneHot" }
  /** Dropout's factor times the operand; the key of its draws is a function of the environment. */
  | {
      readonly kind: "drop";
      readonly rate: number;
      readonly key: (seed: number, trainingStep: number, steps: readonly number[]) => number;
    };

/** An axis of the result: the operand's axis `axis` lies in it from `start`; or the operand is one position of it. */
export type PartAxis = { readonly axis: number; readonly start: number } | { readonly at: number };

/** Every axis where it is, but for one. */
export function axesBut(rank: number, axis: number, there: (i: number) => AlongAxis): readonly AlongAxis[] {
  return Array.from({ length: rank }, (_, i) => (i === axis ? there(i) : { axis: i, start: 0, step: 1 as const }));
}
