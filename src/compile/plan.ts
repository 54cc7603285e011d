// Where buffers live: offsets in one arena. A temporary lives from the first statement that touches it to the last, and what a time loop touches from
// outside, or from step to step, lives as long as the loop; others may take its place before and after.

import type { Buffer, Expression, LoopProgram, Place, Precision, Statement } from "./loops.ts";

export interface MemoryPlan {
  /** Byte address of each buffer. */
  readonly address: ReadonlyMap<Buffer, number>;
  /** Bytes in all. */
  readonly bytes: number;
  /** The most that lives at one time: no plan needs less. */
  readonly lowerBound: number;
  /** The statements that a temporary lives from and to; infinity where it is read when the program has run. */
  readonly lives: ReadonlyMap<Buffer, { readonly from: number; readonly to: number }>;
}

/** Every buffer starts at a multiple of this: vectors do not cross cache lines. */
const alignment = 64;

export function elementSize(buffer: Pick<Buffer, "dtype">, precision: Precision): number {
  return buffer.dtype === "float" && precision === "f64" ? 8 : 4;
}

/** Bytes that a buffer takes up. */
export function rounded(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** `kept` buffers are read when the program has run. */
export function planMemory({ buffers, body }: LoopProgram, precision: Precision, kept: ReadonlySet<Buffer>): MemoryPlan {
  const sizeOf = (b: Buffer): number => rounded(b.size * elementSize(b, precision));
  const lives = lifetimes(body);
  const address = new Map<Buffer, number>();
  let fixed = alignment; // address 0 is nobody's
  const temporaries: { readonly buffer: Buffer; readonly from: number; readonly to: number; readonly size: number }[] = [];
  for (const buffer of buffers) {
    const life = lives.get(buffer);
    if (buffer.life === "temporary" && life !== undefined) {
      const to = kept.has(buffer) ? Number.POSITIVE_INFINITY : life.to;
      temporaries.push({ buffer, from: life.from, to, size: sizeOf(buffer) });
    } else if (buffer.life !== "temporary" || kept.has(buffer)) {
      // a temporary that no statement touches has no place
      address.set(buffer, fixed);
      fixed += sizeOf(buffer);
    }
  }
  temporaries.sort((a, b) => a.from - b.from || b.size - a.size);
  const arena = new FreeList();
  const live: { to: number; at: number; size: number }[] = [];
  let [now, most] = [0, 0];
  for (const { buffer, from, to, size } of temporaries) {
    for (let i = live.length - 1; i >= 0; i--) {
      if (live[i]!.to >= from) continue;
      arena.free(live[i]!.at, live[i]!.size);
      now -= live[i]!.size;
      live[i] = live[live.length - 1]!;
      live.pop();
    }
    const at = arena.take(size);
    address.set(buffer, fixed + at);
    live.push({ to, at, size });
    now += size;
    most = Math.max(most, now);
  }
  return { address, bytes: fixed + arena.end, lowerBound: fixed + most, lives: new Map(temporaries.map((t) => [t.buffer, t])) };
}

/** Gaps between live buffers, in ascending order; the smallest that is large enough is taken. */
class FreeList {
  end = 0;
  private gaps: { at: number; size: number }[] = [];

  take(size: number): number {
    let best = -1;
    for (const [i, gap] of this.gaps.entries()) if (gap.size >= size && (best < 0 || gap.size < this.gaps[best]!.size)) best = i;
    if (best >= 0) {
      const gap = this.gaps[best]!;
      const { at } = gap;
      if (gap.size === size) this.gaps.splice(best, 1);
      else this.gaps[best] = { at: at + size, size: gap.size - size };
      return at;
    }
    // the last gap may reach the end: it is enlarged
    const tail = this.gaps.at(-1);
    if (tail !== undefined && tail.at + tail.size === this.end) {
      this.gaps.pop();
      this.end = tail.at + size;
      return tail.at;
    }
    this.end += size;
    return this.end - size;
  }

  free(at: number, size: number): void {
    if (size === 0) return;
    let low = 0;
    let high = this.gaps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.gaps[middle]!.at < at) low = middle + 1;
      else high = middle;
    }
    this.gaps.splice(low, 0, { at, size });
    const [before, own, after] = [this.gaps[low - 1], this.gaps[low]!, this.gaps[low + 1]];
    if (after !== undefined && own.at + own.size === after.at) {
      own.size += after.size;
      this.gaps.splice(low + 1, 1);
    }
    if (before !== undefined && before.at + before.size === own.at) {
      before.size += own.size;
      this.gaps.splice(low, 1);
    }
  }
}

interface Life {
  readonly from: number;
  readonly to: number;
}

/** First and last statement of every buffer, as positions in the program. */
function lifetimes(body: readonly Statement[]): ReadonlyMap<Buffer, Life> {
  // where each buffer is touched: the positions of the statement and of the loops around it, outermost first
  const touched = new Map<Buffer, { path: readonly number[]; from: number; to: number }>();
  const spans = new Map<number, number>(); // of a loop, by its position: its end
  let position = 0;
  const visit = (statements: readonly Statement[], path: readonly number[]): void => {
    for (const s of statements) {
      const at = position++;
      if (s.kind === "for") {
        visit(s.body, [...path, at]);
        spans.set(at, position++);
      } else {
        for (const b of buffersOf(s)) {
          const before = touched.get(b);
          if (before === undefined) touched.set(b, { path, from: at, to: at });
          else touched.set(b, joined(before, path, at));
        }
      }
    }
  };
  visit(body, []);
  return new Map(
    [...touched].map(([buffer, { path, from, to }]) => {
      // `path` is what all uses have in common; a use inside of a deeper loop counts as the whole loop
      const inner = (at: number, edge: "from" | "to"): number => {
        let result = at;
        for (const [start, end] of spans) {
          if (path.includes(start) || at < start || at > end) continue;
          result = edge === "from" ? Math.min(result, start) : Math.max(result, end);
        }
        return result;
      };
      return [buffer, { from: inner(from, "from"), to: inner(to, "to") }];
    }),
  );
}

function joined(before: { path: readonly number[]; from: number; to: number }, path: readonly number[], at: number) {
  let common = 0;
  while (common < path.length && common < before.path.length && path[common] === before.path[common]) common++;
  return { path: before.path.slice(0, common), from: Math.min(before.from, at), to: Math.max(before.to, at) };
}

/** Every buffer that a statement reads or writes. */
export function buffersOf(s: Exclude<Statement, { readonly kind: "for" }>): readonly Buffer[] {
  const places: Place[] = [s.out];
  const seen = new Set<Expression>();
  const within = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "load") places.push(e.from);
    else if (e.kind === "dropout") places.push(e.key);
    else if (e.kind === "cast") within(e.operand);
    else if (e.kind === "operation") for (const o of e.operands) within(o);
  };
  if (s.kind === "map" || s.kind === "reduce") within(s.value);
  else if (s.kind === "contract") places.push(s.a, s.b);
  else places.push(s.at, s.kind === "gather" ? s.table : s.updates);
  return [...new Set(places.map((p) => p.buffer))];
}
