// Bytes of a safetensors file to values. A file may be cut off, be changed, or be something else: all that the header says is held against the
// bytes that are there before one element is read.

import * as E from "fp-ts/lib/Either.js";
import { type Checked, diagnostic } from "../../graph/diagnostics.ts";
import { isRecord, shown } from "../../graph/options.ts";
import { ambientOrigin } from "../../graph/source.ts";
import type { Data } from "../../graph/value.ts";
import { coders, dimsKey, elements, mostHeader, type Safetensors, type Stored } from "./format.ts";

/**
 * What a safetensors file holds. Floats come as they are (F64; F32, F16 and BF16 as f32), whole numbers as 32 bits, or as f64 where 32 bits do
 * not hold them.
 *
 * @returns values and metadata, or the diagnostic `BadFile` that says what is wrong with the bytes
 */
export function decodeSafetensors(bytes: Uint8Array): Checked<Safetensors> {
  return decoded("decodeSafetensors", "the bytes", bytes);
}

/** What is wrong with a file, as a sentence about it. Stays within this file. */
class Bad {
  constructor(readonly message: string) {}
}

/** The same, told by another verb of another thing. */
export function decoded(op: string, what: string, bytes: Uint8Array): Checked<Safetensors> {
  try {
    return E.right(read(bytes));
  } catch (e) {
    if (!(e instanceof Bad)) throw e;
    const message = `${what}: ${e.message}`;
    return E.left([diagnostic({ code: "BadFile", op, message, site: ambientOrigin().site })]);
  }
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function read(bytes: unknown): Safetensors {
  if (!(bytes instanceof Uint8Array)) throw new Bad(`expected a Uint8Array, found ${shown(bytes)}`);
  if (bytes.length < 8) throw new Bad(`${bytes.length} bytes are no safetensors file, which begins with 8 that say how long its header is`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > mostHeader) throw new Bad(`the header would have ${length} bytes: this is no safetensors file`);
  if (length > bytes.length - 8)
    throw new Bad(`the header has ${length} bytes, of which ${bytes.length - 8} are there: the file is cut off`);
  const { __metadata__: texts = {}, ...tensors } = headerOf(bytes.subarray(8, 8 + length));
  if (!isRecord(texts) || !Object.values(texts).every((text) => typeof text === "string"))
    throw new Bad("its __metadata__ are not texts by name");
  const entries = Object.entries(tensors).map(([name, entry]) => entryOf(name, entry));
  covered(entries, bytes.length - 8 - length);
  const { [dimsKey]: names, ...metadata } = texts as { readonly [key: string]: string };
  const dims = dimsOf(names);
  const values = entries.map((entry): readonly [string, Stored] => {
    const data = dataOf(entry, view, 8 + length);
    const own = Object.hasOwn(dims, entry.name) ? dims[entry.name] : undefined;
    const fits = Array.isArray(own) && own.length === entry.shape.length && own.every((d) => typeof d === "string");
    return [entry.name, fits ? { dims: own, shape: entry.shape, data } : { shape: entry.shape, data }];
  });
  return { values: Object.fromEntries(values), metadata };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a SyntaxError: the caller says of what
  }
}

function headerOf(bytes: Uint8Array): { readonly [name: string]: unknown } {
  let text: string;
  try {
    text = new coders.TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Bad("its header is no UTF-8 text");
  }
  const header = text.startsWith("{") ? parsed(text) : undefined;
  if (!isRecord(header)) throw new Bad("its header is no JSON object");
  return header;
}

const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;

function entryOf(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  const here = `of "${name}" its header says`;
  if (typeof dtype !== "string" || !Object.hasOwn(elements, dtype))
    throw new Bad(`${here} the dtype ${shown(dtype)}; known are ${Object.keys(elements).join(", ")}`);
  if (!Array.isArray(shape) || !shape.every(isCount)) throw new Bad(`${here} the shape ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw new Bad(`${here} the offsets ${JSON.stringify(offsets)}`);
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((a, b) => a * b, elements[dtype]!.bytes);
  if (end - begin !== bytes) throw new Bad(`${here} ${end - begin} bytes, where ${dtype} [${shape.join(", ")}] takes ${bytes}`);
  return { name, dtype, shape, begin, end };
}

/** Tensors follow one another without a gap, up to the last byte: what is cut off, added or overlaps is found by that. */
function covered(entries: readonly Entry[], length: number): void {
  let at = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) throw new Bad(`"${name}" begins at byte ${begin} of the data, where the tensor before it ends at ${at}`);
    at = end;
  }
  if (at > length) throw new Bad(`the tensors take ${at} bytes, of which ${length} are there: the file is cut off`);
  if (at < length) throw new Bad(`after the last tensor there are ${length - at} bytes too many`);
}

function dimsOf(names: string | undefined): { readonly [name: string]: unknown } {
  const dims = names === undefined ? {} : parsed(names);
  return isRecord(dims) ? dims : {};
}

function dataOf({ name, dtype, begin, end }: Entry, view: DataView, start: number): Data {
  const { bytes, kind, read: at } = elements[dtype]!;
  const length = (end - begin) / bytes;
  const fill = <D extends Data>(data: D): D => {
    for (let i = 0; i < length; i++) data[i] = at(view, start + begin + i * bytes);
    return data;
  };
  if (kind === "f64") return fill(new Float64Array(length));
  if (kind === "f32") return fill(new Float32Array(length));
  if (kind === "bool") return fill(new Uint8Array(length));
  const whole = fill(new Float64Array(length));
  const large = whole.findIndex((x) => !Number.isSafeInteger(x));
  if (large >= 0) throw new Bad(`element ${large} of "${name}" is ${whole[large]}: beyond 2^53 whole numbers are not exact here`);
  return whole.every((x) => (x | 0) === x) ? Int32Array.from(whole) : whole;
}
