// The arithmetic of whole arrays: the interpretation of formulas by which the reference evaluates them. Element by element it does what
// numbers.ts does, to the bit; each operation is its own loop over Float64Arrays, which a just-in-time compiler turns into straight
// machine code (one loop that calls a closure per element is five times slower). A column of one element stands for all elements.

import type { Arithmetic } from "../graph/algebra.ts";
import { numbers } from "./numbers.ts";

/** Truth values are 0 and 1, as in numbers.ts; whole numbers are exact in f64. */
export type Column = Float64Array;

// An element of a column, when one element stands for all: index & 0.
const all = -1;
const stride = (a: Column, n: number): number => (a.length === n ? all : 0);
const length = (...columns: readonly Column[]): number => columns.reduce((n, c) => (n === 1 ? c.length : n), 1);

type Unary = (a: Column) => Column;
type Binary = (a: Column, b: Column) => Column;

/** For operations that are rare: one loop for all of them. */
const unary =
  (f: (a: number) => number): Unary =>
  (a) => {
    const out = new Float64Array(a.length);
    for (let i = 0; i < out.length; i++) out[i] = f(a[i]!);
    return out;
  };

const binary =
  (f: (a: number, b: number) => number): Binary =>
  (a, b) => {
    const out = new Float64Array(length(a, b));
    const [sa, sb] = [stride(a, out.length), stride(b, out.length)];
    for (let i = 0; i < out.length; i++) out[i] = f(a[i & sa]!, b[i & sb]!);
    return out;
  };

export const columns: Arithmetic<Column> = {
  constant: (value) => Float64Array.of(value),
  add: (a, b) => {
    const out = new Float64Array(length(a, b));
    const [sa, sb] = [stride(a, out.length), stride(b, out.length)];
    for (let i = 0; i < out.length; i++) out[i] = a[i & sa]! + b[i & sb]!;
    return out;
  },
  sub: (a, b) => {
    const out = new Float64Array(length(a, b));
    const [sa, sb] = [stride(a, out.length), stride(b, out.length)];
    for (let i = 0; i < out.length; i++) out[i] = a[i & sa]! - b[i & sb]!;
    return out;
  },
  mul: (a, b) => {
    const out = new Float64Array(length(a, b));
    const [sa, sb] = [stride(a, out.length), stride(b, out.length)];
    for (let i = 0; i < out.length; i++) out[i] = a[i & sa]! * b[i & sb]!;
    return out;
  },
  div: (a, b) => {
    const out = new Float64Array(length(a, b));
    const [sa, sb] = [stride(a, out.length), stride(b, out.length)];
    for (let i = 0; i < out.length; i++) out[i] = a[i & sa]! / b[i & sb]!;
    return out;
  },
  where: (condition, a, b) => {
    const out = new Float64Array(length(condition, a, b));
    const [sc, sa, sb] = [stride(condition, out.length), stride(a, out.length), stride(b, out.length)];
    for (let i = 0; i < out.length; i++) out[i] = condition[i & sc] !== 0 ? a[i & sa]! : b[i & sb]!;
    return out;
  },
  less: (a, b) => {
    const out = new Float64Array(length(a, b));
    const [sa, sb] = [stride(a, out.length), stride(b, out.length)];
    for (let i = 0; i < out.length; i++) out[i] = a[i & sa]! < b[i & sb]! ? 1 : 0;
    return out;
  },
  equal: (a, b) => {
    const out = new Float64Array(length(a, b));
    const [sa, sb] = [stride(a, out.length), stride(b, out.length)];
    for (let i = 0; i < out.length; i++) out[i] = a[i & sa]! === b[i & sb]! ? 1 : 0;
    return out;
  },
  neg: (a) => {
    const out = new Float64Array(a.length);
    for (let i = 0; i < out.length; i++) out[i] = -a[i]!;
    return out;
  },
  sqrt: (a) => {
    const out = new Float64Array(a.length);
    for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(a[i]!);
    return out;
  },
  exp: (a) => {
    const out = new Float64Array(a.length);
    for (let i = 0; i < out.length; i++) out[i] = Math.exp(a[i]!);
    return out;
  },
  tanh: (a) => {
    const out = new Float64Array(a.length);
    for (let i = 0; i < out.length; i++) out[i] = Math.tanh(a[i]!);
    return out;
  },
  sigmoid: (a) => {
    const out = new Float64Array(a.length);
    for (let i = 0; i < out.length; i++) out[i] = numbers.sigmoid(a[i]!);
    return out;
  },
  maximum: (a, b) => {
    const out = new Float64Array(length(a, b));
    const [sa, sb] = [stride(a, out.length), stride(b, out.length)];
    for (let i = 0; i < out.length; i++) out[i] = Math.max(a[i & sa]!, b[i & sb]!);
    return out;
  },
  log: unary(numbers.log),
  abs: unary(numbers.abs),
  sign: unary(numbers.sign),
  sin: unary(numbers.sin),
  cos: unary(numbers.cos),
  softplus: unary(numbers.softplus),
  not: unary(numbers.not),
  pow: binary(numbers.pow),
  minimum: binary(numbers.minimum),
  lessEqual: binary(numbers.lessEqual),
  and: binary(numbers.and),
  or: binary(numbers.or),
};
