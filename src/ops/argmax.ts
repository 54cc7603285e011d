import type { Dim, Shape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { Op, Tensor } from "../graph/node.ts";
import type { AtAxis, AxisName, Ok, Once, Result } from "../graph/types.ts";
import type { Value } from "../graph/value.ts";
import { withAxis } from "./axes.ts";
import { needsFloat } from "./operands.ts";
import { between, column, drawn, layer, row } from "./samples.ts";
import { around } from "./strides.ts";

type Attributes = { readonly axis: number };

const argmaxOp: Op<Attributes> = {
  name: "argmax",
  doc: "Where along an axis the largest element is (the first, when several tie): a's dims without it, int.",
  infer: ([a], { axis }) => {
    const shape = a!.shape.filter((_, i) => i !== axis);
    if (a!.shape[axis]!.size === 0)
      return {
        code: "BadArgument",
        message: "the largest of no elements",
        hint: "the dim has size 0",
        guess: { shape, dtype: "int" },
        certain: true,
      };
    return needsFloat(a!, shape, "int");
  },
  evaluate: ([a], { attributes: { axis } }) => argmaxOf(a!, axis).at,
  vjp: { none: "a position is a whole number: it does not vary smoothly" },
  jvp: { none: "a position is a whole number: it does not vary smoothly" },
  lift: ({ inputs, attributes: { axis } }) => make(argmaxOp, inputs, { axis: axis + 1 }),
  computation: ({ attributes: { axis } }) => ({ kind: "reduce", by: "argmax", axes: [axis] }),
  label: () => "argmax",
  latex: ([a]) => `\\operatorname{argmax} ${a}`,
  samples: [
    { name: "last", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 1 } },
    { name: "middle", operands: [drawn([row, column, layer], between(-2, 2))], attributes: { axis: 1 } },
  ],
};

/** Positions along the axis, and offsets in the data. A NaN counts as largest, so that it is seen. */
export function argmaxOf(a: Value, axis: number): { readonly at: Int32Array; readonly from: Int32Array } {
  const { outer, along, inner } = around(a.shape, axis);
  const at = new Int32Array(outer * inner);
  const from = new Int32Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * along * inner + i;
      let best = 0;
      for (let k = 1; k < along; k++) {
        const x = a.data[start + k * inner]!;
        const y = a.data[start + best * inner]!;
        if (x > y || (Number.isNaN(x) && !Number.isNaN(y))) best = k;
      }
      at[o * inner + i] = best;
      from[o * inner + i] = start + best * inner;
    }
  }
  return { at, from };
}

interface Argmax {
  <P extends Shape, D extends Dim, K extends NoInfer<D> | -1>(
    a: Tensor<readonly [...P, D]>,
    over: K & Once<"argmax", readonly [...P, D], K>,
  ): Tensor<P, "int">;
  <D extends Dim, P extends Shape, K extends NoInfer<D>>(
    a: Tensor<readonly [D, ...P]>,
    over: K & Once<"argmax", readonly [D, ...P], K>,
  ): Tensor<P, "int">;
  <A extends Shape, K extends AxisName>(
    a: Tensor<A>,
    over: K & Ok<AtAxis<"argmax", A, K, readonly []>>,
  ): Result<AtAxis<"argmax", A, K, readonly []>, "int">;
}

/** Where along a dim (or the last, -1) the largest element is; the first, when several tie. */
export const argmax: Argmax = opFunction(argmaxOp, (value: unknown, over: unknown) => {
  const a = operand("argmax", value);
  return withAxis("argmax", a, over, a.shape, (axis) => make(argmaxOp, [a], { axis }), "int");
});
