// The settings of optimisers. A transformation is made at the user's line, and asked for graphs later, by fit: what is wrong with a setting is
// kept until then, and every graph that is made of the transformation says it, at the line where it was made.

import { diagnostic } from "../graph/diagnostics.ts";
import { ill } from "../graph/make.ts";
import type { Node, Tensor } from "../graph/node.ts";
import { isRecord, shown } from "../graph/options.ts";
import { type Site, standingAt } from "../graph/source.ts";
import type { GradientTransformation } from "./transformation.ts";

/** A sentence that says what is wrong with a setting; undefined when nothing is. */
export type Wrong = string | undefined;

export function notFinite(name: string, value: unknown): Wrong {
  return Number.isFinite(value) ? undefined : `${name} is ${shown(value)}, expected a finite number`;
}

/** A number in [0, 1): how much of a running mean is kept. */
export function notDecay(name: string, value: unknown): Wrong {
  return typeof value === "number" && value >= 0 && value < 1
    ? undefined
    : `${name} is ${shown(value)}, expected a number from 0 to below 1`;
}

/** A number of 0 or more. */
export function negative(name: string, value: unknown): Wrong {
  return Number.isFinite(value) && (value as number) >= 0 ? undefined : `${name} is ${shown(value)}, expected a number of 0 or more`;
}

export function notCount(name: string, value: unknown): Wrong {
  return Number.isSafeInteger(value) && (value as number) >= 1
    ? undefined
    : `${name} is ${shown(value)}, expected a whole number, 1 or more`;
}

export function notRecord(value: unknown): Wrong {
  return isRecord(value) ? undefined : `the options must be a record, found ${shown(value)}`;
}

/** A tensor of no dims that says what is wrong, at the line where it was set. */
export function illScalar(of: string, line: Site, wrong: readonly Wrong[]): Tensor<readonly []> {
  return ill(toldOf(of, line, wrong), { certain: true }) as Tensor<readonly []>;
}

function toldOf(op: string, site: Site, wrong: readonly Wrong[]): Node["diagnostics"] {
  return wrong.filter((w) => w !== undefined).map((message) => diagnostic({ code: "BadArgument", op, message, site }));
}

/** The transformation, when its settings make sense; else one of which every gradient says what does not. Its nodes stand at the user's line. */
export function sound(
  of: string,
  line: Site,
  wrong: readonly Wrong[],
  transformation: () => GradientTransformation,
): GradientTransformation {
  const told = toldOf(of, line, wrong);
  if (told.length === 0) {
    const transform = transformation();
    return (gradients) => standingAt(line, () => transform(gradients));
  }
  return (gradients) => ({
    gradients: new Map([...gradients].map(([w, g]) => [w, ill(told, { shape: g.shape, rests: [g], certain: true }) as Tensor])),
    slots: new Map(),
  });
}
