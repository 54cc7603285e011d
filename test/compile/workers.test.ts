// What befalls the workers of a process: none is waited for that does not come, and none begins what nobody has begun with it.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { Pair } from "./workers.ts";

const child = fileURLToPath(new URL("workers.ts", import.meta.url));

/** A process that waits for ever is ended. */
async function inProcess(task: "latecomers" | "ended" | "broken"): Promise<readonly Pair[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", child, task], { timeout: 50_000 });
  return JSON.parse(stdout) as readonly Pair[];
}

describe.concurrent("a worker", { timeout: 60_000 }, () => {
  it("does not run a program again when it is rung for another one, and takes part in that one, too", async () => {
    const pairs = await inProcess("latecomers");
    expect(pairs).toHaveLength(3);
    for (const { same, together } of pairs) expect([same, together > 0]).toEqual([true, true]);
  });

  it("that has ended is not waited for: its programs go on alone, and so do new ones, to the same bits", async () => {
    const [before, after] = await inProcess("ended");
    expect(before!.early).toBeGreaterThan(0);
    expect(before).toEqual({ same: true, early: before!.early, together: before!.early });
    expect(after).toEqual({ same: true, early: 0, together: 0 });
  });

  it("that breaks when it starts ends neither the program nor the process", async () => {
    expect(await inProcess("broken")).toEqual([{ same: true, early: 0, together: 0 }]);
  });
});
