import { type Dim, type Shape, sameShape, showShape, sizeOf } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import type { IsAny, SameShape, ShapeError, ShowShape } from "../graph/types.ts";
import { allocate } from "../graph/value.ts";
import { given, notDim } from "./checks.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

type Attributes = { readonly into: Dim; readonly shape: Shape; readonly dtype: DType };

const stackOp: Op<Attributes> = {
  name: "stack",
  doc: "Parts of one shape along a new first axis: the outputs of all steps.",
  infer: (parts, { into, shape, dtype }) => {
    const guess = { shape: [into, ...shape], dtype };
    const odd = parts.findIndex((p) => !sameShape(p.shape, shape) || p.dtype !== dtype);
    if (odd < 0 && parts.length === into.size) return guess;
    if (odd < 0) return { code: "DimMismatch", message: `${parts.length} parts for ${into.name}=${into.size}`, guess, certain: true };
    return {
      code: "DimMismatch",
      message: `part ${odd} is ${parts[odd]!.dtype} ${showShape(parts[odd]!.shape)}, the first ${dtype} ${showShape(shape)}`,
      involves: [0, odd],
      guess,
      certain: true,
    };
  },
  evaluate: (parts, { shape, dtype }) => {
    const out = allocate(dtype, sizeOf(shape));
    const size = out.length / Math.max(1, parts.length);
    parts.forEach((p, i) => {
      out.set(p.data, i * size);
    });
    return out;
  },
  vjp: ({ inputs, cotangent, wanted }, m) => inputs.map((_, i) => (wanted[i] ? m.index(cotangent, 0, i) : undefined)),
  jvp: ({ tangents, attributes: { into, shape } }, m) =>
    m.stack(
      tangents.map((t) => t ?? m.full(shape, 0)),
      into,
    ),
  lift: ({ inputs, lifted, attributes: { into, shape }, dim }, m) => {
    const full = [dim, ...shape];
    const stacked = m.stack(
      inputs.map((x, i) =>
        lifted[i]
          ? x
          : m.broadcast(
              x,
              full,
              shape.map((_, axis) => axis + 1),
            ),
      ),
      into,
    );
    return m.transpose(stacked, [1, 0, ...shape.map((_, i) => i + 2)]);
  },
  computation: ({ inputs, attributes: { shape } }) => ({
    kind: "assemble",
    parts: inputs.map((_, at) => [{ at }, ...shape.map((__, i) => ({ axis: i, start: 0 }))]),
    covers: true,
  }),
  picture: { plumbing: true, stacks: true },
  label: ({ into }) => `stack over ${into.name}`,
  latex: (parts) => (parts.length > 2 ? `(${parts[0]}, \\dots, ${parts.at(-1)})` : `(${parts.join(", ")})`),
  samples: [
    {
      name: "two rows",
      operands: [drawn([column], between(-2, 2)), drawn([column], between(-2, 2))],
      attributes: { into: row, shape: [column], dtype: "float" },
    },
  ],
};

export function stackNode(parts: readonly Node[], into: Dim): Node {
  return make(stackOp, parts, { into, shape: parts[0]?.shape ?? [], dtype: parts[0]?.dtype ?? "float" });
}

type Odd<P, S extends Shape, D extends DType, N extends 0[] = [0]> = P extends readonly [infer H, ...infer R]
  ? H extends Tensor<infer T, infer E>
    ? [SameShape<T, S>, E] extends [true, D]
      ? Odd<R, S, D, [...N, 0]>
      : ShapeError<`stack: part ${N["length"]} is ${E} ${ShowShape<T>}, the first ${D} ${ShowShape<S>}`>
    : unknown
  : unknown;
type Alike<P> = P extends readonly [Tensor<infer S, infer D>, ...infer R] ? Odd<R, S, D> : unknown;
type PartOf<P, J extends Dim> = P extends readonly [Tensor<infer S, infer D>, ...infer _] ? Tensor<readonly [J, ...S], D> : Node;

type Single<D> = [D] extends ["float"]
  ? true
  : [D] extends ["int"]
    ? true
    : [D] extends ["bool"]
      ? true
      : [DType] extends [D]
        ? true
        : false;
type Mixed<D> = IsAny<D> extends true ? false : Single<D> extends true ? false : true;

interface Stack {
  <S extends Shape, D extends DType, J extends Dim>(
    parts: readonly Tensor<S, D>[],
    into: J & (Mixed<D> extends true ? ShapeError<"stack: parts of several dtypes"> : unknown),
  ): Tensor<readonly [J, ...S], D>;
  <const P extends readonly Node[], J extends Dim>(parts: P & Alike<P>, into: J): PartOf<P, J>;
}

/** Tensors of one shape along a new first dim, whose size is their number. */
export const stack: Stack = opFunction(stackOp, (parts: readonly unknown[], into: Dim) => {
  if (!Array.isArray(parts) || parts.length === 0) {
    return failed("stack", "BadArgument", "needs an array of one tensor or more", [], "stack([a, b], into)", { shape: [into] });
  }
  const nodes = parts.map((p) => operand("stack", p));
  return given("stack", nodes, [notDim("into", into)], () => stackNode(nodes, into));
});
