// Values in files, and back: safetensors, as Python's `safetensors` reads and writes it.

import * as E from "fp-ts/lib/Either.js";
import type { Diagnostic } from "../graph/diagnostics.ts";
import { badArgument, shown } from "../graph/options.ts";
import { type FileTask, readFile, writeFile } from "./files.ts";
import { decoded } from "./safetensors/decode.ts";
import { type EncodeOptions, encodeSafetensors } from "./safetensors/encode.ts";
import type { Safetensors, Stored } from "./safetensors/format.ts";

export function wrongPath(op: string, path: unknown): readonly Diagnostic[] {
  return typeof path === "string" && path !== ""
    ? []
    : [badArgument(op, `the path is ${shown(path)}`, `${op}("run/model.safetensors", …)`)];
}

/** Writes values to a safetensors file, whole or not at all. */
export function save(path: string, values: { readonly [name: string]: Stored }, options: EncodeOptions = {}): FileTask<void> {
  const wrong = wrongPath("save", path);
  if (wrong.length > 0) return async () => E.left(wrong);
  const bytes = encodeSafetensors(values, options);
  return E.isLeft(bytes) ? async () => bytes : writeFile("save", path, bytes.right);
}

/** Reads a safetensors file. */
export function load(path: string): FileTask<Safetensors> {
  const wrong = wrongPath("load", path);
  if (wrong.length > 0) return async () => E.left(wrong);
  return async () => E.chain((bytes: Uint8Array) => decoded("load", `"${path}"`, bytes))(await readFile("load", path)());
}
