// One comparison of derived numbers with the numeric one, and when to look again.

import type { Derived } from "./claims.ts";
import { differentiate, type Line, type Outcome } from "./difference.ts";
import { type Estimate, errorOf } from "./tableau.ts";

export interface Compared {
  readonly derived: number;
  readonly numeric: number;
  /** How far off the numeric side may be, by its own estimate. */
  readonly floor: number;
  /** |derived − numeric| over the larger of them, or over what the floor leaves of them. NaN is as wrong as can be. */
  readonly relative: number;
  /** The numeric side has the digits that the tolerance asks for. */
  readonly resolved: boolean;
}

export function compared(derived: number, e: Estimate, c: number, { tolerance, noise, size }: Line): Compared {
  const numeric = e.value[c]!;
  const most = Math.max(Math.abs(derived), Math.abs(numeric));
  // Where what is moved, moved by its whole size, changes less than the noise, all there is are steps longer than that size, and what they
  // tell of the derivative at the point is a guess.
  const negligible = most * size <= noise[c]!;
  const floor = negligible ? Math.max(errorOf(e, c), (2 * noise[c]!) / size) : errorOf(e, c);
  return { derived, numeric, floor, relative: relativeOf(derived, numeric, floor, tolerance), resolved: floor <= tolerance * most };
}

function relativeOf(derived: number, numeric: number, floor: number, tolerance: number): number {
  if (!Number.isFinite(derived)) return Number.POSITIVE_INFINITY;
  if (floor === Number.POSITIVE_INFINITY || derived === numeric) return 0;
  const error = Math.abs(derived - numeric);
  // the smaller of two quotients, and not error / max(size, floor / tolerance), which overflows
  return Math.min(error / Math.max(Math.abs(derived), Math.abs(numeric)), tolerance * (error / floor));
}

/**
 * The numeric derivative along a line. A first look is enough where it proves something and accuses nothing, or where derived numbers are 0
 * and nothing speaks against it; else all steps are taken.
 */
export function measured(line: Line, derived: readonly Derived[]): Outcome {
  const first = differentiate(line, "first");
  if (first.kind === "kink") return first;
  let [proved, asked] = [false, false];
  for (const { values } of derived) {
    for (const [c, d] of values.entries()) {
      const { relative, resolved } = compared(d, first.estimate, c, line);
      if (relative > line.tolerance) return differentiate(line, "thorough");
      proved ||= resolved;
      asked ||= d !== 0;
    }
  }
  return proved || !asked ? first : differentiate(line, "thorough");
}
