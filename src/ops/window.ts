// slice and pad: an axis becomes a part of itself, or a part of a larger one. Each is the other's adjoint, and users call them alike.

import { type Dim, replaced, type Shape } from "../graph/dim.ts";
import { operand } from "../graph/make.ts";
import type { DType, Node, Tensor } from "../graph/node.ts";
import type { AtAxis, AxisName, Ok, Once, Result } from "../graph/types.ts";
import { withAxis } from "./axes.ts";
import { given, notDim, notNumber } from "./checks.ts";
import { failed } from "./operands.ts";

/** The axis is then `into`; the smaller of the two lies in the larger from `start`. */
export type Window = { readonly axis: number; readonly start: number; readonly into: Dim };

/** Functions that put dim `to` in the place of dim `from` (or of the last, -1). */
export interface Windowed<Op extends string> {
  <P extends Shape, E extends Dim, K extends NoInfer<E> | -1, J extends Dim, D extends DType>(
    a: Tensor<readonly [...P, E], D>,
    from: K & Once<Op, readonly [...P, E], K>,
    to: J,
    at: number,
  ): Tensor<readonly [...P, J], D>;
  <E extends Dim, P extends Shape, K extends NoInfer<E>, J extends Dim, D extends DType>(
    a: Tensor<readonly [E, ...P], D>,
    from: K & Once<Op, readonly [E, ...P], K>,
    to: J,
    at: number,
  ): Tensor<readonly [J, ...P], D>;
  <A extends Shape, K extends AxisName, J extends Dim, D extends DType>(
    a: Tensor<A, D>,
    from: K & Ok<AtAxis<Op, A, K, readonly []>>,
    to: J,
    at: number,
  ): Result<AtAxis<Op, A, K, readonly [J]>, D>;
}

/** Whether a part lies within a whole from `at`. */
export function within(part: Dim, whole: Dim, at: number): boolean {
  return Number.isInteger(at) && at >= 0 && at + part.size <= whole.size;
}

/** Such a function, as users call it; `misfit` is the sentence that says why `from` and `to` do not go together, if so. */
export function windowed(
  name: string,
  what: string,
  misfit: (from: Dim, to: Dim, at: number) => string | undefined,
  build: (a: Node, axis: number, at: number, to: Dim) => Node,
): (a: unknown, from: unknown, to: Dim, at: number) => Node {
  return (value, from, to, at) => {
    const a = operand(name, value);
    const resized = (axis: number): Node => {
      const wrong = misfit(a.shape[axis]!, to, at);
      if (wrong === undefined) return build(a, axis, at, to);
      const guess = { shape: replaced(a.shape, axis, [to]), dtype: a.dtype, certain: true };
      return failed(name, "BadArgument", wrong, [a], undefined, guess);
    };
    return given(name, [a], [notDim(what, to), notNumber("the position", at)], () => withAxis(name, a, from, a.shape, resized));
  };
}
