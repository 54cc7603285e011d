// Expressions as vector code. Every value is a vector: of floats of the program's precision (f32x4, f64x2); of whole numbers as i32 lanes, of which f64
// programs use the lower two; of truth values as masks as wide as floats, all bits or none. The last elements of an axis, too few for a vector, are
// computed in vectors of which fewer lanes are filled and stored: an element's bits do not depend on where in a vector it stood.

import type { DType } from "../../graph/node.ts";
import type { Precision } from "../loops.ts";
import { type Axis, type Body, bytesOf, type Cursors, lanesOf } from "./address.ts";
import { type Code, drop, i8x16, i32, i32x4, local, v128 } from "./assembler.ts";
import type { Vertex } from "./expression.ts";
import type { Module } from "./module.ts";
import { calls, OperationCode, pick, whole4, zeros } from "./operation-code.ts";

/** `count` elements along an axis, from the one that is `first` elements from where the cursors stand. */
export interface Lanes {
  readonly axis: Axis;
  readonly first: number;
  readonly count: number;
}

/** Values that stand in locals already: computed before a loop, or earlier in the same piece of code. */
export type Known = Set<number>;

export class VectorCode {
  private readonly users: number[];
  private readonly homes = new Map<number, number>();
  /** What is done to values, in instructions. */
  readonly operations: OperationCode;

  constructor(
    module: Module,
    private readonly precision: Precision,
    private readonly vertices: readonly Vertex[],
    private readonly cursors: Cursors,
    readonly body: Body,
  ) {
    this.operations = new OperationCode(module, precision, body);
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
        return v.dtype === "bool" ? this.operations.cast(raw, "int", "bool") : raw;
      }
      case "constant":
        return this.operations.constant(v.value, v.dtype);
      case "index":
        return this.count(v.counter, lanes);
      case "cast": {
        const [operand] = v.operands;
        return this.operations.cast(this.value(operand, lanes, known), this.vertices[operand]!.dtype, v.dtype);
      }
      case "dropout": {
        const key = this.load(this.cursors.number(v.pointer), 4, lanes);
        const number = this.count(v.counter, lanes);
        return this.operations.dropout(key, v.first === 0 ? number : [number, this.operations.constant(v.first, "int"), i32x4.add], v.rate);
      }
      case "operation": {
        // in the order in which they are executed: what a local holds is computed where it is met first
        const [condition, ...choices] = v.operands;
        const order = v.name === "where" ? [...choices, condition!] : v.operands;
        return this.operations.operation(
          v.name,
          this.vertices[v.operands.at(-1)!]!.dtype,
          order.map((o) => this.value(o, lanes, known)),
          lanes.count === lanesOf(this.precision),
        );
      }
    }
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
    const stored = dtype === "bool" ? this.operations.cast(value, "bool", "int") : value;
    const at = (lane: number): readonly [Code, number] => this.address(cursor, (first + lane) * step);
    const [address, offset] = at(0);
    if (step === size || count === 1) {
      if (count * size === 16) return [address, stored, v128.store(offset)];
      if (count * size === 8) return [address, stored, v128.store64Lane(0, offset)];
      if (count === 1) return [address, stored, v128.store32Lane(0, offset)];
    }
    const held = this.operations.temporary(0);
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
}

const backwards8 = pick(8, [1, 0]);
const backwards4 = pick(4, [3, 2, 1, 0]);
