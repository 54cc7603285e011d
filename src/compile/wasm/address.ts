// Where elements stand while loops run. A kernel has cursors: pointers, which it gets as arguments, one for each place; and counters, which start at 0
// (an element's index along an axis). Each moves by a fixed step along each axis of the index space, so that one rule merges axes for all of them:
//
//   axes a, b (b inside a) are one when every cursor's step along a is its step along b times b's size

import type { Place, Precision } from "../loops.ts";
import { type Code, i32, local, repeat, type ValueType } from "./assembler.ts";

/** An axis of the index space, and how far each cursor moves along it: pointers in bytes, counters in whole numbers. */
export interface Axis {
  readonly size: number;
  readonly steps: readonly number[];
}

/** Bytes of an element in memory. */
export const bytesOf = (dtype: Place["buffer"]["dtype"], precision: Precision): number =>
  dtype === "float" && precision === "f64" ? 8 : 4;

/** Elements in a vector. */
export const lanesOf = (precision: Precision): number => (precision === "f32" ? 4 : 2);

export const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** A function of the module, and what its arguments point to. */
export interface Kernel {
  readonly function: number;
  readonly places: readonly Place[];
}

/** The cursors of one statement. A pointer's number is its argument's, a counter's follows those; so `number` may be asked when all are known. */
export class Cursors {
  /** The places that the pointers point to, in the order of the kernel's arguments. */
  readonly places: Place[] = [];
  private readonly pointers: number[][] = [];
  private readonly counters: number[][] = [];
  private readonly known = new Map<string, number>();

  constructor(
    private readonly sizes: readonly number[],
    private readonly precision: Precision,
  ) {}

  /** A pointer to a place over the index space; the same one for the same place. */
  pointer(place: Place): number {
    const strides = this.relevant(place.strides);
    const times = place.times.map((t) => `${t.loop.id}:${t.stride}`);
    const key = `${place.buffer.id}@${place.offset}+${strides}+${times}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const size = bytesOf(place.buffer.dtype, this.precision);
    this.pointers.push(strides.map((s) => s * size));
    this.places.push(place);
    this.known.set(key, this.places.length - 1);
    return this.places.length - 1;
  }

  /** A counter, as a negative number. */
  counter(strides: readonly number[]): number {
    const steps = this.relevant(strides);
    const key = `${steps}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.counters.push(steps);
    this.known.set(key, -this.counters.length);
    return -this.counters.length;
  }

  /** Along an axis of one element nothing moves. */
  private relevant(strides: readonly number[]): number[] {
    return this.sizes.map((size, i) => (size === 1 ? 0 : (strides[i] ?? 0)));
  }

  number(cursor: number): number {
    return cursor >= 0 ? cursor : this.pointers.length - 1 - cursor;
  }

  /** Some axes of the index space. */
  axes(which: readonly number[]): Axis[] {
    const all = [...this.pointers, ...this.counters];
    return which.map((a) => ({ size: this.sizes[a]!, steps: all.map((steps) => steps[a]!) }));
  }

  /** An axis of one element, along which nothing moves. */
  get point(): Axis {
    return { size: 1, steps: Array.from({ length: this.pointers.length + this.counters.length }, () => 0) };
  }

  /** Axes of the index space. */
  get rank(): number {
    return this.sizes.length;
  }

  get count(): { readonly pointers: number; readonly counters: number } {
    return { pointers: this.pointers.length, counters: this.counters.length };
  }
}

/** Without axes of one element, and with those made one that all cursors walk through as one. The order of elements stays. */
export function merged(axes: readonly Axis[]): Axis[] {
  const out: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const before = out.at(-1);
    if (before?.steps.every((s, c) => s === axis.steps[c]! * axis.size) === true)
      out[out.length - 1] = { size: before.size * axis.size, steps: axis.steps };
    else out.push(axis);
  }
  return out;
}

export const axesKey = (axes: readonly Axis[]): string => axes.map((a) => `${a.size}:${a.steps}`).join("/");

/** A function in the making: its locals behind the cursors. */
export class Body {
  readonly locals: ValueType[] = [];

  constructor(
    readonly parameters: number,
    counters: number,
  ) {
    for (let i = 0; i < counters; i++) this.local("i32");
  }

  local(type: ValueType): number {
    this.locals.push(type);
    return this.parameters + this.locals.length - 1;
  }
}

/** Code, and how far the cursors stand from where they stood when it began. */
export interface Walk {
  readonly code: Code;
  readonly moved: readonly number[];
}

/** Cursors moved from where they stand to where they should. */
export function move(from: readonly number[], to: readonly number[]): Code {
  return to.map((t, c) => {
    const by = (t - from[c]!) | 0;
    return by === 0 ? [] : [local.get(c), i32.const(by), i32.add, local.set(c)];
  });
}

export const scaled = (steps: readonly number[], by: number): number[] => steps.map((s) => s * by);

/** `inner` again and again, each time with the cursors a step further along the axis. */
export function along(body: Body, axis: { readonly size: number; readonly steps: readonly number[] }, inner: Walk): Walk {
  if (axis.size === 0) return { code: [], moved: scaled(axis.steps, 0) };
  if (axis.size === 1) return inner;
  const left = body.local("i32");
  return {
    code: [
      [i32.const(axis.size), local.set(left)],
      repeat([inner.code, move(inner.moved, axis.steps), local.get(left), i32.const(1), i32.sub, local.tee(left)]),
    ],
    moved: scaled(axis.steps, axis.size),
  };
}

/** `inner` for each element of the axes, in order. */
export function nest(body: Body, axes: readonly Axis[], inner: Walk): Walk {
  return axes.reduceRight((walk, axis) => along(body, axis, walk), inner);
}
