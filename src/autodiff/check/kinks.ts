// Entries at which the loss has a kink: what must hold of a derivative there.

import { randomKey, uniformAt } from "../../graph/random.ts";
import { showSite, showStep } from "../../graph/source.ts";
import { differentiate, type Outcome } from "./difference.ts";
import { type Check, compared, whereOf } from "./entries.ts";
import { lines, scaleOf } from "./lines.ts";
import type { Kink } from "./report.ts";
import { pointOf } from "./run.ts";
import type { Derived, Direction, Sides } from "./sides.ts";

/**
 * Points a little off, by twos: every element is moved up in one and down in the other. At a generic point no kink is hit, so a rule that is
 * wrong shows there even if the kink hid it, whichever side it is wrong on.
 */
export function movedPoints({ side, loss, targets, point, environment, limits }: Check): (trial: number) => Sides {
  const made = new Map<number, Sides>();
  return (trial) => {
    const known = made.get(trial);
    if (known !== undefined) return known;
    const start = new Map([...point].filter(([n]) => n.op.leaf !== undefined));
    for (const { node, name } of targets) {
      const { dims, shape, data } = point.get(node)!;
      const reach = scaleOf(data) * 2 ** -8;
      const key = randomKey("off the kink", limits.seed, name, trial >> 1);
      const side = trial % 2 === 0 ? reach : -reach;
      const moved = Float64Array.from(data, (x, i) => x + side * (2 * uniformAt(key, i) - 1));
      start.set(node, { dims, shape, data: moved });
    }
    const sides = side.at(pointOf([loss], start, environment));
    made.set(trial, sides);
    return sides;
  };
}

const trials = 4;

export function kinkOf(
  check: Check,
  t: number,
  direction: Direction,
  ways: readonly Derived[],
  { node, left, right }: Outcome & { readonly kind: "kink" },
  nearby: (trial: number) => Sides,
): Kink {
  const { tolerance } = check.limits;
  // how far outside of the one-sided derivatives, over what is allowed; of the component and way that is worst
  let worst = { excess: Number.NEGATIVE_INFINITY, c: 0, way: ways[0]! };
  for (const way of ways) {
    way.values.forEach((d, c) => {
      const [low, high] = [Math.min(left.value[c]!, right.value[c]!), Math.max(left.value[c]!, right.value[c]!)];
      const allowed = tolerance * Math.max(Math.abs(low), Math.abs(high), Math.abs(d)) + Math.max(left.rounding[c]!, right.rounding[c]!);
      const outside = Math.max(low - d, d - high);
      const excess = Number.isNaN(outside) ? Number.POSITIVE_INFINITY : outside - allowed;
      if (excess > worst.excess) worst = { excess, c, way };
    });
  }
  let off: Kink["nearby"];
  for (let trial = 0; trial < trials && (trial % 2 === 1 || off === undefined); trial++) {
    const sides = nearby(trial);
    const outcome = differentiate(lines(check, t, sides).along(direction));
    if (outcome.kind === "kink") continue;
    for (const way of sides.derived(t, direction)) {
      way.values.forEach((_, c) => {
        const entry = compared(way.values[c]!, outcome.estimate, c, tolerance);
        if (off === undefined || entry.relative > off.relativeError)
          off = { derived: entry.derived, numeric: outcome.estimate.value[c]!, relativeError: entry.relative };
      });
    }
  }
  const { component: _, ...place } = whereOf(check, t, direction, worst.c) as ReturnType<typeof whereOf> & { readonly component?: unknown };
  return {
    ...place,
    op: node.op.name,
    at: showSite(node.origin.site),
    step: showStep(node.origin.step),
    derived: worst.way.values[worst.c]!,
    left: left.value[worst.c]!,
    right: right.value[worst.c]!,
    nearby: off,
    verdict: worst.excess <= 0 && (off === undefined || off.relativeError <= tolerance) ? "pass" : "fail",
  };
}
