// A run that was stopped goes on to the bits of one that was not: wherever it was stopped, by whatever; and a file of another run is told.

import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  adam,
  bestParameters,
  chain,
  clipByGlobalNorm,
  cosineDecay,
  type Engine,
  type FitOptions,
  type LabelledSentence,
  load,
  momentum,
  predict,
  save,
  sentenceRnn,
  sentences,
  fit as train,
} from "clew";
import * as fp from "clew/fp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "clew-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const data: readonly LabelledSentence[] = Array.from({ length: 11 }, (_, i) => ({
  ids: Array.from({ length: 1 + (i % 3) }, (_, t) => 1 + ((i * 5 + t) % 6)),
  label: i % 2,
}));
const source = sentences(data.slice(0, 9), { size: 2, buckets: [2] });
const net = () => sentenceRnn({ words: 7, vector: 3, hidden: 4, dropout: 0.3, loss: "every" });
const optimiser = () => chain(clipByGlobalNorm(1), adam(cosineDecay(0.05, { steps: 12 })));
const options = (file: string, more: Partial<FitOptions> = {}): FitOptions => ({
  optimiser: optimiser(),
  epochs: 3,
  seed: 5,
  validation: sentences(data.slice(9), { size: 2 }),
  ...more,
  checkpoint: { file, every: 1 },
});

/** Trains until `steps` steps were seen, or to the end; the last event. */
async function run(how: FitOptions, steps = Number.POSITIVE_INFINITY, of = source) {
  let last: fp.FitEvent | undefined;
  let seen = 0;
  for await (const event of train(net(), of, how)) {
    last = event;
    if (event.kind === "step" && ++seen >= steps) break;
  }
  return last;
}

const told = async (how: FitOptions, of = source, model: ReturnType<typeof net> = net()): Promise<readonly string[]> => {
  for await (const event of fp.fit(model, of, how))
    if (event.kind === "failure") return event.diagnostics.map((d) => `${d.code}: ${d.message}`);
  return [];
};

describe.each<readonly [Engine, readonly number[]]>([
  ["f64", [1, 4, 5, 6, 12, 14]],
  ["f32", [3, 10]],
  ["reference", [7]],
])("stopped after some steps, on %s", (engine, stops) => {
  test("it ends with the same bits, in the middle of an epoch and between two", async () => {
    const whole = join(folder, `${engine}.safetensors`);
    const end = await run(options(whole, { engine }));
    const expected = readFileSync(whole);
    const all = end!.step;
    expect(all).toBe(15);
    for (const stop of stops) {
      const file = join(folder, `${engine}-${stop}.safetensors`);
      await run(options(file, { engine }), stop);
      const again = await run(options(file, { engine }));
      expect(readFileSync(file).equals(expected)).toBe(true);
      expect(again).toMatchObject({ kind: "epoch", step: all, loss: end!.loss, metric: end!.metric });
    }
  });
});

test("stopped after every third step", async () => {
  const whole = join(folder, "once.safetensors");
  const file = join(folder, "often.safetensors");
  await run(options(whole));
  for (let i = 0; i < 5; i++) await run(options(file), 3);
  await run(options(file));
  expect(readFileSync(file).equals(readFileSync(whole))).toBe(true);
});

test("a run that is over tells its end again, and one that shall last longer goes on", async () => {
  const file = join(folder, "over.safetensors");
  const end = await run(options(file));
  const again = await run(options(file));
  expect(again).toMatchObject({ kind: "epoch", epoch: 2, loss: end!.loss, step: 15, stopped: false });
  const { values } = await load(file);
  if (again?.kind !== "epoch") throw new Error("no epoch");
  expect(Object.entries(again.parameters()).every(([name, { data }]) => data.every((x, i) => x === values[name]!.data[i]))).toBe(true);

  const longer = join(folder, "longer.safetensors");
  await run(options(longer, { epochs: 4 }));
  await run(options(file, { epochs: 4 }));
  expect(readFileSync(file).equals(readFileSync(longer))).toBe(true);
});

test("killed at any moment, many times, it ends with the same bits", { timeout: 90_000 }, async () => {
  // bundled, so that a process is at work after some 0.2 s
  const bundled = join(root, "out/test/long-run");
  mkdirSync(bundled, { recursive: true });
  const tsup = join(root, "node_modules/tsup/dist/cli-default.js");
  await finished(process.execPath, [
    tsup,
    join(root, "test/train/long-run.ts"),
    "--no-config",
    "--format",
    "esm",
    "--out-dir",
    bundled,
    "--silent",
  ]);
  const script = join(bundled, "long-run.js");

  const whole = join(folder, "whole.safetensors");
  expect((await finished(process.execPath, [script, whole])).length).toBe(80);

  const file = join(folder, "killed.safetensors");
  let kills = 0;
  const reached: number[] = [];
  for (let ended = false; !ended; ) {
    const steps = await killedAfter(script, file, Math.floor(Math.random() * 8), Math.random() * 5);
    ended = steps.ended;
    if (!ended) kills++;
    if (steps.first !== undefined) reached.push(steps.first);
  }
  expect(kills).toBeGreaterThanOrEqual(5);
  // it went on from where it was, and not only from the beginnings of epochs (of 5 steps)
  expect(new Set(reached).size).toBeGreaterThan(3);
  expect(reached.some((step) => step % 5 !== 1)).toBe(true);
  expect(readFileSync(file).equals(readFileSync(whole))).toBe(true);
});

/** Its lines, when it has ended. */
function finished(command: string, args: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], cwd: root });
    let text = "";
    child.stdout.on("data", (part: Buffer) => {
      text += part.toString();
    });
    child.on("close", (code) =>
      code === 0 ? resolve(text.split("\n").filter((l) => l !== "")) : reject(new Error(`${args[0]}: ${code}`)),
    );
  });
}

/** Lets it make some steps, and some milliseconds more, then kills it (SIGKILL: it gets no chance to tidy up). */
function killedAfter(
  script: string,
  file: string,
  steps: number,
  milliseconds: number,
): Promise<{ readonly ended: boolean; readonly first: number | undefined }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, file], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    const seen = (): readonly number[] => [...text.matchAll(/step (\d+)\n/g)].map((m) => Number(m[1]));
    child.stdout.on("data", (part: Buffer) => {
      text += part.toString();
      if (seen().length > steps) setTimeout(() => child.kill("SIGKILL"), milliseconds);
    });
    child.on("close", (code) => resolve({ ended: code === 0, first: seen()[0] }));
  });
}

describe("the file", () => {
  test("has weights, slots, the best weights, and where the run stands", async () => {
    const file = join(folder, "held.safetensors");
    await run(options(file), 7);
    const { values, metadata } = await load(file);
    const own = ["E", "V", "encoder.U", "encoder.W", "encoder.b"];
    const slots = [...own.flatMap((w) => [`${w}/adam.m`, `${w}/adam.v`]), "/adam.step", "/schedule.step"];
    expect(Object.keys(values).sort()).toEqual([...own, ...slots, ...own.map((w) => `${w}/best`)].sort());
    expect(values["encoder.W"]!.dims).toEqual(["hidden", "hidden"]);
    expect(JSON.parse(metadata["clew.checkpoint"]!)).toMatchObject({
      seed: 5,
      engine: "f64",
      order: { epoch: 1 },
      at: { epoch: 1, batch: 2, step: 7 },
    });
    expect(predict(net(), values, [[2]])).toEqual(predict(net(), Object.fromEntries(own.map((w) => [w, values[w]!])), [[2]]));
    const best = bestParameters(values);
    expect(Object.keys(best).sort()).toEqual(own);
    expect(best.E).toBe(values["E/best"]);
  });

  test("is not gone on with by another run", async () => {
    const made = join(folder, "made.safetensors");
    await run(options(made), 7);
    const before = readFileSync(made);
    const file = join(folder, "other.safetensors");
    const again = async (more: Partial<FitOptions>, of = source, model = net()): Promise<readonly string[]> => {
      copyFileSync(made, file);
      const messages = await told(options(file, more), of, model);
      if (messages.length > 0) expect(readFileSync(file).equals(before)).toBe(true);
      return messages;
    };
    expect(await again({})).toEqual([]);
    expect(await again({ seed: 6 })).toEqual([`BadFile: "${file}": its run has the seed 5, this one 6`]);
    expect(await again({ engine: "f32" })).toEqual([`BadFile: "${file}": its run has the engine "f64", this one "f32"`]);
    expect(await again({ optimiser: momentum(0.1) })).toEqual([
      `BadFile: "${file}": it lacks ${["E", "encoder.U", "encoder.W", "V", "encoder.b"].map((w) => `"${w}/momentum.velocity"`).join(", ")}: it is of another model or optimiser`,
    ]);
    expect(await again({}, sentences(data.slice(0, 8), { size: 2, buckets: [2] }))).toEqual([
      `BadFile: "${file}": its run was given other data, or in another order: epoch 1 does not have the same batches`,
    ]);
    expect(await again({}, source, sentenceRnn({ words: 7, vector: 3, hidden: 5, dropout: 0.3, loss: "every" }))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^BadFeed: "encoder.W": a value of shape \[hidden=4, hidden=4\] for \[hidden=5, hidden=5\]/),
      ]),
    );
  });

  test("that is none is told, and stays", async () => {
    const file = join(folder, "none.safetensors");
    writeFileSync(file, "hello");
    expect(await told(options(file))).toEqual([
      `BadFile: "${file}": 5 bytes are no safetensors file, which begins with 8 that say how long its header is`,
    ]);
    await save(file, { W: { shape: [1], data: Float64Array.of(1) } });
    expect(await told(options(file))).toEqual([`BadFile: "${file}": it holds values, but no checkpoint of a run`]);
    await save(file, { W: { shape: [1], data: Float64Array.of(1) } }, { metadata: { "clew.checkpoint": "{" } });
    expect(await told(options(file))).toEqual([`BadFile: "${file}": where its run stands cannot be read`]);
    expect(await told(options(folder))).toEqual([`BadFile: "${folder}" cannot be read: it is a folder`]);
    expect(await told(options(join(file, "x")))).toEqual([
      `BadFile: "${join(file, "x")}" cannot be read: a part of its path is a file, no folder`,
    ]);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp") && !name.startsWith("killed"))).toEqual([]);
  });
});
