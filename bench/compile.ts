// How long `compile` takes for a training step: scanned, which is not to depend on the steps, and unrolled, which is to be linear in them; and how soon a
// program is ready: the time from nothing until three steps in a row take at most 1.25 of a steady one.
//
//   npm run bench:compile              a table
//   npm run bench:compile -- --json    the same numbers, for scripts
//
// A program is ready once: its code stays compiled in a process. So that is asked of several processes in turn, and the least time counts, as everywhere;
// the table has the middle one, too. Each process has trained another, small program before: what the runtime knows of the compiler itself, it knows.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { compile } from "clew";
import { clew, trained } from "./clew.ts";
import { readyMs, type Size, sizes, taskOf } from "./model.ts";

/** Processes that are asked when their programs are ready. */
const processes = 5;

interface Row extends Size {
  readonly form: "scan" | "unroll";
  /** Building the graph and its gradient; compiling it, the first time and at best of some; all in ms. */
  readonly buildMs: number;
  readonly firstMs: number;
  readonly compileMs: number;
  /** The least of all processes, and the middle one; null where it is not asked, or was not seen. */
  readonly readyMs: number | null;
  readonly readyMiddleMs: number | null;
}

function timed<A>(run: () => A): readonly [A, number] {
  const from = performance.now();
  const result = run();
  return [result, performance.now() - from];
}

function compiled(size: Size, form: Row["form"], rounds: number): Omit<Row, "readyMs" | "readyMiddleMs"> {
  const task = taskOf(size);
  const runs = Array.from({ length: rounds }, () => {
    const [{ loss, update }, buildMs] = timed(() => trained(task, form));
    return { buildMs, ms: timed(() => compile({ loss }, { update, seed: 1 }))[1] };
  });
  const least = (of: readonly number[]): number => of.reduce((a, b) => Math.min(a, b));
  return { ...size, form, buildMs: least(runs.map((r) => r.buildMs)), firstMs: runs[0]!.ms, compileMs: least(runs.map((r) => r.ms)) };
}

/** From the graph to steady steps, in this process. */
async function ready(size: Size): Promise<number | null> {
  const from = performance.now();
  const session = await clew.prepare(taskOf(size));
  const preparedMs = performance.now() - from;
  const { ms: warm } = await session.run(1000, 4, 20_000);
  const { ms: steady } = await session.run(300, 3, 20_000);
  await session.close();
  return readyMs(preparedMs, warm, steady);
}

const scanned: readonly Size[] = [
  ...sizes,
  { model: "lstm", hidden: 64, steps: 16, batch: 1 },
  { model: "lstm", hidden: 64, steps: 4096, batch: 1 },
];
const unrolled: readonly Size[] = [64, 256, 1024].map((steps) => ({ model: "rnn", hidden: 64, steps, batch: 1 }));

const numbers = (list: readonly (number | null)[]): readonly number[] =>
  list.flatMap((ms) => (ms === null ? [] : [ms])).sort((a, b) => a - b);

function measured(): readonly Row[] {
  const runs = Array.from({ length: processes }, (): readonly (number | null)[] =>
    JSON.parse(execFileSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), "--ready"], { encoding: "utf8" })),
  );
  return [
    ...scanned.map((size, i): Row => {
      const found = numbers(runs.map((run) => run[i]!));
      return { ...compiled(size, "scan", 12), readyMs: found[0] ?? null, readyMiddleMs: found[Math.floor(found.length / 2)] ?? null };
    }),
    ...unrolled.map((size): Row => ({ ...compiled(size, "unroll", 3), readyMs: null, readyMiddleMs: null })),
  ];
}

async function readyOfEach(): Promise<readonly (number | null)[]> {
  await ready({ model: "lstm", hidden: 16, steps: 4, batch: 1 });
  const found: (number | null)[] = [];
  for (const size of scanned) found.push(await ready(size));
  return found;
}

if (process.argv.includes("--ready")) {
  console.log(JSON.stringify(await readyOfEach()));
  process.exit();
}
const rows = measured();
if (process.argv.includes("--json")) console.log(JSON.stringify(rows, null, 2));
else {
  const show = (cells: readonly string[]): void => console.log(cells.map((c, i) => (i === 0 ? c.padEnd(26) : c.padStart(12))).join(""));
  show(["hidden, steps, batch", "build ms", "first ms", "compile ms", "ready ms", "its middle"]);
  for (const { form, model, hidden, steps, batch, buildMs, firstMs, compileMs, readyMs, readyMiddleMs } of rows)
    show([
      `${model} ${form} ${hidden}, ${steps}, ${batch}`,
      ...[buildMs, firstMs, compileMs].map((ms) => ms.toFixed(1)),
      ...[readyMs, readyMiddleMs].map((ms) => (ms === null ? "–" : ms.toFixed(0))),
    ]);
}
