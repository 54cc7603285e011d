// An example, run in this process with the work cut down: its report, after what holds for every example was checked.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Example, Settings } from "../../examples/harness/example.ts";
import { carryOut, type Report } from "../../examples/harness/report.ts";
import { temporaryFolder } from "./command.ts";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));

/** @param picture which of the run's pictures is the one beside the example's README */
export async function small(name: string, example: Example, picture: string, settings: Partial<Settings> = {}): Promise<Report> {
  const folder = temporaryFolder();
  try {
    await carryOut(example, { seed: 1, data: undefined, small: true, say: () => {}, ...settings }, folder);
    const report = JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as Report;
    expect(report.gradientCheck.verdict).toBe("pass");
    expect(report.gradientCheck.maxRelativeError).toBeLessThanOrEqual(1e-7);
    expect(report.seconds).toBeGreaterThan(0);
    const drawn = readFileSync(join(folder, `${picture}.svg`), "utf8");
    expect(drawn, "the README's picture is out of date").toBe(readFileSync(`${examples}${name}/${name}.svg`, "utf8"));
    expect(readFileSync(`${examples}${name}/README.md`, "utf8")).toContain(`](${name}.svg)`);
    expect(existsSync(`${examples}${name}/model.ts`)).toBe(true);
    return report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
