// The threads that help the one which calls `run`: workers that all programs share, started when a program first wants them.
//
//   run ──►  control: program number, then one more ring ──►  a worker goes through its part, and meets the others at the barriers (print.ts)
//
// A worker that waits for its next command spins twice as long as its last program took (two milliseconds at most), then sleeps. Until a worker has a program,
// whoever calls `run` does all shares; the bits are the same. Workers never keep a process alive. Where there are none (a page that is not isolated
// from others may not share memory; a machine of one processor), programs run on one thread.

import type { WasmMemory } from "../wasm/host.ts";

/** One program's place in the team. */
export interface Member {
  /** Whether every thread has the program. */
  isReady(): boolean;
  /** Has all other threads begin with their parts: the caller goes through its own, and meets them at the last barrier. */
  start(): void;
}

/** How many threads can work at one program here, the caller's included. */
export function mostThreads(): number {
  if (!canStart()) return 1;
  const os = node<{ availableParallelism(): number }>("node:os");
  return Math.min(mostWords, os?.availableParallelism() ?? here.navigator?.hardwareConcurrency ?? 1);
}

let startable: boolean | undefined;

/** Whether workers can be had: a process may be forbidden to start any. */
function canStart(): boolean {
  if (startable !== undefined) return startable;
  try {
    if (starter() !== undefined) helpers[0] ??= new Helper();
    startable = helpers.length > 0;
  } catch {
    startable = false;
  }
  return startable;
}

/** Whether the caller's thread may sleep while others work: Node's may, that of a page must not. */
export function mayWait(): boolean {
  return node("node:worker_threads") !== undefined;
}

/**
 * Hands a program to as many threads as it is printed for, but for the caller's, which is number 0.
 *
 * @param ready the byte address of words, of which number i is set to 1 when thread i has the program
 * @param owner the program is kept until this is gone
 */
export function enlisted(module: object, memory: WasmMemory, ready: number, threads: number, owner: object): Member {
  const id = ++programs;
  const words = new Int32Array(memory.buffer, ready, threads);
  const team = Array.from({ length: threads - 1 }, (_, i) => (helpers[i] ??= new Helper()));
  for (const [i, helper] of team.entries()) helper.send({ id, module, memory, entry: `thread ${i + 1}`, ready: ready + 4 * (i + 1) });
  leaving.register(owner, { id, team });
  return {
    isReady: () => team.every((helper, i) => helper.works && Atomics.load(words, i + 1) === 1),
    start: () => {
      for (const helper of team) helper.start(id);
    },
  };
}

/** Threads of which there is a word in one line of the cache. */
const mostWords = 16;

const here = globalThis as unknown as Surroundings;
const node = <M>(name: string): M | undefined => here.process?.getBuiltinModule?.(name) as M | undefined;

/** Starts a worker that runs a text; undefined where none can be had, or where memory cannot be shared. */
function starter(): ((text: string, failed: () => void) => Worker) | undefined {
  const threads = node<{ readonly Worker: new (text: string, options: object) => NodeWorker }>("node:worker_threads");
  if (threads !== undefined) {
    return (text, failed) => {
      const worker = new threads.Worker(text, { eval: true, execArgv: [] }); // what the caller's own loaders are does not matter to it
      worker.on("error", failed);
      worker.on("exit", failed);
      worker.unref();
      return worker;
    };
  }
  const { crossOriginIsolated, Worker, Blob, URL } = here;
  if (crossOriginIsolated !== true || Worker === undefined || Blob === undefined || URL === undefined) return undefined;
  return (text, failed) => {
    const address = URL.createObjectURL(new Blob([text]));
    const worker = new Worker(address);
    worker.onmessage = () => URL.revokeObjectURL(address); // it has started, and does not read its text again
    worker.onerror = () => {
      URL.revokeObjectURL(address);
      failed();
    };
    return worker;
  };
}

let programs = 0;
const helpers: Helper[] = [];
const leaving = new FinalizationRegistry<{ readonly id: number; readonly team: readonly Helper[] }>(({ id, team }) => {
  for (const helper of team) helper.send({ id });
});

/**
 * Words of a helper's control: how often it was rung for; the program to begin with, which it takes away (so that two rings are never two runs); whether it
 * sleeps; how many messages were sent.
 */
const [rings, program, asleep, sent] = [0, 1, 2, 3];

class Helper {
  private readonly control = new Int32Array(new SharedArrayBuffer(64));
  /** Whether there is a worker: one that failed is never waited for, and programs go on without it. */
  works = true;
  private readonly worker: Worker = starter()!(source, () => {
    this.works = false;
  });

  constructor() {
    this.worker.postMessage({ control: this.control });
  }

  /** A program to have, or one to forget. Messages are counted, so that the worker knows when to look for them. */
  send(message: { readonly id: number; readonly [name: string]: unknown }): void {
    Atomics.add(this.control, sent!, 1);
    this.worker.postMessage(message);
    this.ring();
  }

  /** Has the worker begin with its part of a program. */
  start(id: number): void {
    Atomics.store(this.control, program!, id);
    this.ring();
  }

  private ring(): void {
    Atomics.add(this.control, rings!, 1);
    if (Atomics.load(this.control, asleep!) === 1) Atomics.notify(this.control, rings!);
  }
}

/** What a worker runs: it is text because it has to start without a file, in a page as in Node. */
const source = `
const programs = new Map();
const port = typeof require === "function" ? require("node:worker_threads").parentPort : self;
let control, received = 0, last = 0, took = 0;
function serve() {
  while (Atomics.load(control, ${sent}) === received) {
    const from = performance.now();
    while (Atomics.load(control, ${rings}) === last) {
      let spins = 1000;
      while (spins-- > 0 && Atomics.load(control, ${rings}) === last);
      if (Atomics.load(control, ${rings}) !== last || performance.now() - from < Math.min(2, 2 * took)) continue;
      Atomics.store(control, ${asleep}, 1);
      Atomics.wait(control, ${rings}, last);
      Atomics.store(control, ${asleep}, 0);
    }
    last = Atomics.load(control, ${rings});
    const run = programs.get(Atomics.exchange(control, ${program}, 0));
    if (run === undefined) continue;
    const began = performance.now();
    run();
    took = performance.now() - began;
  }
}
function receive(message) {
  if (message.control !== undefined) control = message.control;
  else {
    received++;
    if (message.module === undefined) programs.delete(message.id);
    else {
      const { module, memory, entry, ready } = message;
      programs.set(message.id, new WebAssembly.Instance(module, { env: { memory } }).exports[entry]);
      Atomics.store(new Int32Array(memory.buffer), ready / 4, 1);
    }
  }
  serve();
}
if (port.on) port.on("message", receive);
else {
  port.onmessage = (event) => receive(event.data);
  port.postMessage("started");
}
`;

interface Worker {
  postMessage(message: unknown): void;
}

interface NodeWorker extends Worker {
  on(event: "error" | "exit", listener: () => void): void;
  unref(): void;
}

interface PageWorker extends Worker {
  onmessage: (() => void) | null;
  onerror: (() => void) | null;
}

/** What there is of Node and of a page, without the types of either. */
interface Surroundings {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown };
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly Worker?: new (url: string) => PageWorker;
  readonly Blob?: new (parts: readonly string[]) => unknown;
  readonly URL?: { createObjectURL(blob: unknown): string; revokeObjectURL(address: string): void };
}
