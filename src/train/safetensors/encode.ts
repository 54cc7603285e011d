// Values to bytes of a safetensors file. Elements of 8 bytes stand before those of 4, each kind by name: so all are aligned, and the same
// values give the same bytes.

import * as E from "fp-ts/lib/Either.js";
import type { Checked, Diagnostic } from "../../graph/diagnostics.ts";
import { badArgument, isRecord, shown } from "../../graph/options.ts";
import type { Data } from "../../graph/value.ts";
import { coders, dimsKey, elements, type Stored } from "./format.ts";

export interface EncodeOptions {
  /** Texts that go into the header: whatever a reader shall know. */
  readonly metadata?: { readonly [key: string]: string };
  /** Of floats; as they are when left out. "f32" halves the file of an f64 net, and rounds. */
  readonly precision?: "f32" | "f64";
}

/**
 * The bytes of a safetensors file.
 *
 * @param values tensors by name, as an epoch's event, a program or an evaluation gives them
 * @returns the bytes, or what cannot be written
 */
export function encodeSafetensors(values: { readonly [name: string]: Stored }, options: EncodeOptions = {}): Checked<Uint8Array> {
  const problems = [...wrongValues(values), ...wrongOptions(options)];
  return problems.length > 0 ? E.left(problems) : E.right(encoded(values, options));
}

type Written = "F64" | "F32" | "I32" | "U8" | "BOOL";

/** How each dtype that Clew has is written. */
const writers: { readonly [D in Written]: (view: DataView, at: number, x: number) => void } = {
  F64: (view, at, x) => view.setFloat64(at, x, true),
  F32: (view, at, x) => view.setFloat32(at, x, true),
  I32: (view, at, x) => view.setInt32(at, x, true),
  U8: (view, at, x) => view.setUint8(at, x),
  BOOL: (view, at, x) => view.setUint8(at, x),
};

function dtypeOf(data: Data, precision: EncodeOptions["precision"]): Written {
  if (data instanceof Float64Array) return precision === "f32" ? "F32" : "F64";
  if (data instanceof Float32Array) return precision === "f64" ? "F64" : "F32";
  if (data instanceof Int32Array) return "I32";
  return data.every((x) => x <= 1) ? "BOOL" : "U8";
}

/** The same of what is known to be right. */
export function encoded(values: { readonly [name: string]: Stored }, { metadata = {}, precision }: EncodeOptions): Uint8Array {
  const tensors = Object.entries(values)
    .map(([name, value]) => ({ name, value, dtype: dtypeOf(value.data, precision) }))
    .sort((a, b) => elements[b.dtype]!.bytes - elements[a.dtype]!.bytes || (a.name < b.name ? -1 : 1));
  let at = 0;
  const entries = tensors.map(({ name, value: { shape, data }, dtype }) => {
    const begin = at;
    at += data.length * elements[dtype]!.bytes;
    return [name, { dtype, shape, data_offsets: [begin, at] }] as const;
  });
  const named = tensors.flatMap(({ name, value: { dims } }) => (dims === undefined ? [] : [[name, dims] as const]));
  const texts = named.length === 0 ? metadata : { ...metadata, [dimsKey]: JSON.stringify(Object.fromEntries(named)) };
  const head = Object.keys(texts).length === 0 ? [] : [["__metadata__", texts] as const];
  const header = new coders.TextEncoder().encode(JSON.stringify(Object.fromEntries<unknown>([...head, ...entries])));
  const padded = Math.ceil(header.length / 8) * 8;

  const bytes = new Uint8Array(8 + padded + at);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(padded), true);
  bytes.set(header, 8);
  bytes.fill(0x20, 8 + header.length, 8 + padded);
  tensors.forEach(({ value: { data }, dtype }, i) => {
    const start = 8 + padded + entries[i]![1].data_offsets[0]!;
    const write = writers[dtype];
    const width = elements[dtype]!.bytes;
    for (let k = 0; k < data.length; k++) write(view, start + k * width, data[k]!);
  });
  return bytes;
}

const op = "encodeSafetensors";

function wrongValues(values: unknown): readonly Diagnostic[] {
  if (!isRecord(values)) return [badArgument(op, `the values must be a record, found ${shown(values)}`, "{ W: { shape, data } }")];
  return Object.entries(values).flatMap(([name, value]) => {
    if (name === "__metadata__") return [badArgument(op, "no tensor can be named __metadata__: the format takes that name for its texts")];
    const { shape, data, dims } = (isRecord(value) ? value : {}) as { shape?: unknown; data?: unknown; dims?: unknown };
    const typed = [Float64Array, Float32Array, Int32Array, Uint8Array].some((of) => data instanceof of);
    if (!Array.isArray(shape) || !typed)
      return [badArgument(op, `"${name}" is ${shown(value)}, expected { shape, data }`, "data is a typed array")];
    const size = shape.reduce((a: number, b: number) => a * b, 1);
    if (size !== (data as Data).length)
      return [badArgument(op, `"${name}" has ${(data as Data).length} elements for the shape [${shape.join(", ")}]`)];
    if (dims !== undefined && !(Array.isArray(dims) && dims.length === shape.length))
      return [badArgument(op, `"${name}" has the dims ${shown(dims)} for the shape [${shape.join(", ")}]`)];
    return [];
  });
}

function wrongOptions(options: unknown): readonly Diagnostic[] {
  if (!isRecord(options)) return [badArgument(op, `the options must be a record, found ${shown(options)}`, "{ metadata: { … } }")];
  const { metadata = {}, precision } = options;
  const texts = isRecord(metadata) && Object.values(metadata).every((text) => typeof text === "string");
  return [
    ...(texts ? [] : [badArgument(op, "metadata must be a record of texts", 'metadata: { epochs: "10" }')]),
    ...(precision === undefined || precision === "f32" || precision === "f64"
      ? []
      : [badArgument(op, `precision is ${shown(precision)}`, 'it is "f32" or "f64"')]),
  ];
}
