// Worst errors of the engine's elementary functions (src/compile/wasm/math.ts), in units in the last place of the true result:
//
//   npx tsx scripts/ulp.ts [function …]
//
// It fails when an error is larger than what is stated (`bounds`), which is less than 2 ulp of f32 and 4 of f64.
//
// f32: 16.8 million numbers, 15 of 16 spread evenly over all bit patterns (every exponent, both signs), the others where the function bends; the truth
// is Math in f64. pow: as many pairs, half of them with results of every exponent that f32 has.
// f64: as many in the same way, of softplus, sin, cos and pow 2.1 million; the truth is computed below in double numbers (the sum of two f64: 106 bits; T. J. Dekker, A Floating-Point
// Technique for Extending the Available Precision, 1971), from Taylor series, and for angles from π in a whole number of 1,300 bits.

import { fileURLToPath } from "node:url";
import type { Precision } from "../src/compile/loops.ts";
import { i32, local, repeat, v128 } from "../src/compile/wasm/assembler.ts";
import { type MathName, mathFunction } from "../src/compile/wasm/math.ts";
import { Module } from "../src/compile/wasm/module.ts";

export const names: readonly MathName[] = ["exp", "log", "tanh", "sigmoid", "softplus", "sin", "cos", "pow"];

/** Neither the language's library nor Node's types have it. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: { readonly [name: string]: unknown } };
};

type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Elements that one call takes. */
export const batch: number = 1 << 16;

/** The function over arrays of at most `batch` elements; vectors beyond the end are filled up with zeros. */
export interface Kernel {
  readonly x: Floats;
  readonly y: Floats;
  readonly out: Floats;
  /** Reads x (and y), writes out. */
  readonly run: (elements: number) => void;
}

export function kernel(name: MathName, precision: Precision): Kernel {
  const module = new Module();
  const bytes = batch * (precision === "f32" ? 4 : 8);
  const number = mathFunction(module, name, precision);
  const at = local.get(0);
  module.add("run", () => ({
    parameters: ["i32"],
    results: [],
    locals: ["i32"],
    exported: true,
    // from 0 to the parameter, in bytes
    body: repeat([
      [local.get(1), local.get(1), v128.load(0), name === "pow" ? [local.get(1), v128.load(bytes)] : []],
      [module.call(number), v128.store(2 * bytes)],
      [local.get(1), i32.const(16), i32.add, local.tee(1), at, i32.ltU],
    ]),
  }));
  const pages = Math.ceil((3 * bytes) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes({ pages })), { env: { memory } });
  const Type = precision === "f32" ? Float32Array : Float64Array;
  const [x, y, out] = [0, 1, 2].map((i) => new Type(memory.buffer, i * bytes, batch)) as [Floats, Floats, Floats];
  const run = instance.exports.run as (bytes: number) => void;
  return { x, y, out, run: (elements) => run(Math.max(elements * x.BYTES_PER_ELEMENT, 1)) };
}

// Double numbers.

interface Double {
  readonly high: number;
  readonly low: number;
}

const exact = (high: number): Double => ({ high, low: 0 });

function quick(a: number, b: number): Double {
  const high = a + b;
  return { high, low: b - (high - a) };
}

function plus(a: Double, b: Double): Double {
  const sum = a.high + b.high;
  const part = sum - a.high;
  const lost = a.high - (sum - part) + (b.high - part);
  return quick(sum, lost + (a.low + b.low));
}

const minus = (a: Double, b: Double): Double => plus(a, { high: -b.high, low: -b.low });

function product(a: number, b: number): Double {
  const high = a * b;
  const split = 134217729;
  const ca = split * a;
  const ah = ca - (ca - a);
  const al = a - ah;
  const cb = split * b;
  const bh = cb - (cb - b);
  const bl = b - bh;
  return { high, low: ah * bh - high + ah * bl + al * bh + al * bl };
}

function times(a: Double, b: Double): Double {
  const p = product(a.high, b.high);
  return quick(p.high, p.low + (a.high * b.low + a.low * b.high));
}

function over(a: Double, b: Double): Double {
  const first = a.high / b.high;
  const rest = minus(a, times(b, exact(first)));
  const second = rest.high / b.high;
  const further = minus(rest, times(b, exact(second)));
  return plus(quick(first, second), exact(further.high / b.high));
}

const doubled = (a: Double): Double => ({ high: 2 * a.high, low: 2 * a.low });

/** Σ c_k x^k */
function series(x: Double, coefficients: readonly Double[]): Double {
  return coefficients.reduceRight((sum, c) => plus(times(sum, x), c), exact(0));
}

const reciprocal = (n: number): Double => over(exact(1), exact(n));
/** 1/k! */
const factorials: Double[] = [exact(1)];
for (let k = 1; k < 30; k++) factorials.push(over(factorials[k - 1]!, exact(k)));

/** An exact or double number times 2^scale: results beyond the range of f64, and below that of normal numbers. */
interface Scaled {
  readonly value: Double;
  readonly scale: number;
}

const unscaled = (value: Double): Scaled => ({ value, scale: 0 });

/** 2^k·x where that is no number, too. */
function shifted(x: number, k: number): number {
  while (k > 1000) [x, k] = [x * 2 ** 1000, k - 1000];
  while (k < -1000) [x, k] = [x * 2 ** -1000, k + 1000];
  return x * 2 ** k;
}

const atScale = ({ value, scale }: Scaled): Double => ({ high: shifted(value.high, scale), low: shifted(value.low, scale) });

/** x = m·2^k, ½ ≤ m < 1 or so */
function parts(x: number): { readonly m: number; readonly k: number } {
  const subnormal = x < 2 ** -1022 ? 60 : 0;
  const normal = x * 2 ** subnormal;
  let k = Math.floor(Math.log2(normal));
  let m = shifted(normal, -k);
  if (m > Math.SQRT2) [m, k] = [m / 2, k + 1];
  return { m, k: k - subnormal };
}

/** Σ 1/(2k + 1) z^k */
const odd = Array.from({ length: 40 }, (_, k) => reciprocal(2 * k + 1));
/** log((1 + s)/(1 − s)) */
const twiceArtanh = (s: Double): Double => doubled(times(s, series(times(s, s), odd)));

function log(x: number): Double {
  const { m, k } = parts(x);
  return plus(times(exact(k), ln2), twiceArtanh(over(exact(m - 1), plus(exact(m), exact(1)))));
}
/** log(1 + x), 0 ≤ x ≤ 1 */
const log1p = (x: Double): Double => twiceArtanh(over(x, plus(x, exact(2))));
const ln2 = log1p(exact(1));

const maclaurin = factorials.slice(1);
/** e^x − 1 for |x| ≤ ½ */
const smallExpm1 = (x: Double): Double => times(x, series(x, maclaurin));

function exp(x: Double): Scaled {
  if (Math.abs(x.high) > 5000) return { value: exact(1), scale: 7000 * Math.sign(x.high) };
  const k = Math.round(x.high / ln2.high);
  return { value: plus(smallExpm1(minus(x, times(exact(k), ln2))), exact(1)), scale: k };
}

function tanh(x: number): Double {
  const size = Math.abs(x);
  if (size > 40) return exact(Math.sign(x));
  const e = 2 * size < 0.5 ? smallExpm1(exact(2 * size)) : minus(atScale(exp(exact(2 * size))), exact(1));
  const y = over(e, plus(e, exact(2)));
  return x < 0 ? minus(exact(0), y) : y;
}

function sigmoid(x: number): Scaled {
  const e = exp(exact(-Math.abs(x)));
  const sum = plus(exact(1), atScale(e));
  return x >= 0 ? unscaled(over(exact(1), sum)) : { value: over(e.value, sum), scale: e.scale };
}

function softplus(x: number): Scaled {
  const e = exp(exact(-Math.abs(x)));
  if (x < -100) return e; // log(1 + e) = e − e²/2
  const log = log1p(atScale(e));
  return unscaled(plus(exact(Math.max(x, 0)), log));
}

/** π·2^1300, by Machin's formula. */
const bitsOfPi = 1300n;
const pi = ((): bigint => {
  const guard = 1n << (bitsOfPi + 64n);
  const arctan = (n: bigint): bigint => {
    let sum = 0n;
    for (let power = guard / n, k = 1n, sign = 1n; power > 0n; power /= n * n, k += 2n, sign = -sign) sum += (sign * power) / k;
    return sum;
  };
  return (4n * (4n * arctan(5n) - arctan(239n))) >> 64n;
})();

function sinOrCos(name: "sin" | "cos", x: number): Double {
  // x = m·2^k exactly; m·2^k·2^1300 mod π/2·2^1300
  const { m, k } = x === 0 ? { m: 0, k: 0 } : parts(Math.abs(x));
  let n = 0n;
  let r = exact(Math.abs(x));
  if (Math.abs(x) > 0.5) {
    const half = pi >> 1n;
    const whole = BigInt(m * 2 ** 60) << (bitsOfPi - 60n + BigInt(k));
    n = (2n * whole + half) / (2n * half);
    const rest = whole - n * half;
    // its 106 highest bits, as two numbers
    const size = rest < 0n ? -rest : rest;
    const length = BigInt(size.toString(2).length);
    const drop = length > 120n ? length - 120n : 0n;
    const top = size >> drop;
    const high = Number(top);
    const scale = Number(drop - bitsOfPi);
    const double = { high: shifted(high, scale), low: shifted(Number(top - BigInt(high)), scale) };
    r = rest < 0n ? minus(exact(0), double) : double;
  }
  const quadrant = Number(n & 3n) + (name === "cos" ? 1 : 0);
  const z = times(r, r);
  const alternating = (start: number): Double[] =>
    factorials.filter((_, i) => i % 2 === start).map((c, i) => (i % 2 === 0 ? c : minus(exact(0), c)));
  const y = quadrant % 2 === 0 ? times(r, series(z, alternating(1))) : series(z, alternating(0));
  return quadrant % 4 >= 2 !== (name === "sin" && x < 0) ? minus(exact(0), y) : y;
}

/** x^y for x > 0 */
function pow(x: number, y: number): Scaled {
  if (Math.abs(y) > 1e30) return unscaled(exact(x ** y));
  const product = times(log(x), exact(y));
  return exp(product);
}

/** The true value; only where `special` does not say it. */
function truth(name: MathName, x: number, y: number): Scaled {
  switch (name) {
    case "exp":
      return exp(exact(x));
    case "log":
      return unscaled(log(x));
    case "tanh":
      return unscaled(tanh(x));
    case "sigmoid":
      return sigmoid(x);
    case "softplus":
      return softplus(x);
    case "sin":
    case "cos":
      return unscaled(sinOrCos(name, x));
    case "pow": {
      const size = pow(Math.abs(x), y);
      return x < 0 && y % 2 !== 0 ? { value: minus(exact(0), size.value), scale: size.scale } : size;
    }
  }
}

/** In f64 their truth takes some ten microseconds. */
const slow: ReadonlySet<MathName> = new Set(["softplus", "sin", "cos", "pow"] as const);

/** In ulp: what the functions keep, a little more than the worst that is known. */
export const bounds: { readonly [name in MathName]: { readonly [P in Precision]: number } } = {
  exp: { f32: 0.9, f64: 0.9 },
  log: { f32: 0.9, f64: 0.9 },
  tanh: { f32: 1.4, f64: 1.4 },
  sigmoid: { f32: 1.3, f64: 1.3 },
  softplus: { f32: 1.7, f64: 1.7 },
  sin: { f32: 0.51, f64: 0.9 },
  cos: { f32: 0.51, f64: 0.9 },
  pow: { f32: 0.51, f64: 0.9 },
};

/** In f64, by Math: what the reference computes, and what f32 is measured against. */
export const plain: { readonly [name in MathName]: (x: number, y: number) => number } = {
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (x) => (x >= 0 ? 1 : Math.exp(x)) / (1 + Math.exp(-Math.abs(x))),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  sin: Math.sin,
  cos: Math.cos,
  pow: (x, y) => x ** y,
};

const formats = {
  f32: { fraction: 23, least: -149, largest: 3.4028234663852886e38 },
  f64: { fraction: 52, least: -1074, largest: Number.MAX_VALUE },
};

/** log₂ of the unit in the last place of x. */
function unit(x: number, precision: Precision): number {
  const { fraction, least } = formats[precision];
  if (x === 0) return least;
  let exponent = Math.floor(Math.log2(Math.abs(x)));
  if (shifted(Math.abs(x), -exponent) < 1)
    exponent--; // log2 rounds up near powers
  else if (shifted(Math.abs(x), -exponent) >= 2) exponent++;
  return Math.max(exponent - fraction, least);
}

/** |got − true| in ulp of the true value; Infinity is one more than the largest number. */
export function error(name: MathName, precision: Precision, got: number, x: number, y: number): number {
  const expected = plain[name](x, y);
  // At ends and NaN Math is right, on every machine
  if (Number.isNaN(expected) || Number.isNaN(got)) return Object.is(expected, got) ? 0 : Number.POSITIVE_INFINITY;
  const ends = !Number.isFinite(x) || (name === "pow" && (!Number.isFinite(y) || x === 0 || y === 0)) || (name === "log" && x === 0);
  if (ends || x === 0) {
    if (Object.is(expected, got)) return 0;
    if (ends || expected === 0 || precision === "f64") return ends || Math.abs(expected - got) > 1e-15 ? Number.POSITIVE_INFINITY : 1;
  }
  const { largest } = formats[precision];
  if (precision === "f32") {
    const finite = Math.abs(got) === Number.POSITIVE_INFINITY ? Math.sign(got) * 2 ** 128 : got;
    const bounded = Math.abs(expected) > 2 ** 128 ? Math.sign(expected) * 2 ** 128 : expected;
    return Math.abs(finite - bounded) / 2 ** Math.min(unit(bounded, "f32"), 104);
  }
  const { value, scale } = truth(name, x, y);
  if (value.high === Number.POSITIVE_INFINITY || value.high === Number.NEGATIVE_INFINITY || value.high === 0)
    return got === value.high ? 0 : Number.POSITIVE_INFINITY;
  const exponent = unit(value.high, "f64") + scale;
  if (exponent > 971) return Math.abs(got) === Number.POSITIVE_INFINITY || Math.abs(got) === largest ? 0 : Number.POSITIVE_INFINITY;
  if (Math.abs(got) === Number.POSITIVE_INFINITY) return Math.abs(shifted(2, 1023 - scale) - Math.abs(value.high)) / 2 ** (971 - scale);
  const ulp = Math.max(exponent, -1074);
  // both in ulp, exactly
  return Math.abs(shifted(got, -ulp) - shifted(value.high, scale - ulp) - shifted(value.low, scale - ulp));
}

/** A generator of whole numbers of 32 bits (xorshift, G. Marsaglia 2003). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Fills x (and y) with the inputs from `start` on. */
export type Inputs = (start: number, count: number, x: Floats, y: Floats) => void;

/** Where the function neither vanishes nor is infinite nor 1: −range … range. */
const bends: { readonly [name in MathName]: { readonly [P in Precision]: readonly [number, number] } } = {
  exp: { f32: [-105, 90], f64: [-750, 712] },
  log: { f32: [0.3, 3], f64: [0.3, 3] },
  tanh: { f32: [-10, 10], f64: [-20, 20] },
  sigmoid: { f32: [-105, 20], f64: [-750, 40] },
  softplus: { f32: [-105, 20], f64: [-750, 40] },
  sin: { f32: [-100, 100], f64: [-100, 100] },
  cos: { f32: [-100, 100], f64: [-100, 100] },
  pow: { f32: [0, 4], f64: [0, 4] },
};

/** `total` inputs: most of them spread evenly over the bit patterns, the others over the range where the function bends. */
export function inputs(name: MathName, precision: Precision, total: number): Inputs {
  const [from, to] = bends[name][precision];
  const next = random(0x9e3779b9);
  const uniform = () => (next() + next() / 2 ** 32) / 2 ** 32;
  const view = new DataView(new ArrayBuffer(8));
  const ofBits = (at: number): number => {
    const high = Math.min(Math.floor(at * 2 ** 32), 2 ** 32 - 1);
    view.setUint32(0, high);
    view.setUint32(4, next());
    return precision === "f32" ? view.getFloat32(0) : view.getFloat64(0);
  };
  const largestLog = precision === "f32" ? 105 : 750;
  return (start, count, x, y) => {
    for (let i = 0; i < count; i++) {
      const at = start + i;
      const inRange = at % 16 === 0;
      x[i] = inRange ? from + (to - from) * uniform() : ofBits(at / total);
      if (name !== "pow") continue;
      if (at % 2 === 0) y[i] = ofBits(uniform());
      else {
        // such that the result is of any exponent; of negative numbers whole powers
        const near = (largestLog * (2 * uniform() - 1)) / Math.log(Math.abs(x[i]!));
        y[i] = x[i]! < 0 ? Math.round(near) : near;
      }
    }
  };
}

export interface Worst {
  readonly ulp: number;
  readonly x: number;
  readonly y: number;
  readonly got: number;
}

export function worst(name: MathName, precision: Precision, total: number): Worst {
  const { x, y, out, run } = kernel(name, precision);
  const fillIn = inputs(name, precision, total);
  let found: Worst = { ulp: -1, x: Number.NaN, y: Number.NaN, got: Number.NaN };
  for (let start = 0; start < total; start += batch) {
    const count = Math.min(batch, total - start);
    fillIn(start, count, x, y);
    run(count);
    for (let i = 0; i < count; i++) {
      const ulp = error(name, precision, out[i]!, x[i]!, y[i]!);
      if (ulp > found.ulp) found = { ulp, x: x[i]!, y: y[i]!, got: out[i]! };
    }
  }
  return found;
}

/** Elements in a nanosecond, of a hundred runs over inputs in the cache. */
function throughput(name: MathName, precision: Precision): number {
  const { x, y, run } = kernel(name, precision);
  const count = 2048;
  for (let i = 0; i < count; i++) [x[i], y[i]] = [0.1 + (i % 97) / 20, (i % 31) / 7];
  for (let i = 0; i < 3000; i++) run(count);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 10; round++) {
    const start = performance.now();
    for (let i = 0; i < 100; i++) run(count);
    best = Math.min(best, performance.now() - start);
  }
  return (count * 100) / (best * 1e6);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const chosen = process.argv.length > 2 ? names.filter((name) => process.argv.includes(name)) : names;
  console.log("function  precision  worst ulp  stated  elements/ns  at");
  for (const name of chosen) {
    for (const precision of ["f32", "f64"] as const) {
      const { ulp, x, y } = worst(name, precision, precision === "f64" && slow.has(name) ? 1 << 21 : 1 << 24);
      const stated = bounds[name][precision];
      if (!(ulp <= stated)) process.exitCode = 1;
      const at = name === "pow" ? `${x}, ${y}` : `${x}`;
      const speed = throughput(name, precision).toFixed(2);
      console.log(
        [name.padEnd(8), precision.padEnd(9), ulp.toFixed(3).padStart(9), stated.toFixed(2).padStart(6), speed.padStart(11), at].join("  "),
      );
    }
  }
}
