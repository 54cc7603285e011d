// x^y = e^(y·log|x|), with the special cases of Math.pow. A relative error of the logarithm is multiplied by y·log x, up to 745: f64 needs some ten
// bits more than it has, which double numbers give.

import { exponential } from "./exponential.ts";
import { logarithm, preciseLogarithm } from "./logarithm.ts";
import { twoProduct, type Vector } from "./vector.ts";

/** Beyond this exponent every power is 0, 1 or Infinity: |log x| ≥ 2^-53 unless x is 1. It keeps the double products finite. */
const largestExponent = 2 ** 66;

/** Of e^x, all is decided. */
const farBeyond = 1000;

/** For positive finite x and finite y. */
type Power = (x: Vector, y: Vector) => Vector;

/** Within 1 ulp or so of f64. */
const precisePower: Power = (x, y) => {
  const bounded = y.atMost(largestExponent).atLeast(-largestExponent);
  const log = preciseLogarithm(x);
  const product = twoProduct(bounded, log.high);
  const tail = product.low.plus(bounded.times(log.low));
  return exponential(product.high, tail.and(product.high.size().below(farBeyond)));
};

/** In f64, for a result in f32. */
const roughPower: Power = (x, y) => exponential(y.times(logarithm(x)));

function withSpecialCases(ofPositive: Power): Power {
  return (x, y) => {
    const size = x.size();
    const whole = y.truncated().equals(y);
    const half = y.times(0.5);
    const odd = whole.and(half.truncated().differs(half));
    const atEnd = size.equals(0).or(size.equals(Number.POSITIVE_INFINITY)).or(y.size().equals(Number.POSITIVE_INFINITY));
    const grows = size.above(1).xor(y.below(0));
    // JavaScript: (±1)^±Infinity is NaN
    const end = size.equals(1).choose(Number.NaN, grows.choose(Number.POSITIVE_INFINITY, 0));
    const signed = atEnd.choose(end, ofPositive(size, y)).xor(x.and(x.signBit).and(odd));
    const rootOfNegative = x.below(0).and(size.below(Number.POSITIVE_INFINITY)).and(whole.not());
    const none = rootOfNegative.or(x.differs(x)).or(y.differs(y));
    return y.equals(0).choose(1, none.choose(Number.NaN, signed));
  };
}

/** x^y, f64 */
export const power: Power = withSpecialCases(precisePower);
/** x^y in f64 with an error that does not show in f32. */
export const powerForF32: Power = withSpecialCases(roughPower);
