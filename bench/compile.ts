// How long `compile` takes for a training step: scanned, which is not to depend on the steps, and unrolled, which is to be linear in them; and how soon a
// program is ready: the time from nothing until three steps in a row take at most 1.25 of a steady one.
//
//   npm run bench:compile              a table
//   npm run bench:compile -- --json    the same numbers, for scripts

import { compile } from "clew";
import { clew, trained } from "./clew.ts";
import { readyMs, type Size, sizes, taskOf } from "./model.ts";

interface Row extends Size {
  readonly form: "scan" | "unroll";
  /** Building the graph and its gradient; compiling it, the first time and at best of some; all in ms. */
  readonly buildMs: number;
  readonly firstMs: number;
  readonly compileMs: number;
  readonly readyMs: number | null;
}

function timed<A>(run: () => A): readonly [A, number] {
  const from = performance.now();
  const result = run();
  return [result, performance.now() - from];
}

function compiled(size: Size, form: Row["form"], rounds: number): Omit<Row, "readyMs"> {
  const task = taskOf(size);
  const runs = Array.from({ length: rounds }, () => {
    const [{ loss, update }, buildMs] = timed(() => trained(task, form));
    return { buildMs, ms: timed(() => compile({ loss }, { update, seed: 1 }))[1] };
  });
  const least = (of: readonly number[]): number => of.reduce((a, b) => Math.min(a, b));
  return { ...size, form, buildMs: least(runs.map((r) => r.buildMs)), firstMs: runs[0]!.ms, compileMs: least(runs.map((r) => r.ms)) };
}

/** From the graph to steady steps, in this process: what V8 knows already of the compiler's own code, it knows. */
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

const rows: Row[] = [];
for (const size of scanned) rows.push({ ...compiled(size, "scan", 12), readyMs: await ready(size) });
for (const size of unrolled) rows.push({ ...compiled(size, "unroll", 3), readyMs: null });

if (process.argv.includes("--json")) console.log(JSON.stringify(rows, null, 2));
else {
  const show = (cells: readonly string[]): void => console.log(cells.map((c, i) => (i === 0 ? c.padEnd(26) : c.padStart(12))).join(""));
  show(["hidden, steps, batch", "build ms", "first ms", "compile ms", "ready ms"]);
  for (const { form, model, hidden, steps, batch, buildMs, firstMs, compileMs, readyMs } of rows)
    show([
      `${model} ${form} ${hidden}, ${steps}, ${batch}`,
      ...[buildMs, firstMs, compileMs].map((ms) => ms.toFixed(1)),
      readyMs === null ? "–" : readyMs.toFixed(0),
    ]);
}
