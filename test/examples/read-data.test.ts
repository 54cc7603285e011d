import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { afterAll, describe, expect, test } from "vitest";
import { type Data, type DataOptions, parseData, readData } from "../../examples/sentiment/read-data.ts";
import type { Diagnostic } from "../../src/graph/diagnostics.ts";

const folder = mkdtempSync(join(tmpdir(), "clew-data-"));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function good(content: string, file: string, options?: DataOptions): Data {
  const data = parseData(content, file, options);
  if (E.isLeft(data)) throw new Error(JSON.stringify(data.left));
  return data.right;
}

/** The one thing that is wrong. */
function wrong(result: ReturnType<typeof readData>): Diagnostic {
  if (E.isRight(result)) throw new Error("read, but should not be");
  expect(result.left).toHaveLength(1);
  const [diagnostic] = result.left;
  expect(diagnostic).toMatchObject({ code: "BadFile", severity: "error" });
  expect(diagnostic!.hint).toMatch(/\w/);
  return diagnostic!;
}

const six: readonly (readonly [string, string])[] = [
  ["held out", "no"],
  ["a fine film", "yes"],
  ["what, again?", "no"],
  ['he said "go"', "yes"],
  ["not bad", "yes"],
  ["held out too", "no"],
];
const tsv = (rows: readonly (readonly [string, string])[]): string => `text\tlabel\n${rows.map((row) => row.join("\t")).join("\n")}\n`;

describe("what can be read", () => {
  test("TSV, CSV, JSONL say the same", () => {
    const expected = {
      labels: ["no", "yes"],
      training: six.slice(1, 5).map(([text, label]) => ({ text, label })),
      heldOut: [six[0]!, six[5]!].map(([text, label]) => ({ text, label })),
    };
    const csv = (by: string): string =>
      `label${by}text\n${six.map(([text, label]) => `${label}${by}"${text.replaceAll('"', '""')}"`).join("\n")}`;
    const jsonl = six.map(([text, label]) => JSON.stringify({ text, label })).join("\n");
    expect(good(tsv(six), "a.tsv")).toEqual({ file: "a.tsv", ...expected });
    expect(good(csv(","), "a.csv")).toEqual({ file: "a.csv", ...expected });
    expect(good(csv(";"), "a.csv")).toEqual({ file: "a.csv", ...expected });
    expect(good(jsonl, "a.jsonl")).toEqual({ file: "a.jsonl", ...expected });
    for (const content of [tsv(six), csv(","), jsonl]) expect(good(content, "data")).toEqual({ file: "data", ...expected });
  });

  test("every fifth row, from the first, is held out", () => {
    const rows = Array.from({ length: 23 }, (_, i) => [`row ${i}`, i % 2 === 0 ? "even" : "odd"] as const);
    const data = good(tsv(rows), "rows.tsv");
    expect(data.heldOut.map((row) => row.text)).toEqual(["row 0", "row 5", "row 10", "row 15", "row 20"]);
    expect(data.training).toHaveLength(18);
    expect(new Set([...data.training, ...data.heldOut].map((row) => row.text)).size).toBe(23);
  });

  test("columns by their usual names, in any case and order, or by the names given", () => {
    for (const text of ["text", "Sentence", "REVIEW", "phrase"])
      for (const label of ["label", "Sentiment", "POLARITY", "class"]) {
        const data = good(`id,${label},${text}\n${six.map(([, l], i) => `${i},${l},t${i}`).join("\n")}`, "a.csv");
        expect(data.training[0]).toEqual({ text: "t1", label: "yes" });
      }
    const named = good(`text,body,stars\n${six.map(([, l], i) => `${i},t${i},${l}`).join("\n")}`, "a.csv", {
      text: "body",
      label: "stars",
    });
    expect(named.training[0]).toEqual({ text: "t1", label: "yes" });
  });

  test("a quotation mark in TSV is text, a quoted cell of CSV may span lines", () => {
    const open = good(
      tsv([
        ["x", "no"],
        ['" I love it.', "yes"],
        ["b", "no"],
      ]),
      "a.tsv",
    );
    expect(open.training.map((row) => row.text)).toEqual(['" I love it.', "b"]);
    const spanning = good('text,label\nx,no\n"two\nlines",yes\nb,no\n', "a.csv");
    expect(spanning.training.map((row) => row.text)).toEqual(["two\nlines", "b"]);
  });

  test("a byte order mark, Windows line ends, empty lines, numbers as labels", () => {
    const file = written("windows.csv", `\ufefftext,label\r\nx,0\r\n\r\na,1\r\nb,0\r\n`);
    expect(readData(file)).toEqual(E.right(good("text,label\nx,0\na,1\nb,0\n", file)));
    expect(good('{"text":"x","label":0}\n\n{"text":"a","label":1}\n{"text":"b","label":0}\n', "a.jsonl").labels).toEqual(["0", "1"]);
  });
});

describe("what cannot: one message, which names the place", () => {
  test("a file that is not there, a folder", () => {
    const missing = join(folder, "missing.tsv");
    expect(wrong(readData(missing))).toMatchObject({ message: "cannot read the file: no such file", at: missing });
    expect(wrong(readData(folder))).toMatchObject({ message: "cannot read the file: this is a folder", at: folder });
  });

  test("a file that is not text", () => {
    const file = written("latin1.csv", Uint8Array.from([0x74, 0xe9, 0x0a]));
    expect(wrong(readData(file))).toMatchObject({ message: "the file is not UTF-8 text", at: file });
  });

  test("an empty file, and one without rows", () => {
    const file = written("empty.tsv", "");
    expect(wrong(readData(file))).toMatchObject({ message: "the file is empty", at: file });
    expect(wrong(parseData("\n \n", "blank.tsv")).message).toBe("the file is empty");
    expect(wrong(parseData("text,label\n", "a.csv")).message).toBe("the file holds no rows");
  });

  test("a missing column: the columns that there are", () => {
    const bad = wrong(parseData("source,text,stars\na,b,5\n", "a.csv"));
    expect(bad).toMatchObject({ message: 'no label column among the columns: "source", "text", "stars"', at: "a.csv:1" });
    expect(bad.hint).toContain("sentiment");
    expect(wrong(parseData("text,label\na,x\n", "a.csv", { text: "body" })).message).toBe(
      'no text column "body" among the columns: "text", "label"',
    );
    expect(wrong(parseData('{"label":"x"}\n', "a.jsonl")).message).toBe('no text column among the columns: "label"');
  });

  test("both columns missing: two messages", () => {
    const both = parseData("a,b\n1,2\n", "a.csv");
    expect(E.isLeft(both) && both.left.map((d) => d.message.split(" ", 2).join(" "))).toEqual(["no text", "no label"]);
  });

  test("one label only, in the file or in what is left to train on", () => {
    expect(wrong(parseData("text,label\na,x\nb,x\n", "a.csv"))).toMatchObject({ message: 'one label only: "x"', at: "a.csv" });
    const unlucky = parseData("text,label\na,x\nb,y\nc,y\nd,y\ne,y\nf,x\n", "a.csv");
    expect(wrong(unlucky).message).toMatch(/^one label only in the 4 rows to train on/);
  });

  test("more than two labels: which, and where the third begins", () => {
    const bad = wrong(parseData("text,label\na,x\nb,y\nc,x\nd,Y\n", "a.csv"));
    expect(bad).toMatchObject({ message: '3 labels: "x", "y", "Y"', at: "a.csv:5" });
    const many = parseData(`text,label\n${six.map((_, i) => `t,${i}`).join("\n")}\n`, "a.csv");
    expect(wrong(many).message).toBe('6 labels: "0", "1", "2", "3", "4" and 1 more');
  });

  test("an empty text or label: the lines, counted through empty and quoted ones", () => {
    expect(wrong(parseData("text\tlabel\n\na\tx\n \ty\n", "a.tsv"))).toMatchObject({
      message: "the text is empty on line 4",
      at: "a.tsv:4",
    });
    expect(wrong(parseData('text,label\n"a\nb",x\n"",y\nc,x\n,y\n', "a.csv"))).toMatchObject({
      message: "the text is empty on lines 4, 6",
      at: "a.csv:4",
    });
    expect(wrong(parseData("text,label\na,x\nb,\n", "a.csv"))).toMatchObject({ message: "the label is empty on line 3", at: "a.csv:3" });
    expect(wrong(parseData('{"text":"a","label":"x"}\n{"label":"y"}\n', "a.jsonl"))).toMatchObject({
      message: "the text is empty on line 2",
      at: "a.jsonl:2",
    });
    expect(wrong(parseData('text,label\na,x\n"b\n\nc",', "a.csv"))).toMatchObject({
      message: "the label is empty on line 3",
      at: "a.csv:3",
    });
    const many = parseData(`text,label\n${",x\n".repeat(8)}`, "a.csv");
    expect(wrong(many).message).toBe("the text is empty on lines 2, 3, 4, 5, 6 and 3 more");
  });

  test("a line with too many columns: a comma that is not quoted", () => {
    const bad = wrong(parseData("text,label\na,x\nwell, well,y\n", "a.csv"));
    expect(bad).toMatchObject({ message: "the first line has 2 columns, but not line 3", at: "a.csv:3" });
    expect(bad.hint).toContain("quotation marks");
  });

  test("a quotation that is never closed: where the row begins", () => {
    const open = parseData('text,label\na,x\n"b,y\nc,x\nd,y\n', "a.csv");
    expect(wrong(open)).toMatchObject({ message: "a quoted text begins here and never ends", at: "a.csv:3" });
  });

  test("a malformed line of JSONL", () => {
    const first = '{"text":"a","label":"x"}\n';
    for (const line of ['{"text":"b",', "null", "[1]", '"text"'])
      expect(wrong(parseData(`${first}\n${line}\n`, "a.jsonl"))).toMatchObject({
        message: `not a JSON object: "${line}"`,
        at: "a.jsonl:3",
      });
  });
});
