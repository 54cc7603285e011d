// log x. FreeBSD msun, e_log.c and e_logf.c (Sun Microsystems 1993): x = 2^k·(1 + f) with √½ ≤ 1 + f < √2, s = f/(2 + f),
// log(1 + f) = 2s + 2s³/3 + 2s⁵/5 + … = f − f²/2 + s·(f²/2 + R(s²)).

import type { Precision } from "../../loops.ts";
import { type Double, doubleProduct, polynomial, quickTwoSum, twoProduct, twoSum, type Vector } from "./vector.ts";

interface Constants {
  /** ln 2 in two parts; the first is so short that its product with an exponent is exact. */
  readonly ln2: readonly [number, number];
  /** R(z)/z */
  readonly series: readonly number[];
}

const constants: { readonly [P in Precision]: Constants } = {
  f32: {
    ln2: [6.9313812256e-1, 9.0580006145e-6],
    series: [0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841],
  },
  f64: {
    ln2: [0.6931471803691238, 1.9082149292705877e-10],
    series: [
      0.6666666666666735, 0.3999999999940942, 0.2857142874366239, 0.22222198432149784, 0.1818357216161805, 0.15313837699209373,
      0.14798198605116586,
    ],
  },
};

/** The first number whose logarithm takes a larger k: √2. */
export const upperBound: number = Math.SQRT2;

/** k·ln 2 + log(1 + f), √½ ≤ 1 + f < √2 */
export function logarithmOfOnePlus(f: Vector, k: Vector): Vector {
  const { ln2, series } = constants[f.precision];
  const s = f.over(f.plus(2));
  const z = s.times(s);
  const half = f.times(f).times(0.5);
  const r = z.times(polynomial(z, series));
  const correction = half.minus(s.times(half.plus(r)).plus(k.times(ln2[1])));
  return k.times(ln2[0]).minus(correction.minus(f));
}

/** x = 2^k·m, √½ ≤ m < √2, for positive finite x. */
function parts(x: Vector): { readonly m: Vector; readonly k: Vector } {
  const { fraction, bias } = x.shape;
  const tiny = x.below(2 ** (1 - bias));
  const normal = tiny.choose(x.times(2 ** fraction), x);
  const one = x.constant(1);
  const root = x.constant(Math.SQRT1_2);
  const shifted = normal.plusBits(one.minusBits(root));
  const m = shifted.and(x.bits((1n << BigInt(fraction)) - 1n)).plusBits(root);
  // k + bias, as the last bits of 2^fraction + k + bias
  const exponent = shifted
    .shiftedRight(fraction)
    .or(x.constant(2 ** fraction))
    .minus(2 ** fraction + bias);
  return { m, k: exponent.minus(tiny.and(x.constant(fraction))) };
}

export function logarithm(x: Vector): Vector {
  const { m, k } = parts(x);
  const usual = logarithmOfOnePlus(m.minus(1), k);
  const atEnd = x.equals(0).choose(Number.NEGATIVE_INFINITY, x.below(0).choose(Number.NaN, x)); // Infinity and NaN stay
  return x.above(0).and(x.below(Number.POSITIVE_INFINITY)).choose(usual, atEnd);
}

/** ln 2 = high (42 bits) + low; ⅓ */
const ln2 = { high: 0.6931471805598903, low: 5.497923018708371e-14 };
const third = { high: 0.3333333333333333, low: 1.850371707708594e-17 };
/** (log((1 + s)/(1 − s)) − 2s − ⅔s³)/2s⁵ of z = s², |s| ≤ 0.1716: minimax for the relative error (Remez), 2^-57. */
const furtherTerms = [
  0.2, 0.14285714285714685, 0.11111111110827444, 0.09090909167798165, 0.07692297471375424, 0.06667402839599396, 0.05853105993693094,
  0.058617075203017364,
];

/**
 * log x for positive finite x, f64, to some 65 bits: log(1 + f) = 2s·(1 + z/3 + z²·(1/5 + z/7 + …)), z = s², where s, z/3 and the sums are double
 * numbers; z² is so small that the rest needs no more than f64.
 */
export function preciseLogarithm(x: Vector): Double {
  const { m, k } = parts(x);
  const f = m.minus(1);
  const below = quickTwoSum(x.constant(2), f);
  const quotient = f.over(below.high);
  const back = twoProduct(quotient, below.high);
  const s = { high: quotient, low: f.minus(back.high).minus(back.low).minus(quotient.times(below.low)).over(below.high) };
  const z = doubleProduct(s, s);
  const linear = doubleProduct(z, { high: x.constant(third.high), low: x.constant(third.low) });
  const sum = quickTwoSum(x.constant(1), linear.high);
  const rest = sum.low.plus(linear.low).plus(z.high.times(z.high).times(polynomial(z.high, furtherTerms)));
  const log = doubleProduct({ high: s.high.plus(s.high), low: s.low.plus(s.low) }, quickTwoSum(sum.high, rest));
  const total = twoSum(k.times(ln2.high), log.high);
  return quickTwoSum(total.high, total.low.plus(log.low.plus(k.times(ln2.low))));
}
