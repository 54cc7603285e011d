// `npm start`: an RNN learns from movie phrases that "not good" is bad. See options.ts for what may be asked of it.

import { join } from "node:path";
import { ClewError, type Diagnostic, showDiagnostics } from "clew";
import * as E from "fp-ts/lib/Either.js";
import { cannotBeAsked } from "./ask.ts";
import { experiment } from "./experiment.ts";
import { openFolder, reportJson, writeAll } from "./files.ts";
import { help, type Options, readOptions } from "./options.ts";
import { fileTask, phraseTask, type Task } from "./task.ts";
import { terminal } from "./terminal.ts";

function taskOf({ data, seed, text, label }: Options): E.Either<readonly Diagnostic[], Task> {
  if (data === undefined) return E.right(phraseTask(seed));
  return fileTask(data, { ...(text === undefined ? {} : { text }), ...(label === undefined ? {} : { label }) }, seed);
}

async function main(args: readonly string[]): Promise<E.Either<readonly Diagnostic[], void>> {
  const options = readOptions(args);
  if (E.isLeft(options)) return options;
  if (options.right.help) {
    console.log(help);
    return E.right(undefined);
  }
  const task = taskOf(options.right);
  if (E.isLeft(task)) return task;
  const { seed, ask, out } = options.right;
  const unknown = cannotBeAsked(task.right, ask);
  if (unknown.length > 0) return E.left(unknown);
  const folder = openFolder(out);
  if (E.isLeft(folder)) return folder;

  const command = ["npm start", ...(args.length > 0 ? ["--", ...args.map(quoted)] : [])].join(" ");
  const results = await experiment(task.right, { seed, ask, command }, terminal(process.stdout));
  const written = writeAll(out, { "report.json": reportJson(results) });
  if (E.isRight(written)) console.log(`Open ${join(out, "report.json")}`);
  return written;
}

/** As a shell reads it back. */
const quoted = (arg: string): string => (/^[\w./:=@-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`);

try {
  const done = await main(process.argv.slice(2));
  if (E.isLeft(done)) throw new ClewError(done.left);
} catch (error) {
  // a user's mistake is told without a stack trace; a bug of ours is not hidden
  if (!(error instanceof ClewError)) throw error;
  console.error(showDiagnostics(error.diagnostics));
  process.exitCode = 1;
}
