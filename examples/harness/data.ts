// Where examples' data come from: files beside this repository, and packages of examples/package.json, which are installed when they are first asked for.

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { NotThere } from "./example.ts";

const examples = fileURLToPath(new URL("..", import.meta.url));

/** A file of ../shared/data, beside the repository; undefined when it is not there. */
export function sharedData(name: string): string | undefined {
  const file = fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url));
  return existsSync(file) ? file : undefined;
}

/** The path of a data package's file. */
export async function packageFile(name: string, file: string, say: (line: string) => void): Promise<string> {
  const path = `${examples}node_modules/${name}/${file}`;
  if (existsSync(path)) return path;
  const { dependencies } = JSON.parse(readFileSync(`${examples}package.json`, "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  say(`installing ${Object.keys(dependencies).join(", ")} in examples/, to learn from`);
  try {
    const options = ["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"];
    await promisify(execFile)("npm", options, { cwd: examples, timeout: 300_000 });
  } catch (problem) {
    throw new NotThere(`${name} cannot be installed: ${(problem as Error).message.split("\n")[0]}`);
  }
  return path;
}
