// Extrapolation to h → 0, and how far off its result is.
//
// Differences with halved steps are the first column; each further column takes one more power of h out of the error (Richardson, 1911;
// Neville's scheme). Σ|weights| of a number in it is bounded, so that rounding is magnified by a bounded factor.
//
// How far off a number is, is estimated three ways, and the largest counts:
//
//   its two neighbours of lower order           what extrapolation changed
//   how far it is from the last row's, / ratio  steps that converge gain at least that factor with every row
//   all later rows, beyond their rounding       shorter steps know better: agreement by chance, at steps that are far too long, is refuted
//
// The first alone is not enough: the smallest of many estimates is too small, by selection.

/** Numeric derivatives of all components, each with its own best step. */
export interface Estimate {
  readonly value: Float64Array;
  /** Estimated truncation error. */
  readonly truncation: Float64Array;
  /** Bound of the rounding error. */
  readonly rounding: Float64Array;
  readonly h: Float64Array;
}

export const errorOf = (e: Estimate, c: number): number => e.truncation[c]! + e.rounding[c]!;

// A hundredth of the tolerance: the numeric side then takes no part of what the derived side is allowed.
export const share = 0.01;

/** The estimate's error is far below the tolerance. */
export function resolvedBy(e: Estimate, c: number, tolerance: number): boolean {
  return errorOf(e, c) <= share * tolerance * Math.abs(e.value[c]!);
}

export function noEstimate(components: number): Estimate {
  const filled = (x: number) => new Float64Array(components).fill(x);
  const infinity = Number.POSITIVE_INFINITY;
  return { value: filled(Number.NaN), truncation: filled(infinity), rounding: filled(infinity), h: filled(Number.NaN) };
}

/** No: extrapolation still moves it in its third digit, by more than rounding does, and how far off it is, is not known either. */
function converged(e: Estimate, c: number): boolean {
  return e.truncation[c]! <= Math.max(1e-3 * Math.abs(e.value[c]!), 8 * e.rounding[c]!);
}

/** By component, whichever has the smaller estimated error. */
export function better(estimates: readonly Estimate[], components: number): Estimate {
  const best = noEstimate(components);
  for (const e of estimates) {
    for (let c = 0; c < components; c++) {
      if (!(errorOf(e, c) < errorOf(best, c)) || !converged(e, c)) continue;
      best.value[c] = e.value[c]!;
      best.truncation[c] = e.truncation[c]!;
      best.rounding[c] = e.rounding[c]!;
      best.h[c] = e.h[c]!;
    }
  }
  return best;
}

export interface Tableau {
  /** The differences with the next step, half as long as the last one, and a bound of their rounding. */
  add(differences: Float64Array, rounding: Float64Array, h: number): void;
  /** The next step is not half as long as the last one, or the last one was of another piece. */
  restart(): void;
  best(): Estimate;
  /** Nothing is gained by the next step: every component is resolved, or that step's rounding alone is above the error that it has. */
  settled(tolerance: number): boolean;
}

const columns = 8;

/** `ratio` is 2^p, where the error of a difference has the powers p, 2p, … of h. */
export function tableau(components: number, ratio: number): Tableau {
  const rows: Estimate[] = [];
  let previous: readonly Float64Array[] = [];
  const best = () => better(rows, components);
  return {
    best,
    restart: () => {
      previous = [];
    },
    add(differences, rounding, h) {
      const row = extrapolated(differences, previous, ratio);
      if (row.length > 1) {
        const found = closest(row, previous, rounding, h);
        const last = previous.length > 1 ? rows.at(-1) : undefined;
        if (last !== undefined) raise(found.truncation, (c) => Math.abs(found.value[c]! - last.value[c]!) / ratio);
        for (const longer of rows)
          raise(longer.truncation, (c) => Math.abs(longer.value[c]! - found.value[c]!) - rounding[c]! - longer.rounding[c]!);
        rows.push(found);
      }
      previous = row;
    },
    settled(tolerance) {
      // two rows may agree by chance (a function that is even around the point, at long steps), three hardly
      if (previous.length < 3) return false;
      const [e, { rounding }] = [best(), rows.at(-1)!];
      return e.value.every((_, c) => resolvedBy(e, c, tolerance) || 2 * rounding[c]! >= errorOf(e, c));
    },
  };
}

function raise(errors: Float64Array, to: (c: number) => number): void {
  for (let c = 0; c < errors.length; c++) errors[c] = Math.max(errors[c]!, to(c));
}

/** Neville's scheme for halved steps: the next row. */
function extrapolated(first: Float64Array, previous: readonly Float64Array[], ratio: number): readonly Float64Array[] {
  const row = [first];
  let power = 1;
  for (const [j, coarser] of previous.slice(0, columns - 1).entries()) {
    power *= ratio;
    const factor = power - 1;
    row.push(row[j]!.map((x, c) => x + (x - coarser[c]!) / factor));
  }
  return row;
}

/** Of a row, by component, what is closest to its two neighbours of lower order. */
function closest(row: readonly Float64Array[], previous: readonly Float64Array[], rounding: Float64Array, h: number): Estimate {
  const found = noEstimate(rounding.length);
  found.rounding.set(rounding);
  found.h.fill(h);
  for (let j = 1; j < row.length; j++) {
    const [now, lower, coarser] = [row[j]!, row[j - 1]!, previous[j - 1]!];
    for (let c = 0; c < now.length; c++) {
      // twice, since it is no bound
      const truncation = 2 * Math.max(Math.abs(now[c]! - lower[c]!), Math.abs(now[c]! - coarser[c]!));
      if (!(truncation < found.truncation[c]!)) continue;
      found.value[c] = now[c]!;
      found.truncation[c] = truncation;
    }
  }
  return found;
}
