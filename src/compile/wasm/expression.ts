// Expressions as lists of vertices, in which every value stands once, after what it is computed from. Two statements whose lists are the same, and whose
// cursors move in the same way, have one kernel. Operations that whole numbers do not have are done on floats.

import type { DType } from "../../graph/node.ts";
import type { Expression, Operation, Place } from "../loops.ts";
import type { Cursors } from "./address.ts";

export type Vertex =
  | { readonly kind: "load"; readonly dtype: DType; readonly pointer: number }
  | { readonly kind: "constant"; readonly dtype: DType; readonly value: number }
  | { readonly kind: "index"; readonly dtype: "int"; readonly counter: number }
  | { readonly kind: "operation"; readonly dtype: DType; readonly name: Operation; readonly operands: readonly number[] }
  | { readonly kind: "cast"; readonly dtype: DType; readonly operands: readonly [number] }
  | {
      readonly kind: "dropout";
      readonly dtype: "float";
      readonly rate: number;
      readonly pointer: number;
      readonly counter: number;
      readonly first: number;
    };

const truths: ReadonlySet<Operation> = new Set(["less", "lessEqual", "equal", "and", "or", "not"]);
/** Those which whole numbers have, too; others are done on floats. */
const whole: ReadonlySet<Operation> = new Set([
  ...["add", "sub", "mul", "maximum", "minimum", "neg", "abs", "sign"],
  ...["less", "lessEqual", "equal", "and", "or", "not", "where"],
] as Operation[]);

export class Vertices {
  readonly list: Vertex[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly seen = new Map<Expression, number>();

  constructor(private readonly cursors: Cursors) {}

  add(vertex: Vertex): number {
    const key = keyOf(vertex);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    this.list.push(vertex);
    this.numbers.set(key, this.list.length - 1);
    return this.list.length - 1;
  }

  load(place: Place): number {
    return this.add({ kind: "load", dtype: place.buffer.dtype, pointer: this.cursors.pointer(place) });
  }

  /** The same value as another dtype. */
  as(dtype: DType, vertex: number): number {
    return this.list[vertex]!.dtype === dtype ? vertex : this.add({ kind: "cast", dtype, operands: [vertex] });
  }

  of(e: Expression): number {
    const known = this.seen.get(e);
    if (known !== undefined) return known;
    const vertex = this.made(e);
    this.seen.set(e, vertex);
    return vertex;
  }

  private made(e: Expression): number {
    switch (e.kind) {
      case "load":
        return this.as(e.dtype, this.load(e.from));
      case "constant":
        return this.add(e);
      case "index": {
        const rank = this.cursors.rank;
        const counter = this.cursors.counter(Array.from({ length: rank }, (_, i) => (i === e.axis ? 1 : 0)));
        return this.add({ kind: "index", dtype: "int", counter });
      }
      case "cast":
        return this.as(e.dtype, this.of(e.operand));
      case "dropout": {
        const [pointer, counter] = [this.cursors.pointer(e.key), this.cursors.counter(e.number)];
        return this.add({ kind: "dropout", dtype: "float", rate: e.rate, pointer, counter, first: e.first });
      }
      case "operation":
        return this.operation(
          e.name,
          e.operands.map((o) => this.of(o)),
          e.dtype,
        );
    }
  }

  operation(name: Operation, operands: readonly number[], dtype: DType): number {
    const add = (d: DType, as: readonly (DType | undefined)[]): number =>
      this.add({ kind: "operation", name, dtype: d, operands: operands.map((o, i) => (as[i] === undefined ? o : this.as(as[i], o))) });
    if (name === "where") return add(dtype, ["bool", dtype, dtype]);
    if (name === "and" || name === "or" || name === "not") return this.as(dtype, add("bool", ["bool", "bool"]));
    if (truths.has(name)) {
      const common = operands.some((o) => this.list[o]!.dtype === "float") ? "float" : "int";
      return this.as(dtype, add("bool", [common, common]));
    }
    const common = dtype === "float" || !whole.has(name) ? "float" : "int";
    return this.as(dtype, add(common, [common, common]));
  }
}

function keyOf(v: Vertex): string {
  switch (v.kind) {
    case "load":
      return `l${v.dtype}${v.pointer}`;
    case "constant":
      return `c${v.dtype}${Object.is(v.value, -0) ? "-0" : v.value}`;
    case "index":
      return `i${v.counter}`;
    case "operation":
      return `${v.name}${v.dtype}${v.operands}`;
    case "cast":
      return `to${v.dtype}${v.operands}`;
    case "dropout":
      return `d${v.rate}:${v.pointer}:${v.counter}+${v.first}`;
  }
}

export const verticesKey = (vertices: Vertices): string => vertices.list.map(keyOf).join(";");
