// Optimisers are graphs: a gradient transformation takes a gradient for each parameter and gives another one (optax's idiom). What stands at the
// end of a chain is added to the parameter. What it remembers from step to step, moments and counts, are parameters too ("slots", named
// `W/adam.m`, `/adam.step`), with their own next values; so the whole training step is one graph that can be printed, drawn and compiled.

import type { Parameter, Tensor } from "../graph/node.ts";
import { add } from "../ops/add.ts";
import { zeros } from "../ops/full.ts";
import { constantly } from "../ops/initialisers.ts";
import { parameter } from "../ops/parameter.ts";

/** A tensor for each parameter, of its shape. */
export type PerParameter = ReadonlyMap<Parameter, Tensor>;

export interface Transformed {
  /** What the gradients have become. */
  readonly gradients: PerParameter;
  /** Next values of the slots. */
  readonly slots: PerParameter;
}

export type GradientTransformation = (gradients: PerParameter) => Transformed;

/** One transformation after the other: `chain(clipByGlobalNorm(1), adam(1e-3))`. Of nothing: the gradients as they are. */
export function chain(...transformations: readonly GradientTransformation[]): GradientTransformation {
  return (gradients) => {
    const slots = new Map<Parameter, Tensor>();
    let now = gradients;
    for (const transform of transformations) {
      const made = transform(now);
      now = made.gradients;
      for (const [slot, next] of made.slots) slots.set(slot, next);
    }
    return { gradients: now, slots };
  };
}

/**
 * The training step as a map from parameter to next value: W + what the transformation made of its gradient, and every slot's next value. It is
 * what `compile` and `interpret` take as `update`.
 */
export function updates(transformation: GradientTransformation, gradients: PerParameter): ReadonlyMap<Parameter, Tensor> {
  const { gradients: steps, slots } = transformation(gradients);
  const next = new Map<Parameter, Tensor>();
  for (const [w, step] of steps) next.set(w, add(w as Tensor, step));
  for (const [slot, value] of slots) next.set(slot, value);
  return next;
}

/** A slot of a parameter, of its shape, that starts at zero: `W/adam.m`. */
export function slotOf(w: Parameter, name: string): Parameter {
  return parameter(`${w.parameter}/${name}`, w.shape, constantly(0));
}

/** A slot of no parameter in particular, without dims: a count, `/adam.step`. Whoever counts by one name has one slot: all count the same steps. */
export function countSlot(name: string): Parameter<readonly []> {
  const known = counts.get(name);
  if (known !== undefined) return known;
  const made = parameter(`/${name}`, [], constantly(0));
  counts.set(name, made);
  return made;
}

const counts = new Map<string, Parameter<readonly []>>();

/** Whether a name is that of a slot, of any optimiser: the name of one of these parameters, or nothing, then a slash. */
export function isSlot(name: string, parameters: readonly string[]): boolean {
  return ["", ...parameters].some((w) => name.startsWith(`${w}/`));
}

/** The slots that a transformation keeps for these parameters. */
export function slotsOf(transformation: GradientTransformation, parameters: readonly Parameter[]): readonly Parameter[] {
  return [...transformation(new Map(parameters.map((w) => [w, zeros(w.shape)]))).slots.keys()];
}

/** The same function for every parameter's gradient, without slots. */
export function eachGradient(f: (gradient: Tensor, w: Parameter) => Tensor): GradientTransformation {
  return (gradients) => ({ gradients: new Map([...gradients].map(([w, g]) => [w, f(g, w)])), slots: new Map() });
}
