// out[i] = value(i), elements in any order: axes are walked in the order in which they lie in `out`, and those that all places permit are made one. One of
// them is cut into vectors: the one that costs least, for a vector of elements that lie apart is loaded one by one.

import type { MapStatement, Precision } from "../loops.ts";
import { type Axis, along, axesKey, Body, Cursors, lanesOf, merged, nest, scaled, type Walk } from "./address.ts";
import type { Code, Module } from "./assembler.ts";
import { type Lanes, VectorCode, Vertices, verticesKey } from "./expression.ts";

/** A function of the module, and what its arguments point to. */
export interface Kernel {
  readonly function: number;
  readonly places: Cursors["places"];
}

export function mapKernel(module: Module, { sizes, out, value }: MapStatement, precision: Precision): Kernel {
  const cursors = new Cursors(sizes, precision);
  const vertices = new Vertices(cursors);
  const root = vertices.as(out.buffer.dtype, vertices.of(value));
  const pointer = cursors.pointer(out);
  const all = cursors.axes(sizes.map((_, i) => i));
  const step = (a: Axis): number => Math.abs(a.steps[pointer]!);
  const axes = merged([...all].sort((a, b) => step(b) - step(a)));
  const { outer, lanes } = cut(axes, cursors, precision, new Set([pointer]));
  const name = `map ${precision} ${axesKey([...outer, lanes])} ${verticesKey(vertices)} ${root}>${pointer}`;
  const made = module.add(name, () => {
    const body = new Body(cursors.count.pointers, cursors.count.counters);
    const vector = new VectorCode(module, precision, vertices.list, cursors, body);
    const fixed = vector.fixed(root, lanes);
    const one = (at: Lanes): Code => vector.store(pointer, out.buffer.dtype, at, vector.value(root, at, new Set(fixed.known)));
    const inner = overLanes(vector, lanes, precision, (list) => list.map(one));
    const walk = nest(body, outer, { code: [fixed.code, inner.code], moved: inner.moved });
    return { parameters: cursors.places.map(() => "i32"), results: [], locals: body.locals, body: walk.code };
  });
  return { function: made, places: cursors.places };
}

/** The axis that is cut into vectors (one of one element where there is none), and the others in their order. */
export function cut(
  axes: readonly Axis[],
  cursors: Cursors,
  precision: Precision,
  stored: ReadonlySet<number>,
): { readonly outer: readonly Axis[]; readonly lanes: Axis } {
  if (axes.length === 0) return { outer: [], lanes: cursors.point };
  // the others' sizes are a common factor: an element's cost decides
  const best = axes.reduce((x, y) => (elementCost(y, cursors, precision, stored) <= elementCost(x, cursors, precision, stored) ? y : x));
  return { outer: axes.filter((a) => a !== best), lanes: best };
}

/** Loads and stores for one element when vectors lie along an axis. */
export function elementCost(axis: Axis, cursors: Cursors, precision: Precision, stored: ReadonlySet<number>): number {
  const lanes = lanesOf(precision);
  const vector = axis.steps.slice(0, cursors.count.pointers).reduce((sum, step, cursor) => {
    const apart = Math.abs(step) !== 16 / lanes && step !== 4;
    return sum + (step === 0 && !stored.has(cursor) ? 0 : apart ? 1.5 * lanes : 1);
  }, 1);
  return (vector * Math.ceil(axis.size / lanes)) / axis.size;
}

/**
 * Code for all elements along an axis, a vector's worth at a time, and the rest of them with fewer lanes. `piece` gets as many vectors as shall be worked
 * on at once; it leaves the cursors where they were.
 */
export function overLanes(vector: VectorCode, axis: Axis, precision: Precision, piece: (lanes: readonly Lanes[]) => Code): Walk {
  const width = lanesOf(precision);
  const unroll = vector.weight <= 10 ? atOnce : vector.weight <= 24 ? 2 : 1;
  const turn = unroll * width;
  const pieces = (size: number): Code => {
    const code: Code[] = [];
    for (let from = 0; from < size; from += turn) {
      const list: Lanes[] = [];
      for (let first = from; first < Math.min(size, from + turn); first += width)
        list.push({ axis, first, count: Math.min(width, size - first) });
      code.push(piece(list));
    }
    return code;
  };
  const still = scaled(axis.steps, 0);
  const turns = Math.floor(axis.size / turn);
  if (turns < 2) return { code: pieces(axis.size), moved: still };
  const main = along(vector.body, { size: turns, steps: scaled(axis.steps, turn) }, { code: pieces(turn), moved: still });
  return { code: [main.code, pieces(axis.size - turns * turn)], moved: main.moved };
}

/** The most vectors that are worked on at once. */
export const atOnce = 4;
