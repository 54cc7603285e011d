// What the ops that move elements share: strides, and the derivative of a linear op (itself, applied to tangents).

import { dim, type Shape } from "../graph/dim.ts";
import { make } from "../graph/make.ts";
import type { ForwardAt, Node } from "../graph/node.ts";
import type { Data } from "../graph/value.ts";

export const row: ReturnType<typeof dim<"row", 2>> = dim("row", 2);
export const column: ReturnType<typeof dim<"column", 3>> = dim("column", 3);
export const layer: ReturnType<typeof dim<"layer", 4>> = dim("layer", 4);

/** Row-major strides. */
export function strides(sizes: readonly number[]): number[] {
  const out = new Array<number>(sizes.length);
  let stride = 1;
  for (let i = sizes.length - 1; i >= 0; i--) {
    out[i] = stride;
    stride *= sizes[i]!;
  }
  return out;
}

/** Elements before, along and after an axis: an array is outer × along × inner. */
export function around(sizes: readonly number[], axis: number): { readonly outer: number; readonly along: number; readonly inner: number } {
  let outer = 1;
  let inner = 1;
  for (let i = 0; i < axis; i++) outer *= sizes[i]!;
  for (let i = axis + 1; i < sizes.length; i++) inner *= sizes[i]!;
  return { outer, along: sizes[axis]!, inner };
}

/** For every element of `sizes` in row-major order: its offset with other strides. */
export function offsets(sizes: readonly number[], by: readonly number[]): Int32Array {
  let total = 1;
  for (const s of sizes) total *= s;
  const out = new Int32Array(total);
  const at = new Array<number>(sizes.length).fill(0);
  let offset = 0;
  for (let i = 0; i < total; i++) {
    out[i] = offset;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      offset += by[axis]!;
      if (++at[axis]! < sizes[axis]!) break;
      offset -= by[axis]! * sizes[axis]!;
      at[axis] = 0;
    }
  }
  return out;
}

export function copyLike(data: Data, size: number): Data {
  return data instanceof Float64Array
    ? new Float64Array(size)
    : data instanceof Int32Array
      ? new Int32Array(size)
      : data instanceof Uint8Array
        ? new Uint8Array(size)
        : new Float64Array(size);
}

/** Tangent of an op that is linear in its first operand: the same op on the tangent. */
export function linear<A>({ node, inputs, tangents }: ForwardAt<A>): Node | undefined {
  return tangents[0] === undefined ? undefined : make(node.op, [tangents[0], ...inputs.slice(1)], node.attributes);
}

export function replaced(shape: Shape, axis: number, by: Shape): Shape {
  return [...shape.slice(0, axis), ...by, ...shape.slice(axis + 1)];
}
