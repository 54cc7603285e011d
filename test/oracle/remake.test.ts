// The committed numbers are what JAX gives: made again, they agree. So a number that was edited, or a script that was, is noticed.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { needed, oraclePython } from "../setup/machine.ts";

describe("the oracle", () => {
  it("is made again by JAX to 1e-12", { timeout: 400_000 }, async (context) => {
    const python = needed(context, oraclePython);
    const { stdout } = await promisify(execFile)(python, ["make.py", "--check"], { cwd: fileURLToPath(new URL(".", import.meta.url)) });
    expect(stdout).toMatch(/\d+ cases as committed/);
  });
});
