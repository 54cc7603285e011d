// What verbs take besides tensors. A user of plain JavaScript may pass anything: a check gives what is wrong, as diagnostics; verbs never throw for it.

import { type Diagnostic, diagnostic } from "./diagnostics.ts";
import { ambientOrigin } from "./source.ts";

/** An argument as a message shows it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  if (value instanceof Map) return "a Map";
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** Whether fields can be asked for by name: an object, but none that is gone through one by one (an array, a Map, a typed array). */
export function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !(Symbol.iterator in value);
}

/** `did you mean "encoder.W"? `, when a known name differs from this one by a slip of the pen or two; else nothing. */
export function meant(name: string, known: readonly string[]): string {
  const near = known.map((k) => ({ k, far: distance(name.toLowerCase(), k.toLowerCase()) })).sort((a, b) => a.far - b.far)[0];
  return near !== undefined && near.far <= Math.min(2, (near.k.length - 1) / 2) ? `did you mean "${near.k}"? ` : "";
}

/** How many letters are to be added, left out or changed (Levenshtein, 1966), row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

/** An argument of a verb that makes no sense. */
export function badArgument(op: string, message: string, hint?: string): Diagnostic {
  return diagnostic({ code: "BadArgument", op, message, hint, site: ambientOrigin().site });
}

/** A count that is none: nothing when `value` is a whole number, `least` or more. */
export function wrongCount(op: string, name: string, value: unknown, least: 0 | 1): readonly Diagnostic[] {
  if (Number.isSafeInteger(value) && (value as number) >= least) return [];
  return [badArgument(op, `${name} is ${shown(value)}`, `a whole number, ${least} or more`)];
}

/** A seed is one of 2^53 numbers: two that differ give other draws. Nothing when `seed` is one, or left out. */
export function wrongSeed(op: string, seed: unknown): readonly Diagnostic[] {
  if (seed === undefined || (Number.isSafeInteger(seed) && (seed as number) >= 0)) return [];
  return [badArgument(op, `seed is ${shown(seed)}`, "a seed is a whole number from 0 to 2^53 − 1 (Number.MAX_SAFE_INTEGER)")];
}

/** Options that are no record; nothing when they are one, or left out. */
export function wrongRecord(op: string, options: unknown): readonly Diagnostic[] {
  if (options === undefined || isRecord(options)) return [];
  return [badArgument(op, `the options must be a record, found ${shown(options)}`, `${op}(…, { seed: 1 })`)];
}

/** What is wrong with the options that every run of a graph takes: `seed`, `trainingStep`, `nan`. */
export function wrongRun(op: string, options: unknown): readonly Diagnostic[] {
  const problems = wrongRecord(op, options);
  if (problems.length > 0 || options === undefined) return problems;
  const { seed, trainingStep = 0, nan = "refuse" } = options as { seed?: unknown; trainingStep?: unknown; nan?: unknown };
  return [
    ...wrongSeed(op, seed),
    ...wrongCount(op, "trainingStep", trainingStep, 0),
    ...(nan === "refuse" || nan === "allow" ? [] : [badArgument(op, `nan is ${shown(nan)}`, `it is "refuse" or "allow"`)]),
  ];
}
