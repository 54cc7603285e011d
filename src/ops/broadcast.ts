import { alignment, otherAxes, type Shape, showShape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import type { AnyWide, ShowShape, Unless, Within } from "../graph/types.ts";
import { allocate } from "../graph/value.ts";
import { given, notShape } from "./checks.ts";
import { linear } from "./linear.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, layer, row } from "./samples.ts";
import { offsets, strides } from "./strides.ts";

type Attributes = { readonly shape: Shape; readonly axes: readonly number[] };

const broadcastOp: Op<Attributes> = {
  name: "broadcastTo",
  doc: "a repeated along the dims that it lacks; a's i-th dim stands at axes[i] of the given shape.",
  infer: ([a], { shape }) => ({ shape, dtype: a!.dtype }),
  evaluate: ([a], { attributes: { shape, axes }, dtype }) => {
    const own = strides(a!.shape);
    const by = new Array<number>(shape.length).fill(0);
    axes.forEach((axis, i) => {
      by[axis] = own[i]!;
    });
    const from = offsets(
      shape.map((d) => d.size),
      by,
    );
    const out = allocate(dtype, from.length);
    for (let i = 0; i < from.length; i++) out[i] = a!.data[from[i]!]!;
    return out;
  },
  vjp: ({ cotangent, attributes: { shape, axes } }, m) => [m.sum(cotangent, otherAxes(shape.length, axes))],
  jvp: linear,
  lift: ({ inputs, attributes: { shape, axes }, dim }, m) => m.broadcast(inputs[0]!, [dim, ...shape], [0, ...axes.map((a) => a + 1)]),
  computation: ({ attributes: { axes } }) => ({ kind: "view", axes: axes.map((axis) => ({ axis, start: 0, step: 1 })) }),
  picture: { plumbing: true, derivative: [(c) => c] },
  label: ({ shape }) => `repeat to [${shape.map((d) => d.name).join(", ")}]`,
  latex: ([a]) => a!,
  samples: [
    { name: "row to matrix", operands: [drawn([column], between(-2, 2))], attributes: { shape: [row, column], axes: [1] } },
    { name: "a gap", operands: [drawn([row, layer], between(-2, 2))], attributes: { shape: [row, column, layer], axes: [0, 2] } },
    { name: "scalar", operands: [drawn([], between(-2, 2))], attributes: { shape: [row], axes: [] } },
  ],
};

export function broadcastNode(a: Node, shape: Shape, axes: readonly number[]): Node {
  return a.shape.length === shape.length ? a : make(broadcastOp, [a], { shape, axes });
}

/** a repeated to a larger shape, whose dims include a's in the same order. */
export const broadcastTo: <A extends Shape, const S extends Shape, D extends DType>(
  a: Tensor<A, D>,
  shape: S & Unless<AnyWide<A, S> extends true ? true : Within<S, A>, `broadcastTo: ${ShowShape<A>} does not broadcast to ${ShowShape<S>}`>,
) => Tensor<S, D> = opFunction(broadcastOp, (value: unknown, shape: Shape) => {
  const a = operand("broadcastTo", value);
  return given("broadcastTo", [a], [notShape(shape)], () => broadcastTo_(a, shape));
});

function broadcastTo_(a: Node, shape: Shape): Node {
  const axes = alignment(a.shape, shape);
  if (axes === undefined) {
    return failed(
      "broadcastTo",
      "BroadcastMismatch",
      `${showShape(a.shape)} does not broadcast to ${showShape(shape)}`,
      [a],
      "its dims must be among the shape's, in the same order",
      {
        shape,
        dtype: a.dtype,
        certain: true,
      },
    );
  }
  return broadcastNode(a, shape, axes);
}
