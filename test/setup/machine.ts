// What some tests need beyond Node: a browser, a Python with the oracles' packages. On a user's machine a test that lacks
// its need is skipped, and one line says so; under CLEW_CI=1 it fails, so that CI cannot pass by lacking something.

import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";

export interface Need {
  readonly what: string;
  readonly find: () => string | undefined;
  readonly mend: string;
}

const root: string = fileURLToPath(new URL("../../", import.meta.url));

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const onPath = (name: string): string | undefined =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);

const firstThatRuns = (paths: ReadonlyArray<string | undefined>): string | undefined =>
  paths.find((path) => path !== undefined && isExecutable(path));

/** The path of a Chromium or Chrome: CHROME_PATH alone when it is set, else the usual names and places. */
export function browserPath(): string | undefined {
  const chosen = process.env.CHROME_PATH;
  if (chosen) return isExecutable(chosen) ? chosen : undefined;
  return firstThatRuns([
    ...["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(onPath),
    "/usr/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
  ]);
}

/** The Python that has the packages of test/oracle/requirements.txt: CLEW_PYTHON alone when it is set, else .venv. */
export function python(): string | undefined {
  const chosen = process.env.CLEW_PYTHON;
  if (chosen) return isExecutable(chosen) ? chosen : undefined;
  return firstThatRuns([join(root, ".venv/bin/python"), join(root, ".venv/Scripts/python.exe")]);
}

export const browser: Need = { what: "Chromium", find: browserPath, mend: "install Chromium or Chrome, or set CHROME_PATH" };

export const oraclePython: Need = {
  what: "Python with the oracles' packages",
  find: python,
  mend: "python3 -m venv .venv && .venv/bin/pip install -r test/oracle/requirements.txt, or set CLEW_PYTHON",
};

/** The needs that this copy of the project has tests for. */
export const needs: ReadonlyArray<Need> = existsSync(join(root, "test/oracle/requirements.txt")) ? [browser, oraclePython] : [browser];

export const missing = (need: Need): string => `${need.what} was not found: ${need.mend}`;

/** The path that satisfies the need; without it the test is skipped, or fails under CLEW_CI=1. */
export function needed(context: TestContext, need: Need): string {
  const found = need.find();
  if (found !== undefined) return found;
  if (process.env.CLEW_CI === "1") throw new Error(missing(need));
  return context.skip(missing(need));
}
