// One parameter after the other: every element, or random directions; what is found is tallied, and the worst is looked at more closely.

import { type ClaimAt, type Derived, type Direction, dot } from "./claims.ts";
import type { Line } from "./difference.ts";
import { type Check, entryOf } from "./entries.ts";
import { entryOfKink, kinkOf, movedPoints } from "./kinks.ts";
import { type Lines, lines, randomUnit, unit } from "./lines.ts";
import { compared, measured } from "./measure.ts";
import type { CheckedEntry, CurvePoint, Kink, ParameterCheck } from "./report.ts";
import { stepContributions } from "./steps.ts";
import type { Estimate } from "./tableau.ts";

export interface Checked {
  readonly row: ParameterCheck;
  readonly kinks: readonly Kink[];
  readonly noise: number;
}

/** All parameters, by one order. */
export function checkParameters(check: Check): readonly Checked[] {
  const here = check.claim.at(check.point);
  const nearby = movedPoints(check);
  return check.targets.map((_, t) => checkOne(check, t, here, nearby));
}

function checkOne(check: Check, t: number, here: ClaimAt, nearby: (trial: number) => ClaimAt): Checked {
  const { claim, targets, limits } = check;
  const target = targets[t]!;
  const all = lines(check, t, here);
  const entries = limits.entries ?? (claim.order === 1 ? 1024 : 64);
  const each = target.size <= entries;
  const count = each ? target.size : limits.directions;
  const tally = { relative: 0, absolute: 0, floor: 0, below: 0, shortened: 0, failures: 0 };
  const kinks: Kink[] = [];
  const unseen = unseenBy(here, t);
  let worst: { readonly entry: CheckedEntry; readonly direction: Direction } | undefined;
  const worstOf = (entry: CheckedEntry, direction: Direction) => {
    if (worst === undefined || entry.relativeError > worst.entry.relativeError) worst = { entry, direction };
  };
  for (let i = 0; i < count; i++) {
    const direction = each ? unit(target.size, i) : randomUnit(target, i, limits.seed);
    const derived = here.derived(t, direction);
    const line = all.along(direction);
    const outcome = measured(line, derived);
    if (outcome.kind === "kink") {
      const kink = kinkOf(check, t, direction, derived, outcome, nearby);
      kinks.push(kink);
      if (kink.verdict === "pass") continue;
      tally.failures++;
      const entry = entryOfKink(kink);
      tally.relative = Math.max(tally.relative, entry.relativeError);
      worstOf(entry, direction);
      continue;
    }
    if (outcome.shortened) tally.shortened++;
    for (const way of derived) {
      let [most, at] = [-1, 0];
      for (const [c, d] of way.values.entries()) {
        const { numeric, relative, floor, resolved } = compared(d, outcome.estimate, c, line);
        tally.relative = Math.max(tally.relative, relative);
        tally.absolute = Math.max(tally.absolute, Math.abs(d - numeric) || 0);
        tally.floor = Math.max(tally.floor, floor);
        if (!resolved) tally.below++;
        if (relative > limits.tolerance) tally.failures++;
        if (relative > most) [most, at] = [relative, c];
      }
      if (most >= 0) worstOf(entryOf(check, t, direction, way, outcome.estimate, at, line), direction);
    }
    unseen.note(direction, derived, outcome.estimate, line);
  }
  const row: ParameterCheck = {
    parameter: target.name,
    order: claim.order,
    shape: target.node.shape.map((d) => d.size),
    dims: target.node.shape.map((d) => d.name),
    elements: target.size,
    checked: each ? "every entry" : "random directions",
    count,
    maxRelativeError: tally.relative,
    maxAbsoluteError: tally.absolute,
    floor: tally.floor,
    belowFloor: tally.below,
    shortened: tally.shortened,
    kinks: kinks.length,
    failures: tally.failures,
    ...(unseen.all() ? { unmeasured: true as const } : {}),
    worst: worst === undefined ? undefined : examined(check, t, here, worst.entry, worst.direction, all),
  };
  return { row, kinks, noise: here.noise[0] ?? 0 };
}

// A parameter was measured when of one entry at least all but two of the digits that the tolerance asks for are known.
const fewest = 100;

/**
 * Whether there was nothing to see of a parameter: derived numbers that are not 0, even to within their own rounding, and of none of them
 * a numeric one with enough digits. Some such entries, in a parameter of which others are seen, are no more than that.
 */
function unseenBy(here: ClaimAt, t: number) {
  const unseen: (() => boolean)[] = [];
  let seen = false;
  return {
    note(direction: Direction, derived: readonly Derived[], e: Estimate, line: Line): void {
      for (const [w, { values }] of derived.entries()) {
        for (const [c, d] of values.entries()) {
          if (d === 0 || seen) continue;
          const { floor, numeric } = compared(d, e, c, line);
          seen = floor <= fewest * line.tolerance * Math.max(Math.abs(d), Math.abs(numeric));
          const visible = Math.abs(d) * 8 * line.start > line.noise[c]!;
          unseen.push(() => visible || Math.abs(d) > here.derivedNoise(t, direction)[w]![c]!);
        }
      }
    },
    all: (): boolean => !seen && unseen.some((stands) => stands()),
  };
}

/** The worst entry with its error curve, the element of a direction that failed, and the time step of the largest disagreement. */
function examined(check: Check, t: number, here: ClaimAt, entry: CheckedEntry, direction: Direction, line: Lines): CheckedEntry {
  const { claim, limits, targets, loss, environment } = check;
  if (claim.order === 2) return entry;
  let found = entry;
  let along = direction;
  if (direction.element === undefined && entry.relativeError > limits.tolerance) {
    const element = located(t, here, direction.vector, line);
    const own = unit(targets[t]!.size, element);
    const derived = here.derived(t, own);
    const outcome = measured(line.along(own), derived);
    if (outcome.kind === "smooth") {
      const single = entryOf(check, t, own, derived[0]!, outcome.estimate, 0, line.along(own));
      if (single.relativeError > limits.tolerance) [found, along] = [single, own];
    }
  }
  const h = Math.min(line.along(along).start / 64, found.h > 0 ? found.h : Number.POSITIVE_INFINITY);
  const steps = stepContributions(loss, targets[t]!.node, along.vector, h, here.point, environment);
  const most = steps.reduce<(typeof steps)[number] | undefined>(
    (w, s) => (w === undefined || s.absoluteError > w.absoluteError ? s : w),
    undefined,
  );
  return {
    ...found,
    step: most === undefined || most.step === "" ? undefined : most.step,
    steps,
    curve: curveOf(line.along(along), found.derived, here.noise[0]!),
  };
}

/** The element that a failing direction fails by: the half with the larger disagreement, again and again. */
function located(t: number, here: ClaimAt, vector: Float64Array, line: Lines): number {
  let [from, to] = [0, vector.length];
  const disagreement = (a: number, b: number): number => {
    const part = vector.map((x, i) => (i >= a && i < b ? x : 0));
    const length = Math.sqrt(dot(part, part));
    if (length === 0) return 0;
    const direction: Direction = { vector: part.map((x) => x / length) };
    const derived = here.derived(t, direction);
    const outcome = measured(line.along(direction), derived);
    if (outcome.kind === "kink") return 0;
    return length * (Math.abs(derived[0]!.values[0]! - outcome.estimate.value[0]!) || 0);
  };
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (disagreement(from, middle) >= disagreement(middle, to)) to = middle;
    else from = middle;
  }
  return from;
}

function curveOf({ at, start }: Line, derived: number, noise: number): readonly CurvePoint[] {
  const central = (h: number): number => (at(h).values[0]! - at(-h).values[0]!) / (2 * h);
  return Array.from({ length: 16 }, (_, k) => {
    const h = start * 4 ** -k;
    const difference = central(h);
    return {
      h,
      difference,
      disagreement: Math.abs(difference - derived),
      truncation: (4 / 3) * Math.abs(difference - central(h / 2)),
      rounding: noise / h,
    };
  });
}
