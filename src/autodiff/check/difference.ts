// The numeric derivative of a function along a line, with an estimate of its own error.
//
//   D(h) = (φ(h) − φ(−h)) / 2h = φ'(0) + c₂h² + c₄h⁴ + …          truncation: shrinks with h
//                               ± noise / h                        rounding: grows as h shrinks
//
// Steps are halved, and the differences extrapolated to h → 0 (Ridders, 1982: "Accurate computation of F'(x) and F'(x)F''(x)"; the choice of
// steps is discussed by Nocedal & Wright, Numerical Optimization, § 8.1). An extrapolation of higher order allows long steps, at which
// rounding is harmless. Of all extrapolated numbers the one with the smallest *estimated* error is taken, truncation + 2·noise / h.
//
// The first look ends as soon as it has a good estimate. A thorough one takes all steps, down to those so short
// that rounding drowns everything. Whether to look again may depend on the derived gradient; which step is taken never does, so
// that a step that happens to agree with a wrong gradient has no advantage.

import type { Node } from "../../graph/node.ts";
import type { Around, Run } from "./run.ts";
import { better, type Estimate, noEstimate, resolvedBy, type Tableau, tableau } from "./tableau.ts";

export type Outcome =
  | { readonly kind: "smooth"; readonly estimate: Estimate; readonly shortened: boolean }
  /** A branch changes within the smallest step, however small. */
  | { readonly kind: "kink"; readonly node: Node; readonly left: Estimate; readonly right: Estimate };

export interface Line {
  readonly around: Around;
  /** φ(h): the outputs when the point is moved by h along the line. */
  at(h: number): Run;
  /** Absolute error of one evaluation at the point, by component. */
  readonly noise: Float64Array;
  /** How large what is moved is: the element or, of a direction, the smallest. */
  readonly size: number;
  /** The first look's longest step. */
  readonly start: number;
  /** A kink within this step is a kink at the point. */
  readonly shortest: number;
  readonly tolerance: number;
}

// exp, tanh and their like change on a scale of 1: a parameter that is far smaller may be moved so far.
const natural = 2 ** -3;

export type Look = "first" | "thorough";

/** The derivative along a line, or the two one-sided ones where there is a kink. */
export function differentiate(line: Line, look: Look): Outcome {
  const { around, shortest, tolerance } = line;
  const thorough = look === "thorough";
  const table = tableau(around.base.values.length, 4);
  // shorter than `least` a step is lost in the rounding of the point itself
  const least = thorough ? shortest * 2 ** -29 : shortest;
  let shortened = false;
  let intact = false; // whether the shortest step so far crosses nothing
  let crossed: Node | undefined;
  for (let h = thorough ? Math.max(line.start, natural) : line.start; h >= least; h /= 2) {
    const found = central(line, h);
    intact = found.kind === "difference";
    if (found.kind !== "difference") {
      shortened = true;
      crossed = found.crossed ?? crossed;
      table.restart();
      continue;
    }
    table.add(found.values, found.rounding, h);
    if (thorough ? h <= shortest && drowned(found) : table.settled(tolerance)) break;
  }
  const best = table.best();
  const resolved = best.value.every((_, c) => resolvedBy(best, c, tolerance));
  // where a domain ends near the point, what lies on the far side of it is not smooth either
  if (!shortened || resolved || (intact && crossed === undefined)) return { kind: "smooth", estimate: best, shortened };
  const [left, right] = [oneSided(line, -1, look), oneSided(line, 1, look)];
  if (!intact && crossed !== undefined) return { kind: "kink", node: crossed, left, right };
  // Next to a kink both sides belong to the point's own piece, and one of them may have more room than a step that goes both ways. At the
  // end of a domain there is but one.
  return { kind: "smooth", estimate: better([best, left, right], best.value.length), shortened };
}

type Central =
  | { readonly kind: "difference"; readonly values: Float64Array; readonly rounding: Float64Array }
  | { readonly kind: "crossing"; readonly crossed: Node | undefined };

/** D(h), if nothing lies between. */
function central({ around, at, noise }: Line, h: number): Central {
  const { signature: here, values: origin } = around.base;
  const [up, down] = [at(h), at(-h)];
  if (!up.finite || !down.finite) return { kind: "crossing", crossed: undefined };
  const crossed = around.difference(here, up.signature) ?? around.difference(here, down.signature);
  if (crossed !== undefined) return { kind: "crossing", crossed };
  const values = origin.map((_, c) => (up.values[c]! - down.values[c]!) / (2 * h));
  // Σ|weights| ≤ ∏(4^j + 1)/(4^j − 1) < 1.97
  const rounding = noise.map((e, c) => (2 * noiseAt(e, up.values[c]!, down.values[c]!)) / h);
  return { kind: "difference", values, rounding };
}

/** A long step may lead to where the function is larger than at the point, and its roundings are, too. */
function noiseAt(noise: number, a: number, b: number): number {
  return Math.max(noise, 4 * Number.EPSILON * Math.max(Math.abs(a), Math.abs(b)));
}

/** Rounding leaves three digits at most: a shorter step neither improves nor refutes what longer ones gave. */
function drowned({ values, rounding }: Central & { readonly kind: "difference" }): boolean {
  return values.every((x, c) => rounding[c]! >= 1e-3 * Math.abs(x));
}

/**
 * The derivative of the piece that begins at the point on one side. (φ(2h) − φ(h)) / h leaves the point itself out, which may belong to
 * another piece; its expansion has all powers of h.
 */
function oneSided({ around, at, start, shortest, tolerance, noise }: Line, side: 1 | -1, look: Look): Estimate {
  const piece = at(side * shortest);
  const components = around.base.values.length;
  if (!piece.finite) return noEstimate(components);
  let longest = shortest;
  for (let h = 2 * shortest; h <= start; h *= 2) {
    const run = at(side * h);
    if (!run.finite || around.difference(piece.signature, run.signature) !== undefined) break;
    longest = h;
  }
  const table: Tableau = tableau(components, 2);
  for (let h = longest / 2; h >= shortest; h /= 2) {
    const [far, near] = [at(side * 2 * h).values, at(side * h).values];
    // two evaluations over h, and Σ|weights| ≤ ∏(2^j + 1)/(2^j − 1) < 8.26
    const rounding = noise.map((e, c) => (2 * 8.26 * noiseAt(e, far[c]!, near[c]!)) / h);
    table.add(
      far.map((x, c) => (side * (x - near[c]!)) / h),
      rounding,
      h,
    );
    if (look === "first" && table.settled(tolerance)) break;
  }
  return table.best();
}
