// Sequences of anything as a source: what a sequence has at every step (ids, vectors, labels) beside what it has once (a label, a vector). Longer and
// shorter ones share a batch: what is missing of the shorter ones is 0, and `lengths` says where it begins.

import * as E from "fp-ts/lib/Either.js";
import type { Checked, Diagnostic } from "../graph/diagnostics.ts";
import { badArgument, isRecord, shown, wrongCount } from "../graph/options.ts";
import { type BatchOptions, type Group, grouped, wrongBatching } from "./batches.ts";
import type { BatchFeeds, Source } from "./sentences.ts";

/** A number, or a row of numbers: of one field all rows have one width. */
type Entry = number | ArrayLike<number>;

export interface Sequence {
  /** By the name of the input: one entry for each step. Rows of a field of numbers become [time, batch], of rows [time, batch, width]. */
  readonly steps: { readonly [input: string]: ArrayLike<Entry> };
  /** By the name of the input: one entry for the whole sequence. It becomes [batch], or [batch, width]. */
  readonly once?: { readonly [input: string]: Entry };
}

export type SequenceOptions = Omit<BatchOptions, "seed" | "epoch">;

/** A field: whether it has an entry a step, and how many numbers an entry has (1, and no dim, for a number). */
interface Field {
  readonly name: string;
  readonly part: "steps" | "once";
  /** Undefined for a plain number. */
  readonly width: number | undefined;
  /** Entries of the first sequence that has some. */
  readonly count: number;
}

/**
 * Sequences as a source: shuffled anew in every epoch, cut into batches, padded with 0. Feeds: the fields of `steps` [time, batch, …], those of `once`
 * [batch, …], and `lengths` [batch].
 *
 * @returns the source, or what is wrong with options and sequences
 */
export function sequences(of: readonly Sequence[], options: SequenceOptions): Checked<Source> {
  return sequencesFor("sequences", of, options);
}

/** Sequences with a label at every step, as a source. Feeds: `ids` [time, batch], `labels` [time, batch], `lengths` [batch]. */
export function tagged(
  of: readonly { readonly ids: ArrayLike<number>; readonly labels: ArrayLike<number> }[],
  options: SequenceOptions,
): Checked<Source> {
  const list: unknown = Array.isArray(of) ? of.map((one) => (isRecord(one) ? { steps: { ids: one.ids, labels: one.labels } } : one)) : of;
  return sequencesFor("tagged", list as readonly Sequence[], options);
}

export interface StreamOptions {
  /** Steps of a piece. */
  readonly time: number;
  /** Pieces in a batch. */
  readonly size: number;
}

/**
 * A long text, as ids, in which every next one is to be said: cut into pieces of `time` steps, each with the ids that follow as its labels. Feeds: `ids` [time,
 * batch], `labels` [time, batch], `lengths` [batch] (the last piece may be shorter).
 */
export function stream(ids: ArrayLike<number>, { time, size }: StreamOptions): Checked<Source> {
  const problems = [...wrongCount("stream", "time", time, 1), ...wrongCount("stream", "size", size, 1), ...wrongStream(ids)];
  if (problems.length > 0) return E.left(problems);
  const all = Array.from(ids);
  const pieces = Array.from({ length: Math.ceil((all.length - 1) / time) }, (_, k) => {
    const from = k * time;
    const to = Math.min(from + time, all.length - 1);
    return { ids: all.slice(from, to), labels: all.slice(from + 1, to + 1) };
  });
  return tagged(pieces, { size });
}

function wrongStream(ids: unknown): readonly Diagnostic[] {
  const { length } = (typeof ids === "object" && ids !== null ? ids : {}) as { readonly length?: unknown };
  if (typeof length !== "number") return [badArgument("stream", `the ids are ${shown(ids)}`, "v.encode(text)")];
  return length > 1 ? [] : [badArgument("stream", `of ${length} ids none has one that follows`, "two or more")];
}

function sequencesFor(op: string, of: readonly Sequence[], options: SequenceOptions): Checked<Source> {
  const wrong = wrongBatching(op, options);
  const fields = fieldsOf(op, of);
  if (E.isLeft(fields) || wrong.length > 0) return E.left([...wrong, ...(E.isLeft(fields) ? fields.left : [])]);
  const lengths = of.map(lengthOf);
  return E.right((epoch, seed) => grouped(lengths, { ...options, seed, epoch }).map((group) => batchOf(of, fields.right, lengths, group)));
}

const lengthOf = ({ steps }: Sequence): number => Object.values(steps)[0]?.length ?? 0;

function batchOf(of: readonly Sequence[], fields: readonly Field[], lengths: readonly number[], { indices, time }: Group): BatchFeeds {
  const batch = indices.length;
  const feeds: Record<string, Float64Array | Int32Array> = { lengths: Int32Array.from(indices, (i) => lengths[i]!) };
  for (const { name, part, width = 1 } of fields) {
    const data = new Float64Array((part === "steps" ? time : 1) * batch * width);
    const put = (entry: Entry, row: number): void => {
      if (typeof entry === "number") data[row] = entry;
      else data.set(entry, row * width);
    };
    for (const [b, i] of indices.entries()) {
      const one = of[i]!;
      if (part === "once") put(one.once![name]!, b);
      else for (let t = 0; t < lengths[i]!; t++) put(one.steps[name]![t]!, t * batch + b);
    }
    feeds[name] = data.every((x) => (x | 0) === x) ? Int32Array.from(data) : data; // ids as they are fed
  }
  return { time, batch, feeds };
}

/** The fields that all sequences have, or the first one that does not fit. */
function fieldsOf(op: string, of: unknown): Checked<readonly Field[]> {
  const wrong = (message: string) => E.left([badArgument(op, message, "[{ steps: { ids: [2, 3] }, once: { labels: 1 } }, …]")]);
  if (!Array.isArray(of)) return wrong(`the sequences must be an array, found ${shown(of)}`);
  let fields: readonly Field[] | undefined;
  for (const [i, one] of of.entries()) {
    const own = ownFields(one);
    if (typeof own === "string") return wrong(`sequence ${i}${own}`);
    const before = fields ?? own;
    if (namesOf(before) !== namesOf(own)) return wrong(`sequence ${i} has ${namesOf(own)}, where the first one has ${namesOf(before)}`);
    for (const { name, width, count } of own) {
      const first = before.find((f) => f.name === name)!;
      // of a sequence without steps no width is known
      if (count > 0 && first.count > 0 && first.width !== width)
        return wrong(`"${name}" of sequence ${i} has ${said(width)}, where the first one has ${said(first.width)}`);
    }
    fields = before.map((f, k) => (f.count > 0 ? f : own.find((o) => o.name === before[k]!.name)!));
  }
  return E.right(fields ?? []);
}

const namesOf = (fields: readonly Field[]): string =>
  fields
    .map((f) => `${f.part}.${f.name}`)
    .sort()
    .join(", ");

/** The fields of one sequence, or how the sentence about it goes on. */
function ownFields(one: unknown): readonly Field[] | string {
  const { steps, once = {} } = (isRecord(one) ? one : {}) as { readonly steps?: unknown; readonly once?: unknown };
  if (!isRecord(steps) || !isRecord(once)) return ` is ${shown(one)}, expected { steps }`;
  const all = [
    ...Object.entries(steps).map(([name, v]) => ["steps", name, v] as const),
    ...Object.entries(once).map(([name, v]) => ["once", name, v] as const),
  ];
  const fields: Field[] = [];
  for (const [part, name, value] of all) {
    if (name === "lengths") return ' has "lengths", by which its own length is told';
    const entries = part === "once" ? [value] : listOf(value);
    if (entries === undefined) return ` has ${shown(value)} as "${name}", expected one entry for each step`;
    const length = fields.find((f) => f.part === "steps")?.count ?? entries.length;
    if (part === "steps" && entries.length !== length) return ` has ${entries.length} entries of "${name}", where it has ${length} steps`;
    const widths = Array.from(entries, widthOf);
    const odd = widths.indexOf(null);
    if (odd >= 0) return ` has ${shown(entries[odd])} in "${name}", where a number or a row of numbers is expected`;
    const other = widths.find((w) => w !== widths[0]);
    if (new Set(widths).size > 1) return ` has ${said(widths[0] ?? undefined)} and ${said(other ?? undefined)} in "${name}"`;
    fields.push({ name, part, width: widths[0] ?? undefined, count: entries.length });
  }
  return fields;
}

const said = (width: number | undefined): string => (width === undefined ? "a number" : `a row of ${width}`);

function listOf(value: unknown): (ArrayLike<unknown> & Iterable<unknown>) | undefined {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value)
    ? (value as unknown as ArrayLike<unknown> & Iterable<unknown>)
    : undefined;
}

/** Undefined for a number, the width of a row of numbers, null for anything else. */
function widthOf(entry: unknown): number | undefined | null {
  if (typeof entry === "number") return undefined;
  const list = listOf(entry);
  if (list === undefined) return null;
  for (const x of list) if (typeof x !== "number") return null;
  return list.length;
}
