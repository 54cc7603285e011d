// The numeric derivative of a function along a line, with an estimate of its own error.
//
//   D(h) = (φ(h) − φ(−h)) / 2h = φ'(0) + c₂h² + c₄h⁴ + …          truncation: shrinks with h
//                               ± noise / h                        rounding: grows as h shrinks
//
// Steps are halved, and every row of differences is extrapolated to h → 0 (Richardson, 1911; Ridders, 1982: "Accurate computation of F'(x)
// and F'(x)F''(x)"; the choice of steps is discussed by Nocedal & Wright, Numerical Optimization, § 8.1). An extrapolation of higher order
// allows long steps, at which rounding is harmless. Of all extrapolated numbers the one with the smallest *estimated* error is taken:
//
//   estimate = how far it is from its two neighbours of lower order  (truncation)  +  2·noise / h  (rounding)
//
// The derived gradient is not looked at here: a step that happens to agree with a wrong gradient has no advantage.
// Σ|weights| of the extrapolation is at most ∏(4^j + 1)/(4^j − 1) < 1.97, hence the 2 in the bound of the rounding.

import type { Node } from "../../graph/node.ts";
import type { Around, Run } from "./run.ts";

/** Numeric derivatives of all components, each with its own best step. */
export interface Estimate {
  readonly value: Float64Array;
  /** Estimated truncation error. */
  readonly truncation: Float64Array;
  /** Bound of the rounding error. */
  readonly rounding: Float64Array;
  readonly h: Float64Array;
}

export type Outcome =
  | { readonly kind: "smooth"; readonly estimate: Estimate; readonly shortened: boolean }
  /** A branch changes within the smallest step, however small. */
  | { readonly kind: "kink"; readonly node: Node; readonly left: Estimate; readonly right: Estimate };

export interface Line {
  readonly around: Around;
  /** φ(h): the outputs when the point is moved by h along the line. */
  at(h: number): Run;
  /** Absolute error of one evaluation, by component. */
  readonly noise: Float64Array;
  /** The longest step. */
  readonly h0: number;
  readonly tolerance: number;
}

// 2⁻²⁰·h0: with a noise of 10⁻¹⁶ a difference still has about eight digits there. A kink nearer than that is a kink at the point.
const halvings = 20;

/** The derivative along a line, or the two one-sided ones where there is a kink. */
export function differentiate(line: Line): Outcome {
  const { around, h0, tolerance, noise } = line;
  const sample = remembered(line.at);
  const { signature: here, values: origin } = around.base;
  const best = noEstimate(origin.length);
  let shortened = false;
  let intact = false; // whether the shortest step so far crosses nothing
  let crossed: Node | undefined;
  let previous: Row = [];
  for (let k = 0, h = h0; k <= halvings; k++, h /= 2) {
    const [up, down] = [sample(h), sample(-h)];
    const finite = up.finite && down.finite;
    const change = finite ? (around.difference(here, up.signature) ?? around.difference(here, down.signature)) : undefined;
    intact = finite && change === undefined;
    if (!intact) {
      shortened = true;
      crossed = change ?? crossed;
      previous = [];
      continue;
    }
    const rounding = noise.map((e) => (2 * e) / h);
    const row = nextRow(
      origin.map((_, c) => (up.values[c]! - down.values[c]!) / (2 * h)),
      previous,
      4,
    );
    consider(best, row, previous, rounding, h);
    previous = row;
    // two rows may agree by chance (a function that is even around the point, at long steps), three hardly
    if (row.length > 2 && settled(best, rounding, tolerance)) break;
  }
  if (!shortened || best.value.every((_, c) => resolvedBy(best, c, tolerance))) return { kind: "smooth", estimate: best, shortened };
  const [left, right] = [oneSided(line, sample, -1), oneSided(line, sample, 1)];
  if (!intact && crossed !== undefined) return { kind: "kink", node: crossed, left, right };
  if (intact) {
    // Both sides belong to the point's own piece: one of them may have more room than a step that goes both ways.
    takeBetter(best, left);
    takeBetter(best, right);
  }
  return { kind: "smooth", estimate: best, shortened };
}

function remembered(at: (h: number) => Run): (h: number) => Run {
  const samples = new Map<number, Run>();
  return (h) => {
    const known = samples.get(h) ?? at(h);
    samples.set(h, known);
    return known;
  };
}

/**
 * The derivative of the piece that begins at the point on one side. (φ(2h) − φ(h)) / h leaves the point itself out, which may belong to
 * another piece; its expansion has all powers of h.
 */
function oneSided({ around, h0, tolerance, noise }: Line, sample: (h: number) => Run, side: 1 | -1): Estimate {
  const shortest = h0 * 2 ** -halvings;
  const piece = sample(side * shortest);
  const best = noEstimate(around.base.values.length);
  if (!piece.finite) return best;
  let longest = shortest;
  for (let h = 2 * shortest; h <= h0; h *= 2) {
    const run = sample(side * h);
    if (!run.finite || around.difference(piece.signature, run.signature) !== undefined) break;
    longest = h;
  }
  let previous: Row = [];
  for (let h = longest / 2; h >= shortest; h /= 2) {
    const [far, near] = [sample(side * 2 * h).values, sample(side * h).values];
    // two evaluations over h, and Σ|weights| ≤ ∏(2^j + 1)/(2^j − 1) < 8.26
    const rounding = noise.map((e) => (2 * 8.26 * e) / h);
    const row = nextRow(
      far.map((x, c) => (side * (x - near[c]!)) / h),
      previous,
      2,
    );
    consider(best, row, previous, rounding, h);
    previous = row;
    if (row.length > 2 && settled(best, rounding, tolerance)) break;
  }
  return best;
}

/** Neville's scheme for halved steps: the next row of the tableau, where ratio = 2^p and the error has the powers p, 2p, … of h. */
function nextRow(first: Float64Array, previous: Row, ratio: number): Row {
  const row = [first];
  let power = 1;
  for (const [j, coarser] of previous.entries()) {
    power *= ratio;
    const factor = power - 1;
    row.push(row[j]!.map((x, c) => x + (x - coarser[c]!) / factor));
  }
  return row;
}

type Row = readonly Float64Array[];

function noEstimate(components: number): Estimate {
  const filled = (x: number) => new Float64Array(components).fill(x);
  const infinity = Number.POSITIVE_INFINITY;
  return { value: filled(Number.NaN), truncation: filled(infinity), rounding: filled(infinity), h: filled(Number.NaN) };
}

const errorOf = (e: Estimate, c: number): number => e.truncation[c]! + e.rounding[c]!;

function keep(best: Estimate, c: number, value: number, truncation: number, rounding: number, h: number): void {
  if (!(truncation + rounding < errorOf(best, c))) return;
  best.value[c] = value;
  best.truncation[c] = truncation;
  best.rounding[c] = rounding;
  best.h[c] = h;
}

/** Looks for the smallest estimated error in a new row. */
function consider(best: Estimate, row: Row, previous: Row, rounding: Float64Array, h: number): void {
  for (let j = 1; j < row.length; j++) {
    const [now, lower, coarser] = [row[j]!, row[j - 1]!, previous[j - 1]!];
    for (let c = 0; c < now.length; c++) {
      const x = now[c]!;
      keep(best, c, x, Math.max(Math.abs(x - lower[c]!), Math.abs(x - coarser[c]!)), rounding[c]!, h);
    }
  }
}

function takeBetter(best: Estimate, other: Estimate): void {
  other.value.forEach((x, c) => {
    keep(best, c, x, other.truncation[c]!, other.rounding[c]!, other.h[c]!);
  });
}

// A hundredth of the tolerance: the numeric side then takes no part of what the derived side is allowed.
const share = 0.01;

/** The estimate's error is far below the tolerance. */
export function resolvedBy(e: Estimate, c: number, tolerance: number): boolean {
  return errorOf(e, c) <= share * tolerance * Math.abs(e.value[c]!);
}

/** Nothing is gained by shorter steps: every component is resolved, or the next step's rounding alone is above the error that it has. */
function settled(best: Estimate, rounding: Float64Array, tolerance: number): boolean {
  return best.value.every((_, c) => resolvedBy(best, c, tolerance) || 2 * rounding[c]! >= errorOf(best, c));
}
