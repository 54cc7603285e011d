// A process of its own for what shows in one only: memory over many runs, and bits before and after V8's optimising compiler has been at work.
//
//   node --expose-gc --import tsx test/compile/long-run.ts RUNS      a training step of a small LSTM, again and again
//   node --expose-gc --import tsx test/compile/long-run.ts peak      one of a large LSTM

import { createHash } from "node:crypto";
import { compile, scan } from "clew";
import { trained } from "../../bench/clew.ts";
import { taskOf } from "../../bench/model.ts";
import { lstmStep } from "./nets.ts";
import { valuesOf } from "./sampled.ts";

declare const gc: () => void;

/** What a process holds, in bytes, when what can be freed is freed. */
export interface Held {
  readonly heap: number;
  readonly buffers: number;
  readonly resident: number;
}

function held(): Held {
  gc();
  gc();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed, buffers: external + arrayBuffers, resident: rss };
}

export interface LongRun {
  /** Of all results, after the first run and after the last. */
  readonly first: string;
  readonly last: string;
  /** After a fifth of the runs, and after all. */
  readonly early: Held;
  readonly late: Held;
}

export interface Peak {
  readonly before: Held;
  readonly after: Held;
  /** The most that was resident at any time. */
  readonly most: number;
  readonly explained: string;
}

function longRun(runs: number): LongRun {
  const { outputs, feeds } = lstmStep(scan);
  const program = compile(outputs);
  const run = () => {
    const hash = createHash("sha256");
    for (const { data } of valuesOf(program.run(feeds))) hash.update(data);
    return hash.digest("hex");
  };
  const first = run();
  let last = first;
  let early = held();
  for (let i = 1; i < runs; i++) {
    last = run();
    if (i === Math.floor(runs / 5)) early = held();
  }
  return { first, last, early, late: held() };
}

function peak(): Peak {
  const task = taskOf({ model: "lstm", hidden: 512, steps: 128, batch: 32 });
  const { loss, update } = trained(task);
  const { x, y } = task;
  const before = held();
  const program = compile({ loss }, { update, seed: 1, threads: 1 });
  program.run({ x, y });
  return { before, after: held(), most: 1024 * process.resourceUsage().maxRSS, explained: program.explain() };
}

const [task = ""] = process.argv.slice(2);
console.log(JSON.stringify(task === "peak" ? peak() : longRun(Number(task))));
