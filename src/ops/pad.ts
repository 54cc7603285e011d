import { type Dim, dim, replaced, type Shape, sizeOf } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import type { AtAxis, AxisName, Ok, Once, Result } from "../graph/types.ts";
import { allocate } from "../graph/value.ts";
import { withAxis } from "./axes.ts";
import { given, notDim, notNumber } from "./checks.ts";
import { linear } from "./linear.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";
import type { Window } from "./slice.ts";
import { around } from "./strides.ts";

export const padOp: Op<Window> = {
  name: "pad",
  doc: "Zeros around: the axis lies in `into` from start. The adjoint of slice.",
  infer: ([a], { axis, into }) => ({ shape: replaced(a!.shape, axis, [into]), dtype: a!.dtype }),
  evaluate: ([a], { attributes: { axis, start, into }, shape, dtype }) => {
    const { outer, along, inner } = around(a!.shape, axis);
    const out = allocate(dtype, sizeOf(shape));
    for (let o = 0; o < outer; o++) out.set(a!.data.subarray(o * along * inner, (o + 1) * along * inner), (o * into.size + start) * inner);
    return out;
  },
  vjp: ({ inputs, cotangent, attributes: { axis, start } }, m) => [m.slice(cotangent, axis, start, inputs[0]!.shape[axis]!)],
  jvp: linear,
  lift: ({ inputs, attributes: { axis, start, into } }, m) => m.pad(inputs[0]!, axis + 1, start, into),
  // Disjoint pieces put back into one array are a concatenation: linear in the number of pieces, where adding them would be quadratic.
  combine: (terms, m) => {
    const { axis, into } = terms[0]!.attributes as Window;
    const pieces = terms.map((t) => ({
      start: (t.attributes as Window).start,
      part: t.inputs[0]!,
      fits: (t.attributes as Window).axis === axis,
    }));
    pieces.sort((a, b) => a.start - b.start);
    const parts: Node[] = [];
    let end = 0;
    const zerosOf = (count: number): Node => m.full(replaced(pieces[0]!.part.shape, axis, [dim("zeros", count)]), 0);
    for (const { start, part, fits } of pieces) {
      if (!fits || start < end) return undefined;
      if (start > end) parts.push(zerosOf(start - end));
      parts.push(part);
      end = start + part.shape[axis]!.size;
    }
    if (end < into.size) parts.push(zerosOf(into.size - end));
    return m.concat(parts, axis, into);
  },
  label: () => "pad",
  latex: ([a]) => `\\operatorname{pad} ${a}`,
  samples: [
    { name: "columns", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 1, start: 1, into: dim("whole", 5) } },
    {
      name: "last column",
      operands: [drawn([row, dim("one", 1)], between(-2, 2))],
      attributes: { axis: 1, start: 4, into: dim("whole", 5) },
    },
  ],
};

export function padNode(a: Node, axis: number, start: number, into: Dim): Node {
  return make(padOp, [a], { axis, start, into });
}

interface Pad {
  <P extends Shape, E extends Dim, K extends NoInfer<E> | -1, J extends Dim, D extends DType>(
    a: Tensor<readonly [...P, E], D>,
    from: K & Once<"pad", readonly [...P, E], K>,
    to: J,
    at: number,
  ): Tensor<readonly [...P, J], D>;
  <E extends Dim, P extends Shape, K extends NoInfer<E>, J extends Dim, D extends DType>(
    a: Tensor<readonly [E, ...P], D>,
    from: K & Once<"pad", readonly [E, ...P], K>,
    to: J,
    at: number,
  ): Tensor<readonly [J, ...P], D>;
  <A extends Shape, K extends AxisName, J extends Dim, D extends DType>(
    a: Tensor<A, D>,
    from: K & Ok<AtAxis<"pad", A, K, readonly []>>,
    to: J,
    at: number,
  ): Result<AtAxis<"pad", A, K, readonly [J]>, D>;
}

/** Zeros around dim `from`: it lies in `to` from position `at`. */
export const pad: Pad = opFunction(padOp, (value: unknown, from: unknown, to: Dim, at: number) => {
  const a = operand("pad", value);
  const checks = [notDim("what it is padded to", to), notNumber("the position", at)];
  const build = (axis: number): Node => {
    const size = a.shape[axis]!.size;
    if (!Number.isInteger(at) || at < 0 || at + size > to.size) {
      return failed(
        "pad",
        "BadArgument",
        `${a.shape[axis]!.name}=${size} from ${at} does not fit into ${to.name}=${to.size}`,
        [a],
        undefined,
        {
          shape: replaced(a.shape, axis, [to]),
          dtype: a.dtype,
          certain: true,
        },
      );
    }
    return padNode(a, axis, at, to);
  };
  return given("pad", [a], checks, () => withAxis("pad", a, from, a.shape, build));
});
