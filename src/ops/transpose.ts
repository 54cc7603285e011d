import type { Dim, Shape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import type { Ok, ShapeError, ShowShape, Wide } from "../graph/types.ts";
import { allocate } from "../graph/value.ts";
import { linear } from "./linear.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, layer, row } from "./samples.ts";
import { offsets, strides } from "./strides.ts";

type Attributes = { readonly order: readonly number[] };

const transposeOp: Op<Attributes> = {
  name: "transpose",
  doc: "Axes in another order: the result's axis i is a's axis order[i].",
  infer: ([a], { order }) => ({ shape: order.map((i) => a!.shape[i]!), dtype: a!.dtype }),
  evaluate: ([a], { attributes: { order }, dtype }) => {
    const by = strides(a!.shape);
    const from = offsets(
      order.map((i) => a!.shape[i]!),
      order.map((i) => by[i]!),
    );
    const out = allocate(dtype, from.length);
    for (let i = 0; i < from.length; i++) out[i] = a!.data[from[i]!]!;
    return out;
  },
  vjp: ({ cotangent, attributes: { order } }, m) => [m.transpose(cotangent, inverse(order))],
  jvp: linear,
  lift: ({ inputs, attributes: { order } }, m) => m.transpose(inputs[0]!, [0, ...order.map((i) => i + 1)]),
  // a's axis i stands where `order` has it
  computation: ({ attributes: { order } }) => ({ kind: "view", axes: inverse(order).map((axis) => ({ axis, start: 0, step: 1 })) }),
  label: () => "transpose",
  latex: ([a]) => `${a}^\\top`,
  samples: [
    { name: "matrix", operands: [drawn([row, column], between(-2, 2))], attributes: { order: [1, 0] } },
    { name: "three axes", operands: [drawn([row, column, layer], between(-2, 2))], attributes: { order: [2, 0, 1] } },
  ],
};

function inverse(order: readonly number[]): readonly number[] {
  const out = new Array<number>(order.length);
  order.forEach((from, to) => {
    out[from] = to;
  });
  return out;
}

export function transposeNode(a: Node, order: readonly number[]): Node {
  return order.every((from, to) => from === to) ? a : make(transposeOp, [a], { order });
}

type Swapped<A extends Shape> =
  Wide<A> extends true
    ? unknown
    : A extends readonly [...Shape, Dim, Dim]
      ? unknown
      : ShapeError<`transpose: needs two dims or more: ${ShowShape<A>}`>;

interface Transpose {
  <P extends Shape, A extends Dim, B extends Dim, D extends DType>(a: Tensor<readonly [...P, A, B], D>): Tensor<readonly [...P, B, A], D>;
  <A extends Shape, D extends DType>(a: Tensor<A, D> & Ok<Swapped<A>>): Tensor<Shape, D>;
}

/**
 * Swaps the last two dims.
 *
 * @example
 * import { dim, evaluate, input, transpose } from "clew";
 * const x = input("x", [dim("row", 2), dim("column", 3)]);
 * evaluate(transpose(x), { x: [[1, 2, 3], [4, 5, 6]] }).data; // Float64Array [1, 4, 2, 5, 3, 6]
 */
export const transpose: Transpose = opFunction(transposeOp, (value: unknown) => {
  const a = operand("transpose", value);
  const n = a.shape.length;
  if (n < 2) return failed("transpose", "RankMismatch", "needs two dims or more", [a], undefined, { shape: a.shape, dtype: a.dtype });
  return transposeNode(a, [...Array.from({ length: n - 2 }, (_, i) => i), n - 1, n - 2]);
});
