import type { Dim, Shape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import type { AtAxis, AxisName, Ok, Once, Result } from "../graph/types.ts";
import { allocate } from "../graph/value.ts";
import { withAxis } from "./axes.ts";
import { linear } from "./linear.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, layer, row } from "./samples.ts";
import { around } from "./strides.ts";

type Attributes = { readonly axis: number; readonly at: number };

const indexOp: Op<Attributes> = {
  name: "index",
  doc: "One element of an axis, which is dropped: x_t of x.",
  infer: ([a], { axis }) => ({ shape: a!.shape.filter((_, i) => i !== axis), dtype: a!.dtype }),
  evaluate: ([a], { attributes: { axis, at }, dtype }) => {
    const { outer, along, inner } = around(a!.shape, axis);
    const out = allocate(dtype, outer * inner);
    for (let o = 0; o < outer; o++) {
      const from = (o * along + at) * inner;
      out.set(a!.data.subarray(from, from + inner), o * inner);
    }
    return out;
  },
  vjp: ({ inputs, cotangent, attributes: { axis, at } }, m) => [m.place(cotangent, axis, at, inputs[0]!.shape[axis]!)],
  jvp: linear,
  lift: ({ inputs, attributes: { axis, at } }, m) => m.index(inputs[0]!, axis + 1, at),
  computation: ({ inputs, attributes: { axis, at } }) => ({
    kind: "view",
    axes: inputs[0]!.shape.map((_, i) => (i === axis ? { at } : { axis: i < axis ? i : i - 1, start: 0, step: 1 })),
  }),
  picture: { plumbing: true, takes: ({ axis, at }) => (axis === 0 ? at : undefined) },
  label: ({ at }) => `[${at}]`,
  latex: ([a], { at }) => `${a}_{${at}}`,
  samples: [
    { name: "row", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 0, at: 1 } },
    { name: "middle", operands: [drawn([row, column, layer], between(-2, 2))], attributes: { axis: 1, at: 2 } },
  ],
};

export function indexNode(a: Node, axis: number, at: number): Node {
  return make(indexOp, [a], { axis, at });
}

interface Index {
  <E extends Dim, P extends Shape, K extends NoInfer<E>, D extends DType>(
    a: Tensor<readonly [E, ...P], D>,
    of: K & Once<"index", readonly [E, ...P], K>,
    at: number,
  ): Tensor<P, D>;
  <P extends Shape, E extends Dim, K extends NoInfer<E> | -1, D extends DType>(
    a: Tensor<readonly [...P, E], D>,
    of: K & Once<"index", readonly [...P, E], K>,
    at: number,
  ): Tensor<P, D>;
  <A extends Shape, K extends AxisName, D extends DType>(
    a: Tensor<A, D>,
    of: K & Ok<AtAxis<"index", A, K, readonly []>>,
    at: number,
  ): Result<AtAxis<"index", A, K, readonly []>, D>;
}

/** One element of a dim, which is dropped: `index(x, time, 0)` is the first time step. */
export const index: Index = opFunction(indexOp, (value: unknown, of: unknown, at: number) => {
  const a = operand("index", value);
  return withAxis("index", a, of, a.shape, (axis) => {
    const { name, size } = a.shape[axis]!;
    if (Number.isInteger(at) && at >= 0 && at < size) return indexNode(a, axis, at);
    return failed("index", "BadArgument", `no element ${shown(at)} in ${name}=${size}`, [a], `0 … ${size - 1}`, {
      shape: a.shape.filter((_, i) => i !== axis),
      dtype: a.dtype,
      certain: true,
    });
  });
});
