// What the kernels of a contraction are written with: vectors of one precision, locals, counted loops, addresses.

import type { Precision } from "../../loops.ts";
import { branchIf, type Code, f32, f32x4, f64, f64x2, i8x16, i32, local, repeat, type ValueType, v128 } from "../assembler.ts";

/** Vectors of one precision. `lanes` elements make 16 bytes. */
export interface Vectors {
  readonly bytes: 4 | 8;
  readonly lanes: 4 | 2;
  readonly add: Code;
  readonly mul: Code;
  readonly madd: Code;
  splatLoad(offset: number): Code;
  loadLane(lane: number, offset: number): Code;
  storeLane(lane: number, offset: number): Code;
  /** One element in the first lane, zero in the others. */
  loadFirst(offset: number): Code;
  extractLane(lane: number): Code;
  load(offset: number): Code;
  store(offset: number): Code;
  readonly scalarAdd: Code;
}

export const vectors: { readonly [P in Precision]: Vectors } = {
  f32: {
    bytes: 4,
    lanes: 4,
    add: f32x4.add,
    mul: f32x4.mul,
    madd: f32x4.relaxedMadd,
    splatLoad: v128.load32Splat,
    loadLane: v128.load32Lane,
    storeLane: v128.store32Lane,
    loadFirst: v128.load32Zero,
    extractLane: f32x4.extractLane,
    load: f32.load,
    store: f32.store,
    scalarAdd: f32.add,
  },
  f64: {
    bytes: 8,
    lanes: 2,
    add: f64x2.add,
    mul: f64x2.mul,
    madd: f64x2.relaxedMadd,
    splatLoad: v128.load64Splat,
    loadLane: v128.load64Lane,
    storeLane: v128.store64Lane,
    loadFirst: v128.load64Zero,
    extractLane: f64x2.extractLane,
    load: f64.load,
    store: f64.store,
    scalarAdd: f64.add,
  },
};

/** The locals of a function that is being written. Vectors are numbered from 0 and shared by all that is not nested. */
export class Frame {
  readonly locals: ValueType[] = [];
  private readonly known: number[] = [];

  constructor(private readonly parameters: number) {}

  integer(): number {
    this.locals.push("i32");
    return this.parameters + this.locals.length - 1;
  }

  vector(number: number): number {
    while (this.known.length <= number) {
      this.locals.push("v128");
      this.known.push(this.parameters + this.locals.length - 1);
    }
    return this.known[number]!;
  }
}

export const zeroVector: Code = v128.const(new Array<number>(16).fill(0));

/** An access at pointer + offset. Immediate offsets are unsigned: negative ones are added. */
export function at(pointer: number, offset: number): { readonly address: Code; readonly offset: number } {
  if (offset >= 0) return { address: local.get(pointer), offset };
  return { address: [local.get(pointer), i32.const(offset), i32.add], offset: 0 };
}

export function advance(pointer: number, bytes: number): Code {
  return bytes === 0 ? [] : [local.get(pointer), i32.const(bytes), i32.add, local.set(pointer)];
}

/** to = from + bytes */
export function point(to: number, from: number, bytes = 0): Code {
  return [local.get(from), bytes === 0 ? [] : [i32.const(bytes), i32.add], local.set(to)];
}

export function times(frame: Frame, count: number, body: Code): Code {
  if (count <= 0) return [];
  if (count === 1) return body;
  const left = frame.integer();
  return [i32.const(count), local.set(left), repeat([body, local.get(left), i32.const(1), i32.sub, local.tee(left)])];
}

/**
 * A branch that is never taken (no element stands at an odd address), out of the block at that depth. V8's compiler moves all loads of a stretch of code
 * to its begin, and arithmetic behind the last of them: an unrolled loop then runs at half its speed, out of registers. Sums that the other end of a
 * branch needs must be there before it. `n` differs from barrier to barrier, so that none is known from another. `pointer` is one that the stretch reads
 * from anyway: another one may stand on the stack, and is fetched from there for each comparison.
 */
export function barrier(pointer: number, n: number, depth: number): Code {
  return [local.get(pointer), i32.const(2 * n + 1), i32.eq, branchIf(depth)];
}

export type Steps = readonly (readonly [pointer: number, bytes: number])[];

/** The body `count` times, pointers moved after each. */
export function stepping(frame: Frame, count: number, steps: Steps, body: Code): Code {
  return times(frame, count, [body, steps.map(([pointer, bytes]) => advance(pointer, bytes))]);
}

/** The same, and the pointers back where they were. */
export function walking(frame: Frame, count: number, steps: Steps, body: Code): Code {
  if (count === 1) return body;
  return [stepping(frame, count, steps, body), steps.map(([pointer, bytes]) => advance(pointer, -count * bytes))];
}

/** `width` elements, one after the other, in the first lanes; zero in the others. Reads nothing behind them. */
export function loadSome(v: Vectors, pointer: number, offset: number, width: number): Code {
  const a = at(pointer, offset);
  if (width === v.lanes) return [a.address, v128.load(a.offset)];
  if (width === 1) return [a.address, v.loadFirst(a.offset)];
  const pair: Code = [a.address, v128.load64Zero(a.offset)];
  return width === 2 ? pair : [a.address, pair, v.loadLane(2, a.offset + 2 * v.bytes)];
}

/** `width` elements that stand `stride` apart. */
export function gather(v: Vectors, pointer: number, offset: number, stride: number, width: number): Code {
  if (stride === v.bytes) return loadSome(v, pointer, offset, width);
  const first = at(pointer, offset);
  let code: Code = [first.address, v.loadFirst(first.offset)];
  for (let lane = 1; lane < width; lane++) {
    const a = at(pointer, offset + lane * stride);
    code = [a.address, code, v.loadLane(lane, a.offset)];
  }
  return code;
}

/** The first `width` lanes to places that stand `stride` apart. */
export function scatter(v: Vectors, pointer: number, offset: number, stride: number, width: number, value: Code): Code {
  if (stride === v.bytes && width === v.lanes) {
    const a = at(pointer, offset);
    return [a.address, value, v128.store(a.offset)];
  }
  return Array.from({ length: width }, (_, lane) => {
    const a = at(pointer, offset + lane * stride);
    return [a.address, value, v.storeLane(lane, a.offset)];
  });
}

const words = (size: number, ...from: readonly number[]): Code =>
  i8x16.shuffle(from.flatMap((word) => Array.from({ length: size }, (_, i) => word * size + i)));

/** Lanes of vectors in locals x become vectors of lanes: x[j][i] → x[i][j]. Needs as many locals again. */
export function transpose(v: Vectors, x: readonly number[], spare: readonly number[]): Code {
  const both = (a: number, b: number, shuffle: Code, to: number): Code => [local.get(a), local.get(b), shuffle, local.set(to)];
  const low = words(8, 0, 2);
  const high = words(8, 1, 3);
  if (v.lanes === 2) {
    const [x0, x1] = x as [number, number];
    return [both(x0, x1, low, spare[0]!), both(x0, x1, high, x1), local.get(spare[0]!), local.set(x0)];
  }
  const [x0, x1, x2, x3] = x as [number, number, number, number];
  const [t0, t1, t2, t3] = spare as [number, number, number, number];
  return [
    both(x0, x1, words(4, 0, 4, 1, 5), t0),
    both(x0, x1, words(4, 2, 6, 3, 7), t1),
    both(x2, x3, words(4, 0, 4, 1, 5), t2),
    both(x2, x3, words(4, 2, 6, 3, 7), t3),
    both(t0, t2, low, x0),
    both(t0, t2, high, x1),
    both(t1, t3, low, x2),
    both(t1, t3, high, x3),
  ];
}
