// Entries at which the loss has a kink: what must hold of a derivative there.

import { randomKey, uniformAt } from "../../graph/random.ts";
import { showSite, showStep } from "../../graph/source.ts";
import type { ClaimAt, Derived, Direction } from "./claims.ts";
import type { Outcome } from "./difference.ts";
import { type Check, whereOf } from "./entries.ts";
import { lines, typicalOf } from "./lines.ts";
import { compared, measured } from "./measure.ts";
import type { CheckedEntry, Kink } from "./report.ts";
import { pointOf } from "./run.ts";
import { type Estimate, errorOf } from "./tableau.ts";

/**
 * Points a little off, by twos: every element is moved up in one and down in the other. At a generic point no kink is hit, so a rule that is
 * wrong shows there even if the kink hid it, whichever side it is wrong on.
 */
export function movedPoints({ claim, loss, targets, point, environment, limits }: Check): (trial: number) => ClaimAt {
  const made = new Map<number, ClaimAt>();
  return (trial) => {
    const known = made.get(trial);
    if (known !== undefined) return known;
    const start = new Map([...point].filter(([n]) => n.op.leaf !== undefined));
    for (const { node, name } of targets) {
      const { dims, shape, data } = point.get(node)!;
      const typical = typicalOf(data);
      const key = randomKey("off the kink", limits.seed, name, trial >> 1);
      const side = (trial % 2 === 0 ? 1 : -1) * 2 ** -8;
      const moved = Float64Array.from(data, (x, i) => x + side * (Math.abs(x) || typical) * (2 * uniformAt(key, i) - 1));
      start.set(node, { dims, shape, data: moved });
    }
    const there = claim.at(pointOf([loss], start, environment));
    made.set(trial, there);
    return there;
  };
}

const trials = 4;

export function kinkOf(
  check: Check,
  t: number,
  direction: Direction,
  ways: readonly Derived[],
  { node, left, right }: Outcome & { readonly kind: "kink" },
  nearby: (trial: number) => ClaimAt,
): Kink {
  const { tolerance } = check.limits;
  let worst = outside(ways[0]!, left, right, 0, tolerance);
  for (const way of ways) {
    way.values.forEach((_, c) => {
      const found = outside(way, left, right, c, tolerance);
      if (found.excess > worst.excess) worst = found;
    });
  }
  let off: Kink["nearby"];
  for (let trial = 0; trial < trials && (trial % 2 === 1 || off === undefined); trial++) {
    const there = nearby(trial);
    const derived = there.derived(t, direction);
    const line = lines(check, t, there).along(direction);
    const outcome = measured(line, derived);
    if (outcome.kind === "kink") continue;
    for (const way of derived) {
      way.values.forEach((d, c) => {
        const { numeric, relative } = compared(d, outcome.estimate, c, line);
        if (off === undefined || relative > off.relativeError) off = { derived: d, numeric, relativeError: relative };
      });
    }
  }
  const { component: _, ...place } = whereOf(check, t, direction, worst.c);
  const between = worst.excess <= 0;
  return {
    ...place,
    op: node.op.name,
    at: showSite(node.origin.site),
    step: showStep(node.origin.step),
    derived: worst.derived,
    left: left.value[worst.c]!,
    right: right.value[worst.c]!,
    relativeError: between ? 0 : worst.relative,
    nearby: off,
    verdict: between && (off === undefined || off.relativeError <= tolerance) ? "pass" : "fail",
  };
}

/** How far a derived number is outside of the one-sided ones, over what is allowed. */
function outside({ values }: Derived, left: Estimate, right: Estimate, c: number, tolerance: number) {
  const derived = values[c]!;
  const [low, high] = [Math.min(left.value[c]!, right.value[c]!), Math.max(left.value[c]!, right.value[c]!)];
  const size = Math.max(Math.abs(low), Math.abs(high), Math.abs(derived));
  const distance = Math.max(low - derived, derived - high);
  const excess = distance - tolerance * size - Math.max(errorOf(left, c), errorOf(right, c));
  if (Number.isNaN(excess)) return { c, derived, excess: Number.POSITIVE_INFINITY, relative: Number.POSITIVE_INFINITY };
  return { c, derived, excess, relative: size === 0 ? 0 : distance / size };
}

/** A kink that failed, as a comparison: with the nearer of the one-sided derivatives or, where it lies between, a little off the kink. */
export function entryOfKink({ op, at, left, right, verdict, nearby, relativeError, ...kink }: Kink): CheckedEntry {
  const nearer = Math.abs(kink.derived - left) <= Math.abs(kink.derived - right) ? left : right;
  const { derived, numeric } = relativeError > 0 || nearby === undefined ? { derived: kink.derived, numeric: nearer } : nearby;
  const relative = relativeError > 0 || nearby === undefined ? relativeError : nearby.relativeError;
  const absoluteError = Math.abs(derived - numeric);
  return { ...kink, derived, numeric, absoluteError, relativeError: relative, floor: 0, h: 0, resolved: true };
}
