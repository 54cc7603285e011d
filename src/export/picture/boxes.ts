// From a sketch to what is drawn: boxes, and the links between them. Vertices that a view does not show are absorbed: a link goes through
// them, and remembers the path, from which its label is made.

import type { Node } from "../../graph/node.ts";
import { grouped } from "./grouped.ts";
import type { Vertex, Wire } from "./sketch.ts";

export interface Box {
  readonly id: string;
  /** One vertex, or all of a composite's call. */
  readonly members: readonly Vertex[];
  /** The vertex whose value the box is: the last one made. */
  readonly main: Vertex;
  readonly call?: string | undefined;
}

/** The way of a link from the box that it ends in, down to where it starts: each vertex, and the operand that is followed. */
export interface Path {
  readonly at: Wire;
  readonly of: Vertex;
  readonly before: Path | undefined;
  /** Some part of it goes back in time. */
  readonly back: boolean;
}

export interface Link {
  readonly from: Box;
  readonly to: Box;
  /** All ways, as long as they are few. */
  readonly paths: readonly Path[];
  readonly back: boolean;
  readonly kind?: "mask" | undefined;
}

export interface Boxes {
  readonly boxes: readonly Box[];
  readonly links: readonly Link[];
  readonly boxOf: ReadonlyMap<Vertex, Box>;
}

/** The links at each box. */
export interface Ends {
  readonly into: (b: Box) => readonly Link[];
  readonly outOf: (b: Box) => readonly Link[];
}

export function endsOf(links: readonly Link[]): Ends {
  const [into, outOf] = [grouped(links, (l) => l.to), grouped(links, (l) => l.from)];
  return { into: (b) => into.get(b) ?? [], outOf: (b) => outOf.get(b) ?? [] };
}

export interface View {
  /** Not shown by itself: links go through it. */
  readonly absorbed: (v: Vertex) => boolean;
  /** A wire that is told by a label, not by a link. */
  readonly silent?: (of: Vertex, wire: Wire) => boolean;
}

export function boxesOf(vertices: readonly Vertex[], { absorbed, silent = () => false }: View): Boxes {
  const groups = grouped(vertices, (v) => v.group?.key);
  const boxes: Box[] = [];
  const boxOf = new Map<Vertex, Box>();
  for (const v of vertices) {
    if (boxOf.has(v)) continue;
    const members = v.group === undefined ? [v] : groups.get(v.group.key)!;
    if (members.every(absorbed)) continue;
    const main = [...members].reverse().find((m) => m.state || m.output !== undefined) ?? members[members.length - 1]!;
    const box = { id: `n${boxes.length + 1}`, members, main, call: v.group?.call.name };
    boxes.push(box);
    for (const m of members) boxOf.set(m, box);
  }
  return { boxes, boxOf, links: boxes.flatMap((box) => linksInto(box, boxOf, silent)) };
}

/** So many ways from one box to another are not told apart: a cell may have exponentially many. */
const manyPaths = 8;

/** Walks down from a box through what is absorbed, to the boxes that it rests on. */
function linksInto(to: Box, boxOf: ReadonlyMap<Vertex, Box>, silent: (of: Vertex, wire: Wire) => boolean): readonly Link[] {
  const found = new Map<string, { from: Box; to: Box; paths: Path[]; back: boolean; kind?: "mask" | undefined }>();
  const visits = new Map<Vertex, number>();
  const external = new Set<Vertex>();
  const stack: Path[] = [];
  const follow = (of: Vertex, before: Path | undefined): void => {
    for (let i = of.wires.length - 1; i >= 0; i--) {
      const at = of.wires[i]!;
      if (!silent(of, at)) stack.push({ at, of, before, back: at.back === true || before?.back === true });
    }
  };
  for (let i = to.members.length - 1; i >= 0; i--) follow(to.members[i]!, undefined);
  while (stack.length > 0) {
    const path = stack.pop()!;
    const { from } = path.at;
    const box = boxOf.get(from);
    // a composite is one thing: however often it uses a value, it is one way
    if (to.call !== undefined && path.before === undefined && box !== to) {
      if (external.has(from)) continue;
      external.add(from);
    }
    if (box === undefined) {
      const visited = visits.get(from) ?? 0;
      visits.set(from, visited + 1);
      if (visited < manyPaths) follow(from, path);
      continue;
    }
    const { back } = path;
    if (box === to && !back) continue;
    const kind = path.at.kind;
    const key = `${box.id}${back ? "b" : ""}${kind ?? ""}`;
    const link = found.get(key);
    if (link === undefined) found.set(key, { from: box, to, paths: [path], back, kind });
    else if (link.paths.length < manyPaths) link.paths.push(path);
  }
  return [...found.values()];
}

/** Yes or no for every element: it selects, no values come that way. */
export function isMask(l: Link): boolean {
  return l.kind === "mask" || l.from.main.node.dtype === "bool";
}

/**
 * Folds over a path's parts, from the box that it ends in. The links into one box share the beginnings of their paths: what was found for
 * these is kept, since a sum of n terms has paths of n parts.
 */
export function along<A>(start: A, step: (before: A, part: Path) => A): (path: Path) => A {
  const found = new Map<Path, A>();
  return (path) => {
    const open: Path[] = [];
    let at: Path | undefined = path;
    while (at !== undefined && !found.has(at)) {
      open.push(at);
      at = at.before;
    }
    let value = at === undefined ? start : found.get(at)!;
    for (let i = open.length - 1; i >= 0; i--) {
      value = step(value, open[i]!);
      found.set(open[i]!, value);
    }
    return value;
  };
}

export function isParameter(node: Node): boolean {
  return node.op.leaf === "parameter";
}

/** The operand of a product that is a parameter: what an arrow may be labelled with. */
export function weightOf(v: Vertex): Wire | undefined {
  if (v.node.op.picture?.product !== true) return undefined;
  return [...v.wires].reverse().find((w) => isParameter(w.from.node) && v.wires.some((other) => other.at !== w.at));
}

/** Who uses each vertex; a composite uses a value once, however often its inner nodes do. */
export function usersOf(vertices: readonly Vertex[]): ReadonlyMap<Vertex, readonly Vertex[]> {
  const users = new Map<Vertex, Vertex[]>();
  const calls = new Map<Vertex, Set<string>>();
  for (const v of vertices)
    for (const w of v.wires) {
      const list = users.get(w.from);
      const known = calls.get(w.from) ?? new Set();
      calls.set(w.from, known);
      if (v.group !== undefined && known.has(v.group.key)) continue;
      if (v.group !== undefined) known.add(v.group.key);
      if (list === undefined) users.set(w.from, [v]);
      else list.push(v);
    }
  return users;
}

/** Products with a weight and sums that lead to one thing only: arrows say them. */
export function arrowsOnly(vertices: readonly Vertex[]): (v: Vertex) => boolean {
  const users = usersOf(vertices);
  const known = new Map<Vertex, boolean>();
  const decide = (v: Vertex): boolean => {
    if (v.state || v.output !== undefined || v.group !== undefined) return false;
    const own = users.get(v) ?? [];
    if (own.length !== 1) return false;
    if (weightOf(v) !== undefined) return true;
    if (v.node.op.picture?.sum !== true) return false;
    // what it leads to has no other operand: its arrows may end there
    const user = own[0]!;
    return (
      user.group !== undefined ||
      new Set(user.wires.flatMap((w) => (w.at < 0 ? [] : [w.at]))).size === 1 ||
      weightOf(user) !== undefined ||
      (user.node.op.picture?.sum === true && absorbed(user))
    );
  };
  const absorbed = (v: Vertex): boolean => {
    const before = known.get(v);
    if (before !== undefined) return before;
    known.set(v, false);
    const now = decide(v);
    known.set(v, now);
    return now;
  };
  // users come after what they use: asked from the end, the answer is never deep
  for (let i = vertices.length - 1; i >= 0; i--) absorbed(vertices[i]!);
  return absorbed;
}
