// Regularisation in the loss: large weights cost. The gradient of λ·Σw² is 2λ·w, so every step shrinks every weight by a share of itself.

import type { Tensor } from "../graph/node.ts";
import { calledFrom, standingAt } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { scalar } from "../ops/full.ts";
import { mul } from "../ops/mul.ts";
import { sum } from "../ops/sum.ts";

/**
 * rate · Σ w² over all elements of the given weights: to be added to a loss. Biases, which have one dim, are left out.
 *
 * @example
 * import { dim, evaluate, item, l2, parameter, uniform } from "clew";
 * const W = parameter("W", [dim("row", 2), dim("column", 2)], uniform(3, 3)), b = parameter("b", [dim("row", 2)]);
 * item(evaluate(l2(0.5, { W, b }), {})); // 18
 */
export function l2(rate: number, weights: { readonly [name: string]: Tensor }): Tensor<readonly []> {
  return standingAt(calledFrom(l2), () =>
    Object.values(weights)
      .filter((w) => w.shape.length > 1)
      .reduce((total: Tensor<readonly []>, w) => add(total, mul(rate, sum(mul(w, w)))), scalar(0)),
  );
}
