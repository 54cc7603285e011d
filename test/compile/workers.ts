// A process of its own, whose workers are its own, too: the team of a process is one, and what befalls it befalls all programs.
//
//   node --import tsx test/compile/workers.ts latecomers    programs that come when others have run already
//   node --import tsx test/compile/workers.ts ended         the worker ends, when it has taken part
//   node --import tsx test/compile/workers.ts broken        the worker breaks before it has done anything

import { Worker } from "node:worker_threads";
import { type CompiledProgram, compile } from "clew";
import { trained } from "../../bench/clew.ts";
import { taskOf } from "../../bench/model.ts";

/** What a program that asked for two threads did, beside the same one on one thread. */
export interface Pair {
  readonly same: boolean;
  /** Runs that both threads took part in: before something happened, and in all. */
  readonly early: number;
  readonly together: number;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const together = (program: CompiledProgram<unknown>): number => Number(/2 threads in (\d+) of/.exec(program.explain())?.[1] ?? 0);

function pair(hidden: number) {
  const task = taskOf({ model: "rnn", hidden, steps: 8, batch: 32 });
  const { x, y } = task;
  const { loss, update } = trained(task);
  const [one, two] = [1, 2].map((threads) => compile({ loss }, { update, threads })) as [
    CompiledProgram<unknown>,
    CompiledProgram<unknown>,
  ];
  let same = true;
  const run = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const [a, b] = [one, two].map((p) => (p.run({ x, y }) as { readonly loss: { readonly data: ArrayLike<number> } }).loss.data[0]);
      same &&= a === b;
    }
    await wait(10);
  };
  return {
    run,
    /** Until two threads took part in a run; ten seconds at most. */
    async together(): Promise<number> {
      for (const end = performance.now() + 10_000; together(two) === 0 && performance.now() < end; ) await run(10);
      return together(two);
    },
    told: (early: number): Pair => ({ same, early, together: together(two) }),
  };
}

/** All programs begin one after the other, and each one's message finds the worker with a program that it has run. */
async function latecomers(): Promise<readonly Pair[]> {
  const found: Pair[] = [];
  for (const hidden of [32, 40, 48]) {
    const late = pair(hidden);
    found.push(late.told(await late.together()));
  }
  return found;
}

/** Workers that are started from here on: by what the library asks Node for. */
function watched(textOf: (text: string) => string): readonly Worker[] {
  const started: Worker[] = [];
  class Watched extends Worker {
    constructor(text: string, options: object) {
      super(textOf(text), options);
      started.push(this);
    }
  }
  const real = process.getBuiltinModule.bind(process);
  const builtin = (name: string): unknown => (name === "node:worker_threads" ? { Worker: Watched } : real(name));
  process.getBuiltinModule = builtin as typeof process.getBuiltinModule;
  return started;
}

async function ended(): Promise<readonly Pair[]> {
  const workers = watched((text) => text);
  const first = pair(32);
  const early = await first.together();
  await Promise.all(workers.map((worker) => worker.terminate()));
  await wait(20);
  const second = pair(40);
  await first.run(200);
  await second.run(200);
  return [first.told(early), second.told(0)];
}

async function broken(): Promise<readonly Pair[]> {
  watched(() => "throw new Error('no such worker')");
  const only = pair(32);
  await only.run(200);
  return [only.told(0)];
}

const task = { latecomers, ended, broken }[process.argv[2]!]!;
process.stdout.write(JSON.stringify(await task()));
