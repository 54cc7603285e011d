// Where the elements of a tensor stand in memory, and what happens to that when the tensor is looked at in another way.

import type { AlongAxis } from "../graph/computation.ts";
import type { Node } from "../graph/node.ts";
import type { Buffer, Place } from "./loops.ts";

/** Row-major strides. */
export function rowMajor(sizes: readonly number[]): readonly number[] {
  const strides = new Array<number>(sizes.length);
  let step = 1;
  for (let i = sizes.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= sizes[i]!;
  }
  return strides;
}

export function sizesOf(node: Node): readonly number[] {
  return node.shape.map((d) => d.size);
}

export function count(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}

/** A buffer that holds just this tensor. */
export function wholeOf(buffer: Buffer, sizes: readonly number[]): Place {
  return { buffer, offset: 0, strides: rowMajor(sizes), times: [] };
}

/** For each axis of a tensor, where it lies in the index space of a statement. */
export type AxisMap = readonly AlongAxis[];

export function identityMap(rank: number): AxisMap {
  return Array.from({ length: rank }, (_, axis) => ({ axis, start: 0, step: 1 as const }));
}

/** inner: axes of a in those of b; outer: axes of b in the index space. Axes of a in the index space. */
export function composed(inner: AxisMap, outer: AxisMap): AxisMap {
  return inner.map((i) => {
    if ("at" in i) return i;
    const o = outer[i.axis]!;
    if ("at" in o) return { at: i.start + i.step * o.at };
    return { axis: o.axis, start: i.start + i.step * o.start, step: (i.step * o.step) as 1 | -1 };
  });
}

/** A tensor's place, over the axes of an index space. */
export function over(place: Place, map: AxisMap, rank: number): Place {
  const strides = new Array<number>(rank).fill(0);
  let { offset } = place;
  map.forEach((m, i) => {
    const stride = place.strides[i]!;
    if ("at" in m) offset += m.at * stride;
    else {
      offset += m.start * stride;
      strides[m.axis]! += m.step * stride;
    }
  });
  return { buffer: place.buffer, offset, strides, times: place.times };
}

/** Whether the elements stand one after the other, in row-major order, so that other dims may be given to them. */
export function isRowMajor(place: Place, sizes: readonly number[]): boolean {
  const wanted = rowMajor(sizes);
  return sizes.every((size, i) => size === 1 || place.strides[i] === wanted[i]);
}
