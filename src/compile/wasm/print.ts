// Loop program → WebAssembly. `run` holds time loops and calls; each statement is a call of a kernel, with the addresses of its places as arguments:
//
//   statement ──► kernel (kind, sizes, strides, dtypes, expression)   one function for all statements that have these in common
//             └─► addresses: constants, and multiples of the steps of the loops around it
//
// V8 compiles large functions slowly, more than in proportion to their size (docs/engine.md): a long list of calls becomes several functions.

import type { Buffer, ContractStatement, ForStatement, Loop, LoopProgram, Place, Precision, Statement } from "../loops.ts";
import type { Packing } from "../prepack.ts";
import { bytesOf, type Kernel } from "./address.ts";
import { type Code, flatten, i32, local, repeat, ret, when } from "./assembler.ts";
import { type ContractSpec, contractKernel, panelsOf, scratchBytes } from "./contract.ts";
import { turningCopy } from "./copy.ts";
import { gatherKernel, scatterKernel } from "./gather.ts";
import { mapKernel } from "./map.ts";
import { Module } from "./module.ts";
import { reduceKernel } from "./reduce.ts";

export interface Layout {
  /** The byte address of a buffer's first element. */
  addressOf(buffer: Buffer): number;
  /** Where kernels may keep intermediate values. */
  readonly scratch: number;
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
}

export interface Printed {
  /** A module over the memory env.memory; its `run` returns 0, or the `fault` of the statement that met an id out of range. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly kernels: number;
}

/** Bytes of calls in one function. */
const most = 32768;

export function print(program: LoopProgram, layout: Layout, options: PrintOptions): Printed {
  const { precision, shared = false } = options;
  const module = new Module();
  const kernels = new Set<number>();
  const deepest = depthOf(program.body);
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
  const product = (s: ContractStatement): Kernel => {
    const spec = specOf(s, options, layout.scratch);
    const key = JSON.stringify(spec);
    const known = products.get(key) ?? contractKernel(module, spec);
    products.set(key, known);
    return { function: known, places: [s.a, s.b, s.out] };
  };

  /** A call that may find an id out of range: then this is what the run ends with. */
  const faulty = (code: Code, fault: number): Code => when(code, [i32.const(fault), ret]);

  const codeOf = (s: Statement, loops: readonly Loop[]): Code => {
    switch (s.kind) {
      case "map":
        return isEmpty(s.sizes) ? [] : call(turningCopy(module, s, precision) ?? mapKernel(module, s, precision), loops);
      case "reduce":
        return isEmpty(s.kept) ? [] : call(reduceKernel(module, s, options), loops);
      case "contract":
        return isEmpty(s.rows) || isEmpty(s.columns) ? [] : call(product(s), loops);
      case "gather":
        return isEmpty(s.ids) ? [] : faulty(call(gatherKernel(module, s, precision), loops), s.fault);
      case "scatter":
        return isEmpty(s.ids) ? [] : faulty(call(scatterKernel(module, s, precision), loops), s.fault);
      case "for":
        return s.loop.steps === 0 ? [] : timeLoop(s, loops);
    }
  };

  const timeLoop = ({ loop, body }: ForStatement, loops: readonly Loop[]): Code => {
    const step = loops.length;
    const inside = listed(body, [...loops, loop]);
    const next: Code = [local.get(step), i32.const(loop.backwards ? -1 : 1), i32.add, local.tee(step)];
    const goesOn: Code = loop.backwards ? [next, i32.const(0), i32.geS] : [next, i32.const(loop.steps), i32.ltS];
    return [i32.const(loop.backwards ? loop.steps - 1 : 0), local.set(step), repeat([inside, goesOn])];
  };

  /** A list of statements: in place, or as calls of functions for stretches of it. */
  const listed = (statements: readonly Statement[], loops: readonly Loop[]): readonly number[] => {
    const stretches: number[][] = [[]];
    for (const s of statements) {
      const code = flatten(codeOf(s, loops));
      const last = stretches.at(-1)!;
      if (last.length + code.length <= most || last.length === 0) for (const byte of code) last.push(byte);
      else stretches.push(code);
    }
    return stretches.length === 1 ? stretches[0]! : flatten(stretches.map((code) => part(code, loops.length)));
  };

  const part = (code: Code, depth: number): Code => {
    const made = module.add(`part ${parts++}`, () => ({ ...frame(depth), body: [code, i32.const(0)] }));
    const steps = Array.from({ length: depth }, (_, i) => local.get(i));
    return [steps, module.call(made), local.tee(deepest), when([], [local.get(deepest), ret])];
  };

  /** The steps of outer loops come as arguments; those of inner ones are locals, and behind them is one for a fault. */
  const frame = (depth: number) => ({
    parameters: Array.from({ length: depth }, () => "i32" as const),
    results: ["i32" as const],
    locals: Array.from({ length: deepest + 1 - depth }, () => "i32" as const),
  });

  const code = listed(program.body, []);
  module.add("run", () => ({ ...frame(0), body: [code, i32.const(0)], exported: true }));
  return { bytes: module.bytes({ pages: layout.pages, shared }), kernels: kernels.size };
}

const isEmpty = (sizes: readonly number[]): boolean => sizes.includes(0);

const depthOf = (statements: readonly Statement[]): number =>
  statements.reduce((depth, s) => Math.max(depth, s.kind === "for" ? 1 + depthOf(s.body) : 0), 0);

function specOf({ rows, columns, terms, a, b, out, accumulate }: ContractStatement, options: PrintOptions, scratch: number): ContractSpec {
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
    },
    a: { rows: a.strides.slice(0, m), terms: a.strides.slice(m) },
    b: { rows: b.strides.slice(0, m), columns: b.strides.slice(m, n), terms: b.strides.slice(n) },
    out: { rows: out.strides.slice(0, m), columns: out.strides.slice(m) },
  };
}

/** Bytes of scratch memory that the program's kernels need: `layout.scratch` is where they lie, a multiple of 16. */
export function scratchOf(body: readonly Statement[], options: PrintOptions): number {
  return body.reduce((most, s) => {
    const own = s.kind === "contract" ? scratchBytes(specOf(s, options, 0)) : s.kind === "for" ? scratchOf(s.body, options) : 0;
    return Math.max(most, own);
  }, 0);
}

/** Which operands the kernels had better have as panels. */
export const packingOf =
  (options: PrintOptions): Packing =>
  (product, uses) =>
    panelsOf(specOf(product, options, 0), uses);
