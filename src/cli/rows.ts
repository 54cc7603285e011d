// Data files: texts, and what is said of them. Tab-separated values have the names of their columns in the first line, and no quoting
// (text/tab-separated-values): a quotation mark is text. JSON lines have an object in each. A .txt has a text in each line. Anything else the script reads.

import { readFileSync } from "node:fs";
import { extname } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { type Checked, diagnostic } from "../graph/diagnostics.ts";
import { isRecord, meant, shown } from "../graph/options.ts";
import type { LabelledText, Learning } from "../train/learning.ts";

/** Names of the two columns. */
export interface Columns {
  readonly text: string;
  readonly label: string;
}

const bad = (message: string, hint: string, at: string) => E.left([{ ...diagnostic({ code: "BadFile", op: "data", message, hint }), at }]);

const reasons: { readonly [code: string]: string } = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "the system does not permit it",
};

/** The rows of a file. Labels are there where they are asked for. */
export function readRows(
  file: string,
  { asks, rows: own }: Pick<Learning, "asks" | "rows">,
  names: Columns,
): Checked<readonly LabelledText[]> {
  const content = readText(file);
  if (E.isLeft(content)) return content;
  const rows = own === undefined ? parsed(file, content.right, names, asks !== "next") : ownRows(file, own(content.right), asks !== "next");
  if (E.isLeft(rows) || rows.right.length > 0) return rows;
  return bad("there is no row in it", "a text in each line; in TSV below the names of the columns", file);
}

function readText(file: string): Checked<string> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return bad(`it cannot be read: ${reasons[code] ?? message}`, "--data names a file", file);
  }
  try {
    return E.right(new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r\n?/g, "\n"));
  } catch {
    return bad("it is no text in UTF-8", "save it as UTF-8", file);
  }
}

function ownRows(file: string, rows: unknown, labelled: boolean): Checked<readonly LabelledText[]> {
  const list: readonly unknown[] | undefined = Array.isArray(rows) ? rows : undefined;
  const hint = "rows: (content) => [{ text, label }, …]";
  if (list === undefined) return bad(`the script's rows gave ${shown(rows)}`, hint, file);
  const odd = list.findIndex((row) => !isRecord(row) || typeof row.text !== "string" || (labelled && typeof row.label !== "string"));
  return odd < 0 ? E.right(list as readonly LabelledText[]) : bad(`the script's rows gave ${shown(list[odd])} as row ${odd}`, hint, file);
}

function parsed(file: string, content: string, names: Columns, labelled: boolean): Checked<readonly LabelledText[]> {
  const kind = extname(file).toLowerCase();
  const lines = content.split("\n").flatMap((line, i) => (line.trim() === "" ? [] : [{ line, at: `${file}:${i + 1}` }]));
  if (kind === ".tsv" || kind === ".tab") return ofTable(file, lines, names, labelled);
  if (kind === ".jsonl" || kind === ".ndjson") return ofJson(lines, names, labelled);
  if (kind !== ".txt")
    return bad(`files that end in "${kind}" are not read`, ".tsv, .jsonl and .txt are; the script's rows may read others", file);
  if (labelled) return bad("a .txt has texts, and no labels", "a .tsv or .jsonl has both; the script's rows may read others", file);
  return E.right(lines.map(({ line }) => ({ text: line })));
}

interface Line {
  readonly line: string;
  readonly at: string;
}

function ofTable(file: string, [head, ...lines]: readonly Line[], names: Columns, labelled: boolean): Checked<readonly LabelledText[]> {
  const columns = (head?.line ?? "").split("\t").map((name) => name.trim());
  const place = (name: string): number => columns.indexOf(name);
  for (const option of labelled ? (["text", "label"] as const) : (["text"] as const)) {
    const name = names[option];
    if (place(name) >= 0) continue;
    const hint = `${meant(name, columns)}its first line has ${columns.map(shown).join(", ")}; --${option} NAME says which it is`;
    return bad(`there is no column "${name}"`, hint, `${file}:1`);
  }
  const rows: LabelledText[] = [];
  for (const { line, at } of lines) {
    const cells = line.split("\t");
    if (cells.length !== columns.length)
      return bad(
        `${cells.length} columns, where the first line has ${columns.length}`,
        "one tab between two columns, and none in a text",
        at,
      );
    const [text, label] = [cells[place(names.text)]!.trim(), labelled ? cells[place(names.label)]!.trim() : undefined];
    if (label === "") return bad("the label is empty", "a label there, or one row less", at);
    rows.push({ text, label });
  }
  return E.right(rows);
}

function ofJson(lines: readonly Line[], names: Columns, labelled: boolean): Checked<readonly LabelledText[]> {
  const rows: LabelledText[] = [];
  for (const { line, at } of lines) {
    const record = json(line);
    if (!isRecord(record)) return bad("this is no JSON object", `{ "${names.text}": "…", "${names.label}": "…" }`, at);
    const [text, label] = [record[names.text], record[names.label]];
    if (typeof text !== "string" || (labelled && !["string", "number", "boolean"].includes(typeof label)))
      return bad(
        `"${names.text}" is ${shown(text)}, "${names.label}" is ${shown(label)}`,
        "texts; --text and --label say how they are called",
        at,
      );
    rows.push(labelled ? { text, label: String(label) } : { text });
  }
  return E.right(rows);
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // a SyntaxError: the caller says where
  }
}
