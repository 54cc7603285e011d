// e^x, and what is made of it: tanh, sigmoid, softplus.
//
// Cody & Waite, Software Manual for the Elementary Functions (1980): x = n·ln 2 + r with |r| ≤ ½ ln 2, e^x = 2ⁿ·e^r. n·ln 2 is subtracted in two
// parts, the first so short that its product with n is exact.

import type { Precision } from "../../loops.ts";
import { logarithmOfOnePlus, upperBound } from "./logarithm.ts";
import { type Double, polynomial, quickTwoSum, type Vector } from "./vector.ts";

interface Constants {
  /** ln 2 in two parts. */
  readonly ln2: readonly [number, number];
  /** (e^r − 1 − r)/r² */
  readonly power: readonly number[];
  /** Beyond these, e^x is 0 or Infinity. */
  readonly range: readonly [number, number];
  /** (tanh x − x)/x³ as a quotient of polynomials of x², |x| < 0.625. */
  readonly tanh: {
    readonly above: readonly number[];
    readonly below?: readonly number[];
    /** From there on tanh x is 1. */
    readonly one: number;
  };
}

const constants: { readonly [P in Precision]: Constants } = {
  // S. Moshier, Cephes: expf.c, tanhf.c
  f32: {
    ln2: [0.693359375, -2.1219444e-4],
    power: [5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.98756915e-4],
    range: [-104, 89],
    tanh: { above: [-3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.0639088795e-2, -5.70498872745e-3], one: 9.1 },
  },
  // Cephes: exp.c (ln 2), tanh.c. The polynomial is minimax for the relative error of e^r (Remez): 2^-64.
  f64: {
    ln2: [6.93145751953125e-1, 1.4286068203094173e-6],
    power: [
      0.5, 0.16666666666666682, 0.041666666666666095, 0.008333333333317039, 0.0013888888889115694, 0.00019841269896373197,
      2.4801586926473282e-5, 2.7557234872215786e-6, 2.755758200520652e-7, 2.5112033382903273e-8, 2.0826573850332884e-9,
    ],
    range: [-746, 710],
    tanh: {
      above: [-1614.6876844170845, -99.28772310019185, -0.9643991794250523],
      below: [4844.063053251255, 2235.4883906010045, 112.81167849163293, 1],
      one: 19.2,
    },
  },
};

/** 2ⁿ, while that is a normal number. n + 1.5·2^fraction + bias has n + bias in its last bits: shifted, they are an exponent. */
function powerOfTwo(n: Vector): Vector {
  const { fraction, bias } = n.shape;
  return n.plus(1.5 * 2 ** fraction + bias).shiftedLeft(fraction);
}

/** x = n·ln 2 + r + lost */
function reduced(x: Vector): { readonly n: Vector; readonly r: Vector; readonly lost: Vector } {
  const { ln2 } = constants[x.precision];
  const n = x.times(Math.LOG2E).rounded();
  const first = x.minus(n.times(ln2[0])); // exact
  const second = n.times(ln2[1]);
  const r = first.minus(second);
  return { n, r, lost: first.minus(r).minus(second) };
}

/** e^r − 1 − r */
const curve = (r: Vector): Vector => r.times(r).times(polynomial(r, constants[r.precision].power));

/** e^x for x = high + low: high + low, each to be multiplied by the two scales (2ⁿ itself may be too large or small for a number). */
function scaled(x: Vector, tail?: Vector): Double & { readonly scales: readonly [Vector, Vector] } {
  const { range } = constants[x.precision];
  const { n, r, lost } = reduced(x.atLeast(range[0]).atMost(range[1]));
  const curved = curve(r);
  // e^(r + tail) = e^r + e^r·tail
  const rest = tail === undefined ? lost : lost.plus(tail.plus(tail.times(r.plus(curved))));
  const beyond = curved.plus(rest);
  const above = quickTwoSum(r, beyond); // e^r − 1
  const sum = quickTwoSum(x.constant(1), above.high);
  const half = n.times(0.5).rounded();
  return { high: sum.high, low: sum.low.plus(above.low), scales: [powerOfTwo(half), powerOfTwo(n.minus(half))] };
}

/** e^(x + tail) */
export function exponential(x: Vector, tail?: Vector): Vector {
  const { high, scales } = scaled(x, tail);
  return high.times(scales[0]).times(scales[1]);
}

/** With what the rounding to `high` lost. */
function exponentialWithRest(x: Vector): Double {
  const { high, low, scales } = scaled(x);
  return { high: high.times(scales[0]).times(scales[1]), low: low.times(scales[0]).times(scales[1]) };
}

/** x + x³·P(x²)/Q(x²) for small x (Cephes), else 1 − 2/(e^2x + 1). */
export function hyperbolicTangent(x: Vector): Vector {
  const { tanh } = constants[x.precision];
  const size = x.size();
  const square = size.times(size);
  const above = size.times(square).times(polynomial(square, tanh.above));
  const small = size.plus(tanh.below === undefined ? above : above.over(polynomial(square, tanh.below)));
  const { n, r, lost } = reduced(size.atMost(tanh.one).times(2));
  const e = r.plus(curve(r).plus(lost)).plus(1).times(powerOfTwo(n));
  const large = x.constant(1).minus(x.constant(2).over(e.plus(1)));
  return size.below(0.625).choose(small, large).signedBy(x);
}

/**
 * e^min(x, 0) / (1 + e^−|x|): no overflow, and full precision in both tails. The quotient is corrected to first order by what e and the sum have lost.
 */
export function logistic(x: Vector): Vector {
  const e = exponentialWithRest(x.size().negated());
  const sum = e.high.plus(1);
  const lost = e.high.minus(sum.minus(1)).plus(e.low);
  const negative = x.below(0);
  const quotient = negative.choose(e.high, 1).over(sum);
  const rest = negative.choose(e.low, 0);
  return quotient.plus(rest.minus(quotient.times(lost)).over(sum));
}

/** log(1 + e^x) = max(x, 0) + log1p(e^−|x|) */
export function softPlus(x: Vector): Vector {
  const e = exponential(x.size().negated());
  // 1 + e into the range of the polynomial: ln 2 + log(1 + (e − 1)/2) for large e
  const large = e.above(upperBound - 1);
  const log = logarithmOfOnePlus(large.choose(e.minus(1).times(0.5), e), large.and(x.constant(1)));
  return x.atLeast(0).plus(log);
}
