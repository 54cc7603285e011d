// Random loop programs: statements of every kind over index spaces of any rank, in time loops; every place is inside of its buffer, and no two elements
// of an `out` are one.

import fc from "fast-check";
import type { Buffer, Expression, Loop, LoopProgram, Operation, Place, Statement } from "../../src/compile/loops.ts";
import type { DType } from "../../src/graph/node.ts";
import { randomBits } from "../../src/graph/random.ts";

export interface RandomProgram {
  readonly program: LoopProgram;
  /** What stands in the buffers before the run. */
  readonly contents: ReadonlyMap<Buffer, readonly number[]>;
}

const special = [
  0,
  -0,
  1,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  1e-40,
  3e38,
  -1e308,
  2 ** 31,
  -(2 ** 33) - 5,
];

/** Those of which both have the same bits; others are compared in tests of their own. */
const exact = {
  float: ["add", "sub", "mul", "div", "maximum", "minimum", "neg", "sqrt", "abs", "sign"],
  int: ["add", "sub", "mul", "maximum", "minimum", "neg", "abs", "sign"],
  comparisons: ["less", "lessEqual", "equal"],
  truths: ["and", "or", "not"],
} as const satisfies { readonly [k: string]: readonly Operation[] };
const unary: ReadonlySet<Operation> = new Set(["neg", "sqrt", "abs", "sign", "not"]);

type Draw = <T>(arbitrary: fc.Arbitrary<T>) => T;

export const randomProgram: fc.Arbitrary<RandomProgram> = fc.gen().map((gen) => {
  const draw: Draw = (arbitrary) => gen(() => arbitrary);
  return new Maker(draw).program();
});

class Maker {
  private readonly buffers: Buffer[] = [];
  private readonly contents = new Map<Buffer, readonly number[]>();
  private readonly seed: number;
  private drawn = 0;
  private loops = 0;
  private faults = 0;

  constructor(private readonly draw: Draw) {
    this.seed = this.whole(0, 2 ** 31 - 1);
  }

  program(): RandomProgram {
    const body = this.body([], 2);
    return { program: { buffers: this.buffers, body }, contents: this.contents };
  }

  private whole(min: number, max: number): number {
    return this.draw(fc.integer({ min, max }));
  }

  /** For elements: there are too many of them to be shrunk one by one. */
  private number(n: number): number {
    return randomBits(this.seed, this.drawn++) % n;
  }

  private one<T>(...of: readonly T[]): T {
    return of[this.whole(0, of.length - 1)]!;
  }

  private body(loops: readonly Loop[], depth: number): Statement[] {
    return Array.from({ length: this.whole(1, 3) }, () => this.statement(loops, depth));
  }

  private statement(loops: readonly Loop[], depth: number): Statement {
    const kind = this.one(
      "map",
      "map",
      "map",
      "reduce",
      "reduce",
      "contract",
      "gather",
      "scatter",
      ...(depth > 0 ? (["for"] as const) : []),
    );
    switch (kind) {
      case "for": {
        const loop: Loop = { id: this.loops++, steps: this.whole(0, 3), backwards: this.one(true, false) };
        return { kind, loop, body: this.body([...loops, loop], depth - 1) };
      }
      case "map": {
        const sizes = this.sizes(3);
        const dtype = this.one<DType>("float", "float", "int", "bool");
        return { kind, sizes, out: this.place(dtype, sizes, loops, true), value: this.expression(dtype, sizes, loops, 3) };
      }
      case "reduce": {
        const [kept, reduced] = [this.sizes(2, 40), this.sizes(2, 40)];
        const by = this.one("sum", "max", "argmax");
        const value = this.expression("float", [...kept, ...reduced], loops, 2);
        return { kind, by, kept, reduced, out: this.place(by === "argmax" ? "int" : "float", kept, loops, true), value };
      }
      case "contract": {
        const [rows, columns, terms] = [this.sizes(2, 20), this.sizes(2, 20), this.sizes(2, 20)];
        const a = this.place("float", [...rows, ...terms], loops, false);
        const b = this.place("float", [...rows, ...columns, ...terms], loops, false);
        const out = this.place("float", [...rows, ...columns], loops, true);
        return { kind, rows, columns, terms, a, b, out, accumulate: this.one(true, false) };
      }
      case "gather":
      case "scatter": {
        const [outer, ids, inner] = [this.sizes(1, 4), this.sizes(2, 20), this.sizes(2, 40)];
        const along = this.whole(1, 4);
        const at = this.ids(ids, along, loops);
        const dtype = kind === "gather" ? this.one<DType>("float", "int", "bool") : "float";
        const rows = this.place(dtype, [...outer, along, ...inner], loops, kind === "scatter");
        const table = { ...rows, strides: rows.strides.filter((_, i) => i !== outer.length) };
        const list = this.place(dtype, [...outer, ...ids, ...inner], loops, kind === "gather");
        const common = { outer, ids, inner, along, stride: rows.strides[outer.length]!, at, fault: ++this.faults };
        return kind === "gather" ? { kind, ...common, table, out: list } : { kind, ...common, updates: list, out: table };
      }
    }
  }

  /** Sizes of axes; a few hundred elements in all. */
  private sizes(most: number, room = 400): number[] {
    const sizes: number[] = [];
    let left = room;
    for (let n = this.whole(0, most); n > 0; n--) {
      const size = this.whole(0, 19) === 0 ? 0 : this.one(1, 2, 3, 4, 5, 6, 9, 17, 40);
      sizes.push(Math.min(size, left));
      left = Math.floor(left / Math.max(1, sizes.at(-1)!));
    }
    return sizes;
  }

  /** A place in a buffer of its own, over axes of these sizes: their order in memory, directions, gaps; where nothing is written also repetition. */
  private place(dtype: DType, sizes: readonly number[], loops: readonly Loop[], written: boolean, fill?: () => number): Place {
    const axes = [
      ...sizes.map((size, i) => ({ size, i, loop: undefined as Loop | undefined })),
      ...loops.map((loop) => ({ size: loop.steps, i: -1, loop })),
    ];
    const order = this.one(true, true, false) ? [...axes].reverse() : this.draw(fc.shuffledSubarray(axes, { minLength: axes.length }));
    const strides = sizes.map(() => 0);
    const times: { loop: Loop; stride: number }[] = [];
    let offset = this.one(0, 0, 1, 3);
    let extent = this.one(1, 1, 1, 1, 2);
    for (const axis of order) {
      const repeated = !written && this.one(false, false, false, true);
      if (repeated) continue;
      const backwards = this.one(false, false, false, true);
      if (backwards) offset += extent * Math.max(0, axis.size - 1);
      if (axis.loop === undefined) strides[axis.i] = backwards ? -extent : extent;
      else times.push({ loop: axis.loop, stride: backwards ? -extent : extent });
      extent = extent * Math.max(1, axis.size) + this.one(0, 0, 0, 1);
    }
    const buffer: Buffer = { id: this.buffers.length, dtype, size: offset + extent + 8, life: "temporary", label: "" };
    this.buffers.push(buffer);
    this.contents.set(buffer, Array.from({ length: buffer.size }, fill ?? (() => this.element(dtype))));
    return { buffer, offset, strides, times };
  }

  private element(dtype: DType): number {
    if (dtype === "bool") return this.number(2);
    if (dtype === "int") return this.number(2) === 0 ? this.number(19) - 9 : randomBits(this.seed, this.drawn++) | 0;
    return this.number(5) === 0 ? special[this.number(special.length)]! : (this.number(81) - 40) / (this.number(2) + 7);
  }

  /** Mostly in range. */
  private ids(sizes: readonly number[], along: number, loops: readonly Loop[]): Place {
    const wrong = this.whole(0, 9) === 0;
    const id = (): number => (wrong && this.number(10) === 0 ? [-1, along][this.number(2)]! : this.number(along));
    return this.place("int", sizes, loops, false, id);
  }

  private expression(dtype: DType, sizes: readonly number[], loops: readonly Loop[], depth: number): Expression {
    const made: Expression[] = [];
    const some = (d: DType, left: number): Expression => {
      const same = made.filter((e) => e.dtype === d);
      if (same.length > 0 && this.whole(0, 4) === 0) return this.one(...same);
      const e = left === 0 ? leaf(d) : inner(d, left - 1);
      made.push(e);
      return e;
    };
    const leaf = (d: DType): Expression => {
      const kind = this.one(
        "load",
        "load",
        "load",
        "constant",
        d === "int" && sizes.length > 0 ? "index" : "load",
        d === "float" ? "dropout" : "load",
      );
      if (kind === "constant") return { kind, value: this.element(d), dtype: d };
      if (kind === "index") return { kind, axis: this.whole(0, sizes.length - 1), dtype: "int" };
      if (kind === "dropout") {
        const number = sizes.map((_, i) => sizes.slice(i + 1).reduce((a, b) => a * b, 1));
        const key = { ...this.place("int", [], loops, false), strides: sizes.map(() => 0) };
        return { kind, rate: this.one(0, 0.5, 0.3, 0.999), key, first: this.one(0, 1, 7), number, dtype: "float" };
      }
      return { kind, from: this.place(d, sizes, loops, false), dtype: d };
    };
    const inner = (d: DType, left: number): Expression => {
      const kind = this.one("operation", "operation", "operation", "where", "cast");
      if (kind === "cast") return { kind, operand: some(this.one<DType>("float", "int", "bool"), left), dtype: d };
      if (kind === "where")
        return { kind: "operation", name: "where", dtype: d, operands: [some("bool", left), some(d, left), some(d, left)] };
      const compare = d === "bool" && this.one(true, false);
      const name: Operation = this.one<Operation>(...(compare ? exact.comparisons : d === "bool" ? exact.truths : exact[d]));
      const of = compare ? this.one<DType>("float", "int") : d;
      const operands = unary.has(name) ? [some(of, left)] : [some(of, left), some(of, left)];
      return { kind, name, dtype: d, operands };
    };
    return some(dtype, depth);
  }
}
