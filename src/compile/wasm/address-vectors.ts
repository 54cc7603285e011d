// Which axis is cut into vectors, and how: the one that costs least, for a vector of elements that lie apart is loaded one by one; several vectors at once,
// where little is done with each.

import type { Precision } from "../loops.ts";
import { type Axis, along, type Cursors, lanesOf, scaled, type Walk } from "./address.ts";
import type { Code } from "./assembler.ts";
import type { Lanes, VectorCode } from "./expression-code.ts";

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
export function overLanes(
  vector: VectorCode,
  axis: Axis,
  precision: Precision,
  piece: (lanes: readonly Lanes[]) => Code,
  unroll: number = vector.weight <= 10 ? atOnce : vector.weight <= 24 ? 2 : 1,
): Walk {
  const width = lanesOf(precision);
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
