// The engines that Clew is compared with. Whatever cannot be had is left out, with a line that says why.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Engine, type Session, type Steps, type Task, timed } from "../model.ts";

export interface Found {
  readonly engines: readonly Engine[];
  readonly notes: readonly string[];
}

const here = fileURLToPath(new URL("..", import.meta.url));

const reason = (problem: unknown): string => (problem instanceof Error ? problem.message : String(problem)).split("\n")[0]!;

interface Wanted {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The peers in JavaScript, from bench/package.json: installed when they are not there. */
export async function javascriptPeers(): Promise<Found> {
  const { dependencies } = JSON.parse(readFileSync(`${here}package.json`, "utf8")) as Wanted;
  const notes: string[] = [];
  if (!Object.keys(dependencies).every((name) => existsSync(`${here}node_modules/${name}`))) {
    console.error(`installing ${Object.keys(dependencies).join(", ")} in bench/, to compare with`);
    try {
      const options = ["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"];
      await promisify(execFile)("npm", options, { cwd: here, timeout: 120_000 });
    } catch (problem) {
      notes.push(`tfjs-wasm and jax-js are left out: they cannot be installed (${reason(problem)})`);
      return { engines: [], notes };
    }
  }
  // as CommonJS: tfjs imports folders, which only require resolves
  const require = createRequire(`${here}package.json`);
  const load = async (name: string): Promise<unknown> => require(name);
  const engines: Engine[] = [];
  for (const name of ["tfjs", "jax-js"] as const) {
    try {
      const file: string = new URL(`${name}.mjs`, import.meta.url).href;
      const { engine } = (await import(file)) as { engine: (...given: readonly unknown[]) => Promise<Engine> };
      engines.push(await engine(load, timed, dependencies["@jax-js/jax"]));
    } catch (problem) {
      notes.push(`${name} is left out: ${reason(problem)}`);
    }
  }
  return { engines, notes };
}

interface Hello {
  readonly engines: readonly { readonly name: string; readonly version: string }[];
  readonly missing: Readonly<Record<string, string>>;
  readonly threads: number;
}

/** A process that answers every line with a line. */
class Answering {
  private readonly waiting: { readonly resolve: (line: string) => void; readonly reject: (problem: Error) => void }[] = [];
  private readonly lines: string[] = [];
  private ended = false;
  constructor(private readonly process: ChildProcess) {
    createInterface({ input: process.stdout! }).on("line", (line) => {
      const first = this.waiting.shift();
      if (first === undefined) this.lines.push(line);
      else first.resolve(line);
    });
    const over = (): void => {
      this.ended = true;
      for (const { reject } of this.waiting.splice(0)) reject(new Error("it ended without an answer"));
    };
    process.on("error", over);
    process.on("exit", over);
    process.stdin!.on("error", over);
  }
  async answer<T>(question?: unknown): Promise<T> {
    if (question !== undefined) this.process.stdin!.write(`${JSON.stringify(question)}\n`);
    const early = this.lines.shift();
    if (early === undefined && this.ended) throw new Error("it ended without an answer");
    const line = early ?? (await new Promise<string>((resolve, reject) => this.waiting.push({ resolve, reject })));
    const answer = JSON.parse(line) as T & { readonly error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
  end(): void {
    this.process.stdin!.end();
  }
}

const base64 = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64");

/** JAX and PyTorch, as far as the Python named by CLEW_BENCH_PYTHON has them. */
export async function pythonPeers(python: string | undefined): Promise<Found> {
  if (python === undefined || python === "")
    return { engines: [], notes: ["JAX and PyTorch are left out: CLEW_BENCH_PYTHON names no Python that has them"] };
  const script = fileURLToPath(new URL("../peers.py", import.meta.url));
  const peers = new Answering(spawn(python, [script], { stdio: ["pipe", "pipe", "ignore"] }));
  let hello: Hello;
  try {
    hello = await peers.answer<Hello>();
  } catch (problem) {
    return {
      engines: [],
      notes: [`JAX and PyTorch are left out: the Python of CLEW_BENCH_PYTHON does not run bench/peers.py (${reason(problem)})`],
    };
  }
  const { threads } = hello;
  const notes = Object.entries(hello.missing).map(([name, why]) => `${name} is left out: ${why}`);
  if (hello.engines.length === 0) peers.end();
  const engines = hello.engines.map(({ name, version }): Engine => {
    const prepare = async (task: Task): Promise<Session> => {
      const sent = Object.fromEntries(Object.entries(task).map(([key, value]) => [key, typeof value === "object" ? base64(value) : value]));
      const { compileMs } = await peers.answer<{ compileMs: number | null }>({ do: "prepare", engine: name, task: sent });
      return {
        compileMs,
        run: (ms, least, most) => peers.answer<Steps>({ do: "run", engine: name, ms, least, most }),
        close: async () => void (await peers.answer({ do: "close", engine: name })),
      };
    };
    return { name, version, threads, prepare, end: () => peers.end() };
  });
  return { engines, notes };
}
