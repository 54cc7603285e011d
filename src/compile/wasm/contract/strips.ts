// Columns dealt out to tiles. A strip is a number of panels of one width, which follow each other, and the height of the tiles that go down them: what is
// best depends on how many rows there are, for all sums of a tile, and what they are made from, are to stand in registers.

import type { Vectors } from "./emit.ts";
import { panels } from "./tile.ts";

/** Most rows and vectors of a tile. Sums and what they are made from are to fit 16 registers; fewer than six sums would wait for each other. */
function tileOf(rows: number, columns: number, v: Vectors, turning: boolean): { readonly rows: number; readonly wide: number } {
  if (turning) return { rows, wide: rows === 1 ? (v.lanes === 4 ? 4 : 6) : rows === 2 ? 3 : 2 };
  const wide = Math.ceil(columns / v.lanes);
  if (rows === 1) return { rows, wide: 12 };
  if (rows > 3 && wide === 1) return { rows: 6, wide };
  if (rows > 3 && wide === 2) return { rows: 5, wide };
  return rows === 3 || wide === 3 || wide === 6 ? { rows: 3, wide: 3 } : { rows: 2, wide: 5 };
}

/** Panels of columns that follow each other, and how many rows a tile over them has. */
export interface Strip {
  readonly count: number;
  readonly widths: readonly number[];
  readonly rows: number;
}

/** Rows of a packed left operand that stand together: tiles of two rows and of three find theirs, and copies are of whole vectors. */
export const together = 12;

/**
 * Columns dealt out to tiles. Those of five vectors are the fastest, then those of three, of two, of four: what is left over from five goes to three or
 * two. `grouped`: the left operand is packed.
 */
export function stripsOf(
  rows: number,
  columns: number,
  v: Vectors,
  { turning = false, grouped = false }: { readonly turning?: boolean; readonly grouped?: boolean } = {},
): readonly Strip[] {
  const { rows: high, wide } = tileOf(rows, columns, v, turning);
  const whole = Math.ceil(columns / v.lanes);
  const narrow = turning || wide !== 5 || rows < 4 ? 0 : whole === 4 ? 4 : whole > 5 ? [0, 6, 2, 3, 9][whole % 5]! : 0;
  const first = Math.min(columns, (whole - narrow) * v.lanes);
  const of = (size: number, most: number, rows: number): readonly Strip[] =>
    size === 0 ? [] : panels(size, v.lanes, most).map((p) => ({ ...p, rows }));
  return [
    ...of(first, wide, high),
    ...(narrow === 2 || narrow === 4 ? of(columns - first, 2, grouped ? 3 : 5) : of(columns - first, 3, 3)),
  ];
}

/** With so few rows threads share the columns: strips of one width, as many for each thread. Undefined where no width divides the columns so. */
export function sharedStrips(
  rows: number,
  columns: number,
  v: Vectors,
  threads: number,
): readonly Pick<Strip, "count" | "widths">[] | undefined {
  const each = columns / v.lanes / threads; // vectors
  const { wide } = tileOf(rows, columns, v, false);
  const widest = [...Array(wide + 1).keys()].reverse().find((width) => width >= 4 && each % width === 0);
  return widest === undefined ? undefined : [{ count: (threads * each) / widest, widths: new Array<number>(widest).fill(v.lanes) }];
}

/** As many of a size as there are, and what is left over. */
export function chunks(size: number, of: number): readonly { readonly count: number; readonly size: number }[] {
  return [
    { count: Math.floor(size / of), size: of },
    { count: size % of === 0 ? 0 : 1, size: size % of },
  ].filter(({ count }) => count > 0);
}
