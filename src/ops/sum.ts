import { type Dim, otherAxes, type Shape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { Node, Op, Tensor } from "../graph/node.ts";
import type { AtAxis, AxisName, Ok, Once, Result } from "../graph/types.ts";
import { withAxis } from "./axes.ts";
import { linear } from "./linear.ts";
import { needsFloat } from "./operands.ts";
import { between, column, drawn, layer, row } from "./samples.ts";
import { offsets, strides } from "./strides.ts";

type Attributes = { readonly axes: readonly number[] };

const sumOp: Op<Attributes> = {
  name: "sum",
  doc: "The sum over axes: a's dims without them. Terms are added in ascending order.",
  infer: ([a], { axes }) =>
    needsFloat(
      a!,
      otherAxes(a!.shape.length, axes).map((i) => a!.shape[i]!),
    ),
  evaluate: ([a], { attributes: { axes }, shape }) => {
    const own = strides(a!.shape);
    const keep = otherAxes(a!.shape.length, axes);
    const from = offsets(
      shape.map((d) => d.size),
      keep.map((i) => own[i]!),
    );
    const terms = offsets(
      axes.map((i) => a!.shape[i]!),
      axes.map((i) => own[i]!),
    );
    const out = new Float64Array(from.length);
    const data = a!.data;
    for (let i = 0; i < from.length; i++) {
      let total = 0;
      const start = from[i]!;
      for (let j = 0; j < terms.length; j++) total += data[start + terms[j]!]!;
      out[i] = total;
    }
    return out;
  },
  vjp: ({ inputs, cotangent, attributes: { axes } }, m) => {
    const shape = inputs[0]!.shape;
    return [m.broadcast(cotangent, shape, otherAxes(shape.length, axes))];
  },
  jvp: linear,
  lift: ({ inputs, attributes: { axes } }, m) =>
    m.sum(
      inputs[0]!,
      axes.map((i) => i + 1),
    ),
  computation: ({ attributes: { axes } }) => ({ kind: "reduce", by: "sum", axes }),
  picture: { derivative: [(c) => c] },
  label: () => "Σ",
  latex: ([a]) => `\\sum ${a}`,
  samples: [
    { name: "last", operands: [drawn([row, column], between(-2, 2))], attributes: { axes: [1] } },
    { name: "first", operands: [drawn([row, column], between(-2, 2))], attributes: { axes: [0] } },
    { name: "two of three", operands: [drawn([row, column, layer], between(-2, 2))], attributes: { axes: [0, 2] } },
    { name: "all", operands: [drawn([row, column], between(-2, 2))], attributes: { axes: [0, 1] } },
  ],
};

export function sumNode(a: Node, axes: readonly number[]): Node {
  return axes.length === 0 ? a : make(sumOp, [a], { axes });
}

/** Reductions: over all dims, over the last (-1), or over a dim by name. */
export interface Reduction<Op extends string> {
  <A extends Shape>(a: Tensor<A>): Tensor<readonly []>;
  <P extends Shape, D extends Dim, K extends NoInfer<D> | -1>(
    a: Tensor<readonly [...P, D]>,
    over: K & Once<Op, readonly [...P, D], K>,
  ): Tensor<P>;
  <D extends Dim, P extends Shape, K extends NoInfer<D>>(
    a: Tensor<readonly [D, ...P]>,
    over: K & Once<Op, readonly [D, ...P], K>,
  ): Tensor<P>;
  <F extends Dim, D extends Dim, P extends Shape, K extends NoInfer<D>>(
    a: Tensor<readonly [F, D, ...P]>,
    over: K & Once<Op, readonly [F, D, ...P], K>,
  ): Tensor<readonly [F, ...P]>;
  <A extends Shape, K extends AxisName>(a: Tensor<A>, over: K & Ok<AtAxis<Op, A, K, readonly []>>): Result<AtAxis<Op, A, K, readonly []>>;
}

/** A reduction by positions, as users call it. */
export function reduction(name: string, build: (a: Node, axes: readonly number[]) => Node): (a: unknown, over?: unknown) => Node {
  return (value, over) => {
    const a = operand(name, value);
    if (over === undefined)
      return build(
        a,
        a.shape.map((_, i) => i),
      );
    return withAxis(name, a, over, a.shape, (axis) => build(a, [axis]));
  };
}

/**
 * The sum over a dim, over the last (-1), or over everything.
 *
 * @example
 * import { constant, dim, evaluate, sum } from "clew";
 * const word = dim("word", 2), x = constant([[1, 2], [3, 4]], [dim("batch", 2), word]);
 * evaluate(sum(x, word), {}).data; // Float64Array [3, 7]
 */
export const sum: Reduction<"sum"> = opFunction(sumOp, reduction("sum", sumNode));
