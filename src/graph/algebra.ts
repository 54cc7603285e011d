// The vocabulary in which rules are written. An op's formula and its derivative are functions over an abstract algebra ("tagless final"):
// interpreted over numbers they evaluate, over nodes they build the derivative graph, over strings they print. It also keeps op files free
// of each other: sum's derivative broadcasts and broadcast's derivative sums, and neither imports the other.
// ops/algebra.ts interprets it over nodes.

import type { Dim, Shape } from "./dim.ts";
import type { DType } from "./value.ts";

/** Elementwise operations. Truth values are 1 and 0 when T is number. */
export interface Arithmetic<T> {
  constant(value: number): T;
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  div(a: T, b: T): T;
  pow(a: T, b: T): T;
  maximum(a: T, b: T): T;
  minimum(a: T, b: T): T;
  neg(a: T): T;
  exp(a: T): T;
  log(a: T): T;
  sqrt(a: T): T;
  abs(a: T): T;
  sign(a: T): T;
  sin(a: T): T;
  cos(a: T): T;
  tanh(a: T): T;
  sigmoid(a: T): T;
  softplus(a: T): T;
  less(a: T, b: T): T;
  lessEqual(a: T, b: T): T;
  equal(a: T, b: T): T;
  and(a: T, b: T): T;
  or(a: T, b: T): T;
  not(a: T): T;
  where(condition: T, a: T, b: T): T;
}

/** Which axes of a and b a contraction pairs: summed over, or kept as batch. Result: a's axes that are left, in order, then b's free ones. */
export type ContractAxes = {
  readonly summed: readonly (readonly [a: number, b: number])[];
  readonly batch: readonly (readonly [a: number, b: number])[];
};

/** Everything that derivative, lift and combine rules may use: by axis position, so that repeated dim names are no obstacle. */
export interface Algebra<T> extends Arithmetic<T> {
  full(shape: Shape, value: number): T;
  iota(shape: Shape, axis: number): T;
  cast(a: T, dtype: DType): T;
  /** Sums over axes. */
  sum(a: T, axes: readonly number[]): T;
  max(a: T, axis: number): T;
  /** Repeats a along new axes: `axes[i]` is where a's i-th dim stands in `shape`. */
  broadcast(a: T, shape: Shape, axes: readonly number[]): T;
  /** Result's axis i is a's axis `order[i]`. */
  transpose(a: T, order: readonly number[]): T;
  /** Same elements in row-major order, other dims. */
  reshape(a: T, shape: Shape): T;
  contract(a: T, b: T, axes: ContractAxes): T;
  /** `into.size` elements of the axis, from `start`; the axis is then `into`. */
  slice(a: T, axis: number, start: number, into: Dim): T;
  /** Zeros around: a's axis lies in `into` from `start`. The adjoint of slice. */
  pad(a: T, axis: number, start: number, into: Dim): T;
  concat(parts: readonly T[], axis: number, into: Dim): T;
  /** Element `at` of an axis, which is dropped. */
  index(a: T, axis: number, at: number): T;
  /** Zeros, but for a at element `at` of the new axis `into`. The adjoint of index. */
  place(a: T, axis: number, at: number, into: Dim): T;
  /** Parts of one shape, along the new first axis `into`. */
  stack(parts: readonly T[], into: Dim): T;
  reverse(a: T, axis: number): T;
  /** Rows of `table` along `axis`, by id; the dims of ids take the axis' place. */
  gather(table: T, ids: T, axis: number): T;
  /** Adds the rows of `updates` (whose dims at `axis`… are those of ids) into zeros, by id. The adjoint of gather. */
  scatterAdd(updates: T, ids: T, axis: number, into: Dim): T;
}
