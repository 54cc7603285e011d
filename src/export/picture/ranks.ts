// Where boxes stand relative to each other in the unrolled views: rows of the states within a step, columns outside of steps, and what
// feeds every step, which stands below them.

import type { Box, Ends, Link } from "./boxes.ts";
import { grouped, smallest } from "./grouped.ts";
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
  const levels = levelsOf(threads, (t) => (inputs.has(t) ? [] : below.get(t)!));
  const dims = new Map(boxes.flatMap((b) => (b.main.slot === undefined ? [] : [[b.main.thread, dimKey(b.main.slot)] as const])));
  const rows = new Map<Vertex["thread"], number>();
  for (const own of grouped(threads, (t) => dims.get(t)).values()) {
    const states = own.filter((t) => !inputs.has(t)).sort((a, b) => levels.get(a)! - levels.get(b)!);
    const lowest = states.length < own.length ? 1 : 0;
    for (const t of own) if (inputs.has(t)) rows.set(t, 0);
    for (const [i, t] of states.entries()) rows.set(t, lowest + i);
  }
  return rows;
}

/** How many stand below each one, on the longest way down. What closes a circle does not count. Without recursion: a way may be as long as a graph. */
function levelsOf<U>(units: Iterable<U>, rests: (u: U) => Iterable<U>): ReadonlyMap<U, number> {
  const levels = new Map<U, number>();
  for (const start of units) {
    if (levels.has(start)) continue;
    const enter = (of: U) => ({ of, left: rests(of)[Symbol.iterator](), level: 0 });
    const way = [enter(start)];
    const open = new Set<U>([start]);
    while (way.length > 0) {
      const top = way[way.length - 1]!;
      const { done, value } = top.left.next();
      if (done === true) {
        levels.set(top.of, top.level);
        open.delete(top.of);
        way.pop();
        const above = way[way.length - 1];
        if (above !== undefined) above.level = Math.max(above.level, top.level + 1);
        continue;
      }
      const known = levels.get(value);
      if (known !== undefined) top.level = Math.max(top.level, known + 1);
      else if (!open.has(value)) {
        open.add(value);
        way.push(enter(value));
      }
    }
  }
  return levels;
}

/** Columns from left to right: all steps of one dim are one stage. */
export function stagesOf(boxes: readonly Box[], links: readonly Link[], { outOf }: Ends): ReadonlyMap<Box, number> {
  const unit = (b: Box): Box | string => (b.main.slot === undefined ? b : dimKey(b.main.slot));
  const rests = new Map<Box | string, Set<Box | string>>();
  for (const b of boxes) if (!rests.has(unit(b))) rests.set(unit(b), new Set());
  for (const { from, to } of links) if (unit(from) !== unit(to)) rests.get(unit(to))!.add(unit(from));
  // a box between two layers of one dim rests on it and is rested on
  const stage = levelsOf(rests.keys(), (u) => rests.get(u)!);
  const isLeaf = (b: Box) => b.main.slot === undefined && rests.get(b)!.size === 0;
  const stageOf = (b: Box) => stage.get(unit(b))!;
  const first = smallest(boxes.filter((b) => !isLeaf(b)).map(stageOf), Number.POSITIVE_INFINITY);
  const result = new Map<Box, number>();
  for (const b of boxes) {
    const users = outOf(b).map((l) => l.to);
    const near = smallest(isLeaf(b) ? users.map(stageOf) : [], Number.POSITIVE_INFINITY);
    // what only a later box needs stands below it; what starts everything, or feeds steps, stands before it
    const steps = users.some((u) => u.main.slot !== undefined);
    result.set(b, Number.isFinite(near) ? (steps || near <= first ? near - 0.5 : near) : stageOf(b));
  }
  return result;
}

/** What rests on several steps of one state: a loss at every step. */
export function collectorsOf(boxes: readonly Box[], { into, outOf }: Ends): readonly Box[] {
  const collects = (b: Box): boolean => {
    if (b.main.slot !== undefined) return false;
    const slots = new Map<unknown, string>();
    return into(b).some(({ from: { main } }) => {
      if (main.slot === undefined) return false;
      const [key, known] = [slotKey(main.slot), slots.get(main.thread)];
      slots.set(main.thread, key);
      return known !== undefined && known !== key;
    });
  };
  const collect = new Set(boxes.filter(collects));
  // with what only they use (the labels of a loss)
  const leaves = boxes.filter((b) => {
    const uses = outOf(b);
    return b.main.node.op.leaf === "input" && b.main.slot === undefined && uses.length > 0 && uses.every((l) => collect.has(l.to));
  });
  return [...collect, ...leaves];
}

/** What feeds steps (word vectors, masks), with what that rests on: in the order in which it is made. For each dim. */
export function bandsOf(boxes: readonly Box[], { into, outOf }: Ends): ReadonlyMap<string, readonly Box[]> {
  const taken = new Set<Box>();
  const bands = new Map<string, Box[]>();
  for (const feeder of boxes) {
    if (feeder.main.slot !== undefined || taken.has(feeder)) continue;
    const fed = outOf(feeder).find((l) => l.to.main.placeholder === "input" || l.kind === "mask");
    const slot = fed?.to.main.slot;
    if (slot === undefined) continue;
    const band = bands.get(dimKey(slot)) ?? [];
    bands.set(dimKey(slot), band);
    const members = [feeder];
    taken.add(feeder);
    for (const m of members)
      for (const l of into(m))
        if (l.from.main.slot === undefined && !taken.has(l.from)) {
          taken.add(l.from);
          members.push(l.from);
        }
    for (const m of members.reverse()) band.push(m);
  }
  return bands;
}
