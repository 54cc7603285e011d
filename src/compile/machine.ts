// A printed program in its memory: what goes in, what comes out.

import type { Node } from "../graph/node.ts";
import { type Data, makeValue, type Value } from "../graph/value.ts";
import type { Program } from "./elements.ts";
import type { Buffer, LoopProgram, Place, Precision } from "./loops.ts";
import { count, isRowMajor } from "./places.ts";
import { elementSize, type MemoryPlan } from "./plan.ts";
import { Pace } from "./threads/pace.ts";
import { alone, type Schedule, scheduled } from "./threads/schedule.ts";
import { enlisted, type Member, mayWait } from "./threads/team.ts";
import { hasFusedMultiplyAdd, host } from "./wasm/host.ts";
import { controlBytes, type PrintOptions, print, scratchSize, withSums } from "./wasm/print.ts";

const now: () => number = (): number => (globalThis as unknown as { readonly performance: { now(): number } }).performance.now();

type View = Float64Array | Float32Array | Int32Array;

export interface Machine {
  readonly kernels: number;
  readonly schedule: Schedule;
  /** Runs so far, and how many of them all threads took part in. */
  runs(): { readonly all: number; readonly together: number };
  /** The elements of a buffer, as they are at any time. */
  live(place: Place): View;
  /** 0, or the fault of a statement that met an id out of range. */
  run(): number;
  /** Milliseconds of the fastest run so far. */
  fastest(): number | undefined;
  write(place: Place, data: Data): void;
  /** A copy. */
  read(place: Place, node: Node): Value;
  /** Copies a whole buffer's elements within the memory. */
  move(from: Place, to: Place): void;
}

/** WebAssembly's addresses have 32 bits. */
export const mostBytes: number = 2 ** 32;

/** f64 sums are as the reference's: in ascending order. */
export const printing = (precision: Precision, fma = false): PrintOptions => ({
  precision,
  fma: fma && hasFusedMultiplyAdd(),
  reassociate: precision === "f32",
});

export interface MachineOptions {
  readonly precision: Precision;
  readonly threads: number;
  readonly fma: boolean;
}

/** Undefined where no memory is large enough. */
export function assembled(
  loops: LoopProgram,
  program: Program,
  plan: MemoryPlan,
  { precision, threads, fma }: MachineOptions,
): Machine | undefined {
  const addressOf = (b: Buffer): number => plan.address.get(b)!;
  const options = printing(precision, fma);
  const settled = { ...loops, body: withSums(loops.body, options) };
  const schedule = threads > 1 ? scheduled(settled, plan, precision, threads) : alone(settled);
  // behind the arena: where threads meet, and where their products pack operands
  const control = plan.bytes;
  const scratch = control + controlBytes(schedule.threads);
  const perThread = Math.ceil(scratchSize(loops.body, options) / 64) * 64;
  const bytes = scratch + schedule.threads * perThread;
  const pages = Math.ceil(bytes / 65536);
  const shared = schedule.threads > 1;
  const memory = bytes <= mostBytes ? memoryOf(pages, shared) : undefined;
  if (memory === undefined) return shared ? assembled(loops, program, plan, { precision, threads: 1, fma }) : undefined;
  const scratchOfThread = (thread: number): number => scratch + thread * perThread;
  const printed = print(schedule, { addressOf, scratchOf: scratchOfThread, control, pages }, { ...options, shared, sleeps: mayWait() });
  const module = new host.Module(printed.bytes);
  const { exports } = new host.Instance(module, { env: { memory } });
  const views = new Map<Buffer, View>(); // the memory never grows
  const view = (b: Buffer): View => {
    const known = views.get(b);
    if (known !== undefined) return known;
    const Elements = b.dtype !== "float" ? Int32Array : elementSize(b, precision) === 8 ? Float64Array : Float32Array;
    const made = new Elements(memory.buffer, addressOf(b), b.size);
    views.set(b, made);
    return made;
  };
  for (const [buffer, data] of program.constants) view(buffer).set(data);
  const { run: solo, "thread 0": lead } = exports as { readonly run: () => number; readonly "thread 0": () => void };
  const fault = new Int32Array(memory.buffer, control, 1);
  const together = ({ start }: Member): number => {
    fault[0] = 0;
    start();
    lead();
    return fault[0]!;
  };
  const pace = new Pace(schedule.stretch);
  const runs = { all: 0, together: 0 };
  let member: Member | undefined;
  let fastest: number | undefined;
  const machine: Machine = {
    kernels: printed.kernels,
    schedule,
    runs: () => ({ ...runs }),
    live: ({ buffer }) => view(buffer),
    run: () => {
      const start = now();
      const all = member?.isReady() === true && pace.together();
      const found = all ? together(member!) : solo();
      const took = now() - start;
      pace.took(took, all);
      runs.all++;
      if (all) runs.together++;
      fastest = Math.min(fastest ?? Number.POSITIVE_INFINITY, took);
      return found;
    },
    fastest: () => fastest,
    write: ({ buffer }, data) => view(buffer).set(data),
    read: (place, { shape, dtype }) => {
      const all = view(place.buffer);
      const sizes = shape.map((d) => d.size);
      const size = count(sizes);
      const flat = isRowMajor(place, sizes) ? all.slice(place.offset, place.offset + size) : gathered(all, place, sizes);
      return makeValue(shape, dtype === "bool" ? Uint8Array.from(flat) : flat);
    },
    move: (from, to) => view(to.buffer).set(view(from.buffer)),
  };
  if (shared) member = enlisted(module, memory, control, schedule.threads, machine);
  return machine;
}

/** Engines have their own bounds, and computers theirs. */
function memoryOf(pages: number, shared: boolean) {
  try {
    return new host.Memory(shared ? { initial: pages, maximum: pages, shared } : { initial: pages });
  } catch (e) {
    if (e instanceof RangeError) return undefined;
    throw e;
  }
}

/** Elements that do not stand one after the other. */
function gathered<A extends View>(all: A, { offset, strides }: Place, sizes: readonly number[]): A {
  const out = all.slice(0, 0).constructor as new (length: number) => A;
  const flat = new out(count(sizes));
  const index = new Array<number>(sizes.length).fill(0);
  for (let i = 0; i < flat.length; i++) {
    flat[i] = all[offset + index.reduce((n, k, axis) => n + k * strides[axis]!, 0)]!;
    for (let axis = sizes.length - 1; axis >= 0 && ++index[axis]! === sizes[axis]; axis--) index[axis] = 0;
  }
  return flat;
}
