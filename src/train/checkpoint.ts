// A checkpoint is one safetensors file: weights, optimiser slots, the best weights so far as `W/best`; and in the header where the run stands.
// Whatever a step depends on is there, or is a function of the seed (the order of an epoch's data, dropout): so a run that goes on from it
// makes the same bits as one that was never stopped.

import * as E from "fp-ts/lib/Either.js";
import type { Feeds } from "../evaluate/feeds.ts";
import type { ParameterStore, ParameterValues } from "../evaluate/program.ts";
import { type Checked, diagnostic } from "../graph/diagnostics.ts";
import { isRecord } from "../graph/options.ts";
import { ambientOrigin } from "../graph/source.ts";
import type { Value } from "../graph/value.ts";
import type { Engine } from "./programs.ts";
import { decoded } from "./safetensors/decode.ts";
import { encoded } from "./safetensors/encode.ts";
import type { Stored } from "./safetensors/format.ts";
import type { BatchFeeds } from "./sentences.ts";
import { isSlot } from "./transformation.ts";
import { type FullScore, type Score, unwatched, type Watch } from "./watch.ts";

/** Sums over the steps of an epoch so far, from which its means are made. */
export interface Sums {
  readonly examples: number;
  readonly loss: number;
  readonly metric: number | undefined;
}

export const noSums: Sums = { examples: 0, loss: 0, metric: undefined };

/** Where a run stands, between two steps. */
export interface Position {
  readonly epoch: number;
  /** The next batch of the epoch; 0 when it has not begun. */
  readonly batch: number;
  /** Steps made in all epochs. */
  readonly step: number;
  readonly sums: Sums;
  readonly watch: Watch;
  /** The scores of the epoch that ended last. */
  readonly last: { readonly epoch: number; readonly training: Score; readonly validation: FullScore | undefined } | undefined;
  readonly stopped: boolean;
}

export const beginning: Position = { epoch: 0, batch: 0, step: 0, sums: noSums, watch: unwatched, last: undefined, stopped: false };

/** What must be the same for a run to go on. */
export interface Run {
  readonly seed: number;
  readonly engine: Engine;
}

/** The data that the last step belonged to: a digest of that epoch's batches. */
export interface Order {
  readonly epoch: number;
  readonly digest: string;
}

const key = "clew.checkpoint";

const bestName = (parameter: string): string => `${parameter}/best`;

export function encodeCheckpoint(store: ParameterStore, position: Position, run: Run, order: Order): Uint8Array {
  const { epoch, batch, step, sums, last, stopped, watch } = position;
  const { best, since, mark } = watch;
  const kept = best === undefined ? [] : Object.entries(best.parameters).map(([name, value]) => [bestName(name), value] as const);
  // field by field, in one order: the same position has the same bytes
  const at = { epoch, batch, step, sums, last, stopped, watch: { best: best && { epoch: best.epoch, value: best.value }, since, mark } };
  return encoded(Object.fromEntries<Stored>([...store, ...kept]), {
    metadata: { [key]: JSON.stringify({ format: 1, ...run, order, at }, told) },
  });
}

/** JSON has no NaN and no infinities. */
const told = (_: string, x: unknown): unknown => (typeof x === "number" && !Number.isFinite(x) ? { number: String(x) } : x);
const heard = (_: string, x: unknown): unknown =>
  isRecord(x) && typeof x.number === "string" && Object.keys(x).length === 1 ? Number(x.number) : x;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text, heard);
  } catch {
    return undefined; // a SyntaxError: the caller says of what
  }
}

export interface Checkpoint {
  /** Parameters and slots. */
  readonly values: Feeds;
  readonly position: Position;
  readonly order: Order;
}

/**
 * The checkpoint in a file's bytes, when it is one of this run.
 *
 * @param names parameters and slots of the run, all of them
 */
export function decodeCheckpoint(path: string, bytes: Uint8Array, run: Run, names: readonly string[]): Checked<Checkpoint> {
  const wrong = (message: string, hint?: string) =>
    E.left([diagnostic({ code: "BadFile", op: "fit", message: `"${path}": ${message}`, hint, site: ambientOrigin().site })]);
  return E.chain(
    ({
      values,
      metadata,
    }: {
      readonly values: { readonly [name: string]: Stored };
      readonly metadata: { readonly [key: string]: string };
    }): Checked<Checkpoint> => {
      const text = metadata[key];
      if (text === undefined)
        return wrong("it holds values, but no checkpoint of a run", "its values may be given as from: (await load(path)).values");
      const held = parsed(text) as ({ readonly format: number; readonly order: Order; readonly at: Position } & Run) | undefined;
      if (held === undefined) return wrong("where its run stands cannot be read");
      if (held.format !== 1) return wrong(`a checkpoint of format ${held.format}, where 1 is known`);
      const elsewhere = "another file for another run, or delete this one to begin anew";
      if (held.seed !== run.seed) return wrong(`its run has the seed ${held.seed}, this one ${run.seed}`, elsewhere);
      if (held.engine !== run.engine) return wrong(`its run has the engine "${held.engine}", this one "${run.engine}"`, elsewhere);
      const lacking = names.filter((name) => !Object.hasOwn(values, name));
      if (lacking.length > 0)
        return wrong(`it lacks ${lacking.map((n) => `"${n}"`).join(", ")}: it is of another model or optimiser`, elsewhere);
      const own = Object.fromEntries(names.map((name) => [name, values[name]!]));
      return E.right({ values: own, position: { ...held.at, watch: withBest(held.at.watch, values) }, order: held.order });
    },
  )(decoded("fit", `"${path}"`, bytes));
}

function withBest(watch: Watch, values: { readonly [name: string]: Stored }): Watch {
  return watch.best === undefined ? watch : { ...watch, best: { ...watch.best, parameters: only("/best", values) } };
}

function only(ending: string, values: { readonly [name: string]: Stored }): ParameterValues {
  const own = Object.entries(values).filter(([name]) => name.endsWith(ending));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(0, -ending.length), value as Value]));
}

/**
 * Of what a checkpoint holds, the model's parameters alone: those of the best epoch, where it has them, or as they stood last; no slots.
 *
 * @param values what `load` read
 * @example
 * import { bestParameters } from "clew";
 * const value = (x: number) => ({ shape: [1], data: Float64Array.of(x) });
 * bestParameters({ W: value(1), "W/best": value(2), "W/adam.m": value(3), b: value(4) }); // { W: 2, b: 4 }, as values
 */
export function bestParameters(values: { readonly [name: string]: Stored }): { readonly [name: string]: Stored } {
  const all = Object.keys(values);
  const names = all.filter((name) => !isSlot(name, all));
  return Object.fromEntries(names.map((name) => [name, values[bestName(name)] ?? values[name]!]));
}

/** A number for the data of an epoch, its batches in their order: other data, another order, other batches give another one (FNV-1a). */
export function digestOf(batches: readonly BatchFeeds[]): string {
  let h = 0x811c9dc5;
  const pair = new Int32Array(2);
  const double = new Float64Array(pair.buffer);
  const take = (part: unknown): void => {
    if (typeof part === "number" || typeof part === "boolean") {
      double[0] = Number(part);
      h = Math.imul(Math.imul(h ^ pair[0]!, 0x01000193) ^ pair[1]!, 0x01000193);
      h ^= h >>> 15;
    } else if (typeof part === "string") for (let i = 0; i < part.length; i++) h = Math.imul(h ^ part.charCodeAt(i), 0x01000193);
    else if (Array.isArray(part) || ArrayBuffer.isView(part)) for (const x of part as unknown as Iterable<unknown>) take(x);
    else if (isRecord(part)) for (const name of Object.keys(part).sort()) [name, part[name]].forEach(take);
  };
  take(batches);
  return (h >>> 0).toString(16).padStart(8, "0");
}
