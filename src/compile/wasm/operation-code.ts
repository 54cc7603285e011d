// Operations on values, and conversions of them, as vector code: what `expression-code.ts` composes. Floats are as wide as the program's precision, whole
// numbers are i32 lanes (f64 programs use the lower two), truth values are masks as wide as floats.

import type { DType } from "../../graph/node.ts";
import type { Operation, Precision } from "../loops.ts";
import type { Body } from "./address.ts";
import { type Code, f32Bytes, f32x4, f64Bytes, f64x2, i8x16, i32, i32x4, i64x2, local, v128 } from "./assembler.ts";
import { type MathName, mathFunction, mathInPlace } from "./math.ts";
import type { Module } from "./module.ts";

/** Functions of the module (math.ts), not instructions. */
export const calls: ReadonlySet<Operation> = new Set(["pow", "exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus"]);

export class OperationCode {
  private readonly f: typeof f32x4 | typeof f64x2;
  private readonly wide: boolean;
  private readonly scratch: number[] = [];
  /** Locals of functions whose code is in place: used again by the next one. */
  private readonly forMath: number[] = [];

  constructor(
    private readonly module: Module,
    private readonly precision: Precision,
    private readonly body: Body,
  ) {
    this.f = precision === "f32" ? f32x4 : f64x2;
    this.wide = precision === "f64";
  }

  /** Locals for what is needed twice within one instruction's worth of code. */
  temporary(i: number): number {
    this.scratch[i] ??= this.body.local("v128");
    return this.scratch[i];
  }

  constant(value: number, dtype: DType): Code {
    if (dtype === "float") return v128.const(this.wide ? twice(f64Bytes(value)) : twice(twice(f32Bytes(value))));
    const whole = dtype === "bool" ? (value === 0 ? 0 : -1) : value | 0;
    return whole4(whole, whole, whole, whole);
  }

  // -- conversions --

  /** An i32 mask as wide as floats. */
  private widened(mask: Code): Code {
    return this.wide ? [mask, i64x2.extendLowI32x4S] : mask;
  }

  /** A mask as wide as floats in i32 lanes. */
  narrowed(mask: Code): Code {
    return this.wide ? [mask, v128.const(zeros), i8x16.shuffle(evens)] : mask;
  }

  private maskOf(dtype: DType, value: Code): Code {
    if (dtype === "bool") return value;
    if (dtype === "float") return [value, v128.const(zeros), this.f.ne];
    return this.widened([value, v128.const(zeros), i32x4.ne]);
  }

  cast(value: Code, from: DType, to: DType): Code {
    if (from === to) return value;
    if (to === "bool") return this.maskOf(from, value);
    if (from === "bool") return to === "int" ? [this.narrowed(value), i32x4.neg] : [value, this.constant(1, "float"), v128.and];
    if (to === "float") return [value, this.wide ? f64x2.convertLowI32x4S : f32x4.convertI32x4S];
    return this.truncated(value);
  }

  /** ToInt32 of ECMAScript: without the fraction, modulo 2³²; NaN and ±∞ are 0. r = t − 2³²·trunc(t/2³²) is exact, |r| < 2³². */
  private truncated(value: Code): Code {
    const { f } = this;
    const [t, m] = [this.temporary(0), this.temporary(1)];
    const turns: Code = [local.get(t), this.constant(2 ** -32, "float"), f.mul, f.trunc, this.constant(2 ** 32, "float"), f.mul];
    return [
      [value, f.trunc, local.tee(t), turns, f.sub, local.tee(t), v128.const(zeros), f.lt, local.set(m)],
      [this.narrowed(local.get(m)), local.set(m)],
      [local.get(t), f.abs, this.wide ? i32x4.truncSatF64x2UZero : i32x4.truncSatF32x4U],
      [local.get(m), v128.xor, local.get(m), i32x4.sub],
    ];
  }

  // -- operations --

  /** Of operands of dtype `of` (where: its choices). `isWhole`: all lanes of the vector are elements. */
  operation(name: Operation, of: DType, x: readonly Code[], isWhole: boolean): Code {
    if (name === "where") return [x[0]!, x[1]!, of === "int" ? this.narrowed(x[2]!) : x[2]!, v128.bitselect];
    if (name === "and") return [x, v128.and];
    if (name === "or") return [x, v128.or];
    if (name === "not") return [x, v128.not];
    if (of === "int") return this.ofWhole(name, x);
    return calls.has(name) ? this.math(name as MathName, x, isWhole) : this.ofFloats(name, x);
  }

  /** Whole vectors are what a loop is about: they have a function's code in place. The rest of an axis calls it. */
  private math(name: MathName, x: readonly Code[], isWhole: boolean): Code {
    let used = 0;
    const next = (): number => {
      this.forMath[used] ??= this.body.local("v128");
      return this.forMath[used++]!;
    };
    const inPlace = isWhole ? mathInPlace(name, this.precision, x, next) : undefined;
    return inPlace ?? [x, this.module.call(mathFunction(this.module, name, this.precision))];
  }

  private ofWhole(name: Operation, x: readonly Code[]): Code {
    switch (name) {
      case "add":
      case "sub":
      case "mul":
      case "neg":
      case "abs":
        return [x, i32x4[name]];
      case "maximum":
        return [x, i32x4.maxS];
      case "minimum":
        return [x, i32x4.minS];
      case "sign":
        return [x, whole4(1, 1, 1, 1), i32x4.minS, whole4(-1, -1, -1, -1), i32x4.maxS];
      case "less":
        return this.widened([x, i32x4.ltS]);
      case "lessEqual":
        return this.widened([x, i32x4.leS]);
      case "equal":
        return this.widened([x, i32x4.eq]);
      default:
        throw new Error(`no whole-number form of ${name}`);
    }
  }

  private ofFloats(name: Operation, x: readonly Code[]): Code {
    const { f } = this;
    switch (name) {
      case "add":
      case "sub":
      case "mul":
      case "div":
      case "neg":
      case "abs":
      case "sqrt":
        return [x, f[name]];
      case "maximum":
        return [x, f.max];
      case "minimum":
        return [x, f.min];
      case "less":
        return [x, f.lt];
      case "lessEqual":
        return [x, f.le];
      case "equal":
        return [x, f.eq];
      case "sign": {
        // ±1 with x's sign where |x| > 0; x itself where it is ±0 or NaN
        const t = this.temporary(0);
        const signed: Code = [local.get(t), this.constant(-0, "float"), v128.and, this.constant(1, "float"), v128.or];
        const counts: Code = [local.get(t), f.abs, v128.const(zeros), f.gt];
        return [x, local.set(t), signed, local.get(t), counts, v128.bitselect];
      }
      default:
        throw new Error(`no float form of ${name}`);
    }
  }

  /** graph/random.ts on i32 lanes: two words of 27 and 26 bits, compared with those of rate·2⁵³. */
  dropout(key: Code, number: Code, rate: number): Code {
    const [k, keyed, n, high] = [this.temporary(1), this.temporary(2), this.temporary(3), this.temporary(4)];
    const all = (value: number): Code => this.constant(value, "int");
    const bits = (counter: Code): Code => this.mix([this.mix([counter, local.get(k), v128.xor]), local.get(keyed), i32x4.add]);
    const bound = Math.ceil(rate * 2 ** 53);
    const [above, below] = [Math.floor(bound / 2 ** 26), bound % 2 ** 26];
    const even: Code = [local.get(n), i32.const(1), i32x4.shl];
    const less: Code = [
      [bits(even), i32.const(5), i32x4.shrU, local.tee(high), all(above), i32x4.ltS],
      [local.get(high), all(above), i32x4.eq],
      [bits([even, all(1), v128.or]), i32.const(6), i32x4.shrU, all(below), i32x4.ltS],
      [v128.and, v128.or],
    ];
    return [
      [key, local.tee(k), all(1), v128.or, all(0x9e3779b1), i32x4.mul, local.set(keyed), number, local.set(n)],
      [this.constant(1 / (1 - rate), "float"), this.widened(less), v128.andnot],
    ];
  }

  /** The finaliser of MurmurHash3. */
  private mix(x: Code): Code {
    const h = this.temporary(0);
    const shifted = (by: number): Code => [local.tee(h), local.get(h), i32.const(by), i32x4.shrU, v128.xor];
    return [
      [x, shifted(16), this.constant(0x85ebca6b, "int"), i32x4.mul],
      [shifted(13), this.constant(0xc2b2ae35, "int"), i32x4.mul, shifted(16)],
    ];
  }
}

const twice = (bytes: readonly number[]): number[] => [...bytes, ...bytes];
export const whole4 = (...lanes: readonly number[]): Code => v128.const([...new Uint8Array(Int32Array.from(lanes.slice(0, 4)).buffer)]);
export const zeros: readonly number[] = Array.from({ length: 16 }, () => 0);
export const pick = (size: number, lanes: readonly number[]): number[] =>
  lanes.flatMap((l) => Array.from({ length: size }, (_, i) => l * size + i));
/** The lower half of each 64-bit lane. */
const evens = pick(4, [0, 2, 4, 4]);
