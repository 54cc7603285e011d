// Where boxes stand relative to each other in the unrolled views: rows of the states within a step, columns outside of steps, and what
// feeds every step, which stands below them.

import type { Box, Link } from "./boxes.ts";
import type { Slot, Vertex } from "./sketch.ts";

export const slotKey = (s: Slot): string => `${s.dim}/${s.size}/${s.t}`;
export const dimKey = (s: Slot): string => `${s.dim}/${s.size}`;

/** Which row each thread of steps has: inputs below, then by what rests on what within a step. */
export function rowsOf(boxes: readonly Box[], links: readonly Link[]): ReadonlyMap<Vertex["thread"], number> {
  const threads = [...new Set(boxes.flatMap((b) => (b.main.slot === undefined ? [] : [b.main.thread])))];
  const inputs = new Set(boxes.flatMap((b) => (b.main.placeholder === "input" ? [b.main.thread] : [])));
  const below = new Map<Vertex["thread"], Set<Vertex["thread"]>>(threads.map((t) => [t, new Set()]));
  for (const { from, to, back } of links) {
    const [a, b] = [from.main.slot, to.main.slot];
    if (a !== undefined && b !== undefined && !back && dimKey(a) === dimKey(b) && from.main.thread !== to.main.thread)
      below.get(to.main.thread)!.add(from.main.thread);
  }
  const depth = new Map<Vertex["thread"], number>();
  const find = (t: Vertex["thread"], open: ReadonlySet<Vertex["thread"]>): number => {
    const known = depth.get(t);
    if (known !== undefined) return known;
    if (inputs.has(t)) return 0;
    const d = 1 + Math.max(0, ...[...below.get(t)!].filter((u) => !open.has(u)).map((u) => find(u, new Set([...open, t]))));
    depth.set(t, d);
    return d;
  };
  const dims = new Map(boxes.flatMap((b) => (b.main.slot === undefined ? [] : [[b.main.thread, dimKey(b.main.slot)] as const])));
  const rows = new Map<Vertex["thread"], number>();
  for (const dim of new Set(dims.values())) {
    const own = threads.filter((t) => dims.get(t) === dim);
    let row = 0;
    for (const t of own) if (inputs.has(t)) rows.set(t, 0);
    const lowest = own.some((t) => inputs.has(t)) ? 1 : 0;
    for (const t of own.filter((u) => !inputs.has(u)).sort((a, b) => find(a, new Set()) - find(b, new Set()))) rows.set(t, lowest + row++);
  }
  return rows;
}

/** Columns from left to right: all steps of one dim are one stage. */
export function stagesOf(boxes: readonly Box[], links: readonly Link[]): ReadonlyMap<Box, number> {
  const unit = (b: Box): Box | string => (b.main.slot === undefined ? b : dimKey(b.main.slot));
  const rests = new Map<Box | string, Set<Box | string>>();
  for (const b of boxes) if (!rests.has(unit(b))) rests.set(unit(b), new Set());
  for (const { from, to } of links) if (unit(from) !== unit(to)) rests.get(unit(to))!.add(unit(from));
  const stage = new Map<Box | string, number>();
  // a box between two layers of one dim rests on it and is rested on: the edge that closes the circle does not count
  const find = (u: Box | string, open: ReadonlySet<Box | string>): number => {
    const known = stage.get(u);
    if (known !== undefined) return known;
    const path = new Set([...open, u]);
    const d = 1 + Math.max(-1, ...[...rests.get(u)!].filter((r) => !path.has(r)).map((r) => find(r, path)));
    stage.set(u, d);
    return d;
  };
  for (const u of rests.keys()) find(u, new Set());
  const lowest = (b: Box) => Math.min(...links.flatMap((l) => (l.from === b ? [stage.get(unit(l.to))!] : [])));
  const isLeaf = (b: Box) => b.main.slot === undefined && rests.get(b)!.size === 0;
  const first = Math.min(...boxes.flatMap((b) => (isLeaf(b) ? [] : [stage.get(unit(b))!])));
  const result = new Map<Box, number>();
  for (const b of boxes) {
    const near = isLeaf(b) ? lowest(b) : Number.POSITIVE_INFINITY;
    // what only a later box needs stands below it; what starts everything, or feeds steps, stands before it
    const steps = links.some((l) => l.from === b && l.to.main.slot !== undefined);
    result.set(b, Number.isFinite(near) ? (steps || near <= first ? near - 0.5 : near) : stage.get(unit(b))!);
  }
  return result;
}

/** What rests on several steps of one state: a loss at every step. */
export function collectorsOf(boxes: readonly Box[], links: readonly Link[]): readonly Box[] {
  const collect = boxes.filter((b) => {
    if (b.main.slot !== undefined) return false;
    const slots = new Map<unknown, Set<string>>();
    for (const l of links) {
      const { slot, thread } = l.from.main;
      if (l.to === b && slot !== undefined) slots.set(thread, (slots.get(thread) ?? new Set()).add(slotKey(slot)));
    }
    return [...slots.values()].some((s) => s.size > 1);
  });
  // with what only they use (the labels of a loss)
  const leaves = boxes.filter((b) => {
    const uses = links.filter((l) => l.from === b);
    return b.main.node.op.leaf === "input" && b.main.slot === undefined && uses.length > 0 && uses.every((l) => collect.includes(l.to));
  });
  return [...collect, ...leaves];
}

/** What feeds steps (word vectors, masks), with what that rests on: in the order in which it is made. For each dim. */
export function bandsOf(boxes: readonly Box[], links: readonly Link[]): ReadonlyMap<string, readonly Box[]> {
  const taken = new Set<Box>();
  const bands = new Map<string, Box[]>();
  for (const feeder of boxes) {
    if (feeder.main.slot !== undefined || taken.has(feeder)) continue;
    const fed = links.filter((l) => l.from === feeder && (l.to.main.placeholder === "input" || l.kind === "mask"));
    const slot = fed[0]?.to.main.slot;
    if (slot === undefined) continue;
    const band = bands.get(dimKey(slot)) ?? [];
    bands.set(dimKey(slot), band);
    const members = [feeder];
    taken.add(feeder);
    for (const m of members)
      for (const l of links)
        if (l.to === m && l.from.main.slot === undefined && !taken.has(l.from)) {
          taken.add(l.from);
          members.push(l.from);
        }
    band.push(...members.reverse());
  }
  return bands;
}
