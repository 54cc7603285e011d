import { type Dim, dim, replaced, type Shape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import type { AtAxis, AxisName, Ok, Once, Result } from "../graph/types.ts";
import { allocate } from "../graph/value.ts";
import { withAxis } from "./axes.ts";
import { given, notDim, notNumber } from "./checks.ts";
import { linear } from "./linear.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";
import { around } from "./strides.ts";

export type Window = { readonly axis: number; readonly start: number; readonly into: Dim };

export const sliceOp: Op<Window> = {
  name: "slice",
  doc: "`into.size` elements of an axis, from start; the axis is then `into`.",
  infer: ([a], { axis, into }) => ({ shape: replaced(a!.shape, axis, [into]), dtype: a!.dtype }),
  evaluate: ([a], { attributes: { axis, start, into }, dtype }) => {
    const { outer, along, inner } = around(a!.shape, axis);
    const out = allocate(dtype, outer * into.size * inner);
    for (let o = 0; o < outer; o++) {
      const from = (o * along + start) * inner;
      out.set(a!.data.subarray(from, from + into.size * inner), o * into.size * inner);
    }
    return out;
  },
  vjp: ({ inputs, cotangent, attributes: { axis, start } }, m) => [m.pad(cotangent, axis, start, inputs[0]!.shape[axis]!)],
  jvp: linear,
  lift: ({ inputs, attributes: { axis, start, into } }, m) => m.slice(inputs[0]!, axis + 1, start, into),
  label: ({ start, into }) => `${start} … ${start + into.size - 1}`,
  latex: ([a], { start, into }) => `${a}_{${start}:${start + into.size}}`,
  samples: [
    { name: "columns", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 1, start: 1, into: dim("part", 2) } },
    { name: "a row", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 0, start: 1, into: dim("part", 1) } },
  ],
};

export function sliceNode(a: Node, axis: number, start: number, into: Dim): Node {
  return make(sliceOp, [a], { axis, start, into });
}

interface Slice {
  <P extends Shape, E extends Dim, K extends NoInfer<E> | -1, J extends Dim, D extends DType>(
    a: Tensor<readonly [...P, E], D>,
    from: K & Once<"slice", readonly [...P, E], K>,
    to: J,
    at: number,
  ): Tensor<readonly [...P, J], D>;
  <E extends Dim, P extends Shape, K extends NoInfer<E>, J extends Dim, D extends DType>(
    a: Tensor<readonly [E, ...P], D>,
    from: K & Once<"slice", readonly [E, ...P], K>,
    to: J,
    at: number,
  ): Tensor<readonly [J, ...P], D>;
  <A extends Shape, K extends AxisName, J extends Dim, D extends DType>(
    a: Tensor<A, D>,
    from: K & Ok<AtAxis<"slice", A, K, readonly []>>,
    to: J,
    at: number,
  ): Result<AtAxis<"slice", A, K, readonly [J]>, D>;
}

/** `to.size` elements of dim `from`, starting at `at`; the dim is then `to`. */
export const slice: Slice = opFunction(sliceOp, (value: unknown, from: unknown, to: Dim, at: number) => {
  const a = operand("slice", value);
  const checks = [notDim("what it is sliced to", to), notNumber("the position", at)];
  const build = (axis: number): Node => {
    const size = a.shape[axis]!.size;
    if (!Number.isInteger(at) || at < 0 || at + to.size > size) {
      return failed(
        "slice",
        "BadArgument",
        `${to.size} elements from ${at} are not within ${a.shape[axis]!.name}=${size}`,
        [a],
        undefined,
        {
          shape: replaced(a.shape, axis, [to]),
          dtype: a.dtype,
          certain: true,
        },
      );
    }
    return sliceNode(a, axis, at, to);
  };
  return given("slice", [a], checks, () => withAxis("slice", a, from, a.shape, build));
});
