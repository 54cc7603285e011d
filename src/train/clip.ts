// Gradients cut to a size. Backpropagation through time multiplies by W once a step: now and then that explodes (Pascanu et al., 2013).

import type { Tensor } from "../graph/node.ts";
import { calledFrom } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { clamp } from "../ops/clamp.ts";
import { div } from "../ops/div.ts";
import { scalar } from "../ops/full.ts";
import { maximum } from "../ops/maximum.ts";
import { mul } from "../ops/mul.ts";
import { sqrt } from "../ops/sqrt.ts";
import { sum } from "../ops/sum.ts";
import { negative, sound } from "./settings.ts";
import { eachGradient, type GradientTransformation } from "./transformation.ts";

/**
 * All gradients together as one vector: when its norm is above `most`, it is scaled down to it; otherwise it stays, to the bit.
 *
 * @param most largest Euclidean norm over all parameters
 */
export function clipByGlobalNorm(most: number): GradientTransformation {
  return sound("clipByGlobalNorm", calledFrom(clipByGlobalNorm), [negative("most", most)], () => (gradients) => {
    let squares: Tensor<readonly []> = scalar(0);
    for (const g of gradients.values()) squares = add(squares, sum(mul(g, g)));
    const factor = div(scalar(most), maximum(sqrt(squares), scalar(most)));
    return { gradients: new Map([...gradients].map(([w, g]) => [w, mul(g, factor)])), slots: new Map() };
  });
}

/** Every element of every gradient between −most and most. */
export function clipByValue(most: number): GradientTransformation {
  return sound("clipByValue", calledFrom(clipByValue), [negative("most", most)], () => eachGradient((g) => clamp(g, -most, most)));
}
