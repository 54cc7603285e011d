#!/usr/bin/env node
// `clew`: the library at the command line, on model-definition scripts.

import { run } from "./run.ts";

Error.stackTraceLimit = 50; // the user's line may lie below those of a package

// who reads the first lines of many, and then no more (`clew train … --json | head`), ends the command
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await run(process.argv.slice(2), process);
