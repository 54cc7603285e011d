// How fast a character-level RNN and LSTM train: one step is loss, gradient of all parameters, and their update.
//
//   npm run bench                     all sizes, a table
//   npm run bench -- --help           what one can say

import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { clew } from "./clew.ts";
import { type Engine, type Row, readyMs, type Session, type Size, sizes, taskOf, vocabulary } from "./model.ts";
import { javascriptPeers, pythonPeers } from "./peers/index.ts";
import { ratios, table, written } from "./report.ts";

const help = `npm run bench -- [options]

  --only PARTS   only sizes that have all parts: rnn or lstm, and hidden,steps,batch or the first of them; rnn,64 · lstm,256,64,16
  --rounds N     rounds over all engines (default 12); of each engine the least time counts
  --json         rows as JSON: { model, hidden, steps, batch, vocabulary, engine, threads, ms, compileMs, readyMs, loss }
  --alone        Clew alone: no peers
  --write        draw docs/benchmark.svg, and write docs/benchmark.md
  --help         this

Peers are installed in bench/ when it first runs; JAX and PyTorch come from the Python that CLEW_BENCH_PYTHON names. What is not there is left out.`;

/** Steps of training after which losses are compared, and how far they may be from Clew's, as a share of it. */
const checkedStep = 4;
const tolerance = 1e-4;
const roundMs = 150;
const warmMs = 1500;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "12" },
    json: { type: "boolean", default: false },
    alone: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function selected(only: string): readonly Size[] {
  const parts = only.split(",").filter((part) => part !== "");
  const model = parts.find((part) => part === "rnn" || part === "lstm");
  const numbers = parts.filter((part) => part !== model);
  return sizes.filter(
    (size) =>
      (model === undefined || size.model === model) &&
      numbers.every((part, i) => part === String([size.hidden, size.steps, size.batch][i])),
  );
}

interface Running {
  readonly engine: Engine;
  readonly session: Session;
  readonly preparedMs: number;
  readonly warm: readonly number[];
  readonly loss: number;
  readonly steady: number[];
}

async function measured(size: Size, engines: readonly Engine[], rounds: number, note: (text: string) => void): Promise<readonly Row[]> {
  const task = taskOf(size);
  const name = `${size.model} ${size.hidden},${size.steps},${size.batch}`;
  const running: Running[] = [];
  const failed = (engine: Engine, problem: unknown): void => {
    if (engine === clew) throw problem;
    note(`${engine.name} is left out of ${name}: ${problem instanceof Error ? problem.message : problem}`);
  };
  for (const engine of engines) {
    try {
      const from = performance.now();
      const session = await engine.prepare(task);
      const preparedMs = performance.now() - from;
      const { ms, losses } = await session.run(warmMs, checkedStep, 20_000);
      running.push({ engine, session, preparedMs, warm: ms, loss: losses[checkedStep - 1]!, steady: [] });
    } catch (problem) {
      failed(engine, problem);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const one of running) one.steady.push(...(await one.session.run(roundMs, 1, 20_000)).ms);
  }
  for (const { session } of running) await session.close();
  const expected = running[0]!.loss;
  for (const { engine, loss } of running) {
    if (Math.abs(loss - expected) <= tolerance * Math.abs(expected)) continue;
    note(`${engine.name} computes something else for ${name}: after ${checkedStep - 1} updates its loss is ${loss}, Clew's ${expected}`);
  }
  return running.map((one) => ({
    ...size,
    vocabulary,
    engine: one.engine.name,
    threads: one.engine.threads,
    ms: one.steady.reduce((a, b) => Math.min(a, b)),
    compileMs: one.session.compileMs,
    readyMs: readyMs(one.preparedMs, one.warm, one.steady),
    loss: one.loss,
  }));
}

async function main(): Promise<void> {
  if (options.help) {
    console.log(help);
    return;
  }
  const rounds = Number(options.rounds);
  const chosen = selected(options.only);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is ${options.rounds}, expected a number of at least 1`);
  if (chosen.length === 0) throw new Error(`--only ${options.only} leaves no size; --help says what there is`);
  const before = loadavg()[0]!; // peers may have to be installed
  const peers = options.alone ? [] : [await javascriptPeers(), await pythonPeers(process.env["CLEW_BENCH_PYTHON" as string])];
  const engines = [clew, ...peers.flatMap((found) => found.engines)];
  const notes = peers.flatMap((found) => found.notes);
  for (const text of notes) console.error(text);
  const note = (text: string): void => {
    notes.push(text);
    console.error(text);
  };
  const rows: Row[] = [];
  for (const size of chosen) {
    const found = await measured(size, engines, rounds, note);
    rows.push(...found);
    if (!options.json) console.log(table(found, size === chosen[0]));
  }
  for (const engine of engines) engine.end();
  if (options.json) console.log(JSON.stringify(rows, null, 2));
  else console.log(ratios(rows));
  if (options.write) {
    const processor = `${cpus()[0]?.model ?? process.arch}, ${cpus().length} processors`;
    const versions = [`Node.js ${process.versions.node}`, ...engines.map(({ name, version }) => `${name} ${version}`)];
    await written(rows, { processor, versions, rounds, load: before, notes, checkedStep, tolerance });
  }
}

try {
  await main();
} catch (problem) {
  console.error(problem instanceof Error ? problem.message : problem);
  process.exitCode = 1;
}
