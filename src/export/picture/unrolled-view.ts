// The unrolled picture: a frame for each time step, one box for each state in it, every parameter once with an arrow to each use.

import { arrowsOnly, type Box, boxesOf, endsOf, isMask, isParameter, type Link, type View } from "./boxes.ts";
import { linesOf, roleOf } from "./describe.ts";
import { grid, type Placed, type Point } from "./grid.ts";
import type { Frame, Picture, PictureBox, PictureEdge } from "./print.ts";
import { slotKey } from "./ranks.ts";
import type { Vertex } from "./sketch.ts";
import type { Unrolled } from "./unrolled.ts";

/** In a step, states and what leaves it are shown; the rest is how they are computed. */
export function stepView({ vertices }: Unrolled, silent?: View["silent"]): View {
  const arrow = arrowsOnly(vertices);
  const leaves = new Set<Vertex>();
  for (const v of vertices) for (const w of v.wires) if (w.from.cell !== undefined && w.from.cell !== v.cell) leaves.add(w.from);
  const absorbed = (v: Vertex): boolean =>
    v.cell === undefined || v.placeholder === "input" ? arrow(v) : !v.state && v.output === undefined && !leaves.has(v);
  return silent === undefined ? { absorbed } : { absorbed, silent };
}

/** The width of a box of this text in points, as Graphviz guesses it: a character outside of ASCII as so many spaces as it has bytes. */
export function textWidth(lines: readonly string[]): number {
  const wide = (c: string) => (c < "\u0080" ? 6.3 : c < "\u0800" ? 6.7 : 10);
  return Math.max(36, ...lines.map((l) => [...l].reduce((w, c) => w + wide(c), 22)));
}

/** Text of a box; steps that stand for several show only that. */
export function boxLines(b: Box): readonly string[] {
  return b.main.ellipsis ? ["⋯"] : linesOf(b);
}

export function unrolledPicture(sketch: Unrolled, title: string | undefined): Picture {
  const { boxes, links } = boxesOf(sketch.vertices, stepView(sketch));
  const isWeight = (b: Box) => isParameter(b.main.node) && b.main.output === undefined;
  const own = boxes.filter((b) => !isWeight(b));
  const ownLinks = links.filter((l) => !isWeight(l.from));
  const rowHeight = 92;
  const placed = grid(own, ownLinks, { widthOf: (b) => textWidth(boxLines(b)), beside: 0, rowHeight, gap: 34 });
  const weights = merged(boxes.filter(isWeight), links);
  const spots = besideSteps(weights, placed, rowHeight);
  const frames = framesOf(placed, rowHeight, 0);
  const shown: PictureBox[] = own.map((b) => ({
    id: b.id,
    lines: boxLines(b),
    role: roleOf(b),
    frame: frameOf(b),
    ...(spots.collectors.get(b) ?? placed.at.get(b)!),
  }));
  const shownWeights: PictureBox[] = weights.map((w, i) => ({ id: w.id, lines: w.lines, role: "parameter", ...spots.weights[i]! }));
  const edges: PictureEdge[] = [
    ...ownLinks.map((l) => edgeOf(l)),
    ...weights.flatMap((w) => w.to.map((b): PictureEdge => ({ from: w.id, to: b.id, role: "weight" }))),
  ];
  const bottom = Math.min(placed.bottom, ...spots.weights.map((s) => s.y));
  return {
    title,
    pinned: true,
    boxes: [...shown, ...shownWeights],
    edges,
    frames,
    legend: { x: placed.left, y: bottom - rowHeight * 0.75 },
  };
}

/**
 * Parameters above what uses them, in a row with what collects from all steps; those of a lower row of states below, so that their arrows need
 * not pass the upper rows.
 */
function besideSteps(
  weights: readonly Weights[],
  placed: Placed,
  rowHeight: number,
): { readonly weights: readonly Point[]; readonly collectors: ReadonlyMap<Box, Point> } {
  const { collectors, at } = placed;
  const collecting = new Set(collectors);
  const first = Math.min(placed.top, rowHeight);
  const middle = (placed.top + first) / 2;
  const heightOf = ({ to }: Weights) => to.reduce((sum, b) => sum + at.get(b)!.y, 0) / to.length;
  const rowOf = (w: Weights): "top" | "above" | "below" =>
    w.to.every((b) => collecting.has(b)) ? "top" : heightOf(w) >= middle - 1 ? "above" : "below";
  const spots: Point[] = new Array(weights.length);
  const placedCollectors = new Map<Box, Point>();
  const item = (i: number) => ({
    width: textWidth(weights[i]!.lines),
    over: weights[i]!.to.map((b) => placedCollectors.get(b)?.x ?? at.get(b)!.x),
  });
  const ofRow = (row: string) => weights.map((_, i) => i).filter((i) => rowOf(weights[i]!) === row);

  const upper = ofRow("above");
  const y = Math.max(placed.top + rowHeight * 1.15, ...collectors.map((c) => at.get(c)!.y));
  const xs = above([...upper.map(item), ...collectors.map((c) => ({ width: textWidth(boxLines(c)), over: [at.get(c)!.x] }))]);
  for (const [k, i] of upper.entries()) spots[i] = { x: xs[k]!, y };
  for (const [k, c] of collectors.entries()) placedCollectors.set(c, { x: xs[upper.length + k]!, y });
  const top = ofRow("top");
  for (const [k, x] of above(top.map(item)).entries()) spots[top[k]!] = { x, y: y + rowHeight };
  const lower = ofRow("below");
  for (const [k, x] of above(lower.map(item)).entries()) spots[lower[k]!] = { x, y: placed.bottom - rowHeight };
  return { weights: spots, collectors: placedCollectors };
}

export function frameOf(b: Box): string | undefined {
  return b.main.slot === undefined ? undefined : `step/${slotKey(b.main.slot)}`;
}

export function framesOf({ columns }: Placed, rowHeight: number, extra: number): readonly Frame[] {
  return columns.map(({ slot, left, right, rows }) => ({
    id: `step/${slotKey(slot)}`,
    label: slot.until === undefined ? `${slot.dim} = ${slot.t}` : "",
    bare: slot.until !== undefined,
    corners: [left, -rowHeight * 0.38, right, (rows + 0.5) * rowHeight + extra],
  }));
}

function edgeOf(l: Link): PictureEdge {
  return { from: l.from.id, to: l.to.id, role: isMask(l) ? "mask" : l.back ? "recurrent" : "data" };
}

interface Weights {
  readonly id: string;
  readonly lines: readonly string[];
  readonly to: readonly Box[];
}

/** Parameters by where they go: many that go to the same places are one box (an LSTM has twelve). */
export function merged(weights: readonly Box[], links: readonly Link[]): readonly Weights[] {
  const groups = new Map<string, { readonly to: readonly Box[]; readonly boxes: Box[] }>();
  const { outOf } = endsOf(links);
  for (const w of weights) {
    const to = outOf(w).map((l) => l.to);
    const key = to.map((b) => b.id).join();
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { to, boxes: [w] });
    else known.boxes.push(w);
  }
  return [...groups.values()].flatMap(({ to, boxes }) =>
    boxes.length <= 3
      ? boxes.map((b) => ({ id: b.id, lines: linesOf(b), to }))
      : [{ id: boxes[0]!.id, lines: wrapped(boxes.map((b) => linesOf(b)[0]!)), to }],
  );
}

export function wrapped(names: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (let i = 0; i < names.length; i += 3) lines.push(names.slice(i, i + 3).join(", ") + (i + 3 < names.length ? "," : ""));
  return lines;
}

/** Places in a row, each over the middle of what it belongs to, as far as there is room. */
export function above(items: readonly { readonly width: number; readonly over: readonly number[] }[]): readonly number[] {
  const middle = items.map(({ over }) => (over.length === 0 ? 0 : over.reduce((a, b) => a + b) / over.length));
  const order = items.map((_, i) => i).sort((a, b) => middle[a]! - middle[b]!);
  const found = [...middle];
  // neighbours are pushed apart evenly, a few rounds
  for (let round = 0; round < 60; round++) {
    for (let k = 1; k < order.length; k++) {
      const [a, b] = [order[k - 1]!, order[k]!];
      const short = (items[a]!.width + items[b]!.width) / 2 + 18 - (found[b]! - found[a]!);
      if (short <= 0.1) continue;
      found[a] = found[a]! - short / 2;
      found[b] = found[b]! + short / 2;
    }
  }
  return found;
}
