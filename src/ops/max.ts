import type { Algebra } from "../graph/algebra.ts";
import { otherAxes, type Shape } from "../graph/dim.ts";
import { make, opFunction } from "../graph/make.ts";
import type { Node, Op } from "../graph/node.ts";
import { argmaxOf } from "./argmax.ts";
import { needsFloat } from "./operands.ts";
import { between, column, drawn, exactly, layer, row } from "./samples.ts";
import { type Reduction, reduction } from "./sum.ts";

type Attributes = { readonly axis: number };

const maxOp: Op<Attributes> = {
  name: "max",
  doc: "The largest element along an axis: a's dims without it.",
  infer: ([a], { axis }) => {
    const shape = a!.shape.filter((_, i) => i !== axis);
    if (a!.shape[axis]!.size > 0) return needsFloat(a!, shape);
    return {
      code: "BadArgument",
      message: "the largest of no elements",
      hint: "the dim has size 0",
      guess: { shape, dtype: "float" },
      certain: true,
    };
  },
  evaluate: ([a], { attributes: { axis } }) => Float64Array.from(argmaxOf(a!, axis).from, (i) => a!.data[i]!),
  // Elements that tie share the gradient equally.
  vjp: ({ node, inputs, cotangent, attributes: { axis } }, m) => {
    const a = inputs[0]!;
    const largest = m.equal(a, spread(m, node, a.shape, axis));
    const ties = m.sum(m.cast(largest, "float"), [axis]);
    return [m.where(largest, spread(m, m.div(cotangent, ties), a.shape, axis), m.constant(0))];
  },
  jvp: ({ node, inputs, tangents, attributes: { axis } }, m) => {
    const a = inputs[0]!;
    const largest = m.equal(a, spread(m, node, a.shape, axis));
    return m.div(m.sum(m.where(largest, tangents[0]!, m.constant(0)), [axis]), m.sum(m.cast(largest, "float"), [axis]));
  },
  lift: ({ inputs, attributes: { axis } }, m) => m.max(inputs[0]!, axis + 1),
  computation: ({ attributes: { axis } }) => ({ kind: "reduce", by: "max", axes: [axis] }),
  branch: ([a], { attributes: { axis } }) => argmaxOf(a!, axis).at,
  label: () => "max",
  latex: ([a]) => `\\max ${a}`,
  samples: [
    { name: "last", operands: [drawn([row, column], between(-2, 2))], attributes: { axis: 1 } },
    { name: "middle", operands: [drawn([row, column, layer], between(-2, 2))], attributes: { axis: 1 } },
    { name: "a tie", operands: [exactly([row, column], [1, 2, 2, 3, 3, 3])], attributes: { axis: 1 }, kink: true },
  ],
};

/** One element repeated along the axis that it is the largest of. */
function spread(m: Algebra<Node>, a: Node, shape: Shape, axis: number): Node {
  return m.broadcast(a, shape, otherAxes(shape.length, [axis]));
}

export function maxNode(a: Node, axis: number): Node {
  return make(maxOp, [a], { axis });
}

/** The largest element along a dim, along the last (-1), or of everything. Elements that tie share the gradient. */
export const max: Reduction<"max"> = opFunction(
  maxOp,
  reduction("max", (a, axes) => [...axes].reverse().reduce(maxNode, a)),
);
