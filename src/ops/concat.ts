import { type Dim, dim, replaced, type Shape, sameDim, showShape, sizeOf } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import type { AnyWide, AtAxis, AxisName, Ok, Once, Result, SameShape, ShapeError, ShowShape } from "../graph/types.ts";
import { allocate } from "../graph/value.ts";
import { axisOf } from "./axes.ts";
import { given, notDim } from "./checks.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";
import { around } from "./strides.ts";

type Attributes = { readonly axis: number; readonly into: Dim };

const concatOp: Op<Attributes> = {
  name: "concat",
  doc: "Parts one after the other along an axis, which is then `into`; their other dims agree.",
  infer: (parts, { axis, into }) => {
    const first = parts[0]!;
    const guess = { shape: replaced(first.shape, axis, [into]), dtype: first.dtype };
    const total = parts.reduce((n, p) => n + (p.shape[axis]?.size ?? 0), 0);
    const rest = (s: Shape) => s.filter((_, i) => i !== axis);
    const odd = parts.findIndex(
      (p) =>
        p.shape.length !== first.shape.length ||
        p.dtype !== first.dtype ||
        !rest(p.shape).every((d, i) => sameDim(d, rest(first.shape)[i]!)),
    );
    if (odd >= 0) {
      return {
        code: "DimMismatch",
        message: `other dims differ: ${showShape(first.shape)} and ${showShape(parts[odd]!.shape)}`,
        involves: [0, odd],
        guess,
        certain: true,
      };
    }
    if (total !== into.size) {
      const sizes = parts.map((p) => p.shape[axis]!.size).join(" + ");
      return {
        code: "DimMismatch",
        message: `${sizes} elements do not fill ${into.name}=${into.size}`,
        hint: `dim("${into.name}", ${total})`,
        guess,
        certain: true,
      };
    }
    return guess;
  },
  evaluate: (parts, { attributes: { axis }, shape, dtype }) => {
    const out = allocate(dtype, sizeOf(shape));
    const { outer, along, inner } = around(
      shape.map((d) => d.size),
      axis,
    );
    let start = 0;
    for (const p of parts) {
      const run = p.shape[axis]! * inner;
      for (let o = 0; o < outer; o++) out.set(p.data.subarray(o * run, (o + 1) * run), o * along * inner + start);
      start += run;
    }
    return out;
  },
  vjp: ({ inputs, cotangent, attributes: { axis }, wanted }, m) => {
    let start = 0;
    return inputs.map((x, i) => {
      const from = start;
      start += x.shape[axis]!.size;
      return wanted[i] ? m.slice(cotangent, axis, from, x.shape[axis]!) : undefined;
    });
  },
  jvp: ({ inputs, tangents, attributes: { axis, into } }, m) =>
    m.concat(
      tangents.map((t, i) => t ?? m.full(inputs[i]!.shape, 0)),
      axis,
      into,
    ),
  lift: ({ inputs, lifted, attributes: { axis, into }, dim: d }, m) =>
    m.concat(
      inputs.map((x, i) =>
        lifted[i]
          ? x
          : m.broadcast(
              x,
              [d, ...x.shape],
              x.shape.map((_, j) => j + 1),
            ),
      ),
      axis + 1,
      into,
    ),
  computation: ({ inputs, attributes: { axis } }) => {
    let start = 0;
    const parts = inputs.map((p) => {
      const own = p.shape.map((_, i) => ({ axis: i, start: i === axis ? start : 0 }));
      start += p.shape[axis]!.size;
      return own;
    });
    return { kind: "assemble", parts, covers: true };
  },
  label: ({ into }) => `concat over ${into.name}`,
  latex: (parts) => `[${parts.join("; ")}]`,
  samples: [
    {
      name: "columns",
      operands: [drawn([row, column], between(-2, 2)), drawn([row, dim("more", 2)], between(-2, 2))],
      attributes: { axis: 1, into: dim("all", 5) },
    },
    {
      name: "rows",
      operands: [drawn([row, column], between(-2, 2)), drawn([row, column], between(-2, 2))],
      attributes: { axis: 0, into: dim("all", 4) },
    },
  ],
};

export function concatNode(parts: readonly Node[], axis: number, into: Dim): Node {
  return make(concatOp, parts, { axis, into });
}

// The mark that both shapes carry in the place of their axis: their rests agree when the marked shapes do, and it stands at the same place.
type Mark = readonly [Dim<"·", 0>];
type Beside<A extends Shape, KA, B extends Shape, KB> =
  AnyWide<A, B> extends true
    ? Shape
    : [AtAxis<"concat", A, KA, Mark>, AtAxis<"concat", B, KB, Mark>] extends [infer X extends Shape, infer Y extends Shape]
      ? SameShape<X, Y> extends true
        ? Shape
        : ShapeError<`concat: other dims differ: ${ShowShape<A>} and ${ShowShape<B>}`>
      : Shape;

interface Concat {
  <
    P extends Shape,
    Q extends NoInfer<readonly [...P]>,
    EA extends Dim,
    EB extends Dim,
    KA extends NoInfer<EA> | -1,
    KB extends NoInfer<EB> | -1,
    J extends Dim,
    D extends DType,
  >(
    a: readonly [Tensor<readonly [...P, EA], D>, KA & Once<"concat", readonly [...P, EA], KA>],
    b: readonly [Tensor<readonly [...Q, EB], NoInfer<D>>, KB & Once<"concat", readonly [...Q, EB], KB>],
    into: J,
  ): Tensor<readonly [...P, J], D>;
  <
    EA extends Dim,
    EB extends Dim,
    P extends Shape,
    Q extends NoInfer<readonly [...P]>,
    KA extends NoInfer<EA>,
    KB extends NoInfer<EB>,
    J extends Dim,
    D extends DType,
  >(
    a: readonly [Tensor<readonly [EA, ...P], D>, KA & Once<"concat", readonly [EA, ...P], KA>],
    b: readonly [Tensor<readonly [EB, ...Q], NoInfer<D>>, KB & Once<"concat", readonly [EB, ...Q], KB>],
    into: J,
  ): Tensor<readonly [J, ...P], D>;
  <A extends Shape, KA extends AxisName, B extends Shape, KB extends AxisName, J extends Dim, D extends DType>(
    a: readonly [Tensor<A, D>, KA & Ok<AtAxis<"concat", A, KA, readonly []>>],
    b: readonly [Tensor<B, NoInfer<D>> & Ok<Beside<A, KA, B, KB>>, KB & Ok<AtAxis<"concat", B, KB, readonly []>>],
    into: J,
  ): Result<AtAxis<"concat", A, KA, readonly [J]>, D>;
}

/**
 * Two tensors one after the other along a dim of each, which is then `into`; their other dims agree.
 *
 * @example
 * import { concat, constant, dim, evaluate } from "clew";
 * const left = dim("left", 1), right = dim("right", 2);
 * evaluate(concat([constant([1], [left]), left], [constant([2, 3], [right]), right], dim("both", 3)), {}).data; // Float64Array [1, 2, 3]
 */
export const concat: Concat = opFunction(concatOp, (left: unknown, right: unknown, into: Dim) => {
  const pairs = [left, right].map((p): unknown => (Array.isArray(p) ? p : [p])) as [Pair, Pair];
  const parts = [operand("concat", pairs[0][0]), operand("concat", pairs[1][0])] as const;
  const wrong = pairs.every((p) => p.length === 2) ? undefined : "each part is a pair: [tensor, dim]";
  return given("concat", parts, [wrong, notDim("into", into)], () => concatAlong(pairs, parts, into));
});

type Pair = readonly [unknown, Dim];

function concatAlong([left, right]: readonly [Pair, Pair], parts: readonly [Node, Node], into: Dim): Node {
  const axes = [axisOf("concat", parts[0], left[1]), axisOf("concat", parts[1], right[1])] as const;
  for (const axis of axes)
    if (typeof axis !== "number")
      return failed("concat", axis.code, axis.message, parts, axis.hint, { shape: parts[0].shape, dtype: parts[0].dtype });
  if (axes[0] !== axes[1]) {
    return failed(
      "concat",
      "DimMismatch",
      `other dims differ: ${showShape(parts[0].shape)} and ${showShape(parts[1].shape)}`,
      parts,
      `${shownAxis(left[1])} is axis ${axes[0]} of one and ${shownAxis(right[1])} axis ${axes[1]} of the other: transpose one`,
      {
        shape: parts[0].shape,
        dtype: parts[0].dtype,
      },
    );
  }
  return concatNode(parts, axes[0] as number, into);
}

function shownAxis(axis: unknown): string {
  return typeof axis === "number" ? String(axis) : (axis as Dim).name;
}
