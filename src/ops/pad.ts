import { type Dim, dim, replaced, sizeOf } from "../graph/dim.ts";
import { make, opFunction } from "../graph/make.ts";
import type { Node, Op } from "../graph/node.ts";
import { allocate } from "../graph/value.ts";
import { linear } from "./linear.ts";
import { between, column, drawn, row } from "./samples.ts";
import { around } from "./strides.ts";
import { type Window, type Windowed, windowed, within } from "./window.ts";

const padOp: Op<Window> = {
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
  computation: ({ inputs, attributes: { axis, start } }) => ({
    kind: "assemble",
    parts: [inputs[0]!.shape.map((_, i) => ({ axis: i, start: i === axis ? start : 0 }))],
    covers: false,
  }),
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

/** Zeros around dim `from`: it lies in `to` from position `at`. */
export const pad: Windowed<"pad"> = opFunction(
  padOp,
  windowed(
    "pad",
    "what it is padded to",
    (from, to, at) => (within(from, to, at) ? undefined : `${from.name}=${from.size} from ${at} does not fit into ${to.name}=${to.size}`),
    padNode,
  ),
);
