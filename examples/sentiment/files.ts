// What a run leaves behind: report.json, and the files of the report. All of them appear, or none.

import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Diagnostic } from "clew";
import * as E from "fp-ts/lib/Either.js";
import type { Learned, Results } from "./results.ts";

export type Files = { readonly [name: string]: string };

const wrong = (folder: string, error: unknown): Diagnostic => ({
  code: "BadFile",
  severity: "error",
  op: "out",
  message: `cannot write there: ${(error as Error).message.split(",")[0]}`,
  at: folder,
  hint: "--out names a folder that may be written to",
});

/** What cannot be written to is told before a minute of training, not after. Nothing is made yet: a run may be broken off. */
export function canWriteTo(folder: string): E.Either<readonly Diagnostic[], void> {
  let there = resolve(folder);
  while (!existsSync(there)) there = dirname(there);
  try {
    if (!statSync(there).isDirectory()) throw new Error(`${there} is a file`);
    accessSync(there, constants.W_OK);
    return E.right(undefined);
  } catch (error) {
    return E.left([wrong(folder, error)]);
  }
}

/** Writes all files into a folder beside, and moves them when every one of them stands. */
export function writeAll(folder: string, files: Files): E.Either<readonly Diagnostic[], void> {
  const parts = `${resolve(folder)}.${process.pid}.part`;
  // who breaks it off now waits for the milliseconds that this takes
  const wait = (): void => {};
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, wait);
  try {
    mkdirSync(parts, { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(parts, name), content);
    mkdirSync(folder, { recursive: true });
    for (const name of Object.keys(files)) renameSync(join(parts, name), join(folder, name));
    return E.right(undefined);
  } catch (error) {
    return E.left([wrong(folder, error)]);
  } finally {
    rmSync(parts, { recursive: true, force: true });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, wait);
  }
}

/** report.json: the figures, for scripts. */
export function reportJson(results: Results): string {
  const {
    command,
    seed,
    data,
    recipe,
    gradientCheck,
    questions,
    contributions,
    gradientPerWord,
    opinions,
    wordScores,
    lossFloor,
    seconds,
  } = results;
  const learned = (name: "rnn" | "bagOfWords", { curve, numbers, heldOutAccuracy, negatedAccuracy, shuffledAccuracy }: Learned) => ({
    sentences: Object.fromEntries(questions.map((q) => [q.text, q[name].label])),
    heldOutAccuracy,
    negatedAccuracy,
    shuffledAccuracy,
    numbers,
    seconds: results[name].seconds,
    curve,
  });
  const { verdict, reasons, maxRelativeError, tolerance, loss, worst, parameters } = gradientCheck;
  const json = {
    command,
    seed,
    data,
    recipe,
    gradientCheck: {
      maxRelativeError,
      verdict,
      reasons,
      tolerance,
      loss,
      worst: worst && { place: worst.place, derived: worst.derived, numeric: worst.numeric, relativeError: worst.relativeError },
      parameters: parameters.map(({ parameter, checked, count, maxRelativeError: most }) => ({
        parameter,
        checked,
        count,
        maxRelativeError: most,
      })),
    },
    metrics: { accuracy: results.rnn.heldOutAccuracy },
    rnn: learned("rnn", results.rnn),
    lossFloor,
    bagOfWords: learned("bagOfWords", results.bagOfWords),
    questions,
    opinions,
    wordScores,
    gradientPerWord,
    contributions,
    seconds,
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}
