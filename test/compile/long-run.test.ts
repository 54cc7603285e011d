// What a program is after many runs: it holds no more memory, and gives the same bits, whichever of V8's compilers made its code. And what it holds at most
// is what was planned, which is close to what must live at one time.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bagOfWords, compile, dim, grad, type Parameter, sentenceRnn } from "clew";
import { describe, expect, it } from "vitest";
import { trained } from "../../bench/clew.ts";
import { sizes, taskOf } from "../../bench/model.ts";
import type { LongRun, Peak } from "./long-run.ts";

const child = fileURLToPath(new URL("long-run.ts", import.meta.url));

async function inProcess<A>(task: string, ...flags: readonly string[]): Promise<A> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", ...flags, "--import", "tsx", child, task]);
  return JSON.parse(stdout) as A;
}

describe("10,000 runs of one program", { timeout: 60_000 }, () => {
  it("hold no more memory than 2,000, and the last one gives the bits of the first", async () => {
    const { first, last, early, late } = await inProcess<LongRun>("10000");
    expect(last).toBe(first);
    // 8,000 runs that kept 32 bytes each would show
    expect(late.heap - early.heap).toBeLessThan(256 * 1024);
    expect(late.buffers - early.buffers).toBeLessThan(256 * 1024);
    expect(late.resident - early.resident).toBeLessThan(8 * 1024 * 1024);
  });

  it("give the same bits by V8's baseline compiler, by its optimising one, and by one after the other", async () => {
    const flags = [["--liftoff-only"], ["--no-liftoff"], ["--no-wasm-tier-up"], []];
    const runs = await Promise.all(flags.map((f) => inProcess<LongRun>("2000", ...f)));
    expect(new Set(runs.flatMap(({ first, last }) => [first, last])).size).toBe(1);
  });
});

/** "60.72 MB in one arena (no plan needs less than 60.65 MB)" */
function planOf(explained: string): { readonly bytes: number; readonly least: number } {
  const found = /([\d.]+) (kB|MB) in one arena \(no plan needs less than ([\d.]+) (kB|MB)\)/.exec(explained);
  if (found === null) throw new Error("explain says nothing of a plan");
  const bytes = (n: string, unit: string): number => Number(n) * (unit === "kB" ? 1e3 : 1e6);
  return { bytes: bytes(found[1]!, found[2]!), least: bytes(found[3]!, found[4]!) };
}

describe("memory", { timeout: 60_000 }, () => {
  it("of an LSTM of 512 is what was planned: buffers to 5 %, and all that the process needs for it at most, to 20 %", async () => {
    const { before, after, most, explained } = await inProcess<Peak>("peak");
    const { bytes } = planOf(explained);
    expect(bytes).toBeGreaterThan(100e6);
    expect(after.buffers - before.buffers).toBeLessThan(1.05 * bytes);
    expect(most - before.resident).toBeLessThan(1.2 * bytes);
  });

  const steps = sizes.map((size) => {
    const { loss, update } = trained(taskOf(size));
    return [`${size.model} ${size.hidden}, ${size.steps}, ${size.batch}`, () => compile({ loss }, { update })] as const;
  });
  const [time, batch] = [dim("time", 12), dim("batch", 8)];
  const ready = {
    "bag of words": bagOfWords({ words: 50, labels: 3 }),
    "sentence RNN, loss at the last word": sentenceRnn({ words: 50, vector: 8, hidden: 16, labels: 3, loss: "last" }),
    "sentence RNN, loss at every word": sentenceRnn({ words: 50, vector: 8, hidden: 16, labels: 3, loss: "every", dropout: 0.5 }),
  };
  const models = Object.entries(ready).map(([name, model]) => {
    const { loss } = model.build({ time, batch });
    return [name, () => compile({ loss, g: grad(loss, model.parameters as { [name: string]: Parameter }) })] as const;
  });

  it.each([...steps, ...models])("of %s: the plan needs at most 1.5 of what lives at one time", (_, made) => {
    const { bytes, least } = planOf(made().explain());
    expect(bytes).toBeLessThanOrEqual(1.5 * least);
  });
});
