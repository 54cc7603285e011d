// A user's own sentences: a TSV, CSV or JSONL file with a text and a label column, split into what is trained on and what is held out. What is
// wrong with a file comes back as diagnostics that name the line and what would mend it.
//
// TSV has no quoting (text/tab-separated-values): a quotation mark there is text. CSV is quoted as RFC 4180 says.

import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import * as E from "fp-ts/lib/Either.js";
import type { Diagnostic } from "../../src/graph/diagnostics.ts";

export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

export interface Data {
  /** The file, as it was named. */
  readonly file: string;
  /** The two labels, sorted: `negative` before `positive`, `0` before `1`. */
  readonly labels: readonly [string, string];
  readonly training: readonly LabelledText[];
  /** Every fifth row, from the first. */
  readonly heldOut: readonly LabelledText[];
}

export interface DataOptions {
  /** The column of texts, when it is none of those that are looked for. */
  readonly text?: string;
  /** The column of labels, likewise. */
  readonly label?: string;
}

type Result<A> = E.Either<readonly Diagnostic[], A>;

/** The columns looked for, in this order, upper and lower case alike. */
const columnNames: { readonly [C in keyof LabelledText]: readonly string[] } = {
  text: ["text", "sentence", "review", "phrase"],
  label: ["label", "sentiment", "polarity", "class"],
};

const heldOutEvery = 5;

/** One line of the file: cells by column name, and where it begins. */
interface Row {
  readonly line: number;
  readonly cells: ReadonlyMap<string, string>;
}

interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

function wrong(message: string, at: string, hint: string): Diagnostic {
  return { code: "BadFile", severity: "error", op: "data", message, at, hint };
}

const list = (items: readonly string[], most: number): string =>
  items.length > most ? `${items.slice(0, most).join(", ")} and ${items.length - most} more` : items.join(", ");
const quoted = (text: string): string => (text.length > 30 ? `"${text.slice(0, 29)}…"` : `"${text}"`);
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
const onLines = (lines: readonly number[]): string => `${lines.length === 1 ? "line" : "lines"} ${list(lines.map(String), 5)}`;

// -- the file --------------------------------------------------------------------------------------------------------------------------

const unreadable: { readonly [errno: string]: readonly [what: string, hint: string] } = {
  ENOENT: ["no such file", "check the path; it is taken from the folder that the command runs in"],
  EISDIR: ["this is a folder", "name a file in it"],
  EACCES: ["no permission to read it", "give yourself the right to read it"],
};

function readText(file: string): Result<string> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const [what, hint] = unreadable[code] ?? [message, "name a file that can be read"];
    return E.left([wrong(`cannot read the file: ${what}`, file, hint)]);
  }
  try {
    return E.right(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return E.left([wrong("the file is not UTF-8 text", file, "save it as UTF-8")]);
  }
}

// -- its rows --------------------------------------------------------------------------------------------------------------------------

function readDelimited(content: string, file: string, delimiter: string): Result<Table> {
  const records: { readonly line: number; readonly cells: readonly string[] }[] = [];
  let last = 0;
  try {
    parse(content, {
      delimiter,
      quote: delimiter === "\t" ? false : '"',
      relax_quotes: true,
      relax_column_count: true, // told below, with the lines
      skip_empty_lines: true,
      on_record: (cells: readonly string[], { lines }) => {
        // `lines` is the last line of the record: a quoted cell may span several
        records.push({ line: cells.reduce((line, cell) => line - (cell.split("\n").length - 1), lines), cells });
        last = lines;
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError) || error.code !== "CSV_QUOTE_NOT_CLOSED") throw error;
    const hint = "close every quotation mark; inside a quoted text write it twice";
    return E.left([wrong("a quoted text begins here and never ends", `${file}:${last + 1}`, hint)]);
  }
  const columns = records[0]!.cells.map((name) => name.trim());
  const ragged = records.filter(({ cells }) => cells.length !== columns.length).map(({ line }) => line);
  if (ragged.length > 0) {
    const hint = delimiter === "\t" ? "separate the columns by one tab each" : `put a text that holds a "${delimiter}" in quotation marks`;
    return E.left([
      wrong(`the first line has ${count(columns.length, "column")}, but not ${onLines(ragged)}`, `${file}:${ragged[0]}`, hint),
    ]);
  }
  const rows = records.slice(1).map(({ line, cells }) => ({ line, cells: new Map(columns.map((name, i) => [name, cells[i]!])) }));
  return E.right({ columns, rows });
}

function readJsonLines(content: string, file: string): Result<Table> {
  const rows: Row[] = [];
  for (const [i, source] of content.split("\n").entries()) {
    if (source.trim() === "") continue;
    const line = i + 1;
    let value: unknown;
    try {
      value = JSON.parse(source);
    } catch {
      value = undefined;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return E.left([
        wrong(
          `not a JSON object: ${quoted(source.trim())}`,
          `${file}:${line}`,
          'write one object a line, such as {"text": "…", "label": "…"}',
        ),
      ]);
    const cells = Object.entries(value).filter(([, cell]) => ["string", "number", "boolean"].includes(typeof cell));
    rows.push({ line, cells: new Map(cells.map(([name, cell]) => [name, String(cell)])) });
  }
  return E.right({ columns: [...new Set(rows.flatMap((row) => [...row.cells.keys()]))], rows });
}

type Format = "jsonl" | "\t" | "," | ";";

function formatOf(file: string, content: string): Format {
  const header = content.split("\n", 1)[0]!;
  const byName: { readonly [extension: string]: Format } = { ".jsonl": "jsonl", ".ndjson": "jsonl", ".tsv": "\t", ".tab": "\t" };
  const named = byName[extname(file).toLowerCase()];
  if (named !== undefined) return named;
  if (header.trimStart().startsWith("{")) return "jsonl";
  if (header.includes("\t")) return "\t";
  return header.includes(";") && !header.includes(",") ? ";" : ",";
}

// -- its meaning -----------------------------------------------------------------------------------------------------------------------

function findColumn(what: keyof LabelledText, columns: readonly string[], asked: string | undefined, file: string): Result<string> {
  const looked = asked === undefined ? columnNames[what] : [asked];
  for (const name of looked) {
    const found = columns.find((column) => column === name) ?? columns.find((column) => column.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return E.right(found);
  }
  const hint = `name it in the first line${asked === undefined ? ` (${looked.join(", ")})` : ""}, or say which column it is`;
  const has = columns.length === 0 ? "none" : list(columns.map(quoted), 8);
  return E.left([wrong(`no ${what} column ${asked === undefined ? "" : `${quoted(asked)} `}among the columns: ${has}`, `${file}:1`, hint)]);
}

/** One message for all the lines where a cell is missing, at the first of them. */
function emptyCells(what: keyof LabelledText, column: string, rows: readonly Row[], file: string): readonly Diagnostic[] {
  const lines = rows.filter((row) => (row.cells.get(column) ?? "").trim() === "").map((row) => row.line);
  if (lines.length === 0) return [];
  return [wrong(`the ${what} is empty on ${onLines(lines)}`, `${file}:${lines[0]}`, `write a ${what} there, or remove the line`)];
}

function twoLabels(rows: readonly Row[], column: string, file: string): Result<readonly [string, string]> {
  const metOn = new Map<string, number>();
  for (const { line, cells } of rows) {
    const label = cells.get(column)!.trim();
    if (!metOn.has(label)) metOn.set(label, line);
  }
  const [one, two, third] = [...metOn.keys()];
  const found = list([...metOn.keys()].map(quoted), 5);
  if (one === undefined || two === undefined)
    return E.left([wrong(`one label only: ${found}`, file, "two are needed, to tell one from the other: add rows of another label")]);
  if (third !== undefined)
    return E.left([
      wrong(`${metOn.size} labels: ${found}`, `${file}:${metOn.get(third)}`, "keep rows of two labels; spelling counts, upper case too"),
    ]);
  return E.right(one < two ? [one, two] : [two, one]);
}

function interpret(table: Table, file: string, options: DataOptions): Result<Data> {
  if (table.rows.length === 0)
    return E.left([
      wrong(
        "the file holds no rows",
        file,
        "write the names of the columns in the first line and a text with its label in each one after it",
      ),
    ]);
  const text = findColumn("text", table.columns, options.text, file);
  const label = findColumn("label", table.columns, options.label, file);
  if (E.isLeft(text) || E.isLeft(label)) return E.left([...(E.isLeft(text) ? text.left : []), ...(E.isLeft(label) ? label.left : [])]);

  const empty = [...emptyCells("text", text.right, table.rows, file), ...emptyCells("label", label.right, table.rows, file)];
  if (empty.length > 0) return E.left(empty);
  const labels = twoLabels(table.rows, label.right, file);
  if (E.isLeft(labels)) return labels;

  const texts = table.rows.map(({ cells }) => ({ text: cells.get(text.right)!.trim(), label: cells.get(label.right)!.trim() }));
  const training = texts.filter((_, i) => i % heldOutEvery !== 0);
  const heldOut = texts.filter((_, i) => i % heldOutEvery === 0);
  if (new Set(training.map((row) => row.label)).size < 2)
    return E.left([
      wrong(
        `one label only in the ${training.length} rows to train on (every fifth, from the first, is held out)`,
        file,
        "add rows, or mix their order",
      ),
    ]);
  return E.right({ file, labels: labels.right, training, heldOut });
}

/** What a file with this content says; `file` names it in messages, and its ending tells the format (else the first line does). */
export function parseData(content: string, file: string, options: DataOptions = {}): Result<Data> {
  const plain = content.replace(/\r\n?/g, "\n");
  if (plain.trim() === "")
    return E.left([wrong("the file is empty", file, "name a TSV, CSV or JSONL file with a text and a label column")]);
  const format = formatOf(file, plain);
  const table = format === "jsonl" ? readJsonLines(plain, file) : readDelimited(plain, file, format);
  return E.isLeft(table) ? table : interpret(table.right, file, options);
}

/**
 * Reads sentences with their labels from a TSV, CSV or JSONL file in UTF-8.
 *
 * Every fifth row, from the first, is held out.
 */
export function readData(file: string, options: DataOptions = {}): Result<Data> {
  const content = readText(file);
  return E.isLeft(content) ? content : parseData(content.right, file, options);
}
