// What a user can do wrong when starting the main job: one clear message each, exit code 1, no stack trace, and nothing is written.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { brokenOff, type Finished, start, startHere, temporaryFolder } from "./command.ts";

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const rows = (of: readonly (readonly [string, string])[]): string => ["text\tlabel", ...of.map((row) => row.join("\t"))].join("\n");
const good: readonly (readonly [string, string])[] = Array.from({ length: 10 }, (_, i) => [
  i % 2 ? "a good film" : "a bad film",
  i % 2 ? "pos" : "neg",
]);

const mistakes: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
  ["an unknown option", ["--sede", "1"], /Unknown option '--sede'/],
  ["an argument without an option", ["reviews.tsv"], /Unexpected argument 'reviews.tsv'/],
  ["an option without its value", ["--seed"], /--seed has no value/],
  ["a seed that is no number", ["--seed", "one"], /--seed is "one"/],
  ["a negative seed", ["--seed", "-1"], /--seed is "-1"\n.*\n? *mend +a seed is a whole number from 0 to 999999999/],
  ["a seed that is no whole number", ["--seed=1.5"], /--seed is "1.5"/],
  ["a letter as seed", ["--seed=a"], /--seed is "a"/],
  ["an option in the place of a value", ["--ask", "--seed", "1"], /--ask has no value: --seed comes after it/],
  ["columns named without a file", ["--text", "review"], /--text and --label name columns of a file/],
  ["a file that is not there", ["--data", join(folder, "none.tsv")], /cannot read the file: no such file/],
  ["a folder as file", ["--data", folder], /this is a folder/],
  ["an empty file", ["--data", file("empty.tsv", "")], /the file is empty/],
  ["a missing column", ["--data", file("column.tsv", "words\tlabel\ngood\tpos\n")], /no text column/],
  ["a column that was asked for and is missing", ["--data", file("named.tsv", rows(good)), "--text", "review"], /no text column "review"/],
  ["one label only", ["--data", file("one.tsv", rows(good.map(([text]) => [text, "pos"])))], /one label only: "pos"/],
  ["an empty text", ["--data", file("text.tsv", rows([...good, ["", "pos"]]))], /the text is empty on line 12/],
  ["an empty question", ["--ask", " "], /--ask has an empty text/],
  ["a question without words", ["--ask", "!!!"], /there is no word in "!!!"/],
  ["a word never seen", ["--ask", "It was supercalifragilistic"], /never seen in training: supercalifragilistic/],
  ["a file as output folder", ["--out", file("taken", "")], /cannot write there/],
];

function expectMessage({ code, out, err }: Finished, message: RegExp): void {
  expect(code).toBe(1);
  expect(err).toMatch(message);
  expect(err).toMatch(/\n {2}mend/);
  expect(err).not.toMatch(/\n\s+at .*:\d+:\d+/);
  expect(err.match(/^error\[/gm)).toHaveLength(1);
  expect(out).toBe("");
}

describe("a mistake is told in one message", () => {
  const out = join(folder, "out");

  test.each(mistakes)("%s", async (_, args, message) => {
    expectMessage(await startHere("--out", out, ...args), message);
  });

  test("by the command too, as its exit code says", async () => {
    const [file, option] = [mistakes.find(([what]) => what === "a missing column")!, mistakes[0]!];
    for (const [, args, message] of [file, option]) expectMessage(await start("--out", out, ...args), message);
  }, 60_000);

  test("and nothing was written", () => {
    expect(existsSync(out)).toBe(false);
  });
});

test("a run that is broken off leaves nothing", async () => {
  const out = join(folder, "broken");
  const { code, signal } = await brokenOff("--out", out);
  expect([code, signal]).toEqual([null, "SIGINT"]);
  expect(readdirSync(folder).filter((name) => name.startsWith("broken"))).toEqual([]);
}, 60_000);

test("--help says what there is, and trains nothing", async () => {
  const { code, out } = await startHere("--help");
  expect(code).toBe(0);
  for (const option of ["--data", "--seed", "--out", "--ask", "--help"]) expect(out).toContain(option);
}, 60_000);

test("a file of one's own is learned from, and asked", async () => {
  const out = join(folder, "own");
  mkdirSync(out);
  const said = await startHere("--data", file("own.tsv", rows(good)), "--ask", "a good film", "--ask", "an unheard film", "--out", out);
  expect(said.err).toBe("");
  expect(said.code).toBe(0);
  expect(said.out).toContain("words never seen: an, unheard");
  // the four sentences have words that these data have not: nobody can be right there
  expect(said.out).toContain("words never seen: this, movie, is");
  expect(said.out).not.toMatch(/[✓✗]/);
  expect(said.out).toContain("2 sentences held out");
  expect(readdirSync(out)).toEqual(expect.arrayContaining(["report.json", "report.html", "folded.svg"]));
}, 120_000);
