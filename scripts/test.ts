// `npm test`: lint, types, build and every test, then one line that counts them. A step counts as one; so does each test.
// All steps run even when one fails: a reader wants the whole list.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface VitestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: ReadonlyArray<{ readonly status: string; readonly assertionResults: ReadonlyArray<{ readonly status: string }> }>;
}

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const folder = "out/test";
const reportFile = `${folder}/vitest.json`;

/** Runs one tool from node_modules/.bin; its exit code, or 1 when it could not start or was killed. What it says goes to `hear`, or straight to the terminal. */
const run = (name: string, args: ReadonlyArray<string>, hear?: (text: string) => void): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(join("node_modules", ".bin", name), args, {
      stdio: hear === undefined ? "inherit" : ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
      env: { ...process.env, CLEW_BUILT: "1" }, // the package tests pack what the build step made
    });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text: string) => hear?.(text));
    child.on("error", (error) => {
      console.error(`${name}: ${error.message}`);
      resolve(1);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });

/** Steps run side by side; what one says is printed when it is done. */
async function step(title: string, ...commands: ReadonlyArray<readonly [string, ...string[]]>): Promise<Count> {
  const started = performance.now();
  const said: string[] = [];
  let ok = true;
  for (const [name, ...args] of commands) if ((await run(name, args, (text) => said.push(text))) !== 0) ok = false;
  console.log(
    `\n── ${title}\n${said.join("")}── ${title}: ${ok ? "passed" : "FAILED"} in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

/** A file that failed before it could declare its tests counts as one failure, and so does a run that failed otherwise. */
function countTests(report: VitestReport, exitCode: number): Count {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && (exitCode !== 0 || !report.success || report.numPassedTests === 0) ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

async function tests(patterns: ReadonlyArray<string>): Promise<Count> {
  rmSync(reportFile, { force: true });
  console.log("\n── tests");
  const code = await run("vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`, ...patterns]);
  try {
    return countTests(JSON.parse(readFileSync(reportFile, "utf8")) as VitestReport, code);
  } catch (error) {
    console.error(`vitest left no report: ${error instanceof Error ? error.message : String(error)}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

mkdirSync(folder, { recursive: true });
const steps = await Promise.all([
  step("lint", ["biome", "check", "--error-on-warnings", "."]),
  step("types", ["tsc", "--project", "tsconfig.json"], ["tsc", "--project", "tsconfig.lib.json"]),
  step("build", ["tsup", "--silent"]),
]);
const counts = [...steps, await tests(process.argv.slice(2))];
const sum = (of: keyof Count): number => counts.reduce((total, count) => total + count[of], 0);
const skipped = sum("skipped");
const line = `${sum("passed")} passed, ${sum("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
writeFileSync(`${folder}/summary.txt`, `${line}\n`);
console.log(`\n${line}`);
process.exitCode = sum("failed") > 0 ? 1 : 0;
