// The optimisers, each with the equations of its paper and the conventions of PyTorch, with which the tests compare them.
//
// A slot's name says whose it is: the parameter, a slash, the optimiser, a dot, and what it holds: `encoder.W/adam.m`. What is kept once
// for all parameters has nothing before the slash: `/adam.step`. So a slot can be told from a parameter by whoever reads saved values.

import type { Parameter, Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { calledFrom } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { div } from "../ops/div.ts";
import { scalar } from "../ops/full.ts";
import { mul } from "../ops/mul.ts";
import { pow } from "../ops/pow.ts";
import { sqrt } from "../ops/sqrt.ts";
import { sub } from "../ops/sub.ts";
import { descend, notRate, type Rate } from "./schedules.ts";
import { negative, notDecay, notFinite, notRecord, sound, type Wrong } from "./settings.ts";
import { chain, countSlot, eachGradient, type GradientTransformation, slotOf } from "./transformation.ts";

/**
 * W ← W − rate · gradient.
 *
 * @param rate the learning rate, per step: a number, or a schedule
 */
export function sgd(rate: Rate): GradientTransformation {
  return sound("sgd", calledFrom(sgd), [notRate("rate", rate)], () => descend(rate));
}

/** Multiplies every gradient by a number. */
export function scale(factor: number): GradientTransformation {
  return sound("scale", calledFrom(scale), [notFinite("factor", factor)], () => eachGradient((g) => mul(g, factor)));
}

export interface MomentumOptions {
  /** How much of the velocity is kept; 0.9 when left out. */
  readonly momentum?: number;
  /** Nesterov's form looks one step ahead along the velocity; false when left out. */
  readonly nesterov?: boolean;
}

/**
 * Gradient descent with momentum (Polyak, 1964; Nesterov's form as Sutskever et al., 2013): v ← μv + g; W ← W − rate · v, or
 * W ← W − rate · (g + μv). Slot: `W/momentum.velocity`.
 *
 * @param rate the learning rate, per step: a number, or a schedule
 */
export function momentum(rate: Rate, options: MomentumOptions = {}): GradientTransformation {
  const { momentum: kept = 0.9, nesterov = false } = recordOr(options);
  const wrong = [
    notRate("rate", rate),
    notRecord(options),
    notDecay("momentum", kept),
    typeof nesterov === "boolean" ? undefined : `nesterov is ${shown(nesterov)}, expected true or false`,
  ];
  return sound("momentum", calledFrom(momentum), wrong, () =>
    chain(
      withSlot("momentum.velocity", (g, velocity) => {
        const next = add(mul(velocity, kept), g);
        return { next, gradient: nesterov ? add(g, mul(next, kept)) : next };
      }),
      descend(rate),
    ),
  );
}

export interface RmspropOptions {
  /** Decay of the mean of squared gradients; 0.99 when left out. */
  readonly decay?: number;
  /** Added to the root, against division by zero; 1e-8 when left out. */
  readonly epsilon?: number;
}

/**
 * RMSprop (Tieleman & Hinton, 2012): a ← decay·a + (1−decay)·g²; W ← W − rate · g / (√a + ε). Slot: `W/rmsprop.meanSquare`.
 *
 * @param rate the learning rate, per step: a number, or a schedule
 */
export function rmsprop(rate: Rate, options: RmspropOptions = {}): GradientTransformation {
  const { decay = 0.99, epsilon = 1e-8 } = recordOr(options);
  const wrong = [notRate("rate", rate), notRecord(options), notDecay("decay", decay), negative("epsilon", epsilon)];
  return sound("rmsprop", calledFrom(rmsprop), wrong, () =>
    chain(
      withSlot("rmsprop.meanSquare", (g, mean) => {
        const next = add(mul(mean, decay), mul(mul(g, g), 1 - decay));
        return { next, gradient: div(g, add(sqrt(next), epsilon)) };
      }),
      descend(rate),
    ),
  );
}

export interface AdagradOptions {
  /** Added to the root, against division by zero; 1e-10 when left out. */
  readonly epsilon?: number;
}

/**
 * Adagrad (Duchi, Hazan & Singer, 2011): a ← a + g²; W ← W − rate · g / (√a + ε). Slot: `W/adagrad.sumSquare`.
 *
 * @param rate the learning rate, per step: a number, or a schedule
 */
export function adagrad(rate: Rate, options: AdagradOptions = {}): GradientTransformation {
  const { epsilon = 1e-10 } = recordOr(options);
  const wrong = [notRate("rate", rate), notRecord(options), negative("epsilon", epsilon)];
  return sound("adagrad", calledFrom(adagrad), wrong, () =>
    chain(
      withSlot("adagrad.sumSquare", (g, sum) => {
        const next = add(sum, mul(g, g));
        return { next, gradient: div(g, add(sqrt(next), epsilon)) };
      }),
      descend(rate),
    ),
  );
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
 * @param rate the learning rate, per step: a number, or a schedule
 * @example
 * import { adam, dim, grad, interpret, parameter, mul, sum, updates } from "clew";
 * const W = parameter("W", [dim("word", 2)]);
 * const loss = sum(mul(W, W));
 * const program = interpret({ loss }, { update: updates(adam(1e-3), new Map([[W, grad(loss, W)]])) });
 * program.run({});
 * Object.keys(program.parameters()).sort(); // ["/adam.step", "W", "W/adam.m", "W/adam.v"]
 */
export function adam(rate: Rate, options: AdamOptions = {}): GradientTransformation {
  return sound("adam", calledFrom(adam), [notRate("rate", rate), ...wrongAdam(options)], () => chain(scaleByAdam(options), descend(rate)));
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter, 2019): the decay is not part of the gradient, and is not divided by √v̂.
 * W ← W − rate · (m̂ / (√v̂ + ε) + weightDecay · W).
 *
 * @param rate the learning rate, per step: a number, or a schedule
 */
export function adamw(rate: Rate, options: AdamWOptions = {}): GradientTransformation {
  const { weightDecay: amount = 0.01 } = recordOr(options);
  const wrong = [notRate("rate", rate), ...wrongAdam(options), negative("weightDecay", amount)];
  return sound("adamw", calledFrom(adamw), wrong, () => chain(scaleByAdam(options), weightDecay(amount), descend(rate)));
}

/**
 * amount · W added to each gradient. At the front of a chain it is L2 regularisation, the gradient of amount/2 · ‖W‖² (PyTorch's `weight_decay`
 * of SGD, RMSprop and Adam); behind an optimiser's scaling it is decoupled, as in `adamw`.
 *
 * @param amount 0 or more
 * @param of which parameters decay; all when left out. Biases are often spared: `(name) => !name.endsWith(".b")`
 * @example
 * import { adam, chain, weightDecay } from "clew";
 * const optimiser = chain(weightDecay(1e-4, (name) => !name.endsWith(".b")), adam(1e-3));
 */
export function weightDecay(amount: number, of: (name: string) => boolean = () => true): GradientTransformation {
  const wrong = [
    negative("amount", amount),
    typeof of === "function" ? undefined : `the choice of parameters is ${shown(of)}, expected a function`,
  ];
  return sound("weightDecay", calledFrom(weightDecay), wrong, () =>
    eachGradient((g, w) => (of(w.parameter) ? add(g, mul(w as Tensor, amount)) : g)),
  );
}

/** What options say when they are a record; else nothing, and `notRecord` says so. */
function recordOr<O extends object>(options: O): O {
  return notRecord(options) === undefined ? options : ({} as O);
}

function wrongAdam(options: AdamOptions): readonly Wrong[] {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = recordOr(options);
  return [notRecord(options), notDecay("beta1", beta1), notDecay("beta2", beta2), negative("epsilon", epsilon)];
}

/** The same function for every gradient, with one slot of its parameter's shape. */
function withSlot(
  name: string,
  f: (gradient: Tensor, slot: Tensor) => { readonly next: Tensor; readonly gradient: Tensor },
): GradientTransformation {
  return (gradients) => {
    const slots = new Map<Parameter, Tensor>();
    const made = new Map<Parameter, Tensor>();
    for (const [w, g] of gradients) {
      const slot = slotOf(w, name);
      const { next, gradient } = f(g, slot as Tensor);
      slots.set(slot, next);
      made.set(w, gradient);
    }
    return { gradients: made, slots };
  };
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
