// Expressions as vector code. Every value is a vector: of floats of the program's precision (f32x4, f64x2); of whole numbers as i32 lanes, of which f64
// programs use the lower two; of truth values as masks as wide as floats, all bits or none. The last elements of an axis, too few for a vector, are
// computed in vectors of which fewer lanes are filled and stored: an element's bits do not depend on where in a vector it stood.

import type { DType } from "../../graph/node.ts";
import type { Operation, Precision } from "../loops.ts";
import { type Axis, type Body, bytesOf, type Cursors, lanesOf } from "./address.ts";
import { type Code, drop, f32Bytes, f32x4, f64Bytes, f64x2, i8x16, i32, i32x4, i64x2, local, v128 } from "./assembler.ts";
import type { Vertex } from "./expression.ts";
import { type MathName, mathFunction, mathInPlace } from "./math.ts";
import type { Module } from "./module.ts";

/** `count` elements along an axis, from the one that is `first` elements from where the cursors stand. */
export interface Lanes {
  readonly axis: Axis;
  readonly first: number;
  readonly count: number;
}

/** Values that stand in locals already: computed before a loop, or earlier in the same piece of code. */
export type Known = Set<number>;

/** Functions of the module (math.ts), not instructions. */
const calls: ReadonlySet<Operation> = new Set(["pow", "exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus"]);

export class VectorCode {
  private readonly users: number[];
  private readonly homes = new Map<number, number>();
  private readonly f: typeof f32x4 | typeof f64x2;
  private readonly wide: boolean;
  private readonly scratch: number[] = [];
  /** Locals of functions whose code is in place: used again by the next one. */
  private readonly forMath: number[] = [];

  constructor(
    private readonly module: Module,
    private readonly precision: Precision,
    private readonly vertices: readonly Vertex[],
    private readonly cursors: Cursors,
    readonly body: Body,
  ) {
    this.f = precision === "f32" ? f32x4 : f64x2;
    this.wide = precision === "f64";
    this.users = vertices.map(() => 0);
    for (const v of vertices) if ("operands" in v) for (const o of v.operands) this.users[o]!++;
  }

  /** What an element costs, in instructions, roughly. */
  get weight(): number {
    return this.vertices.reduce((w, v) => w + (v.kind === "dropout" ? 30 : v.kind === "operation" && calls.has(v.name) ? 25 : 1), 0);
  }

  // -- what is the same for all of an axis --

  /** Whether a value changes along an axis. */
  private varies(axis: Axis): (vertex: number) => boolean {
    const moves = (cursor: number): boolean => axis.steps[this.cursors.number(cursor)]! !== 0;
    const known: boolean[] = [];
    this.vertices.forEach((v, i) => {
      if (v.kind === "load") known[i] = moves(v.pointer);
      else if (v.kind === "index") known[i] = moves(v.counter);
      else if (v.kind === "constant") known[i] = false;
      else if (v.kind === "dropout") known[i] = moves(v.pointer) || moves(v.counter);
      else known[i] = v.operands.some((o) => known[o]!);
    });
    return (vertex) => known[vertex]!;
  }

  /** Computes all that is the same along the axis; it is known from there on. */
  fixed(root: number, axis: Axis): { readonly code: Code; readonly known: Known } {
    const varies = this.varies(axis);
    const known: Known = new Set();
    const code: Code[] = [];
    const seen = new Set<number>();
    const visit = (vertex: number): void => {
      if (seen.has(vertex)) return;
      seen.add(vertex);
      const v = this.vertices[vertex]!;
      if (varies(vertex)) {
        if ("operands" in v) v.operands.forEach(visit);
      } else if (v.kind !== "constant") {
        const value = this.value(vertex, { axis, first: 0, count: lanesOf(this.precision) }, known);
        if (known.has(vertex)) code.push(value, drop);
        else {
          known.add(vertex);
          code.push(value, local.set(this.home(vertex)));
        }
      }
    };
    visit(root);
    return { code, known };
  }

  private home(vertex: number): number {
    const known = this.homes.get(vertex);
    if (known !== undefined) return known;
    const made = this.body.local("v128");
    this.homes.set(vertex, made);
    return made;
  }

  /** Locals for what is needed twice within one instruction's worth of code. */
  temporary(i: number): number {
    this.scratch[i] ??= this.body.local("v128");
    return this.scratch[i];
  }

  // -- values --

  value(vertex: number, lanes: Lanes, known: Known): Code {
    if (known.has(vertex)) return local.get(this.home(vertex));
    const v = this.vertices[vertex]!;
    const code = this.computed(v, lanes, known);
    if (this.users[vertex]! < 2 || v.kind === "constant") return code;
    known.add(vertex);
    return [code, local.tee(this.home(vertex))];
  }

  private computed(v: Vertex, lanes: Lanes, known: Known): Code {
    switch (v.kind) {
      case "load": {
        const raw = this.load(this.cursors.number(v.pointer), bytesOf(v.dtype, this.precision), lanes);
        return v.dtype === "bool" ? this.maskOf("int", raw) : raw;
      }
      case "constant":
        return this.constant(v.value, v.dtype);
      case "index":
        return this.count(v.counter, lanes);
      case "cast": {
        const [operand] = v.operands;
        return this.cast(this.value(operand, lanes, known), this.vertices[operand]!.dtype, v.dtype);
      }
      case "dropout": {
        const key = this.load(this.cursors.number(v.pointer), 4, lanes);
        const number = this.count(v.counter, lanes);
        return this.dropout(key, v.first === 0 ? number : [number, this.constant(v.first, "int"), i32x4.add], v.rate);
      }
      case "operation": {
        // in the order in which they are executed: what a local holds is computed where it is met first
        const [condition, ...choices] = v.operands;
        const order = v.name === "where" ? [...choices, condition!] : v.operands;
        return this.operation(
          v,
          order.map((o) => this.value(o, lanes, known)),
          lanes.count === lanesOf(this.precision),
        );
      }
    }
  }

  constant(value: number, dtype: DType): Code {
    if (dtype === "float") return v128.const(this.wide ? twice(f64Bytes(value)) : twice(twice(f32Bytes(value))));
    const whole = dtype === "bool" ? (value === 0 ? 0 : -1) : value | 0;
    return whole4(whole, whole, whole, whole);
  }

  /** A counter's values in the lanes, as i32. */
  count(counter: number, { axis, first }: Lanes): Code {
    const cursor = this.cursors.number(counter);
    const step = axis.steps[cursor]!;
    const splat = [local.get(cursor), i32x4.splat];
    if (step === 0) return splat;
    return [splat, whole4(first * step, (first + 1) * step, (first + 2) * step, (first + 3) * step), i32x4.add];
  }

  /** The cursor's address, `by` bytes further: an address for an instruction that has a non-negative offset of its own. */
  private address(cursor: number, by: number): readonly [Code, number] {
    return by >= 0 ? [local.get(cursor), by] : [[local.get(cursor), i32.const(by), i32.add], 0];
  }

  private load(cursor: number, size: number, { axis, first, count }: Lanes): Code {
    const step = axis.steps[cursor]!;
    const at = (lane: number): readonly [Code, number] => this.address(cursor, (first + lane) * step);
    const [address, offset] = at(0);
    if (step === 0) return [address, size === 8 ? v128.load64Splat(offset) : v128.load32Splat(offset)];
    if (step === size && count * size === 16) return [address, v128.load(offset)];
    if (step === -size && count * size === 16) {
      const [last, lastOffset] = at(count - 1);
      return [last, v128.load(lastOffset), v128.const(zeros), i8x16.shuffle(size === 8 ? backwards8 : backwards4)];
    }
    if (size === 8) {
      const low: Code = [address, v128.load64Zero(offset)];
      if (count === 1) return low;
      const [next, nextOffset] = at(1);
      return [next, low, v128.load64Lane(1, nextOffset)];
    }
    let [code, lane]: [Code, number] =
      step === 4 && count >= 2 ? [[address, v128.load64Zero(offset)], 2] : [[address, v128.load32Zero(offset)], 1];
    for (; lane < count; lane++) {
      const [next, nextOffset] = at(lane);
      code = [next, code, v128.load32Lane(lane, nextOffset)];
    }
    return code;
  }

  /** Stores a value of a dtype, lanes `count`; never beyond. */
  store(pointer: number, dtype: DType, lanes: Lanes, value: Code): Code {
    const cursor = this.cursors.number(pointer);
    const { axis, first, count } = lanes;
    const size = bytesOf(dtype, this.precision);
    const step = axis.steps[cursor]!;
    const stored = dtype === "bool" ? this.cast(value, "bool", "int") : value;
    const at = (lane: number): readonly [Code, number] => this.address(cursor, (first + lane) * step);
    const [address, offset] = at(0);
    if (step === size || count === 1) {
      if (count * size === 16) return [address, stored, v128.store(offset)];
      if (count * size === 8) return [address, stored, v128.store64Lane(0, offset)];
      if (count === 1) return [address, stored, v128.store32Lane(0, offset)];
    }
    const held = this.temporary(0);
    const parts = Array.from({ length: count }, (_, lane) => {
      const [to, by] = at(lane);
      return [to, local.get(held), size === 8 ? v128.store64Lane(lane, by) : v128.store32Lane(lane, by)];
    });
    return [stored, local.set(held), parts];
  }

  /** Code that makes the lanes of a vector of floats that are none of the elements' 0. */
  filled({ count }: Lanes): Code {
    const lanes = lanesOf(this.precision);
    if (count === lanes) return [];
    return [v128.const(Array.from({ length: 16 }, (_, i) => (i < (count * 16) / lanes ? 0xff : 0))), v128.and];
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

  private operation(v: Vertex & { readonly kind: "operation" }, x: readonly Code[], isWhole: boolean): Code {
    const of = this.vertices[v.operands.at(-1)!]!.dtype;
    if (v.name === "where") return [x[0]!, x[1]!, of === "int" ? this.narrowed(x[2]!) : x[2]!, v128.bitselect];
    if (v.name === "and") return [x, v128.and];
    if (v.name === "or") return [x, v128.or];
    if (v.name === "not") return [x, v128.not];
    if (of === "int") return this.ofWhole(v.name, x);
    return calls.has(v.name) ? this.math(v.name as MathName, x, isWhole) : this.ofFloats(v.name, x);
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
  private dropout(key: Code, number: Code, rate: number): Code {
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
const whole4 = (...lanes: readonly number[]): Code => v128.const([...new Uint8Array(Int32Array.from(lanes.slice(0, 4)).buffer)]);
const zeros = Array.from({ length: 16 }, () => 0);
const pick = (size: number, lanes: readonly number[]): number[] =>
  lanes.flatMap((l) => Array.from({ length: size }, (_, i) => l * size + i));
const backwards8 = pick(8, [1, 0]);
const backwards4 = pick(4, [3, 2, 1, 0]);
/** The lower half of each 64-bit lane. */
const evens = pick(4, [0, 2, 4, 4]);
