// out[i, j] = from[j, i]: a copy in which neighbours do not stay neighbours. Vectors are read along one axis, turned around in registers, so many of them as
// a vector has lanes, and written along the other: a quarter of the accesses that element by element needs.

import type { MapStatement, Precision } from "../loops.ts";
import { type Axis, axesKey, Cursors, type Kernel, merged } from "./address.ts";
import type { Code } from "./assembler.ts";
import { local } from "./assembler.ts";
import { advance, Frame, loadSome, scatter, stepping, transpose, vectors, walking, zeroVector } from "./contract/emit.ts";
import type { Module } from "./module.ts";

/** Undefined when the statement is not such a copy. */
export function turningCopy(module: Module, { sizes, out, value }: MapStatement, precision: Precision): Kernel | undefined {
  if (value.kind !== "load" || value.dtype !== "float" || out.buffer.dtype !== "float") return undefined;
  const v = vectors[precision];
  const cursors = new Cursors(sizes, precision);
  const [from, to] = [cursors.pointer(value.from), cursors.pointer(out)];
  if (from === to) return undefined;
  const all = cursors.axes(sizes.map((_, i) => i)).sort((a, b) => Math.abs(b.steps[to]!) - Math.abs(a.steps[to]!));
  const axes = merged(all);
  const along = (cursor: number): Axis | undefined => axes.find((a) => a.steps[cursor] === v.bytes && a.size >= v.lanes);
  const [read, write] = [along(from), along(to)];
  if (read === undefined || write === undefined || read === write) return undefined;
  const outer = axes.filter((a) => a !== read && a !== write);
  const made = module.add(`turn ${precision} ${axesKey([...outer, write, read])}`, () => {
    const frame = new Frame(2);
    const lane = Array.from({ length: v.lanes }, (_, i) => i);
    const x = lane.map((i) => frame.vector(i));
    const spare = lane.map((i) => frame.vector(v.lanes + i));
    const block = (high: number, wide: number): Code => [
      x.map((to, j) => [j < high ? loadSome(v, from, j * write.steps[from]!, wide) : zeroVector, local.set(to)]),
      transpose(v, x, spare),
      x.slice(0, wide).map((of, i) => scatter(v, to, i * read.steps[to]!, v.bytes, high, local.get(of))),
    ];
    const steps = (axis: Axis, by: number) => [from, to].map((cursor) => [cursor, by * axis.steps[cursor]!] as const);
    /** The whole of an axis by vectors, then what is left of it. */
    const blocks = (axis: Axis, inside: (size: number) => Code): Code => {
      const whole = Math.floor(axis.size / v.lanes);
      const rest = axis.size - whole * v.lanes;
      return [
        stepping(frame, whole, steps(axis, v.lanes), inside(v.lanes)),
        rest === 0 ? [] : inside(rest),
        steps(axis, -whole * v.lanes).map(([cursor, bytes]) => advance(cursor, bytes)),
      ];
    };
    const body = outer.reduceRight<Code>(
      (inside, axis) => walking(frame, axis.size, steps(axis, 1), inside),
      blocks(write, (high) => blocks(read, (wide) => block(high, wide))),
    );
    return { parameters: ["i32", "i32"], results: [], locals: frame.locals, body };
  });
  return { function: made, places: cursors.places };
}
