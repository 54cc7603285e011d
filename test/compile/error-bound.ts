// How far a compiled program may be from the reference, element by element, derived from what is computed: the loop program is interpreted over intervals
// (intervals.ts) that hold the real result and every result that roundings, in any order of sums, can give. What is asserted is therefore as tight
// as the program is well conditioned, and a comparison or an id that rounding may turn is taken into account.

import * as E from "fp-ts/lib/Either.js";
import { expect } from "vitest";
import { loopsOf } from "../../src/compile/graph-loops.ts";
import type { Buffer, Expression, Loop, LoopProgram, Place, Precision, Statement } from "../../src/compile/loops.ts";
import { sizesOf } from "../../src/compile/places.ts";
import { leafValue } from "../../src/evaluate/evaluate.ts";
import { type Feeds, readFeeds } from "../../src/evaluate/feeds.ts";
import { graph } from "../../src/graph/graph.ts";
import { uniformAt } from "../../src/graph/random.ts";
import { nodesOf } from "../../src/graph/tree.ts";
import type { Data, Value } from "../../src/graph/value.ts";
import { hoistScans } from "../../src/recurrence/scan/hoist.ts";
import { indices } from "./interpret.ts";
import { anything, holds, hull, type Interval, Intervals, isAnything, isNone, none, point } from "./intervals.ts";

/** Of the elements of a buffer, or of an output. */
export interface Bounds {
  readonly lo: Float64Array;
  readonly hi: Float64Array;
}

/** The bounds of every output, in the order of the tree. */
export function boundsOf(
  outputs: unknown,
  feeds: Feeds,
  precision: Precision,
  { seed = 0, trainingStep = 0 }: { readonly seed?: number; readonly trainingStep?: number } = {},
): readonly Bounds[] {
  const checked = graph(outputs);
  if (E.isLeft(checked)) throw new Error("the graph has mistakes");
  const g = checked.right;
  const { outputs: roots } = hoistScans(nodesOf(outputs));
  const { program, places, statements } = loopsOf(g, roots);
  const intervals = new Intervals(precision);
  const memory = new Map<Buffer, Bounds>(program.buffers.map((b) => [b, { lo: new Float64Array(b.size), hi: new Float64Array(b.size) }]));
  const fill = (buffer: Buffer, data: Data | Value["data"]): void => {
    const { lo, hi } = memory.get(buffer)!;
    for (let i = 0; i < data.length; i++) ({ lo: lo[i], hi: hi[i] } = intervals.stored(data[i]!, buffer.dtype));
  };
  const fed = readFeeds(g, feeds, { nan: "allow" }).values;
  for (const node of [...g.inputs, ...g.parameters]) {
    const initial = (): Value => {
      const value = leafValue(node, { seed, trainingStep });
      if (E.isLeft(value)) throw new Error("no initial value");
      return value.right;
    };
    fill(places.get(node)!.buffer, (fed.get(node) ?? initial()).data);
  }
  for (const [buffer, data] of program.constants) fill(buffer, data);
  for (const { buffer, keyAt } of program.keys) fill(buffer, keyAt(seed, trainingStep));
  interpretBounds({ buffers: program.buffers, body: statements }, memory, intervals);
  return roots.map((root) => {
    const place = places.get(root)!;
    const { lo, hi } = memory.get(place.buffer)!;
    const at = [...indices(sizesOf(root))].map((index) => place.offset + index.reduce((sum, k, axis) => sum + k * place.strides[axis]!, 0));
    return { lo: Float64Array.from(at, (i) => lo[i]!), hi: Float64Array.from(at, (i) => hi[i]!) };
  });
}

/** The share of elements of which nothing is asserted. */
export function vagueness(bounds: readonly Bounds[]): number {
  const [all, vague] = bounds.reduce(
    ([n, v], { lo, hi }) => [n + lo.length, v + lo.filter((x, i) => isAnything({ lo: x, hi: hi[i]! })).length],
    [0, 0],
  );
  return all === 0 ? 0 : vague / all;
}

/** The first element that lies outside of its bounds, in words. */
export function outside({ lo, hi }: Bounds, found: ArrayLike<number>): string | undefined {
  for (let i = 0; i < lo.length; i++) {
    const [x, from, to] = [found[i]!, lo[i]!, hi[i]!];
    if (!holds({ lo: from, hi: to }, x)) return `element ${i} is ${x}, expected ${from} … ${to}`;
  }
  return undefined;
}

/** Every value within its bounds; and the reference, too, or the bounds would be wrong. */
export function expectWithin(label: string, bounds: readonly Bounds[], found: readonly Value[], wanted: readonly Value[]): void {
  bounds.forEach((bound, i) => {
    expect(found[i]!.data.length).toBe(bound.lo.length);
    const problem = outside(bound, found[i]!.data);
    if (problem !== undefined) expect.fail(`${label}, output ${i}: ${problem}`);
    const own = outside(bound, wanted[i]!.data);
    if (own !== undefined) expect.fail(`${label}, output ${i}, the reference: ${own}`);
  });
}

type Evaluate = (index: readonly number[]) => Interval;

function interpretBounds({ body }: LoopProgram, memory: ReadonlyMap<Buffer, Bounds>, intervals: Intervals): void {
  const steps = new Map<Loop, number>();
  const at = (p: Place, index: readonly number[]): number => {
    let where = p.offset;
    for (let i = 0; i < p.strides.length; i++) if (p.strides[i] !== 0) where += p.strides[i]! * index[i]!;
    for (const { loop, stride } of p.times) where += stride * steps.get(loop)!;
    return where;
  };
  const readAt = (buffer: Buffer, where: number): Interval => {
    const { lo, hi } = memory.get(buffer)!;
    if (!(where >= 0 && where < buffer.size)) throw new Error(`read outside of buffer ${buffer.id}`);
    return { lo: lo[where]!, hi: hi[where]! };
  };
  const read = (p: Place, index: readonly number[]): Interval => readAt(p.buffer, at(p, index));
  const writeAt = (buffer: Buffer, where: number, { lo, hi }: Interval): void => {
    const own = memory.get(buffer)!;
    own.lo[where] = lo;
    own.hi[where] = hi;
  };
  const write = (p: Place, index: readonly number[], value: Interval): void =>
    writeAt(p.buffer, at(p, index), intervals.cast(value, p.buffer.dtype));

  /** The expression as a list, operands first: what stands in it twice is computed once. */
  const compiled = (root: Expression): Evaluate => {
    const numbers = new Map<Expression, number>();
    const list: ((index: readonly number[], values: readonly Interval[]) => Interval)[] = [];
    const visit = (e: Expression): number => {
      const known = numbers.get(e);
      if (known !== undefined) return known;
      list.push(made(e));
      numbers.set(e, list.length - 1);
      return list.length - 1;
    };
    const made = (e: Expression): (typeof list)[number] => {
      switch (e.kind) {
        case "load":
          return (index) => read(e.from, index);
        case "constant": {
          const value = intervals.stored(e.value, e.dtype);
          return () => value;
        }
        case "index":
          return (index) => point(index[e.axis]!);
        case "cast": {
          const of = visit(e.operand);
          return (_, values) => intervals.cast(values[of]!, e.dtype);
        }
        case "dropout": {
          const factor = intervals.rounded(point(1 / (1 - e.rate)));
          return (index) => {
            const number = e.number.reduce((sum, s, i) => sum + s * index[i]!, 0);
            return uniformAt(read(e.key, index).lo >>> 0, number) < e.rate ? point(0) : factor;
          };
        }
        case "operation": {
          const of = e.operands.map(visit);
          return (_, values) =>
            intervals.operation(
              e.name,
              of.map((o) => values[o]!),
              e.dtype,
            );
        }
      }
    };
    const last = visit(root);
    const values = new Array<Interval>(list.length);
    return (index) => {
      for (const [i, f] of list.entries()) values[i] = f(index, values);
      return values[last]!;
    };
  };

  const evaluators = new Map<Statement, Evaluate>();
  const evaluatorOf = (s: Statement & { readonly value: Expression }): Evaluate => {
    const known = evaluators.get(s) ?? compiled(s.value);
    evaluators.set(s, known);
    return known;
  };

  const run = (s: Statement): void => {
    switch (s.kind) {
      case "map": {
        const value = evaluatorOf(s);
        for (const i of indices(s.sizes)) write(s.out, i, value(i));
        return;
      }
      case "reduce": {
        const value = evaluatorOf(s);
        const all = [...indices(s.reduced)];
        for (const i of indices(s.kept)) {
          const terms = all.map((k) => intervals.cast(value([...i, ...k]), "float"));
          write(s.out, i, s.by === "sum" ? intervals.sum(terms) : s.by === "max" ? largest(terms) : whereLargest(terms));
        }
        return;
      }
      case "contract": {
        const all = [...indices(s.terms)];
        for (const m of indices(s.rows))
          for (const n of indices(s.columns)) {
            const terms = all.map((k) => intervals.product(read(s.a, [...m, ...k]), read(s.b, [...m, ...n, ...k])));
            const total = intervals.sum(terms, 1);
            const out = [...m, ...n];
            write(s.out, out, s.accumulate ? intervals.operation("add", [read(s.out, out), total], "float") : total);
          }
        return;
      }
      case "gather":
      case "scatter": {
        for (const o of indices(s.outer))
          for (const k of indices(s.ids)) {
            const id = read(s.at, k);
            const certain = id.lo === id.hi;
            for (const i of indices(s.inner)) {
              const [rows, list] = s.kind === "gather" ? [s.table, s.out] : [s.out, s.updates];
              const first = at(rows, [...o, ...i]);
              let taken: Interval | undefined;
              for (let row = Math.max(0, id.lo); row <= Math.min(s.along - 1, id.hi); row++) {
                const where = first + row * s.stride;
                const old = readAt(rows.buffer, where);
                if (s.kind === "gather") taken = taken === undefined ? old : hull(taken, old);
                else {
                  const added = intervals.operation("add", [old, read(list, [...o, ...k, ...i])], "float");
                  writeAt(rows.buffer, where, certain ? added : hull(old, added));
                }
              }
              if (s.kind === "gather") write(list, [...o, ...k, ...i], taken ?? anything);
            }
          }
        return;
      }
      case "for":
        for (let i = 0; i < s.loop.steps; i++) {
          steps.set(s.loop, s.loop.backwards ? s.loop.steps - 1 - i : i);
          s.body.forEach(run);
        }
    }
  };
  body.forEach(run);
}

function largest(terms: readonly Interval[]): Interval {
  if (terms.some(isNone)) return none;
  if (terms.some(isAnything)) return anything;
  return terms.reduce((a, b) => ({ lo: Math.max(a.lo, b.lo), hi: Math.max(a.hi, b.hi) }), point(Number.NEGATIVE_INFINITY));
}

/** From the first to the last that can be it: none is that another one excels for certain, or one before it equals. */
function whereLargest(terms: readonly Interval[]): Interval {
  if (terms.length === 0) return point(0);
  if (terms.some(isAnything)) return { lo: 0, hi: terms.length - 1 };
  const first = terms.findIndex(isNone);
  if (first >= 0) return point(first);
  const best = Math.max(...terms.map((t) => t.lo));
  const leader = terms.findIndex((t) => t.lo === best);
  const can = terms.flatMap((t, i) => (i === leader || t.hi > best || (t.hi === best && i < leader) ? [i] : []));
  return { lo: can[0]!, hi: can.at(-1)! };
}
