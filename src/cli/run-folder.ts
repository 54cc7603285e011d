// The folder of a training: run.json says what it is of, model.safetensors has the weights, and where the training stands (train/checkpoint.ts).

import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { type Checked, diagnostic } from "../graph/diagnostics.ts";
import { isRecord } from "../graph/options.ts";
import { writeFile } from "../train/files.ts";
import type { Known } from "./lesson.ts";

export interface Run extends Known {
  readonly format: 1;
  /** The script, from this folder. */
  readonly script: string;
  readonly seed: number;
}

export const weightsIn = (folder: string): string => join(folder, "model.safetensors");

const descriptionIn = (folder: string): string => join(folder, "run.json");

export const isRun = (folder: string): boolean => existsSync(descriptionIn(folder));

export function scriptFrom(folder: string, script: string): string {
  return relative(resolve(folder), resolve(script));
}

export function scriptOf(folder: string, { script }: Run): string {
  return isAbsolute(script) ? script : join(folder, script);
}

export function writeRun(folder: string, run: Run): Promise<Checked<void>> {
  return writeFile("train", descriptionIn(folder), new TextEncoder().encode(`${JSON.stringify(run, undefined, 1)}\n`))();
}

export function readRun(folder: string): Checked<Run> {
  const file = descriptionIn(folder);
  const bad = (message: string) =>
    E.left([
      diagnostic({
        code: "BadFile",
        op: "run",
        message: `"${folder}" ${message}`,
        hint: "clew train model.ts --data FILE --out DIR makes one",
      }),
    ]);
  if (!isRun(folder)) return bad("is no folder of a training: there is no run.json");
  let run: unknown;
  try {
    run = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return bad("has a run.json that cannot be read");
  }
  const texts = (list: unknown): boolean => Array.isArray(list) && list.every((t) => typeof t === "string");
  if (!isRecord(run) || run.format !== 1 || typeof run.script !== "string" || !texts(run.tokens) || !texts(run.labels))
    return bad("has a run.json that is not of a training");
  return E.right(run as unknown as Run);
}
