// Intervals that hold what real arithmetic gives, and what any program in floating point can give that keeps the errors stated for each operation.
// Correct rounding is monotone and off by at most u·|x|, and half the least number where numbers are subnormal; an elementary function of k ulp by
// 2k·u·|x|, since an ulp of x is at most 2u·|x|. Operands are intervals: errors grow by themselves, not to first order only, and a comparison that an
// error may turn is both. (R. E. Moore, Interval Analysis, 1966; N. J. Higham, Accuracy and Stability, 2nd ed., ch. 2 and 3.)
//
// Endpoints are f64: for f32 programs what that loses is far below u, and u is a little larger than it is; for f64 programs u counts twice.

import { bounds } from "../../scripts/ulp.ts";
import type { Operation, Precision } from "../../src/compile/loops.ts";
import type { DType } from "../../src/graph/node.ts";
import { numbers } from "../../src/ops/numbers.ts";

const infinity = Number.POSITIVE_INFINITY;

export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

/** Certainly not a number. */
export const none: Interval = { lo: Number.NaN, hi: Number.NaN };
/** No bound is known; it may even be no number. */
export const anything: Interval = { lo: -infinity, hi: infinity };
const anyWhole: Interval = { lo: -(2 ** 31), hi: 2 ** 31 - 1 };
const maybe: Interval = { lo: 0, hi: 1 };

export const isNone = (x: Interval): boolean => Number.isNaN(x.lo);
export const isAnything = (x: Interval): boolean => x.lo === -infinity && x.hi === infinity;
export const point = (x: number): Interval => ({ lo: x, hi: x });
const isPoint = (x: Interval): boolean => Object.is(x.lo, x.hi);
const spansZero = (x: Interval): boolean => x.lo < 0 && x.hi > 0;

/** Whether a program may have found this. */
export function holds({ lo, hi }: Interval, found: number): boolean {
  if (Number.isNaN(lo)) return Number.isNaN(found);
  return (found >= lo && found <= hi) || isAnything({ lo, hi });
}

export function hull(a: Interval, b: Interval): Interval {
  if (isNone(a) || isNone(b)) return isNone(a) && isNone(b) ? none : anything;
  return { lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
}

const finite = (x: number): number => (Number.isFinite(x) ? x : 0);

const formats = {
  f32: { u: 2 ** -24 * (1 + 2 ** -20), normal: 2 ** -126, least: 2 ** -149, largest: 3.4028234663852886e38, ownError: 2 ** -28 },
  f64: { u: 2 ** -52, normal: 2 ** -1022, least: 2 ** -1074, largest: Number.MAX_VALUE, ownError: 1 },
} as const;

type Unary = (x: number) => number;
type Binary = (x: number, y: number) => number;

/** The operations of the loop program over intervals. */
export class Intervals {
  private readonly format: (typeof formats)[Precision];

  constructor(private readonly precision: Precision) {
    this.format = formats[precision];
  }

  /** How far the `k` roundings of a result of this size can move it, at most. */
  private slack(size: number, k: number): number {
    const { u, normal, least } = this.format;
    return k * (u * size + (size < normal ? least / 2 : 0));
  }

  /** Computed with an error of k roundings; a sign does not change, 0 and infinity are what they are, and what is too large may be infinite. */
  rounded({ lo, hi }: Interval, k = 1): Interval {
    const { largest } = this.format;
    const exact = (x: number): boolean => x === 0 || !Number.isFinite(x);
    let below = exact(lo) ? lo : lo - this.slack(Math.abs(lo), k);
    let above = exact(hi) ? hi : hi + this.slack(Math.abs(hi), k);
    if (lo > 0 && below < 0) below = 0;
    if (hi < 0 && above > 0) above = -0;
    if (below < -largest) below = -infinity;
    if (above > largest) above = infinity;
    return { lo: below, hi: above };
  }

  /** A number as it is, and as the program stores it. */
  stored(x: number, dtype: DType): Interval {
    if (dtype !== "float" || this.precision === "f64") return point(x);
    const near = Math.fround(x);
    return Number.isNaN(x) ? none : { lo: Math.min(x, near), hi: Math.max(x, near) };
  }

  /** From the corners, for what is monotone in each operand. */
  private corners(f: Binary, a: Interval, b: Interval, k: number): Interval {
    const all = [f(a.lo, b.lo), f(a.lo, b.hi), f(a.hi, b.lo), f(a.hi, b.hi)];
    if (all.some(Number.isNaN)) return isPoint(a) && isPoint(b) ? none : anything;
    return this.rounded({ lo: Math.min(...all), hi: Math.max(...all) }, k);
  }

  private rising(f: Unary, x: Interval, k: number, least = -infinity, most = infinity): Interval {
    const [lo, hi] = [f(x.lo), f(x.hi)];
    if (Number.isNaN(lo) || Number.isNaN(hi)) return isPoint(x) || (Number.isNaN(lo) && Number.isNaN(hi)) ? none : anything;
    const near = this.rounded({ lo, hi }, k);
    return { lo: Math.max(near.lo, least), hi: Math.min(near.hi, most) };
  }

  /** In roundings: an ulp is two. The reference's own functions are good to one of f64. */
  private error(name: keyof typeof bounds): number {
    return 2 * (bounds[name][this.precision] + this.format.ownError);
  }

  operation(name: Operation, x: readonly Interval[], dtype: DType): Interval {
    const [a, b, c] = x as [Interval, Interval, Interval];
    if (name === "where") return truthOf(a).lo === 1 ? b : truthOf(a).hi === 0 ? c : hull(b, c);
    if (name === "and" || name === "or" || name === "not") return this.cast(ofTruths(name, x.map(truthOf)), dtype);
    if (name === "less" || name === "lessEqual" || name === "equal") return this.cast(compared(name, a, b), dtype);
    // anything to the power 0 is 1, NaN included
    if (name === "pow" && b.lo <= 0 && b.hi >= 0) return b.lo === b.hi ? point(1) : isNone(a) ? anything : this.ofFloats(name, a, b);
    if (x.some(isNone)) return dtype === "float" ? none : point(0);
    if (x.some(isAnything)) return dtype === "float" ? anything : anyWhole;
    return dtype === "int" ? ofWhole(name, x) : this.ofFloats(name, a, b);
  }

  private ofFloats(name: Operation, a: Interval, b: Interval): Interval {
    switch (name) {
      case "add":
      case "sub":
      case "mul":
        return this.corners(numbers[name], a, b, 1);
      case "div": {
        const aroundZero = b.lo <= 0 && b.hi >= 0 && !isPoint(b);
        const oneSided = Object.is(b.lo, 0) || Object.is(b.hi, -0);
        return aroundZero && !oneSided ? anything : this.corners(numbers.div, a, b, 1);
      }
      case "maximum":
      case "minimum":
        return { lo: numbers[name](a.lo, b.lo), hi: numbers[name](a.hi, b.hi) };
      case "neg":
        return { lo: -a.hi, hi: -a.lo };
      case "abs":
        return spansZero(a) ? { lo: 0, hi: Math.max(-a.lo, a.hi) } : a.hi <= 0 ? { lo: Math.abs(a.hi), hi: Math.abs(a.lo) } : a;
      case "sign":
        return { lo: Math.sign(a.lo), hi: Math.sign(a.hi) };
      case "sqrt":
        return this.rising(Math.sqrt, a, 1);
      case "exp":
        return this.rising(numbers.exp, a, this.error("exp"), 0);
      case "log":
        return this.rising(numbers.log, a, this.error("log"));
      case "tanh":
        return this.rising(numbers.tanh, a, this.error("tanh"), -1, 1);
      case "sigmoid":
        return this.rising(numbers.sigmoid, a, this.error("sigmoid"), 0, 1);
      case "softplus":
        return this.rising(numbers.softplus, a, this.error("softplus"), 0);
      case "sin":
      case "cos":
        return this.circular(name, a);
      case "pow":
        return this.power(a, b);
      default:
        throw new Error(`${name} is no operation on floats`);
    }
  }

  /** |sin′|, |cos′| ≤ 1 */
  private circular(name: "sin" | "cos", a: Interval): Interval {
    const f = numbers[name];
    if (isPoint(a)) return this.rising(f, a, this.error(name), -1, 1);
    const width = a.hi - a.lo;
    if (!Number.isFinite(width)) return anything;
    const [lo, hi] = [Math.min(f(a.lo), f(a.hi)) - width / 2, Math.max(f(a.lo), f(a.hi)) + width / 2];
    const near = this.rounded({ lo: Math.max(lo, -1), hi: Math.min(hi, 1) }, this.error(name));
    return { lo: Math.max(near.lo, -1), hi: Math.min(near.hi, 1) };
  }

  private power(a: Interval, b: Interval): Interval {
    const k = this.error("pow");
    if (a.lo > 0 || (isPoint(a) && isPoint(b))) return this.corners(numbers.pow, a, b, k);
    // (−∞)^½ = ∞, (−½)^∞ = 0
    if (!isPoint(b) || !Number.isFinite(b.lo) || a.lo === -infinity) return anything;
    const n = b.lo;
    if (!Number.isInteger(n)) return a.hi < 0 ? none : a.lo >= 0 ? this.corners(numbers.pow, a, b, k) : anything;
    if (!spansZero(a)) return this.corners(numbers.pow, a, b, k);
    if (n < 0) return anything;
    const near = this.corners(numbers.pow, a, b, k);
    return n % 2 === 0 ? { lo: 0, hi: near.hi } : near;
  }

  cast(x: Interval, dtype: DType): Interval {
    if (dtype === "bool") return truthOf(x);
    if (dtype === "float")
      return isNone(x) || isAnything(x) ? x : this.precision === "f32" ? hull(x, { lo: Math.fround(x.lo), hi: Math.fround(x.hi) }) : x;
    if (isNone(x)) return point(0);
    if (isPoint(x)) return point(x.lo | 0);
    return x.lo > anyWhole.lo && x.hi < anyWhole.hi ? { lo: Math.trunc(x.lo), hi: Math.trunc(x.hi) } : anyWhole;
  }

  /**
   * A sum of terms that were each computed with `each` roundings (products: 1), in any order and grouping: a term takes part in less than n additions, so
   * that the error is at most γ·Σ|term|, γ = k·u/(1 − k·u), k = n − 1 + each (Higham, 4.2). Zeros round nothing.
   */
  sum(terms: readonly Interval[], each = 0): Interval {
    let [lo, hi, above, below, n] = [0, 0, 0, 0, 0];
    for (const t of terms) {
      if (t.lo === 0 && t.hi === 0) continue;
      n++;
      lo += t.lo;
      hi += t.hi;
      above += Math.max(t.hi, 0);
      below += Math.max(-t.lo, 0);
    }
    if (terms.some(isNone)) return none;
    if (terms.some(isAnything)) return anything;
    if (n === 0) return point(0);
    const { u, least, largest } = this.format;
    if (terms.some((t) => t.lo === infinity) && terms.some((t) => t.hi === -infinity)) return none;
    // partial sums may be infinite although the sum is not, or is not a number
    if (above > largest && below > largest) return anything;
    const k = n - 1 + each;
    const slack = k === 0 ? 0 : ((k * u) / (1 - k * u)) * (finite(above) + finite(below)) + (each * n * least) / 2;
    return {
      lo: below > largest || lo - slack < -largest ? -infinity : lo - slack,
      hi: above > largest || hi + slack > largest ? infinity : hi + slack,
    };
  }

  /** a·b, to be summed: its rounding is counted there. */
  product(a: Interval, b: Interval): Interval {
    if (isNone(a) || isNone(b)) return none;
    if (isAnything(a) || isAnything(b)) return anything;
    if (isPoint(a) && isPoint(b)) return point(a.lo * b.lo);
    const all = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
    return all.some(Number.isNaN) ? anything : { lo: Math.min(...all), hi: Math.max(...all) };
  }
}

function truthOf(x: Interval): Interval {
  if (isNone(x)) return point(1);
  if (x.lo === 0 && x.hi === 0) return point(0);
  return x.lo > 0 || x.hi < 0 ? point(1) : maybe;
}

function ofTruths(name: "and" | "or" | "not", x: readonly Interval[]): Interval {
  if (name === "not") return { lo: 1 - x[0]!.hi, hi: 1 - x[0]!.lo };
  const of = name === "and" ? Math.min : Math.max;
  return { lo: of(x[0]!.lo, x[1]!.lo), hi: of(x[0]!.hi, x[1]!.hi) };
}

function compared(name: "less" | "lessEqual" | "equal", a: Interval, b: Interval): Interval {
  if (isNone(a) || isNone(b)) return point(0);
  if (isAnything(a) || isAnything(b)) return maybe;
  const truth = (certainly: boolean, possibly: boolean): Interval => ({ lo: certainly ? 1 : 0, hi: possibly ? 1 : 0 });
  if (name === "less") return truth(a.hi < b.lo, a.lo < b.hi);
  if (name === "lessEqual") return truth(a.hi <= b.lo, a.lo <= b.hi);
  return truth(a.lo === a.hi && b.lo === b.hi && a.lo === b.lo, a.lo <= b.hi && b.lo <= a.hi);
}

/** Whole numbers wrap around. */
function ofWhole(name: Operation, x: readonly Interval[]): Interval {
  const f = (name === "mul" ? Math.imul : numbers[name]) as (...x: readonly number[]) => number;
  if (x.every(isPoint)) return point(f(...x.map((p) => p.lo)) | 0);
  const [a, b = point(0)] = x as [Interval, Interval];
  const exactly = numbers[name] as Binary;
  const all = [exactly(a.lo, b.lo), exactly(a.lo, b.hi), exactly(a.hi, b.lo), exactly(a.hi, b.hi), ...(spansZero(a) ? [0] : [])];
  const made = { lo: Math.min(...all), hi: Math.max(...all) };
  return made.lo >= anyWhole.lo && made.hi <= anyWhole.hi ? made : anyWhole;
}
