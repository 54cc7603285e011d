// Formulas over vectors, to be written as mathematics: `x.times(x).plus(1)` is a graph of instructions, `print` makes code of it. What is used twice
// is computed once and kept in a local; what is not used is not printed. A number stands for a vector of it in every lane.
//
// There is no fused multiply-add anywhere: every machine gives the same bits.

import type { Precision } from "../../loops.ts";
import { type Code, f32Bytes, f32x4, f64Bytes, f64x2, i8x16, i32, i32x4, i64x2, local, type ValueType, v128 } from "../assembler.ts";

/** What differs between vectors of four f32 and two of f64. */
export interface Shape {
  readonly floats: typeof f32x4 | typeof f64x2;
  readonly wholes: typeof i32x4 | typeof i64x2;
  readonly lanes: number;
  /** Bits of a number behind its exponent; the exponent of 1. */
  readonly fraction: number;
  readonly bias: number;
  /** A number, or the bits of a whole one, in every lane. */
  readonly constant: (value: number) => Code;
  readonly wholeConstant: (value: bigint) => Code;
}

const fill = (bytes: readonly number[]): Code => v128.const(Array.from({ length: 16 }, (_, i) => bytes[i % bytes.length]!));

function littleEndian(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

export const shapes: { readonly [P in Precision]: Shape } = {
  f32: {
    floats: f32x4,
    wholes: i32x4,
    lanes: 4,
    fraction: 23,
    bias: 127,
    constant: (value) => fill(f32Bytes(value)),
    wholeConstant: (value) => fill(littleEndian(value, 4)),
  },
  f64: {
    floats: f64x2,
    wholes: i64x2,
    lanes: 2,
    fraction: 52,
    bias: 1023,
    constant: (value) => fill(f64Bytes(value)),
    wholeConstant: (value) => fill(littleEndian(value, 8)),
  },
};

type Operand = Vector | number;

/** The result of an instruction on the results of others. Truth values are lanes of ones or zeros. */
export class Vector {
  constructor(
    readonly precision: Precision,
    readonly operands: readonly Vector[],
    readonly code: Code,
  ) {}

  get shape(): Shape {
    return shapes[this.precision];
  }

  /** The same number in every lane. */
  constant(value: number): Vector {
    return new Vector(this.precision, [], this.shape.constant(value));
  }

  /** The same bits in every lane. */
  bits(value: bigint): Vector {
    return new Vector(this.precision, [], this.shape.wholeConstant(value));
  }

  private with(code: Code, ...others: readonly Operand[]): Vector {
    return new Vector(this.precision, [this, ...others.map((other) => (typeof other === "number" ? this.constant(other) : other))], code);
  }

  plus(other: Operand): Vector {
    return this.with(this.shape.floats.add, other);
  }
  minus(other: Operand): Vector {
    return this.with(this.shape.floats.sub, other);
  }
  times(other: Operand): Vector {
    return this.with(this.shape.floats.mul, other);
  }
  over(other: Operand): Vector {
    return this.with(this.shape.floats.div, other);
  }
  /** Without its sign. */
  size(): Vector {
    return this.with(this.shape.floats.abs);
  }
  negated(): Vector {
    return this.with(this.shape.floats.neg);
  }
  /** To the nearest whole number, even ones in the middle. */
  rounded(): Vector {
    return this.with(this.shape.floats.nearest);
  }
  /** Towards 0. */
  truncated(): Vector {
    return this.with(this.shape.floats.trunc);
  }

  // pmin(a, b) is b < a ? b : a: comparisons with NaN fail, so NaN stays NaN
  atMost(bound: number): Vector {
    return this.with(this.shape.floats.pmin, bound);
  }
  atLeast(bound: number): Vector {
    return this.with(this.shape.floats.pmax, bound);
  }

  below(other: Operand): Vector {
    return this.with(this.shape.floats.lt, other);
  }
  above(other: Operand): Vector {
    return this.with(this.shape.floats.gt, other);
  }
  equals(other: Operand): Vector {
    return this.with(this.shape.floats.eq, other);
  }
  differs(other: Operand): Vector {
    return this.with(this.shape.floats.ne, other);
  }

  and(other: Vector): Vector {
    return this.with(v128.and, other);
  }
  or(other: Vector): Vector {
    return this.with(v128.or, other);
  }
  xor(other: Vector): Vector {
    return this.with(v128.xor, other);
  }
  not(): Vector {
    return this.with(v128.not);
  }
  /** Of truth values: what to take where they hold, and where not. */
  choose(yes: Operand, no: Operand): Vector {
    const vector = (x: Operand) => (typeof x === "number" ? this.constant(x) : x);
    return new Vector(this.precision, [vector(yes), vector(no), this], v128.bitselect);
  }

  // The lanes as whole numbers.
  plusBits(other: Vector): Vector {
    return this.with(this.shape.wholes.add, other);
  }
  minusBits(other: Vector): Vector {
    return this.with(this.shape.wholes.sub, other);
  }
  shiftedLeft(count: number): Vector {
    return this.with([i32.const(count), this.shape.wholes.shl]);
  }
  shiftedRight(count: number): Vector {
    return this.with([i32.const(count), this.shape.wholes.shrU]);
  }

  get signBit(): Vector {
    return this.bits(1n << BigInt(this.precision === "f32" ? 31 : 63));
  }
  /** With the sign turned where the other's sign bit is set. */
  signedBy(other: Vector): Vector {
    return this.xor(other.and(this.signBit));
  }

  /** Two of four f32 as f64: the lower or the upper ones. */
  promoted(half: "lower" | "upper"): Vector {
    const lower = half === "lower" ? [] : [v128.const(Array(16).fill(0)), i8x16.shuffle(Array.from({ length: 16 }, (_, i) => 8 + i))];
    return new Vector("f64", [this], [lower, f64x2.promoteLowF32x4]);
  }
}

/** Two of f64 each as four f32. */
export function demoted(lower: Vector, upper: Vector): Vector {
  const half = (x: Vector) => new Vector("f32", [x], f32x4.demoteF64x2Zero);
  const lanes = [...Array(8).keys()];
  return new Vector("f32", [half(lower), half(upper)], i8x16.shuffle([...lanes, ...lanes.map((i) => 16 + i)]));
}

/** What stands in a local. */
export function inLocal(precision: Precision, index: number): Vector {
  return new Vector(precision, [], local.get(index));
}

/** Code that leaves the vector's value on the stack. `newLocal` gives the number of a local, for what is used twice. */
export function printInPlace(result: Vector, newLocal: () => number): Code {
  const uses = new Map<Vector, number>();
  const count = (x: Vector): void => {
    const known = uses.get(x) ?? 0;
    uses.set(x, known + 1);
    if (known === 0) x.operands.forEach(count);
  };
  count(result);
  const kept = new Map<Vector, number>();
  const codeOf = (x: Vector): Code => {
    const known = kept.get(x);
    if (known !== undefined) return local.get(known);
    const code = [x.operands.map(codeOf), x.code];
    if (uses.get(x) === 1 || x.operands.length === 0) return code;
    const home = newLocal();
    kept.set(x, home);
    return [code, local.tee(home)];
  };
  return codeOf(result);
}

/** The same, and the locals that it takes, numbered from `first`. */
export function print(result: Vector, first: number): { readonly code: Code; readonly locals: readonly ValueType[] } {
  let next = first;
  const code = printInPlace(result, () => next++);
  return { code, locals: Array.from({ length: next - first }, () => "v128") };
}

/** c₀ + c₁x + c₂x² + … (Horner) */
export function polynomial(x: Vector, coefficients: readonly number[]): Vector {
  return coefficients.slice(0, -1).reduceRight<Vector>((sum, c) => sum.times(x).plus(c), x.constant(coefficients.at(-1)!));
}

/** A number as the unevaluated sum of two: `low` is less than half a unit in the last place of `high`, or nearly so. */
export interface Double {
  readonly high: Vector;
  readonly low: Vector;
}

/** a + b, without error (Knuth). */
export function twoSum(a: Vector, b: Vector): Double {
  const high = a.plus(b);
  const part = high.minus(a);
  return { high, low: a.minus(high.minus(part)).plus(b.minus(part)) };
}

/** The same for |a| ≥ |b| (Dekker). */
export function quickTwoSum(a: Vector, b: Vector): Double {
  const high = a.plus(b);
  return { high, low: b.minus(high.minus(a)) };
}

/** In halves, whose products are exact (Veltkamp). */
function split(a: Vector): Double {
  const c = a.times(2 ** Math.ceil((a.shape.fraction + 1) / 2) + 1);
  const high = c.minus(c.minus(a));
  return { high, low: a.minus(high) };
}

/** a·b, without error unless it underflows (Dekker). */
export function twoProduct(a: Vector, b: Vector): Double {
  const high = a.times(b);
  const [p, q] = [split(a), split(b)];
  const low = p.high.times(q.high).minus(high).plus(p.high.times(q.low)).plus(p.low.times(q.high)).plus(p.low.times(q.low));
  return { high, low };
}

export function doubleProduct(a: Double, b: Double): Double {
  const { high, low } = twoProduct(a.high, b.high);
  return quickTwoSum(high, low.plus(a.high.times(b.low).plus(a.low.times(b.high))));
}
