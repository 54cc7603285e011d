// The layout of the unrolled views: time from left to right, each step a column, each state a row; what comes before the loop to the left
// of it, what feeds every step below it, what comes after to the right. Computed here, since Graphviz knows no grids.

import { type Box, type Ends, endsOf, type Link } from "./boxes.ts";
import { grouped, largest, smallest } from "./grouped.ts";
import { bandsOf, collectorsOf, dimKey, rowsOf, slotKey, stagesOf } from "./ranks.ts";
import type { Slot } from "./sketch.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Placed {
  readonly at: ReadonlyMap<Box, Point>;
  readonly columns: readonly { readonly slot: Slot; readonly left: number; readonly right: number; readonly rows: number }[];
  /** Boxes that rest on several steps: above the steps, in a row with what is put there. */
  readonly collectors: readonly Box[];
  /** Of all other boxes. */
  readonly bottom: number;
  readonly top: number;
  readonly left: number;
}

export interface GridOptions {
  readonly widthOf: (b: Box) => number;
  /** Room that a column needs to the right of its boxes. */
  readonly beside: number;
  readonly rowHeight: number;
  /** Room between columns. */
  readonly gap: number;
}

type Places = Map<Box, Point>;

export function grid(boxes: readonly Box[], links: readonly Link[], options: GridOptions): Placed {
  const { widthOf, beside, rowHeight, gap } = options;
  const rows = rowsOf(boxes, links);
  const ends = endsOf(links);
  const bands = bandsOf(boxes, ends);
  const inBand = new Set([...bands.values()].flat());
  const collectors = collectorsOf(boxes, ends).filter((b) => !inBand.has(b));
  const collecting = new Set(collectors);
  const orderOf = new Map(collectors.map((c, i) => [c, i]));
  const shift = staggerOf(rows, links);
  const stages = stagesOf(boxes, links, ends);
  const collectorsAt = grouped(collectors, (c) => stages.get(c)!);
  // what only collectors use stands under the first of them
  const userOf = (leaf: Box): Box => {
    const users = ends.outOf(leaf).map((l) => orderOf.get(l.to) ?? Number.POSITIVE_INFINITY);
    return collectors[smallest(users, Number.POSITIVE_INFINITY)]!;
  };
  const at: Places = new Map();
  const columns: { slot: Slot; left: number; right: number; rows: number }[] = [];
  let x = 0;
  let highest = Number.NEGATIVE_INFINITY;
  for (const [stage, ofStage] of [...grouped(boxes, (b) => stages.get(b)!)].sort(([a], [b]) => a - b)) {
    const here = ofStage.filter((b) => !inBand.has(b) && !collecting.has(b));
    const bySlot = grouped(here, (b) => (b.main.slot === undefined ? undefined : slotKey(b.main.slot)));
    const inSteps = [...bySlot].flatMap(([key, list]) => (key === undefined ? [] : [{ slot: list[list.length - 1]!.main.slot!, list }]));
    for (const { slot, list: inside } of inSteps.sort((a, b) => a.slot.t - b.slot.t)) {
      const byRow = grouped(inside, (b) => rows.get(b.main.thread)!);
      const spread = (list: readonly Box[]) => list.reduce((w, b) => w + widthOf(b) + 12, -12);
      const width = largest([...byRow.values()].map(spread), Number.NEGATIVE_INFINITY) + 2 * shift;
      for (const [row, list] of byRow) {
        const aside = row === 0 ? 0 : row % 2 === 1 ? -shift : shift;
        inARow(list, x + width / 2 + aside, row * rowHeight, 12, widthOf, at);
      }
      const own = slot.until === undefined ? beside : beside * 0.5;
      const top = largest(byRow.keys(), 0);
      columns.push({ slot, left: x - 12, right: x + width + own + 12, rows: top });
      highest = Math.max(highest, top);
      x += width + own + 24 + gap;
    }
    for (const c of collectorsAt.get(stage) ?? []) {
      const xs = ends.into(c).flatMap((l) => (l.from.main.slot !== undefined && at.has(l.from) ? [at.get(l.from)!.x] : []));
      const mean = xs.reduce((a, b) => a + b, 0) / Math.max(1, xs.length);
      at.set(c, { x: xs.length === 0 ? at.get(userOf(c))!.x : mean, y: (highest + 1.15) * rowHeight });
    }
    const free = bySlot.get(undefined) ?? [];
    if (free.length > 0) {
      const width = largest(free.map(widthOf), 0);
      placeFree(free, ends, at, x + width / 2, rowHeight);
      x += width + beside + gap;
    }
  }
  const columnsOf = grouped(columns, (c) => dimKey(c.slot));
  for (const [dim, band] of bands) {
    const own = columnsOf.get(dim)!;
    inARow(band, (own[0]!.left + own[own.length - 1]!.right) / 2, -rowHeight, gap, widthOf, at);
  }
  const ys = [...at].flatMap(([b, p]) => (collecting.has(b) ? [] : [p.y]));
  return {
    at,
    columns,
    collectors,
    bottom: smallest(ys, 0),
    top: largest(ys, 0),
    left: smallest(
      boxes.map((b) => at.get(b)!.x - widthOf(b) / 2),
      0,
    ),
  };
}

/** Side by side, around a middle. */
function inARow(list: readonly Box[], middle: number, y: number, gap: number, widthOf: (b: Box) => number, at: Places): void {
  let left = middle - list.reduce((w, b) => w + widthOf(b) + gap, -gap) / 2;
  for (const b of list) {
    at.set(b, { x: left + widthOf(b) / 2, y });
    left += widthOf(b) + gap;
  }
}

/** An arrow that passes a row within a step would be hidden by that row's box: then rows stand aside by turns. */
function staggerOf(rows: ReadonlyMap<unknown, number>, links: readonly Link[]): number {
  const passes = links.some(
    ({ from, to, back }) =>
      !back && from.main.slot !== undefined && to.main.slot !== undefined && rows.get(to.main.thread)! - rows.get(from.main.thread)! > 1,
  );
  return passes ? 42 : 0;
}

/** A column of boxes outside of steps: each at the height of what it rests on, what only it needs below it. */
function placeFree(free: readonly Box[], { into, outOf }: Ends, at: Places, x: number, rowHeight: number): void {
  const isLeaf = (b: Box) => into(b).length === 0;
  const mean = (values: readonly number[]) => (values.length === 0 ? 0 : values.reduce((a, b) => a + b) / values.length);
  const wanted = new Map<Box, number>();
  for (const b of free) if (!isLeaf(b)) wanted.set(b, mean(into(b).flatMap((l) => (at.has(l.from) ? [at.get(l.from)!.y] : []))));
  for (const b of free) {
    if (!isLeaf(b)) continue;
    const users = outOf(b).map((l) => (wanted.has(l.to) ? wanted.get(l.to)! - rowHeight : (at.get(l.to)?.y ?? 0)));
    wanted.set(b, users.length === 0 ? 0 : mean(users));
  }
  // from above to below, each at least a row under the one before; leaves right under what needs them
  const here = new Set(free);
  const userOf = (leaf: Box): Box | undefined => outOf(leaf).find((l) => here.has(l.to))?.to;
  const under = grouped(free.filter(isLeaf), userOf);
  const byHeight = (a: Box, b: Box) => wanted.get(b)! - wanted.get(a)!;
  const heads = free.filter((b) => !isLeaf(b) || userOf(b) === undefined).sort(byHeight);
  const sorted = heads.flatMap((h) => [h, ...(under.get(h) ?? [])]);
  let y = Number.POSITIVE_INFINITY;
  const found = sorted.map((b) => {
    y = Math.min(wanted.get(b)!, y - rowHeight);
    return y;
  });
  for (const [i, b] of sorted.entries()) at.set(b, { x, y: found[i]! });
}
