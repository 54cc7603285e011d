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
  return {
    two,
    /** Runs both until two threads took part in one run more, or so often. */
    async run(most: number): Promise<void> {
      const before = together(two);
      for (let i = 0; i < most && together(two) === before; i++) {
        const [a, b] = [one, two].map((p) => (p.run({ x, y }) as { readonly loss: { readonly data: ArrayLike<number> } }).loss.data[0]);
        same &&= a === b;
        if (i % 10 === 0) await wait(10);
      }
    },
    told: (early: number): Pair => ({ same, early, together: together(two) }),
  };
}

/** All programs begin one after the other, and each one's message finds the worker with a program that it has run. */
async function latecomers(): Promise<readonly Pair[]> {
  const found: Pair[] = [];
  for (const hidden of [32, 40, 48]) {
    const late = pair(hidden);
    await late.run(1000);
    found.push(late.told(together(late.two)));
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
  await first.run(1000);
  const early = together(first.two);
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
