import { axesBut } from "../graph/computation.ts";
import { type Dim, dim, replaced } from "../graph/dim.ts";
import { make, opFunction } from "../graph/make.ts";
import type { Node, Op } from "../graph/node.ts";
import { allocate } from "../graph/value.ts";
import { linear } from "./linear.ts";
import { between, column, drawn, row } from "./samples.ts";
import { around } from "./strides.ts";
import { type Window, type Windowed, windowed, within } from "./window.ts";

const sliceOp: Op<Window> = {
  name: "slice",
  doc: "`into.size` elements of an axis, from start; the axis is then `into`.",
  infer: ([a], { axis, into }) => ({ shape: replaced(a!.shape, axis, [into]), dtype: a!.dtype }),
  evaluate: ([a], { attributes: { axis, start, into }, dtype }) => {
    const { outer, along, inner } = around(a!.shape, axis);
    const out = allocate(dtype, outer * into.size * inner);
    for (let o = 0; o < outer; o++) {
      const from = (o * along + start) * inner;
      out.set(a!.data.subarray(from, from + into.size * inner), o * into.size * inner);
    }
    return out;
  },
  vjp: ({ inputs, cotangent, attributes: { axis, start } }, m) => [m.pad(cotangent, axis, start, inputs[0]!.shape[axis]!)],
  jvp: linear,
  lift: ({ inputs, attributes: { axis, start, into } }, m) => m.slice(inputs[0]!, axis + 1, start, into),
  computation: ({ inputs, attributes: { axis, start } }) => ({
    kind: "view",
    axes: axesBut(inputs[0]!.shape.length, axis, (i) => ({ axis: i, start, step: 1 })),
  }),
  label: ({ start, into }) => `${start} … ${start + into.size - 1}`,
  latex: ([a], { start, into }) => `${a}_{${start}:${start + into.size}}`,
  samples: [
    { name: "columns", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 1, start: 1, into: dim("part", 2) } },
    { name: "a row", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 0, start: 1, into: dim("part", 1) } },
  ],
};

export function sliceNode(a: Node, axis: number, start: number, into: Dim): Node {
  return make(sliceOp, [a], { axis, start, into });
}

/** `to.size` elements of dim `from`, starting at `at`; the dim is then `to`. */
export const slice: Windowed<"slice"> = opFunction(
  sliceOp,
  windowed(
    "slice",
    "what it is sliced to",
    (from, to, at) => (within(to, from, at) ? undefined : `${to.size} elements from ${at} are not within ${from.name}=${from.size}`),
    sliceNode,
  ),
);
