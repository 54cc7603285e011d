// What a run leaves behind: report.json, and the files of the report. All of them appear, or none.

import { accessSync, constants, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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

/** Makes the folder where there is none: what cannot be written to is told before a minute of training, not after. */
export function openFolder(folder: string): E.Either<readonly Diagnostic[], void> {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return E.right(undefined);
  } catch (error) {
    return E.left([wrong(folder, error)]);
  }
}

/** Writes all files under other names first, and renames them when every one of them stands. */
export function writeAll(folder: string, files: Files): E.Either<readonly Diagnostic[], void> {
  const parts = Object.keys(files).map((name) => ({ part: join(folder, `.${name}.${process.pid}.part`), name }));
  try {
    for (const { part, name } of parts) writeFileSync(part, files[name]!);
    for (const { part, name } of parts) renameSync(part, join(folder, name));
    return E.right(undefined);
  } catch (error) {
    for (const { part } of parts) rmSync(part, { force: true });
    return E.left([wrong(folder, error)]);
  }
}

/** report.json: the figures, for scripts. */
export function reportJson(results: Results): string {
  const { command, seed, data, recipe, gradientCheck, questions, contributions, gradientPerWord, opinions, wordScores, seconds } = results;
  const learned = (name: "rnn" | "bagOfWords", { curve, numbers, heldOutAccuracy, negatedAccuracy, shuffledAccuracy }: Learned) => ({
    sentences: Object.fromEntries(questions.map((q) => [q.text, q[name].label])),
    heldOutAccuracy,
    negatedAccuracy,
    shuffledAccuracy,
    numbers,
    seconds: results[name].seconds,
    curve,
  });
  const { verdict, maxRelativeError, tolerance, loss, worst, parameters } = gradientCheck;
  const json = {
    command,
    seed,
    data,
    recipe,
    gradientCheck: {
      maxRelativeError,
      verdict,
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
    rnn: learned("rnn", results.rnn),
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
