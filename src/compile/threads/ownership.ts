// Which thread touches what. When a statement is cut along an axis, each thread reads and writes a part of every place. Where two statements cut a buffer
// at the same elements, each thread meets only what it wrote itself, and need not wait for the others.

import type { Buffer } from "../loops.ts";
import type { Access } from "./shards.ts";

/** Thread i has the elements a with cuts[i] ≤ a mod period < cuts[i+1]. */
interface Cut {
  readonly period: number;
  readonly cuts: readonly number[];
}

/** A cut; or the number of the only thread that touches the buffer; or anyone may touch any of it. */
type Owner = Cut | number | "anyone";

/** What a statement does to a buffer. */
export interface Touch {
  readonly buffer: Buffer;
  readonly write: boolean;
  readonly owner: Owner;
}

/** What one thread does alone. */
export function touchedAlone(accesses: readonly Access[], thread: number): readonly Touch[] {
  return accesses.map(({ place, write }) => ({ buffer: place.buffer, write, owner: thread }));
}

/** What the threads do when an axis of the index space is cut at `cuts`. */
export function touchedBy(accesses: readonly Access[], sizes: readonly number[], axis: number, cuts: readonly number[]): readonly Touch[] {
  return accesses.map((access) => ({
    buffer: access.place.buffer,
    write: access.write,
    owner: ownerOf(access, sizes, axis, cuts),
  }));
}

/**
 * Elements with the index i along the axis must be just those from i·stride to (i+1)·stride, in every period of the axis' whole length: all that
 * other axes and steps of time add is either less than a stride or whole periods.
 */
function ownerOf({ place, beside }: Access, sizes: readonly number[], axis: number, cuts: readonly number[]): Owner {
  const stride = place.strides[axis] ?? 0;
  const period = stride * sizes[axis]!;
  if (stride <= 0) return "anyone";
  let [least, most] = [place.offset, place.offset];
  const walk = (size: number, step: number): void => {
    if (size === 1 || step % period === 0) return;
    if (step < 0) least += (size - 1) * step;
    else most += (size - 1) * step;
  };
  for (const [i, size] of sizes.entries()) if (i !== axis) walk(size, place.strides[i] ?? 0);
  for (const { size, stride: step } of beside) walk(size, step);
  for (const { loop, stride: step } of place.times) walk(loop.steps, step);
  const first = Math.floor(least / period) * period;
  return most - first < stride ? { period: Math.min(period, place.buffer.size), cuts: cuts.map((c) => c * stride) } : "anyone";
}

/** Where a buffer lies, and how large its elements are: in bytes. */
export interface Lies {
  readonly from: number;
  readonly to: number;
  readonly element: number;
}

/** Whether two statements may be at the same place of the memory from different threads, one of them writing. */
export function collide(x: Touch, y: Touch, lies: (b: Buffer) => Lies): boolean {
  if (!x.write && !y.write) return false;
  if (x.buffer === y.buffer) return !same(x.owner, y.owner, 0, 1, 1);
  const [a, b] = [lies(x.buffer), lies(y.buffer)];
  return a.from < b.to && b.from < a.to && !same(x.owner, y.owner, a.from - b.from, a.element, b.element);
}

/** Whether every thread keeps to what is its own, by both. `apart`: by how much x begins behind y. */
function same(x: Owner, y: Owner, apart: number, ofX: number, ofY: number): boolean {
  if (x === "anyone" || y === "anyone") return false;
  if (typeof x === "number" || typeof y === "number") return x === y;
  const period = x.period * ofX;
  return period === y.period * ofY && apart % period === 0 && x.cuts.every((c, i) => c * ofX === y.cuts[i]! * ofY);
}
