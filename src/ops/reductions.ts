// Composites that reduce: made of primitives, without a derivative rule of their own.

import { type Dim, otherAxes, type Shape, sizeOf } from "../graph/dim.ts";
import { make } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { composite } from "../graph/source.ts";
import { algebra as m } from "./algebra.ts";
import { scalarNode } from "./full.ts";
import { mulOp } from "./mul.ts";
import { stopGradientNode } from "./stopGradient.ts";
import { type Reduction, reduction } from "./sum.ts";

/** a reduced result, repeated along the axes again. */
export function spreadBack(reduced: Node, shape: Shape, axes: readonly number[]): Node {
  return m.broadcast(reduced, shape, otherAxes(shape.length, axes));
}

export function meanNode(a: Node, axes: readonly number[]): Node {
  const count = sizeOf(axes.map((i) => a.shape[i] as Dim));
  return make(mulOp, [m.sum(a, axes), scalarNode(1 / count)], {});
}

/**
 * The mean over a dim, over the last (-1), or over everything.
 *
 * @example
 * import { constant, dim, evaluate, item, mean } from "clew";
 * item(evaluate(mean(constant([1, 2, 3], [dim("word", 3)])), {})); // 2
 */
export const mean: Reduction<"mean"> = composite("mean", reduction("mean", meanNode));

/** log Σ exp(a) over one axis; the largest element is taken out first, so that nothing overflows. */
export function logSumExpNode(a: Node, axis: number): Node {
  const largest = m.max(a, axis);
  // An infinite maximum would give ∞ − ∞. It is a shift: constant, whatever it depends on.
  const shift = stopGradientNode(m.where(m.less(m.abs(largest), m.constant(Number.POSITIVE_INFINITY)), largest, m.constant(0)));
  return m.add(m.log(m.sum(m.exp(m.sub(a, spreadBack(shift, a.shape, [axis]))), [axis])), shift);
}

/** log Σ exp over a dim, over the last (-1), or over everything; no overflow. */
export const logSumExp: Reduction<"logSumExp"> = composite(
  "logSumExp",
  reduction("logSumExp", (a, axes) => [...axes].reverse().reduce(logSumExpNode, a)),
);
