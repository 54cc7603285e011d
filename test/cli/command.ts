// The command in a folder of its own: in this process, or as a user runs it.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../src/cli/run.ts";

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Outside of any project: no node_modules above it has a clew. Test files of one process share it, one after the other; `afterAll(clear)` in each. */
export const folder: string = mkdtempSync(join(tmpdir(), "clew-cli-"));
export const clear = (): void => rmSync(folder, { recursive: true, force: true });

export const at = (name: string): string => join(folder, name);

export function write(name: string, content: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at(name), content);
  return at(name);
}

export const read = (name: string): string => readFileSync(at(name), "utf8");

/** In this process; `isTTY`: as on a terminal. */
export async function clew(args: readonly string[], isTTY = false): Promise<Finished> {
  const said = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof said) => ({
    isTTY,
    columns: 120,
    write: (text: string): boolean => {
      said[name] += text;
      return true;
    },
  });
  const code = await run(args, { stdout: stream("stdout"), stderr: stream("stderr") });
  return { code, out: said.stdout, err: said.stderr };
}

/** As a process. */
export function clewProcess(args: readonly string[]): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const tsx = new URL("../../node_modules/tsx/dist/loader.mjs", import.meta.url).href;
    const child = spawn(process.execPath, ["--import", tsx, join(root, "src/cli/main.ts"), ...args], { cwd: folder });
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

/** A script's text with its default export; `W` and what a small model needs are there. */
export function script(exported: string, before = ""): string {
  return [
    'import { add, adam, argmax, defineOp, dim, gather, input, lengthMask, matmul, oneHot, parameter, scan, sgd, softmax, softmaxCrossEntropy, sum, mean, mul, tanh, uniform, zeros } from "clew";',
    before,
    `export default ${exported};`,
  ].join("\n");
}
