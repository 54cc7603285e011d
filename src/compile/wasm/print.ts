// Loop program → WebAssembly. `run` holds time loops and calls; each statement is a call of a kernel, with the addresses of its places as arguments:
//
//   statement ──► kernel (kind, sizes, strides, dtypes, expression)   one function for all statements that have these in common
//             └─► addresses: constants, and multiples of the steps of the loops around it
//
// V8 compiles large functions slowly, more than in proportion to their size (docs/engine.md): a long list of calls becomes several functions.
//
// A program for several threads has a function for each of them (`thread 0`, …): its shares, and barriers between the pieces. `run` is one thread doing
// all shares in turn, with the same kernels: so a program may run before its threads are there, and gives the same bits.

import type { Buffer, ContractStatement, Loop, Place, Precision, Statement } from "../loops.ts";
import type { Packing } from "../prepack.ts";
import type { Piece, Schedule } from "../threads/schedule.ts";
import { bytesOf, type Kernel } from "./address.ts";
import { atomic, block, branchIf, type Code, drop, i32, i64, local, repeat, when } from "./assembler.ts";
import { type ContractSpec, contractKernel, panelsOf, scratchBytes, sumsOf as sumsOfContract } from "./contract.ts";
import { turningCopy } from "./copy.ts";
import { gatherKernel, scatterKernel } from "./gather.ts";
import { mapKernel } from "./map.ts";
import { Module } from "./module.ts";
import { reduceKernel, sumsOf as sumsOfReduce } from "./reduce.ts";

export interface Layout {
  /** The byte address of a buffer's first element. */
  addressOf(buffer: Buffer): number;
  /** Where the kernels of a thread may keep intermediate values. */
  scratchOf(thread: number): number;
  /** Where threads meet: `controlBytes` at a multiple of 64. Its first word is the fault of the run, or 0. */
  readonly control: number;
  /** Of 64 KiB. */
  readonly pages: number;
}

export interface PrintOptions {
  readonly precision: Precision;
  /** Products with fused multiply-add, where the machine has it. */
  readonly fma: boolean;
  /** Sums may be split into partial sums, the same ones for a shape in every run: faster, and no less exact. Default: every sum ascends. */
  readonly reassociate?: boolean;
  /** Memory shared between threads. */
  readonly shared?: boolean;
  /** Whether the thread that calls `thread 0` may sleep while it waits for others: that of a page may not. */
  readonly sleeps?: boolean;
}

export interface Printed {
  /**
   * A module over the memory env.memory. `run` returns 0, or the `fault` of a statement that met an id out of range. The functions `thread i` do the
   * same, each on a thread of its own, and leave the fault in the first word of the layout's `control`, which is to be 0 before.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly kernels: number;
}

/** Calls in one function. */
const most = 600;

/**
 * Apart by a line of the cache: the fault, and for each thread how often it has come to a barrier. What is left of the first line is for those who
 * start threads.
 */
const line = 64;
export const controlBytes = (threads: number): number => line * (1 + threads);

export function print({ pieces, threads }: Schedule, layout: Layout, options: PrintOptions): Printed {
  const { precision, shared = false } = options;
  const module = new Module();
  const kernels = new Set<number>();
  const deepest = depthOf(pieces);
  let parts = 0;

  /** The step of the loop at a depth is the local of that number, in every function. */
  const addressOf = (place: Place, loops: readonly Loop[]): Code => {
    const size = bytesOf(place.buffer.dtype, precision);
    const start: Code = i32.const(layout.addressOf(place.buffer) + size * place.offset);
    const moved = place.times.map(({ loop, stride }) => {
      const depth = loops.indexOf(loop);
      if (depth < 0) throw new Error(`a place refers to time loop ${loop.id}, which is not around it`);
      return stride === 0 ? [] : [local.get(depth), i32.const(stride * size), i32.mul, i32.add];
    });
    return [start, moved];
  };

  const call = ({ function: called, places }: Kernel, loops: readonly Loop[]): Code => {
    kernels.add(called);
    return [places.map((p) => addressOf(p, loops)), module.call(called)];
  };

  const products = new Map<string, number>();
  const product = (s: ContractStatement, thread: number): Kernel => {
    const spec = specOf(s, options, layout.scratchOf(thread));
    const key = JSON.stringify(spec);
    const known = products.get(key) ?? contractKernel(module, spec);
    products.set(key, known);
    return { function: known, places: [s.a, s.b, s.out] };
  };

  /** A call that may find an id out of range. Its kernel has moved nothing then, and the run goes on, as other threads do. */
  const faulty = (code: Code, fault: number): Code => when(code, [i32.const(layout.control), i32.const(fault), i32.store()]);

  const codeOf = (s: Statement, loops: readonly Loop[], thread: number): Code => {
    switch (s.kind) {
      case "map":
        return isEmpty(s.sizes) ? [] : call(turningCopy(module, s, precision) ?? mapKernel(module, s, precision), loops);
      case "reduce":
        return isEmpty(s.kept) ? [] : call(reduceKernel(module, s, options), loops);
      case "contract":
        return isEmpty(s.rows) || isEmpty(s.columns) ? [] : call(product(s, thread), loops);
      case "gather":
        return isEmpty(s.ids) ? [] : faulty(call(gatherKernel(module, s, precision), loops), s.fault);
      case "scatter":
        return isEmpty(s.ids) ? [] : faulty(call(scatterKernel(module, s, precision), loops), s.fault);
      case "for":
        return steps(s.loop, loops, (inside) => listed(s.body, inside, thread));
    }
  };

  const steps = (loop: Loop, loops: readonly Loop[], body: (loops: readonly Loop[]) => Code): Code => {
    if (loop.steps === 0) return [];
    const step = loops.length;
    const inside = body([...loops, loop]);
    if (loop.range !== undefined) {
      const read = (place: Place): Code => [addressOf(place, loops), i32.load()];
      const { from, to } = loop.range;
      const first: Code = loop.backwards ? [read(to), i32.const(1), i32.sub] : read(from);
      const goesOn: Code = loop.backwards ? [read(from), i32.geS] : [read(to), i32.ltS];
      const next: Code = [local.get(step), i32.const(loop.backwards ? -1 : 1), i32.add, local.tee(step), goesOn];
      return [first, local.tee(step), when(goesOn, repeat([inside, next]))];
    }
    const next: Code = [local.get(step), i32.const(loop.backwards ? -1 : 1), i32.add, local.tee(step)];
    const goesOn: Code = loop.backwards ? [next, i32.const(0), i32.geS] : [next, i32.const(loop.steps), i32.ltS];
    return [i32.const(loop.backwards ? loop.steps - 1 : 0), local.set(step), repeat([inside, goesOn])];
  };

  /** A list of statements: in place, or as calls of functions for stretches of it. */
  const listed = (statements: readonly Statement[], loops: readonly Loop[], thread: number): readonly Code[] => {
    const codes = statements.map((s) => codeOf(s, loops, thread)).filter((code) => typeof code === "number" || code.length > 0);
    if (codes.length <= most) return codes;
    const stretches = Array.from({ length: Math.ceil(codes.length / most) }, (_, i) => codes.slice(i * most, (i + 1) * most));
    return stretches.map((code) => part(code, loops.length));
  };

  /** Code as a function of its own. The steps of outer loops come as arguments; those of inner ones are locals. */
  const part = (code: Code, depth: number): Code => {
    const made = module.add(`part ${parts++}`, () => ({ ...frame(depth), body: code }));
    return [Array.from({ length: depth }, (_, i) => local.get(i)), module.call(made)];
  };
  const frame = (depth: number) => ({
    parameters: Array.from({ length: depth }, () => "i32" as const),
    results: [],
    locals: Array.from({ length: deepest - depth }, () => "i32" as const),
  });

  /** What a thread does of a piece: a function, for one thread alone calls it, too. */
  const shares = new Map<readonly Statement[], Code>();
  const shareOf = (share: readonly Statement[], loops: readonly Loop[], thread: number): Code => {
    const known = shares.get(share);
    if (known !== undefined) return known;
    const code = listed(share, loops, thread);
    const made = threads === 1 || code.length === 0 ? code : part(code, loops.length);
    shares.set(share, made);
    return made;
  };

  /** All pieces, by some of the threads; `meet` comes after each. */
  const through = (list: readonly Piece[], loops: readonly Loop[], who: readonly number[], meet: Code): Code =>
    list.map((piece) =>
      piece.kind === "work"
        ? [who.map((thread) => shareOf(piece.shares[thread]!, loops, thread)), meet]
        : steps(piece.loop, loops, (inside) => through(piece.pieces, inside, who, meet)),
    );

  const everyone = Array.from({ length: threads }, (_, i) => i);
  const all = through(pieces, [], everyone, []);
  const clear: Code = [i32.const(layout.control), i32.const(0), i32.store()];
  const fault: Code = [i32.const(layout.control), i32.load()];
  module.add("run", () => ({ ...frame(0), results: ["i32"], body: [clear, all, fault], exported: true }));
  if (threads > 1) {
    for (const thread of everyone) {
      const meet = module.call(barrierOf(module, layout.control, thread, threads, thread > 0 || options.sleeps === true));
      const code = through(pieces, [], [thread], meet);
      module.add(`thread ${thread}`, () => ({ ...frame(0), body: code, exported: true }));
    }
  }
  return { bytes: module.bytes({ pages: layout.pages, shared }), kernels: kernels.size };
}

/** How often a thread looks before it sleeps, which is some 0.3 ms: where others want the processor, it is not in their way for longer. */
const looks = 2 ** 18;
/** Nanoseconds; it is woken before that. */
const sleep = 1_000_000n;

/**
 * A function that returns when all threads have called theirs: each counts how often it has come here, and waits for the others to have come as
 * often. A count may be one ahead, for its thread may be at the next barrier already; and it wraps, so that differences are compared.
 */
function barrierOf(module: Module, control: number, thread: number, threads: number, sleeps: boolean): number {
  const countOf = (of: number): Code => i32.const(control + line * (1 + of));
  const sleepersOf = 4; // bytes behind the count: whether anybody sleeps until it changes
  const others = Array.from({ length: threads }, (_, i) => i).filter((i) => i !== thread);
  const [own, other, left] = [0, 1, 2];
  const tired: Code = [local.get(left), i32.const(1), i32.sub, local.tee(left), i32.const(0), i32.ltS];
  const waitFor = (of: number): Code => [countOf(of), local.get(other), i64.const(sleep), atomic.wait(), drop];
  const wakeAll = (address: Code): Code => [address, i32.const(-1), atomic.notify(), drop];
  return module.add(`barrier ${thread}`, () => ({
    parameters: [],
    results: [],
    locals: ["i32", "i32", "i32"],
    body: [
      [countOf(thread), countOf(thread), i32.load(), i32.const(1), i32.add, local.tee(own), atomic.store()],
      when([countOf(thread), atomic.load(sleepersOf)], [countOf(thread), i32.const(0), atomic.store(sleepersOf), wakeAll(countOf(thread))]),
      [i32.const(looks), local.set(left)],
      others.map((of) =>
        block(
          repeat([
            [countOf(of), atomic.load(), local.tee(other), local.get(own), i32.sub, i32.const(0), i32.geS, branchIf(1)],
            sleeps ? when(tired, [countOf(of), i32.const(1), atomic.store(sleepersOf), waitFor(of)]) : [],
            i32.const(1),
          ]),
        ),
      ),
    ],
  }));
}

const isEmpty = (sizes: readonly number[]): boolean => sizes.includes(0);

const deepestOf = (depths: readonly number[]): number => depths.reduce((a, b) => Math.max(a, b), 0);
const depthOf = (pieces: readonly Piece[]): number =>
  deepestOf(pieces.map((p) => (p.kind === "work" ? deepestOf(p.shares.map(depthIn)) : 1 + depthOf(p.pieces))));
const depthIn = (statements: readonly Statement[]): number =>
  deepestOf(statements.map((s) => (s.kind === "for" ? 1 + depthIn(s.body) : 0)));

function specOf(
  { rows, columns, terms, a, b, out, accumulate, sums }: ContractStatement,
  options: PrintOptions,
  scratch: number,
): ContractSpec {
  const [m, n] = [rows.length, rows.length + columns.length];
  return {
    ...{
      precision: options.precision,
      fma: options.fma,
      reassociate: options.reassociate ?? false,
      rows,
      columns,
      terms,
      accumulate,
      scratch,
      ...(sums === undefined ? {} : { sums }),
    },
    a: { rows: a.strides.slice(0, m), terms: a.strides.slice(m) },
    b: { rows: b.strides.slice(0, m), columns: b.strides.slice(m, n), terms: b.strides.slice(n) },
    out: { rows: out.strides.slice(0, m), columns: out.strides.slice(m) },
  };
}

/** The statements, each with how its sums are made: a share of one is to make them as the whole would. */
export function withSums(body: readonly Statement[], options: PrintOptions): readonly Statement[] {
  return body.map((s): Statement => {
    if (s.kind === "for") return { ...s, body: withSums(s.body, options) };
    if (s.kind === "contract") return { ...s, sums: sumsOfContract(specOf(s, options, 0)) };
    return s.kind === "reduce" && s.by === "sum" ? { ...s, sums: sumsOfReduce(s, options) } : s;
  });
}

/** Bytes of scratch memory that the kernels of a thread need, at a multiple of 16. */
export function scratchSize(body: readonly Statement[], options: PrintOptions): number {
  return body.reduce((most, s) => {
    const own = s.kind === "contract" ? scratchBytes(specOf(s, options, 0)) : s.kind === "for" ? scratchSize(s.body, options) : 0;
    return Math.max(most, own);
  }, 0);
}

/** Which operands the kernels had better have as panels. */
export const packingOf =
  (options: PrintOptions, threads: number): Packing =>
  (product, uses) =>
    panelsOf(specOf(product, options, 0), uses, threads);
