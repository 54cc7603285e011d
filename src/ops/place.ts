import { type Dim, dim, type Shape, sameDim, sizeOf } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { allocate } from "../graph/value.ts";
import { given, notDim } from "./checks.ts";
import { linear } from "./linear.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";
import { around } from "./strides.ts";

type Attributes = { readonly axis: number; readonly at: number; readonly into: Dim };

const placeOp: Op<Attributes> = {
  name: "place",
  doc: "Zeros, but for a at one element of a new axis. The adjoint of index.",
  infer: ([a], { axis, into }) => ({ shape: [...a!.shape.slice(0, axis), into, ...a!.shape.slice(axis)], dtype: a!.dtype }),
  evaluate: ([a], { attributes: { axis, at }, shape, dtype }) => {
    const { outer, along, inner } = around(
      shape.map((d) => d.size),
      axis,
    );
    const out = allocate(dtype, sizeOf(shape));
    for (let o = 0; o < outer; o++) out.set(a!.data.subarray(o * inner, (o + 1) * inner), (o * along + at) * inner);
    return out;
  },
  vjp: ({ cotangent, attributes: { axis, at } }, m) => [m.index(cotangent, axis, at)],
  jvp: linear,
  lift: ({ inputs, attributes: { axis, at, into } }, m) => m.place(inputs[0]!, axis + 1, at, into),
  // Elements put at places of one axis are a stack: linear in their number, where adding them would be quadratic.
  combine: (terms, m) => {
    const { axis, into } = terms[0]!.attributes as Attributes;
    const parts = new Array<Node | undefined>(into.size);
    for (const term of terms) {
      const own = term.attributes as Attributes;
      const before = parts[own.at];
      if (own.axis !== axis || !sameDim(own.into, into)) return undefined;
      parts[own.at] = before === undefined ? term.inputs[0]! : m.add(before, term.inputs[0]!);
    }
    const zero = parts.includes(undefined) || parts.length < into.size ? m.full(terms[0]!.inputs[0]!.shape, 0) : undefined;
    const stacked = m.stack(
      Array.from(parts, (p) => p ?? zero!),
      into,
    );
    if (axis === 0) return stacked;
    return m.transpose(stacked, [...Array.from({ length: axis }, (_, i) => i + 1), 0, ...stacked.shape.map((_, i) => i).slice(axis + 1)]);
  },
  computation: ({ node, attributes: { axis, at } }) => ({
    kind: "assemble",
    parts: [node.shape.map((_, i) => (i === axis ? { at } : { axis: i < axis ? i : i - 1, start: 0 }))],
    covers: false,
  }),
  picture: { plumbing: true },
  label: ({ at }) => `at ${at}`,
  latex: ([a], { at }) => `${a}\\,e_{${at}}`,
  samples: [
    { name: "row", operands: [drawn([column], between(-2, 2))], attributes: { axis: 0, at: 1, into: row } },
    { name: "the other row", operands: [drawn([column], between(-2, 2))], attributes: { axis: 0, at: 0, into: row } },
    { name: "inside", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 1, at: 0, into: dim("step", 3) } },
  ],
};

export function placeNode(a: Node, axis: number, at: number, into: Dim): Node {
  return make(placeOp, [a], { axis, at, into });
}

/** Zeros, but for a at element `at` of the new first dim `into`: what index took out, put back. */
export const place: <S extends Shape, J extends Dim, D extends DType>(
  a: Tensor<S, D>,
  at: number,
  into: J,
) => Tensor<readonly [J, ...S], D> = opFunction(placeOp, (value: unknown, at: number, into: Dim) => {
  const a = operand("place", value);
  return given("place", [a], [notDim("into", into)], () => {
    if (Number.isInteger(at) && at >= 0 && at < into.size) return placeNode(a, 0, at, into);
    return failed("place", "BadArgument", `no element ${shown(at)} in ${into.name}=${into.size}`, [a], `0 … ${into.size - 1}`, {
      shape: [into, ...a.shape],
      dtype: a.dtype,
      certain: true,
    });
  });
});
