// Runs once before all tests: one line for each need that this machine lacks.

import { missing, needs } from "./machine.ts";

export default function announce(): void {
  if (process.env.CLEW_CI === "1") return; // there the tests themselves fail
  for (const need of needs) if (need.find() === undefined) process.stderr.write(`tests skipped: ${missing(need)}\n`);
}
