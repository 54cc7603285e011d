// The runtime's WebAssembly, as far as it is used here: neither the DOM's types nor Node's need to be there.

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
}

export const host: Host = (globalThis as unknown as { readonly WebAssembly: Host }).WebAssembly;
