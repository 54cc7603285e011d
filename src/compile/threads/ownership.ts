// Which thread touches what. When a statement is cut along an axis, each thread reads and writes a part of every place. Where two statements cut a buffer
// at the same elements, each thread meets only what it wrote itself, and need not wait for the others.

import type { Buffer, Precision } from "../loops.ts";
import { elementSize } from "../plan.ts";
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
interface Lies {
  readonly buffer: Buffer;
  readonly from: number;
  readonly to: number;
  readonly element: number;
}

/** The memory that buffers lie in: those of which one takes the other's place share some of it. */
export class Ground {
  private readonly all: readonly Lies[];
  private readonly lies: ReadonlyMap<Buffer, Lies>;
  private readonly sharing = new Map<Buffer, readonly Buffer[]>();

  constructor(addresses: ReadonlyMap<Buffer, number>, precision: Precision) {
    this.all = Array.from(addresses, ([buffer, from]) => {
      const element = elementSize(buffer, precision);
      return { buffer, from, to: from + buffer.size * element, element };
    });
    this.lies = new Map(this.all.map((lies) => [lies.buffer, lies]));
  }

  /** Buffers that share memory with this one, and it itself. */
  around(buffer: Buffer): readonly Buffer[] {
    const known = this.sharing.get(buffer);
    if (known !== undefined) return known;
    const { from, to } = this.lies.get(buffer)!;
    const found = this.all.filter((other) => other.buffer === buffer || (other.from < to && from < other.to)).map((other) => other.buffer);
    this.sharing.set(buffer, found);
    return found;
  }

  /** Whether two statements that touch buffers which share memory may be at the same place of it from different threads, one of them writing. */
  collide(x: Touch, y: Touch): boolean {
    if (!x.write && !y.write) return false;
    if (x.buffer === y.buffer) return !same(x.owner, y.owner, 0, 1, 1);
    const [a, b] = [this.lies.get(x.buffer)!, this.lies.get(y.buffer)!];
    return !same(x.owner, y.owner, a.from - b.from, a.element, b.element);
  }
}

/** What was touched since all threads met. */
export class Touched {
  private readonly by = new Map<Buffer, Touch[]>();
  /** By buffer, what was touched of the memory that it lies in; until more is. */
  private readonly near = new Map<Buffer, readonly Touch[]>();

  constructor(private readonly ground: Ground) {}

  get isEmpty(): boolean {
    return this.by.size === 0;
  }

  /** Each once: most is touched again and again in the same way. */
  get all(): readonly Touch[] {
    return [...this.by.values()].flat();
  }

  add(touches: readonly Touch[]): void {
    this.near.clear();
    for (const touch of touches) {
      const known = this.by.get(touch.buffer);
      if (known === undefined) this.by.set(touch.buffer, [touch]);
      else if (!known.some((other) => other.write === touch.write && equal(other.owner, touch.owner))) known.push(touch);
    }
  }

  /** Whether threads that touch this as well must meet before. */
  collides(touches: readonly Touch[]): boolean {
    return touches.some((touch) => this.around(touch.buffer).some((other) => this.ground.collide(touch, other)));
  }

  private around(buffer: Buffer): readonly Touch[] {
    const known = this.near.get(buffer);
    if (known !== undefined) return known;
    const found: Touch[] = [];
    for (const other of this.ground.around(buffer)) {
      const touches = this.by.get(other);
      if (touches !== undefined) found.push(...touches);
    }
    this.near.set(buffer, found);
    return found;
  }
}

/** Whether every thread keeps to what is its own, by both. `apart`: by how much x begins behind y. */
function same(x: Owner, y: Owner, apart: number, ofX: number, ofY: number): boolean {
  if (x === "anyone" || y === "anyone") return false;
  if (typeof x === "number" || typeof y === "number") return x === y;
  const period = x.period * ofX;
  return period === y.period * ofY && apart % period === 0 && x.cuts.every((c, i) => c * ofX === y.cuts[i]! * ofY);
}

const equal = (x: Owner, y: Owner): boolean => x === y || same(x, y, 0, 1, 1);
