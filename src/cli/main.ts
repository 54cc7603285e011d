#!/usr/bin/env node
// `clew`: the library at the command line, on model-definition scripts.

import { run } from "./run.ts";

process.exitCode = await run(process.argv.slice(2), process);
