// The runtime's WebAssembly, as far as it is used here: neither the DOM's types nor Node's need to be there.

import { f32, f32x4 } from "./assembler.ts";
import { Module } from "./module.ts";

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

interface Host {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: WasmMemory } },
  ) => { readonly exports: { readonly [name: string]: unknown } };
  validate(bytes: Uint8Array): boolean;
}

export const host: Host = (globalThis as unknown as { readonly WebAssembly: Host }).WebAssembly;

let fused: boolean | undefined;

/**
 * Whether products and sums can be rounded once, a·b + c. The runtime must know relaxed SIMD (V8 from 11.4 on), and the processor must fuse: where it
 * does not, the same instruction rounds twice, and is no faster. x = 1 + 2⁻¹² tells: x² = 1 + 2⁻¹¹ + 2⁻²⁴ has one bit more than an f32.
 */
export function hasFusedMultiplyAdd(): boolean {
  fused ??= fuses();
  return fused;
}

function fuses(): boolean {
  const module = new Module();
  const x = [f32.const(1 + 2 ** -12), f32x4.splat];
  const rounded = [f32.const(-(1 + 2 ** -11)), f32x4.splat];
  module.add("rest", () => ({
    parameters: [],
    results: ["f32"],
    locals: [],
    body: [x, x, rounded, f32x4.relaxedMadd, f32x4.extractLane(0)],
    exported: true,
  }));
  const bytes = module.bytes({ pages: 0 });
  if (!host.validate(bytes)) return false;
  const instance = new host.Instance(new host.Module(bytes), { env: { memory: new host.Memory({ initial: 0 }) } });
  return (instance.exports["rest" as string] as () => number)() === 2 ** -24;
}
