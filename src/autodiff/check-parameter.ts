// One parameter after the other: every element, or random directions; what is found is tallied, and the worst is looked at more closely.

import type { Environment, Node } from "../graph/node.ts";
import { normalAt, randomKey, uniformAt } from "../graph/random.ts";
import { showSite, showStep } from "../graph/source.ts";
import { differentiate, type Estimate, type Line, type Outcome, resolvedBy } from "./check-difference.ts";
import type { CheckedEntry, CurvePoint, Element, Kink, ParameterCheck } from "./check-report.ts";
import { type Around, around, type Point, pointOf } from "./check-run.ts";
import { type Derived, type Direction, dot, type Sided, type Sides, type Target } from "./check-sides.ts";
import { stepContributions } from "./check-steps.ts";

export interface Limits {
  readonly tolerance: number;
  /** Above so many elements: random directions. */
  readonly entries: number | undefined;
  readonly directions: number;
  readonly seed: number;
}

interface Check {
  readonly side: Sided;
  readonly loss: Node;
  readonly targets: readonly Target[];
  readonly point: Point;
  readonly environment: Environment;
  readonly limits: Limits;
}

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

/** |derived − numeric| over the larger of them, or over what rounding leaves of them. NaN is as wrong as can be. */
function compared(derived: number, e: Estimate, c: number, tolerance: number) {
  const numeric = e.value[c]!;
  const floor = e.rounding[c]!;
  const error = Math.abs(derived - numeric);
  const relative = error === 0 ? 0 : error / Math.max(Math.abs(derived), Math.abs(numeric), floor / tolerance);
  return { derived, floor, relative: Number.isFinite(error) ? relative : Number.POSITIVE_INFINITY };
}

// ---- directions ----

function unit(size: number, element: number): Direction {
  const vector = new Float64Array(size);
  vector[element] = 1;
  return { element, vector };
}

/** Uniform on the sphere: normal numbers, divided by their length. */
function randomUnit(target: Target, number: number, seed: number): Direction {
  const key = randomKey("direction", seed, target.name, number);
  const vector = Float64Array.from({ length: target.size }, (_, i) => normalAt(key, i));
  return { number, vector: normalised(vector) };
}

function normalised(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((x) => x / length);
}

/** The size of a parameter's elements, by which steps are measured: their root mean square, or 1 for a parameter that is 0. */
function scaleOf(data: ArrayLike<number>): number {
  const rms = Math.sqrt(dot(data, data) / Math.max(1, data.length));
  return rms > 0 && Number.isFinite(rms) ? rms : 1;
}

interface Lines {
  readonly around: Around;
  along(direction: Direction): Line;
}

function lines({ side, targets, environment, limits }: Check, t: number, { point, noise }: Sides): Lines {
  const { node, size } = targets[t]!;
  const moving = around(side.outputs, [node], point, environment, side.held);
  const data = point.get(node)!.data as Float64Array;
  const scale = scaleOf(data);
  const along = ({ element, vector }: Direction): Line => {
    // a unit vector moves each of n elements by 1/√n; steps are powers of two, so that θ ± h is hit exactly as often as possible
    const reach = element === undefined ? scale * Math.sqrt(size) : scale;
    const h0 = 2 ** (Math.floor(Math.log2(reach)) - 3);
    const at = (h: number) => {
      const moved = Float64Array.from(data);
      if (element === undefined) for (let i = 0; i < moved.length; i++) moved[i]! += h * vector[i]!;
      else moved[element]! += h;
      return moving.run([moved]);
    };
    return { around: moving, at, noise, h0, tolerance: limits.tolerance };
  };
  return { around: moving, along };
}

// ---- entries ----

function elementOf(node: Node, flat: number): Element {
  const index: number[] = [];
  let rest = flat;
  for (const d of [...node.shape].reverse()) {
    index.unshift(rest % d.size);
    rest = Math.floor(rest / d.size);
  }
  return { index, dims: node.shape.map((d) => d.name) };
}

function placeOf(target: Target, { element, number }: Direction): string {
  if (element === undefined) return `${target.name} along direction ${number ?? "?"}`;
  return target.node.shape.length === 0 ? target.name : `${target.name}[${elementOf(target.node, element).index.join(",")}]`;
}

/** Second order: which tensor of the gradient, and which element of it, a component is. */
function componentOf(targets: readonly Target[], c: number): { readonly target: Target; readonly element: number } {
  let rest = c;
  for (const target of targets) {
    if (rest < target.size) return { target, element: rest };
    rest -= target.size;
  }
  throw new Error(`no component ${c}`);
}

function whereOf({ side, targets }: Check, t: number, direction: Direction, c: number) {
  const target = targets[t]!;
  const own = placeOf(target, direction);
  const { element, number } = direction;
  const moved = {
    ...(element === undefined ? {} : { element: elementOf(target.node, element) }),
    ...(number === undefined ? {} : { direction: number }),
  };
  if (side.order === 1) return { parameter: target.name, order: 1 as const, place: own, ...moved };
  const with_ = componentOf(targets, c);
  return {
    parameter: target.name,
    order: 2 as const,
    place: `∂²/∂${own}∂${placeOf(with_.target, { element: with_.element, vector: new Float64Array() })}`,
    ...moved,
    component: { parameter: with_.target.name, element: elementOf(with_.target.node, with_.element) },
  };
}

function entryOf(check: Check, t: number, direction: Direction, way: Derived, e: Estimate, c: number): CheckedEntry {
  const { derived, relative, floor } = compared(way.values[c]!, e, c, check.limits.tolerance);
  return {
    ...whereOf(check, t, direction, c),
    ...(way.mode === undefined ? {} : { mode: way.mode }),
    derived,
    numeric: e.value[c]!,
    absoluteError: Math.abs(derived - e.value[c]!),
    relativeError: relative,
    floor,
    h: e.h[c]!,
    resolved: resolvedBy(e, c, check.limits.tolerance) || e.truncation[c]! <= e.rounding[c]!,
  };
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

// ---- kinks ----

/**
 * Points a little off, by twos: every element is moved up in one and down in the other. At a generic point no kink is hit, so a rule that is
 * wrong shows there even if the kink hid it, whichever side it is wrong on.
 */
function movedPoints({ side, loss, targets, point, environment, limits }: Check): (trial: number) => Sides {
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

function kinkOf(
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
