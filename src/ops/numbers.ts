// The arithmetic of numbers: the interpretation of every formula that defines what is meant. f64, as IEEE 754 and Math have it.

import type { Arithmetic } from "../graph/algebra.ts";

export const numbers: Arithmetic<number> = {
  constant: (value) => value,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  neg: (a) => -a,
  exp: (a) => Math.exp(a),
  log: (a) => Math.log(a),
  sqrt: (a) => Math.sqrt(a),
  abs: (a) => Math.abs(a),
  sign: (a) => Math.sign(a),
  sin: (a) => Math.sin(a),
  cos: (a) => Math.cos(a),
  tanh: (a) => Math.tanh(a),
  // the exponential of a negative number only: no overflow, and full precision in both tails
  sigmoid: (a) => {
    const e = Math.exp(-Math.abs(a));
    return (a >= 0 ? 1 : e) / (1 + e);
  },
  // log(1 + e^a) = max(a, 0) + log1p(e^−|a|)
  softplus: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
  and: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
  or: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
  not: (a) => (a === 0 ? 1 : 0),
  where: (condition, a, b) => (condition !== 0 ? a : b),
};
