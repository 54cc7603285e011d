// The optimisers, each with the equations of its paper and the conventions of PyTorch, with which the tests compare them.
//
// A slot's name says whose it is: the parameter, a slash, the optimiser, a dot, and what it holds: `encoder.W/adam.m`. What is kept once
// for all parameters has nothing before the slash: `/adam.step`. So a slot can be told from a parameter by whoever reads saved values.

import type { Parameter, Tensor } from "../graph/node.ts";
import { add } from "../ops/add.ts";
import { div } from "../ops/div.ts";
import { scalar } from "../ops/full.ts";
import { mul } from "../ops/mul.ts";
import { pow } from "../ops/pow.ts";
import { sqrt } from "../ops/sqrt.ts";
import { sub } from "../ops/sub.ts";
import { chain, countSlot, eachGradient, type GradientTransformation, slotOf } from "./transformation.ts";

/** W ← W − rate · gradient. */
export function sgd(rate: number): GradientTransformation {
  return scale(-rate);
}

/** Multiplies every gradient by a number. */
export function scale(factor: number): GradientTransformation {
  return eachGradient((g) => mul(g, factor));
}

export interface AdamOptions {
  /** Decay of the mean of gradients; 0.9 when left out. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients; 0.999 when left out. */
  readonly beta2?: number;
  /** Added to the root, against division by zero; 1e-8 when left out. */
  readonly epsilon?: number;
}

export interface AdamWOptions extends AdamOptions {
  /** How much of each parameter a step of rate 1 takes away; 0.01 when left out. */
  readonly weightDecay?: number;
}

/**
 * Adam (Kingma & Ba, 2015), algorithm 1: m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; W ← W − rate · m̂ / (√v̂ + ε), with m̂ = m / (1−β₁ᵗ), v̂ = v / (1−β₂ᵗ).
 *
 * Slots: `W/adam.m`, `W/adam.v` of each parameter's shape, and one count of steps, `/adam.step`.
 *
 * @param rate the learning rate, per step
 * @example
 * import { adam, dim, grad, interpret, parameter, mul, sum, updates } from "clew";
 * const W = parameter("W", [dim("word", 2)]);
 * const loss = sum(mul(W, W));
 * const program = interpret({ loss }, { update: updates(adam(1e-3), new Map([[W, grad(loss, W)]])) });
 * program.run({});
 * Object.keys(program.parameters()).sort(); // ["/adam.step", "W", "W/adam.m", "W/adam.v"]
 */
export function adam(rate: number, options: AdamOptions = {}): GradientTransformation {
  return chain(scaleByAdam(options), scale(-rate));
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter, 2019): the decay is not part of the gradient, and is not divided by √v̂.
 * W ← W − rate · (m̂ / (√v̂ + ε) + weightDecay · W).
 */
export function adamw(rate: number, options: AdamWOptions = {}): GradientTransformation {
  const { weightDecay = 0.01 } = options;
  return chain(
    scaleByAdam(options),
    eachGradient((g, w) => add(g, mul(w as Tensor, weightDecay))),
    scale(-rate),
  );
}

/** m̂ / (√v̂ + ε). */
function scaleByAdam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions): GradientTransformation {
  return (gradients) => {
    const step = countSlot("adam.step");
    const t = add(step as Tensor<readonly []>, 1);
    const correction1 = sub(scalar(1), pow(scalar(beta1), t));
    const correction2 = sqrt(sub(scalar(1), pow(scalar(beta2), t)));
    const slots = new Map<Parameter, Tensor>([[step as Parameter, t]]);
    const made = new Map<Parameter, Tensor>();
    for (const [w, g] of gradients) {
      const m = slotOf(w, "adam.m");
      const v = slotOf(w, "adam.v");
      const mean = add(mul(m as Tensor, beta1), mul(g, 1 - beta1));
      const square = add(mul(v as Tensor, beta2), mul(mul(g, g), 1 - beta2));
      slots.set(m, mean).set(v, square);
      // √v̂ = √v / √(1−β₂ᵗ), as PyTorch has it
      const root = add(div(sqrt(square), correction2), epsilon);
      made.set(w, div(div(mean, correction1), root));
    }
    return { gradients: made, slots };
  };
}
