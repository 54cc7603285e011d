// safetensors (Hugging Face, format 0.4): the length of a header, a header in JSON, then the elements of all tensors, one after the other.
//
//   8 bytes   N, little-endian
//   N bytes   { "__metadata__": { text: text }, "W": { "dtype": "F64", "shape": [16, 16], "data_offsets": [0, 2048] }, … }, spaces at its end
//   the rest  row-major, little-endian; offsets count from here, and leave no byte out
//
// Python, Rust and the browser read it without running anything that is in it. What the format has no place for, the names of dims, stands in
// the metadata.

import type { Data } from "../../graph/value.ts";

/** A tensor as it is kept: like a value, but one from elsewhere has no names of dims. May be fed wherever its sizes fit, in order. */
export interface Stored {
  readonly dims?: readonly string[];
  readonly shape: readonly number[];
  readonly data: Data;
}

/** What a file holds. */
export interface Safetensors {
  readonly values: { readonly [name: string]: Stored };
  /** Whatever texts a writer left. */
  readonly metadata: { readonly [key: string]: string };
}

interface Element {
  readonly bytes: number;
  /** The element at a byte, as a number: exact, or of a whole number beyond 2^53 the next one that there is. */
  readonly read: (view: DataView, at: number) => number;
  readonly kind: "f64" | "f32" | "whole" | "bool";
}

/** How each dtype is read. */
export const elements: { readonly [dtype: string]: Element } = {
  F64: { bytes: 8, kind: "f64", read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, kind: "f32", read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, kind: "f32", read: (view, at) => half(view.getUint16(at, true)) },
  BF16: { bytes: 2, kind: "f32", read: (view, at) => upperHalf(view.getUint16(at, true)) },
  I64: { bytes: 8, kind: "whole", read: (view, at) => Number(view.getBigInt64(at, true)) },
  U64: { bytes: 8, kind: "whole", read: (view, at) => Number(view.getBigUint64(at, true)) },
  I32: { bytes: 4, kind: "whole", read: (view, at) => view.getInt32(at, true) },
  U32: { bytes: 4, kind: "whole", read: (view, at) => view.getUint32(at, true) },
  I16: { bytes: 2, kind: "whole", read: (view, at) => view.getInt16(at, true) },
  U16: { bytes: 2, kind: "whole", read: (view, at) => view.getUint16(at, true) },
  I8: { bytes: 1, kind: "whole", read: (view, at) => view.getInt8(at) },
  U8: { bytes: 1, kind: "whole", read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, kind: "bool", read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
};

/** IEEE 754 binary16: 5 bits of exponent, 10 of fraction. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const bits = new DataView(new ArrayBuffer(4));

/** bfloat16: the first half of a binary32. */
function upperHalf(upper: number): number {
  bits.setUint32(0, upper * 65536);
  return bits.getFloat32(0);
}

/** Where the metadata keeps the names of dims: JSON, name of the tensor → names of its dims. */
export const dimsKey = "clew.dims";

/** The reference reader takes no longer header. */
export const mostHeader = 100_000_000;

/** The runtime's text coder, which neither the DOM's types nor Node's need to declare. */
interface Coders {
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
  readonly TextDecoder: new (
    label: string,
    options: { readonly fatal: boolean },
  ) => { decode(bytes: Uint8Array, options?: { readonly stream: boolean }): string };
}

export const coders: Coders = globalThis as unknown as Coders;
