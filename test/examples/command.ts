// The main job as a user runs it: another process, its own folder.

import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { run } from "../../examples/sentiment/run.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function start(...args: readonly string[]): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", "examples/sentiment/main.ts", ...args], { cwd: root });
    let [out, err] = ["", ""];
    child.stdout.on("data", (text: Buffer) => {
      out += text.toString();
    });
    child.stderr.on("data", (text: Buffer) => {
      err += text.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

/** Interrupted as soon as it says something, as by Ctrl+C. */
export function brokenOff(...args: readonly string[]): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", "examples/sentiment/main.ts", ...args], { cwd: root });
    child.stdout.once("data", () => child.kill("SIGINT"));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
}

/** The same in this process: for what is told before anything is trained. */
export async function startHere(...args: readonly string[]): Promise<Finished> {
  const said = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof said) => ({
    write: (text: string): void => {
      said[name] += text;
    },
  });
  const code = await run(args, { stdout: stream("stdout"), stderr: stream("stderr") });
  return { code, out: said.stdout, err: said.stderr };
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "clew-"));
}
