// What the main job promises, over five seeds: the four sentences, the held-out negations, the proof, and the files that it leaves.

import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Finished, start, temporaryFolder } from "./command.ts";

interface Figures {
  readonly sentences: { readonly [text: string]: string };
  readonly heldOutAccuracy: number;
  readonly shuffledAccuracy: number;
}
interface ReportJson {
  readonly gradientCheck: { readonly maxRelativeError: number; readonly verdict: string };
  readonly rnn: Figures;
  readonly bagOfWords: Figures;
  readonly contributions: { readonly sumRelativeError: number };
  readonly gradientPerWord: { readonly words: readonly string[]; readonly shares: readonly number[]; readonly verdict: string };
  readonly seconds: number;
}

const seeds = [1, 2, 3, 4, 5];
const runs: { readonly folder: string; readonly finished: Finished; readonly report: ReportJson }[] = [];

async function run(seed: number): Promise<void> {
  const folder = temporaryFolder();
  const finished = await start("--seed", String(seed), "--out", folder);
  const file = join(folder, "report.json");
  if (!existsSync(file)) throw new Error(`seed ${seed} left no report: ${finished.err}`);
  runs[seed - 1] = { folder, finished, report: JSON.parse(readFileSync(file, "utf8")) as ReportJson };
}

// two at a time: a training run keeps one core busy
beforeAll(async () => {
  const waiting = [...seeds];
  const worker = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) await run(seed);
  };
  await Promise.all([worker(), worker()]);
}, 600_000);

afterAll(() => {
  for (const { folder } of runs) rmSync(folder, { recursive: true });
});

const mean = (of: (r: ReportJson) => number): number => runs.reduce((sum, { report }) => sum + of(report), 0) / runs.length;

describe("over five seeds", () => {
  test("the RNN is right on the negations that it never saw: 99 % or more in the mean", () => {
    expect(mean((r) => r.rnn.heldOutAccuracy)).toBeGreaterThanOrEqual(0.99);
  });

  test("a bag of words is not: at most 60 %", () => {
    for (const { report } of runs) expect(report.bagOfWords.heldOutAccuracy).toBeLessThanOrEqual(0.6);
  });

  test("it is the order that the RNN uses", () => {
    expect(mean((r) => r.rnn.shuffledAccuracy)).toBeLessThan(0.75);
  });

  test.each(seeds)("seed %i: the four sentences are right, and the gradients are proved", (seed) => {
    const { report } = runs[seed - 1]!;
    expect(report.rnn.sentences).toEqual({
      "This movie is good": "positive",
      "This movie is bad": "negative",
      "This movie is not good": "negative",
      "This movie is not bad": "positive",
    });
    expect(report.gradientCheck.verdict).toBe("pass");
    expect(report.gradientCheck.maxRelativeError).toBeLessThanOrEqual(1e-7);
    expect(report.contributions.sumRelativeError).toBeLessThan(1e-12);
    expect(report.gradientPerWord.shares.at(-1)).toBe(1);
    expect(report.gradientPerWord.words).toEqual(["this", "movie", "is", "not", "good"]);
    expect(report.seconds).toBeGreaterThan(0);
  });
});

describe("a run", () => {
  test("tells its story on plain lines where no terminal listens", () => {
    const { finished } = runs[0]!;
    expect(finished.code).toBe(0);
    expect(finished.err).toBe("");
    expect(finished.out).not.toContain("\u001b");
    expect(finished.out).not.toContain("\r");
    for (const part of ["(seed 1)", "1 train", "2 prove", "PASS", "3 ask", "400 negations never seen", "why:", "4 look", "Open "]) {
      expect(finished.out).toContain(part);
    }
    expect(Math.max(...finished.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test("leaves the report, its pictures and its figures, and nothing beside them", () => {
    const files = ["backward.svg", "folded.svg", "report.html", "report.json", "training.svg", "unrolled.svg"];
    for (const { folder } of runs) {
      expect(readdirSync(folder).sort()).toEqual(files);
      expect(readFileSync(join(folder, "report.html"), "utf8").trimEnd()).toMatch(/<\/html>$/);
      const drawn = readFileSync(join(folder, "unrolled.svg"), "utf8");
      expect(drawn, "the README's picture is out of date").toBe(
        readFileSync(new URL("../../examples/sentiment/sentiment.svg", import.meta.url), "utf8"),
      );
    }
  });
});
