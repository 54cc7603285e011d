// Learning rates that change. A schedule is a function from the number of steps made so far, a node, to the rate, a node too: so it is part of
// the training step's graph, and the count it reads is a slot like any other (`/schedule.step`): saved, gone on with, and drawn.
//
// The closed forms are those of PyTorch's lr_scheduler, with which the tests compare them: StepLR, ExponentialLR, CosineAnnealingLR (up to
// its end, where the rate stays), LinearLR followed by another one, and LambdaLR, which is any function of the user's.

import { showShape } from "../graph/dim.ts";
import { isNode, type Parameter, type Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { calledFrom, callingUser, type Site, standingAt } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { cast } from "../ops/cast.ts";
import { cos } from "../ops/cos.ts";
import { div } from "../ops/div.ts";
import { scalar } from "../ops/full.ts";
import { maximum } from "../ops/maximum.ts";
import { minimum } from "../ops/minimum.ts";
import { mul } from "../ops/mul.ts";
import { pow } from "../ops/pow.ts";
import { sub } from "../ops/sub.ts";
import { illScalar, negative, notCount, notFinite, notRecord, type Wrong } from "./settings.ts";
import { countSlot, type GradientTransformation } from "./transformation.ts";

type Scalar = Tensor<readonly []>;

/** From the number of steps made so far (0 at the first one) to the rate of this one. */
export type Schedule = (step: Scalar) => Scalar;

/** A learning rate: one number for all steps, or a schedule. */
export type Rate = number | Schedule;

export function notRate(name: string, rate: unknown): Wrong {
  return typeof rate === "function" || Number.isFinite(rate)
    ? undefined
    : `${name} is ${shown(rate)}, expected a finite number or a schedule, such as cosineDecay(1e-3, { steps: 1000 })`;
}

/** The rate at a step; a schedule is the user's code, or made by it. */
function rateAt(rate: Rate, step: Scalar): Scalar {
  if (typeof rate === "number") return scalar(rate);
  const made: unknown = callingUser(() => rate(step));
  if (isNode(made) && made.shape.length === 0) return made as Scalar;
  const found = isNode(made) ? showShape(made.shape) : shown(made);
  return illScalar("schedule", calledFrom(rateAt), [`the schedule gave ${found}, expected a tensor without dims`]);
}

/** A schedule whose numbers are checked: one that makes no sense says so wherever it is used. */
function schedule(of: string, line: Site, wrong: readonly Wrong[], at: Schedule): Schedule {
  return wrong.every((w) => w === undefined) ? (step) => standingAt(line, () => at(step)) : () => illScalar(of, line, wrong);
}

export interface StepDecayOptions {
  /** How many steps a rate lasts. */
  readonly every: number;
  /** What it is multiplied by then; 0.1 when left out. */
  readonly factor?: number;
}

/**
 * rate · factor^⌊step / every⌋.
 *
 * @example
 * import { evaluate, input, item, stepDecay } from "clew";
 * const step = input("step", []);
 * item(evaluate(stepDecay(0.8, { every: 10, factor: 0.5 })(step), { step: 25 })); // 0.2
 */
export function stepDecay(rate: number, options: StepDecayOptions): Schedule {
  const { every, factor = 0.1 } = notRecord(options) === undefined ? options : ({} as StepDecayOptions);
  const wrong = [notRecord(options) ?? notCount("every", every), notFinite("rate", rate), negative("factor", factor)];
  return schedule("stepDecay", calledFrom(stepDecay), wrong, (step) => {
    const times = cast(cast(div(step, every), "int"), "float"); // counts are not negative: to drop the fraction is ⌊ ⌋
    return mul(scalar(rate), pow(scalar(factor), times));
  });
}

/**
 * rate · factor^step.
 *
 * @example
 * import { evaluate, exponentialDecay, input, item } from "clew";
 * const step = input("step", []);
 * item(evaluate(exponentialDecay(1, 0.5)(step), { step: 3 })); // 0.125
 */
export function exponentialDecay(rate: number, factor: number): Schedule {
  const wrong = [notFinite("rate", rate), negative("factor", factor)];
  return schedule("exponentialDecay", calledFrom(exponentialDecay), wrong, (step) => mul(scalar(rate), pow(scalar(factor), step)));
}

export interface CosineDecayOptions {
  /** After how many steps the rate has come down. */
  readonly steps: number;
  /** To what; 0 when left out. It stays there. */
  readonly least?: number;
}

/**
 * Half a cosine (Loshchilov & Hutter, 2017, without restarts): least + (rate − least) · (1 + cos(π · step / steps)) / 2, then least.
 *
 * @example
 * import { cosineDecay, evaluate, input, item } from "clew";
 * const step = input("step", []);
 * const rate = cosineDecay(1, { steps: 100, least: 0.5 })(step);
 * [0, 50, 100, 1000].map((at) => item(evaluate(rate, { step: at }))); // [1, 0.75, 0.5, 0.5]
 */
export function cosineDecay(rate: number, options: CosineDecayOptions): Schedule {
  const { steps, least = 0 } = notRecord(options) === undefined ? options : ({} as CosineDecayOptions);
  const wrong = [notRecord(options) ?? notCount("steps", steps), notFinite("rate", rate), notFinite("least", least)];
  return schedule("cosineDecay", calledFrom(cosineDecay), wrong, (step) => {
    const angle = mul(minimum(step, scalar(steps)), Math.PI / steps);
    return add(mul(add(cos(angle), 1), (rate - least) / 2), least);
  });
}

/**
 * A rate that grows in equal parts over the first `steps` steps, of which the first one is not 0: then(0) · (step + 1) / steps. After them
 * `then` begins, at its own step 0.
 *
 * @example
 * import { evaluate, input, item, warmUp } from "clew";
 * const step = input("step", []);
 * const rate = warmUp(4, 1)(step);
 * [0, 1, 3, 9].map((at) => item(evaluate(rate, { step: at }))); // [0.25, 0.5, 1, 1]
 */
export function warmUp(steps: number, then: Rate): Schedule {
  return schedule("warmUp", calledFrom(warmUp), [notCount("steps", steps), notRate("then", then)], (step) => {
    const share = minimum(div(add(step, 1), steps), scalar(1));
    return mul(rateAt(then, maximum(sub(step, steps), scalar(0))), share);
  });
}

/** Every gradient multiplied by −rate: what stands at the end of an optimiser, which goes downhill. */
export function descend(rate: Rate): GradientTransformation {
  if (typeof rate === "number")
    return (gradients) => ({ gradients: new Map([...gradients].map(([w, g]) => [w, mul(g, -rate)])), slots: new Map() });
  return (gradients) => {
    const step = countSlot("schedule.step");
    const factor = mul(rateAt(rate, step as Scalar), -1);
    return {
      gradients: new Map([...gradients].map(([w, g]) => [w, mul(g, factor) as Tensor])),
      slots: new Map<Parameter, Tensor>([[step as Parameter, add(step as Scalar, 1)]]),
    };
  };
}
