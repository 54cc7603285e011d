// The layout of the unrolled views: time from left to right, each step a column, each state a row; what comes before the loop to the left
// of it, what feeds every step below it, what comes after to the right. Computed here, since Graphviz knows no grids.

import type { Box, Link } from "./boxes.ts";
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
  const bands = bandsOf(boxes, links);
  const inBand = new Set([...bands.values()].flat());
  const collectors = collectorsOf(boxes, links).filter((b) => !inBand.has(b));
  const collecting = new Set(collectors);
  const shift = staggerOf(rows, links);
  const stages = stagesOf(boxes, links);
  const at: Places = new Map();
  const columns: { slot: Slot; left: number; right: number; rows: number }[] = [];
  let x = 0;
  for (const stage of [...new Set(stages.values())].sort((a, b) => a - b)) {
    const here = boxes.filter((b) => stages.get(b) === stage && !inBand.has(b) && !collecting.has(b));
    const slots = new Map(here.flatMap((b) => (b.main.slot === undefined ? [] : [[slotKey(b.main.slot), b.main.slot] as const])));
    for (const slot of [...slots.values()].sort((a, b) => a.t - b.t)) {
      const inside = here.filter((b) => b.main.slot !== undefined && slotKey(b.main.slot) === slotKey(slot));
      const byRow = new Map<number, Box[]>();
      for (const b of inside) byRow.set(rows.get(b.main.thread)!, [...(byRow.get(rows.get(b.main.thread)!) ?? []), b]);
      const spread = (list: readonly Box[]) => list.reduce((w, b) => w + widthOf(b) + 12, -12);
      const width = Math.max(...[...byRow.values()].map(spread)) + 2 * shift;
      for (const [row, list] of byRow) {
        const aside = row === 0 ? 0 : row % 2 === 1 ? -shift : shift;
        inARow(list, x + width / 2 + aside, row * rowHeight, 12, widthOf, at);
      }
      const own = slot.until === undefined ? beside : beside * 0.5;
      columns.push({ slot, left: x - 12, right: x + width + own + 12, rows: Math.max(...byRow.keys()) });
      x += width + own + 24 + gap;
    }
    for (const c of collectors) {
      if (stages.get(c) !== stage) continue;
      const xs = links.flatMap((l) => (l.to === c && l.from.main.slot !== undefined && at.has(l.from) ? [at.get(l.from)!.x] : []));
      const mean = xs.reduce((a, b) => a + b, 0) / Math.max(1, xs.length);
      at.set(c, {
        x: xs.length === 0 ? at.get(collectors.find((d) => links.some((l) => l.from === c && l.to === d))!)!.x : mean,
        y: (Math.max(...columns.map((d) => d.rows)) + 1.15) * rowHeight,
      });
    }
    const free = here.filter((b) => b.main.slot === undefined);
    if (free.length > 0) {
      const width = Math.max(...free.map(widthOf));
      placeFree(free, links, at, x + width / 2, rowHeight);
      x += width + beside + gap;
    }
  }
  for (const [dim, band] of bands) {
    const own = columns.filter((c) => dimKey(c.slot) === dim);
    inARow(band, (own[0]!.left + own[own.length - 1]!.right) / 2, -rowHeight, gap, widthOf, at);
  }
  const ys = [...at].flatMap(([b, p]) => (collecting.has(b) ? [] : [p.y]));
  return {
    at,
    columns,
    collectors,
    bottom: Math.min(0, ...ys),
    top: Math.max(0, ...ys),
    left: Math.min(0, ...boxes.map((b) => at.get(b)!.x - widthOf(b) / 2)),
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
function placeFree(free: readonly Box[], links: readonly Link[], at: Places, x: number, rowHeight: number): void {
  const isLeaf = (b: Box) => !links.some((l) => l.to === b);
  const mean = (values: readonly number[]) => (values.length === 0 ? 0 : values.reduce((a, b) => a + b) / values.length);
  const wanted = new Map<Box, number>();
  for (const b of free)
    if (!isLeaf(b)) wanted.set(b, mean(links.flatMap((l) => (l.to === b && at.has(l.from) ? [at.get(l.from)!.y] : []))));
  for (const b of free) {
    if (!isLeaf(b)) continue;
    const users = links.flatMap((l) => (l.from === b ? [wanted.has(l.to) ? wanted.get(l.to)! - rowHeight : (at.get(l.to)?.y ?? 0)] : []));
    wanted.set(b, users.length === 0 ? 0 : mean(users));
  }
  // from above to below, each at least a row under the one before; leaves right under what needs them
  const userOf = (leaf: Box): Box | undefined => links.find((l) => l.from === leaf && free.includes(l.to))?.to;
  const byHeight = (a: Box, b: Box) => wanted.get(b)! - wanted.get(a)!;
  const heads = free.filter((b) => !isLeaf(b) || userOf(b) === undefined).sort(byHeight);
  const sorted = heads.flatMap((h) => [h, ...free.filter((b) => isLeaf(b) && userOf(b) === h)]);
  let y = Number.POSITIVE_INFINITY;
  const found = sorted.map((b) => {
    y = Math.min(wanted.get(b)!, y - rowHeight);
    return y;
  });
  for (const [i, b] of sorted.entries()) at.set(b, { x, y: found[i]! });
}
