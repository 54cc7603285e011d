// One parameter after the other: every element, or random directions; what is found is tallied, and the worst is looked at more closely.

import { differentiate, type Line } from "./difference.ts";
import { type Check, compared, entryOf } from "./entries.ts";
import { kinkOf, movedPoints } from "./kinks.ts";
import { type Lines, lines, randomUnit, unit } from "./lines.ts";
import type { CheckedEntry, CurvePoint, Kink, ParameterCheck } from "./report.ts";
import { type Direction, dot, type Sides } from "./sides.ts";
import { stepContributions } from "./steps.ts";

export interface Checked {
  readonly row: ParameterCheck;
  readonly kinks: readonly Kink[];
  readonly noise: number;
}

/** All parameters, by one order. */
export function checkParameters(check: Check): readonly Checked[] {
  const here = check.side.at(check.point);
  const nearby = movedPoints(check);
  return check.targets.map((_, t) => checkOne(check, t, here, nearby));
}

function checkOne(check: Check, t: number, here: Sides, nearby: (trial: number) => Sides): Checked {
  const { side, targets, limits } = check;
  const target = targets[t]!;
  const line = lines(check, t, here);
  const entries = limits.entries ?? (side.order === 1 ? 1024 : 64);
  const each = target.size <= entries;
  const count = each ? target.size : limits.directions;
  const tally = { relative: 0, absolute: 0, floor: 0, below: 0, shortened: 0, failures: 0 };
  const kinks: Kink[] = [];
  let worst: { readonly entry: CheckedEntry; readonly direction: Direction } | undefined;
  for (let i = 0; i < count; i++) {
    const direction = each ? unit(target.size, i) : randomUnit(target, i, limits.seed);
    const outcome = differentiate(line.along(direction));
    const derived = here.derived(t, direction);
    if (outcome.kind === "kink") {
      kinks.push(kinkOf(check, t, direction, derived, outcome, nearby));
      continue;
    }
    if (outcome.shortened) tally.shortened++;
    for (const way of derived) {
      let ofWay: CheckedEntry | undefined;
      for (let c = 0; c < way.values.length; c++) {
        const { derived: d, relative, floor } = compared(way.values[c]!, outcome.estimate, c, limits.tolerance);
        tally.relative = Math.max(tally.relative, relative);
        tally.absolute = Math.max(tally.absolute, Math.abs(d - outcome.estimate.value[c]!) || 0);
        tally.floor = Math.max(tally.floor, floor);
        if (floor > limits.tolerance * Math.abs(outcome.estimate.value[c]!)) tally.below++;
        if (relative > limits.tolerance) tally.failures++;
        if (ofWay === undefined || relative > ofWay.relativeError) ofWay = entryOf(check, t, direction, way, outcome.estimate, c);
      }
      if (ofWay !== undefined && (worst === undefined || ofWay.relativeError > worst.entry.relativeError))
        worst = { entry: ofWay, direction };
    }
  }
  const row: ParameterCheck = {
    parameter: target.name,
    order: side.order,
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
    worst: worst === undefined ? undefined : examined(check, t, here, worst.entry, worst.direction, line),
  };
  return { row, kinks, noise: here.noise[0] ?? 0 };
}

/** The worst entry with its error curve, the element of a direction that failed, and the time step of the largest disagreement. */
function examined(check: Check, t: number, here: Sides, entry: CheckedEntry, direction: Direction, line: Lines): CheckedEntry {
  const { side, limits, targets, loss, environment } = check;
  if (side.order === 2) return entry;
  let found = entry;
  let along = direction;
  if (direction.element === undefined && entry.relativeError > limits.tolerance) {
    const element = located(t, here, direction.vector, line);
    const own = unit(targets[t]!.size, element);
    const outcome = differentiate(line.along(own));
    if (outcome.kind === "smooth") {
      const single = entryOf(check, t, own, here.derived(t, own)[0]!, outcome.estimate, 0);
      if (single.relativeError > limits.tolerance) [found, along] = [single, own];
    }
  }
  const { h0 } = line.along(along);
  const steps = stepContributions(loss, targets[t]!.node, along.vector, h0 / 64, here.point, environment);
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
function located(t: number, here: Sides, vector: Float64Array, line: Lines): number {
  let [from, to] = [0, vector.length];
  const disagreement = (a: number, b: number): number => {
    const part = vector.map((x, i) => (i >= a && i < b ? x : 0));
    const length = Math.sqrt(dot(part, part));
    if (length === 0) return 0;
    const direction: Direction = { vector: part.map((x) => x / length) };
    const outcome = differentiate(line.along(direction));
    if (outcome.kind === "kink") return 0;
    return length * Math.abs(here.derived(t, direction)[0]!.values[0]! - outcome.estimate.value[0]!);
  };
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (disagreement(from, middle) >= disagreement(middle, to)) to = middle;
    else from = middle;
  }
  return from;
}

function curveOf({ at, h0 }: Line, derived: number, noise: number): readonly CurvePoint[] {
  const central = (h: number): number => (at(h).values[0]! - at(-h).values[0]!) / (2 * h);
  return Array.from({ length: 16 }, (_, k) => {
    const h = h0 * 4 ** -k;
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
