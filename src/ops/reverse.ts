import { axesBut } from "../graph/computation.ts";
import type { Dim, Shape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import type { AtAxis, AxisName, Ok, Once } from "../graph/types.ts";
import { allocate } from "../graph/value.ts";
import { withAxis } from "./axes.ts";
import { linear } from "./linear.ts";
import { between, column, drawn, row } from "./samples.ts";
import { around } from "./strides.ts";

type Attributes = { readonly axis: number };

const reverseOp: Op<Attributes> = {
  name: "reverse",
  doc: "An axis from its end to its start.",
  infer: ([a]) => ({ shape: a!.shape, dtype: a!.dtype }),
  evaluate: ([a], { attributes: { axis }, dtype }) => {
    const { outer, along, inner } = around(a!.shape, axis);
    const out = allocate(dtype, a!.data.length);
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < along; k++) {
        const from = (o * along + k) * inner;
        out.set(a!.data.subarray(from, from + inner), (o * along + along - 1 - k) * inner);
      }
    }
    return out;
  },
  vjp: ({ cotangent, attributes: { axis } }, m) => [m.reverse(cotangent, axis)],
  jvp: linear,
  lift: ({ inputs, attributes: { axis } }, m) => m.reverse(inputs[0]!, axis + 1),
  computation: ({ inputs, attributes: { axis } }) => ({
    kind: "view",
    axes: axesBut(inputs[0]!.shape.length, axis, (i) => ({ axis: i, start: inputs[0]!.shape[i]!.size - 1, step: -1 })),
  }),
  label: () => "reverse",
  latex: ([a]) => `\\overleftarrow{${a}}`,
  samples: [
    { name: "columns", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 1 } },
    { name: "rows", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 0 } },
  ],
};

export function reverseNode(a: Node, axis: number): Node {
  return make(reverseOp, [a], { axis });
}

interface Reverse {
  <A extends Shape, K extends NoInfer<A>[number], D extends DType>(a: Tensor<A, D>, over: K & Once<"reverse", A, K>): Tensor<A, D>;
  <P extends Shape, E extends Dim, D extends DType>(a: Tensor<readonly [...P, E], D>, over: -1): Tensor<readonly [...P, E], D>;
  <A extends Shape, K extends AxisName, D extends DType>(a: Tensor<A, D>, over: K & Ok<AtAxis<"reverse", A, K, readonly []>>): Tensor<A, D>;
}

/** A dim from its end to its start. */
export const reverse: Reverse = opFunction(reverseOp, (value: unknown, over: unknown) => {
  const a = operand("reverse", value);
  return withAxis("reverse", a, over, a.shape, (axis) => reverseNode(a, axis));
});
