// Values: what goes into and comes out of an evaluation. Row-major typed arrays with their dims.

import type { Code } from "./diagnostics.ts";
import { type Dim, type Shape, showShape } from "./dim.ts";

/** What an element is. Precision belongs to the engine, not to the graph. */
export type DType = "float" | "int" | "bool";

export type Data = Float64Array | Float32Array | Int32Array | Uint8Array;

/** Element storage by dtype; a compiled f32 program gives Float32Array for floats. */
export interface DataOf {
  readonly float: Float64Array | Float32Array;
  readonly int: Int32Array;
  readonly bool: Uint8Array;
}

type Names<S extends Shape> = { readonly [K in keyof S]: S[K] extends Dim<infer N> ? N : never };

/** A tensor's value: dim names, sizes, and the elements in row-major order. May be fed back. */
export interface Value<S extends Shape = Shape, D extends DType = DType> {
  readonly dims: Names<S>;
  readonly shape: readonly number[];
  readonly data: DataOf[D];
}

export function allocate(dtype: DType, size: number): Data {
  if (dtype === "float") return new Float64Array(size);
  return dtype === "int" ? new Int32Array(size) : new Uint8Array(size);
}

export function makeValue(shape: Shape, data: Data): Value {
  return { dims: shape.map((d) => d.name), shape: shape.map((d) => d.size), data: data as never };
}

/** A mistake that shows only in the values: an index out of range. Thrown by an op's reference, caught by `evaluate`, never by users. */
export class Fault {
  constructor(
    readonly code: Code,
    readonly message: string,
    readonly hint?: string,
  ) {}
}

/**
 * The number in a scalar value.
 *
 * @example
 * import { evaluate, item, mul, scalar } from "clew";
 * item(evaluate(mul(scalar(6), scalar(7)), {})); // 42
 */
export function item(value: { readonly data: Data }): number {
  return value.data.length === 1 ? value.data[0]! : Number.NaN;
}

/** Zeros; undefined where memory does not hold so many. */
export function fitted(size: number): Float64Array | undefined {
  try {
    return new Float64Array(size);
  } catch {
    return undefined; // a RangeError, whatever an engine's words for it are
  }
}

/** Data as users write it: a number, nested arrays, or a typed array in row-major order. */
export type NestedArray =
  | number
  | boolean
  | readonly NestedArray[]
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint32Array;

/** The elements in row-major order, or a sentence that says what does not fit the shape. */
export function flatten(data: unknown, shape: Shape): ArrayLike<number> | string {
  const sizes = shape.map((d) => d.size);
  const total = sizes.reduce((a, b) => a * b, 1);
  if (typeof data === "number" || typeof data === "boolean") {
    return sizes.length === 0 ? [Number(data)] : `one number for a tensor of ${total} elements ${showShape(shape)}`;
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array || data instanceof DataView)
    return "expected numbers, found bytes or bigints";
  if (ArrayBuffer.isView(data)) {
    const flat = data as unknown as ArrayLike<number>;
    return flat.length === total ? flat : `${flat.length} numbers for ${total} elements ${showShape(shape)}`;
  }
  if (!Array.isArray(data)) return `expected numbers, found ${data === null ? "null" : typeof data}`;
  const out = fitted(total);
  if (out === undefined) return `memory does not hold the ${total} elements of ${showShape(shape)}`;
  let n = 0;
  const walk = (part: unknown, axis: number): string | undefined => {
    if (axis === sizes.length) {
      if (typeof part !== "number" && typeof part !== "boolean")
        return `an element is ${Array.isArray(part) ? "an array" : typeof part}, expected a number`;
      out[n++] = Number(part);
      return undefined;
    }
    const length = Array.isArray(part) || ArrayBuffer.isView(part) ? (part as unknown as ArrayLike<unknown>).length : -1;
    if (length !== sizes[axis]) {
      return `${length < 0 ? "a single value" : length} where ${shape[axis]!.name}=${sizes[axis]} elements are expected, for ${showShape(shape)}`;
    }
    for (let i = 0; i < length; i++) {
      const wrong = walk((part as ArrayLike<unknown>)[i], axis + 1);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
  return walk(data, 0) ?? out;
}

/** Why some element cannot be of this dtype; undefined when all can. NaN is a float. */
export function misfit(elements: ArrayLike<number>, dtype: DType): string | undefined {
  if (dtype === "float") return undefined;
  for (let i = 0; i < elements.length; i++) {
    const x = elements[i]!;
    if (dtype === "int" && (!Number.isInteger(x) || x < -2147483648 || x > 2147483647))
      return `element ${i} is ${x}, expected a whole number (32 bits)`;
    if (dtype === "bool" && x !== 0 && x !== 1) return `element ${i} is ${x}, expected true or false`;
  }
  return undefined;
}
