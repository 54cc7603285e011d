// What a loop program means: an interpreter, element by element, in the plainest way. f32 programs round after every operation.

import type { Buffer, Expression, Loop, LoopProgram, Operation, Place, Precision, Statement } from "../../src/compile/loops.ts";
import { uniformAt } from "../../src/graph/random.ts";
import { numbers } from "../../src/ops/numbers.ts";

/** The elements of a buffer; truth values as 0 and 1. */
export type Memory = Map<Buffer, Float64Array | Float32Array | Int32Array>;

export function memoryFor(buffers: readonly Buffer[], precision: Precision): Memory {
  return new Map(
    buffers.map((b) => [
      b,
      b.dtype !== "float" ? new Int32Array(b.size) : precision === "f64" ? new Float64Array(b.size) : new Float32Array(b.size),
    ]),
  );
}

/** Runs the program on the memory: 0, or the fault of the last statement that met an id out of range, and moved nothing. */
export function interpret(program: LoopProgram, memory: Memory, precision: Precision): number {
  const round = precision === "f32" ? Math.fround : (x: number) => x;
  const steps = new Map<Loop, number>();

  const at = (p: Place, index: readonly number[]): number =>
    p.offset +
    p.strides.reduce((sum, s, i) => sum + (s === 0 ? 0 : s * index[i]!), 0) +
    p.times.reduce((sum, t) => sum + t.stride * steps.get(t.loop)!, 0);
  /** The place, with its first indices given: what is left depends on the others. */
  const fixed = (p: Place, first: readonly number[]): Place => ({
    ...p,
    offset: at({ ...p, strides: p.strides.slice(0, first.length) }, first),
    strides: p.strides.slice(first.length),
    times: [],
  });
  const read = (p: Place, index: readonly number[]): number => {
    const value = memory.get(p.buffer)![at(p, index)];
    if (value === undefined) throw new Error(`read outside of buffer ${p.buffer.id}`);
    return value;
  };
  const write = (p: Place, index: readonly number[], value: number): void => {
    const where = at(p, index);
    if (!(where >= 0 && where < p.buffer.size)) throw new Error(`write outside of buffer ${p.buffer.id}`);
    memory.get(p.buffer)![where] = value;
  };

  const valueAt = (root: Expression, index: readonly number[]): number => {
    const known = new Map<Expression, number>();
    const value = (e: Expression): number => {
      const had = known.get(e);
      if (had !== undefined) return had;
      const made = computed(e);
      known.set(e, made);
      return made;
    };
    const computed = (e: Expression): number => {
      switch (e.kind) {
        case "load":
          return read(e.from, index);
        case "constant":
          return e.dtype === "float" ? round(e.value) : e.value;
        case "index":
          return index[e.axis]!;
        case "cast":
          return cast(value(e.operand), e.dtype);
        case "dropout": {
          const number = e.number.reduce((sum, s, i) => sum + s * index[i]!, e.first);
          return uniformAt(read(e.key, index) >>> 0, number) < e.rate ? 0 : round(1 / (1 - e.rate));
        }
        case "operation":
          return operation(e.name, e.operands.map(value), e.dtype);
      }
    };
    return value(root);
  };

  const cast = (value: number, dtype: Expression["dtype"]): number =>
    dtype === "float" ? round(value) : dtype === "int" ? value | 0 : value === 0 ? 0 : 1;
  const operation = (name: Operation, x: readonly number[], dtype: Expression["dtype"]): number => {
    if (dtype === "int" && name === "mul") return Math.imul(x[0]!, x[1]!);
    return cast((numbers[name] as (...x: readonly number[]) => number)(...x), dtype);
  };

  let fault = 0;
  const run = (s: Statement): void => {
    switch (s.kind) {
      case "map":
        for (const i of indices(s.sizes)) write(s.out, i, valueAt(s.value, i));
        return;
      case "reduce": {
        const terms = [...indices(s.reduced)];
        for (const i of indices(s.kept)) {
          let best = s.by === "sum" ? 0 : Number.NEGATIVE_INFINITY;
          let where = 0;
          terms.forEach((k, n) => {
            const value = valueAt(s.value, [...i, ...k]);
            if (s.by === "sum") best = round(best + value);
            else if (value > best || (Number.isNaN(value) && !Number.isNaN(best))) [best, where] = [value, n];
          });
          write(s.out, i, s.by === "argmax" ? where : best);
        }
        return;
      }
      case "contract": {
        const terms = [...indices(s.terms)];
        for (const m of indices(s.rows)) {
          const a = fixed(s.a, m);
          for (const n of indices(s.columns)) {
            const b = fixed(s.b, [...m, ...n]);
            let total = 0;
            for (const k of terms) total = round(total + round(read(a, k) * read(b, k)));
            write(s.out, [...m, ...n], s.accumulate ? round(read(s.out, [...m, ...n]) + total) : total);
          }
        }
        return;
      }
      case "gather":
      case "scatter": {
        if ([...indices(s.ids)].some((k) => !(read(s.at, k) >= 0 && read(s.at, k) < s.along))) {
          fault = s.fault;
          return;
        }
        for (const o of indices(s.outer))
          for (const k of indices(s.ids))
            for (const i of indices(s.inner)) {
              const list = s.kind === "gather" ? s.out : s.updates;
              const rows = s.kind === "gather" ? s.table : s.out;
              const row = { ...rows, offset: rows.offset + read(s.at, k) * s.stride };
              if (s.kind === "gather") write(list, [...o, ...k, ...i], read(row, [...o, ...i]));
              else write(row, [...o, ...i], round(read(row, [...o, ...i]) + read(list, [...o, ...k, ...i])));
            }
        return;
      }
      case "for":
        for (const t of roundsOf(s.loop, (p) => read(p, []))) {
          steps.set(s.loop, t);
          for (const inner of s.body) run(inner);
        }
        return;
    }
  };

  for (const s of program.body) run(s);
  return fault;
}

/** The steps of a loop, in its direction. */
export function roundsOf({ steps, backwards, range }: Loop, read: (place: Place) => number): readonly number[] {
  if (range !== undefined) {
    const [from, to] = [read(range.from), read(range.to)];
    return Array.from({ length: Math.max(0, to - from) }, (_, i) => (backwards ? to - 1 - i : from + i));
  }
  return Array.from({ length: steps }, (_, i) => (backwards ? steps - 1 - i : i));
}

/** All indices of a space, the last axis fastest. */
export function* indices(sizes: readonly number[]): Generator<readonly number[]> {
  const [size, ...rest] = sizes;
  if (size === undefined) yield [];
  else for (let i = 0; i < size; i++) for (const inner of indices(rest)) yield [i, ...inner];
}
