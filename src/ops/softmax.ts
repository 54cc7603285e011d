// Softmax and what rests on it. All are composites; every one works on logits, in the log domain, so that none overflows.

import type { Dim, Shape } from "../graph/dim.ts";
import { operand } from "../graph/make.ts";
import type { Node, Tensor } from "../graph/node.ts";
import { composite } from "../graph/source.ts";
import type { AtAxis, AxisName, Ok, Once } from "../graph/types.ts";
import { algebra as m } from "./algebra.ts";
import { withAxis } from "./axes.ts";
import { logSumExpNode, meanNode, spreadBack } from "./reductions.ts";

/** Functions along one dim (or the last, -1), shape kept. */
interface Along<Op extends string> {
  <A extends Shape, K extends NoInfer<A>[number]>(a: Tensor<A>, over: K & Once<Op, A, K>): Tensor<A>;
  <P extends Shape, D extends Dim>(a: Tensor<readonly [...P, D]>, over: -1): Tensor<readonly [...P, D]>;
  <A extends Shape, K extends AxisName>(a: Tensor<A>, over: K & Ok<AtAxis<Op, A, K, readonly []>>): Tensor<A>;
}

export function logSoftmaxNode(a: Node, axis: number): Node {
  return m.sub(a, spreadBack(logSumExpNode(a, axis), a.shape, [axis]));
}

/** a − log Σ exp(a) over a dim. */
export const logSoftmax: Along<"logSoftmax"> = composite("logSoftmax", (value: unknown, over: unknown) => {
  const a = operand("logSoftmax", value);
  return withAxis("logSoftmax", a, over, a.shape, (axis) => logSoftmaxNode(a, axis));
});

/**
 * exp(a) / Σ exp(a) over a dim: positive, and sums to 1 along it.
 *
 * @example
 * import { constant, dim, evaluate, softmax } from "clew";
 * const label = dim("label", 2);
 * evaluate(softmax(constant([1000, 1000], [label]), label), {}).data; // Float64Array [0.5, 0.5]
 */
export const softmax: Along<"softmax"> = composite("softmax", (value: unknown, over: unknown) => {
  const a = operand("softmax", value);
  return withAxis("softmax", a, over, a.shape, (axis) => m.exp(logSoftmaxNode(a, axis)));
});

/** (a − mean) / √(variance + ε) along a dim, biased variance (Ba, Kiros & Hinton, 2016). Scale and shift with mul and add. */
interface LayerNorm {
  <A extends Shape, K extends NoInfer<A>[number]>(a: Tensor<A>, over: K & Once<"layerNorm", A, K>, epsilon?: number): Tensor<A>;
  <P extends Shape, D extends Dim>(a: Tensor<readonly [...P, D]>, over: -1, epsilon?: number): Tensor<readonly [...P, D]>;
  <A extends Shape, K extends AxisName>(a: Tensor<A>, over: K & Ok<AtAxis<"layerNorm", A, K, readonly []>>, epsilon?: number): Tensor<A>;
}

/** (a − mean) / √(variance + ε) along a dim, biased variance (Ba, Kiros & Hinton, 2016). Scale and shift with mul and add. */
export const layerNorm: LayerNorm = composite("layerNorm", (value: unknown, over: unknown, epsilon = 1e-5) => {
  const a = operand("layerNorm", value);
  return withAxis("layerNorm", a, over, a.shape, (axis) => {
    const centred = m.sub(a, spreadBack(meanNode(a, [axis]), a.shape, [axis]));
    const variance = meanNode(m.mul(centred, centred), [axis]);
    return m.div(centred, spreadBack(m.sqrt(m.add(variance, m.constant(epsilon as number))), a.shape, [axis]));
  });
});
