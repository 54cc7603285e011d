// The command, from its arguments to its exit code.

import { statSync } from "node:fs";
import { join } from "node:path";
import { ClewError, type Diagnostic, showDiagnostics } from "clew";
import * as E from "fp-ts/lib/Either.js";
import { cannotBeAsked } from "./ask.ts";
import { experiment } from "./experiment.ts";
import { canWriteTo, reportJson, writeAll } from "./files.ts";
import { help, type Options, readOptions } from "./options.ts";
import { fileTask, phraseTask, type Task } from "./task.ts";
import { type Out, terminal } from "./terminal.ts";

export interface Streams {
  readonly stdout: Out;
  readonly stderr: { readonly write: (text: string) => unknown };
}

/** Runs the command; a user's mistake is told without a stack trace, a bug of ours is thrown. */
export async function run(args: readonly string[], streams: Streams): Promise<0 | 1> {
  let done: E.Either<readonly Diagnostic[], void>;
  try {
    done = await story(args, streams);
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
    done = E.left(error.diagnostics);
  }
  if (E.isRight(done)) return 0;
  streams.stderr.write(`${showDiagnostics(done.left)}\n`);
  return 1;
}

async function story(args: readonly string[], { stdout }: Streams): Promise<E.Either<readonly Diagnostic[], void>> {
  const options = readOptions(args);
  if (E.isLeft(options)) return options;
  const { seed, ask, out } = options.right;
  if (options.right.help) {
    stdout.write(`${help}\n`);
    return E.right(undefined);
  }
  // all that can be wrong is told before anything is trained
  const folder = canWriteTo(out);
  if (E.isLeft(folder)) return folder;
  const { data } = options.right;
  const screen = terminal(stdout);
  if (data !== undefined && sizeOf(data) > 1e6) screen.line(`reading ${data}, ${(sizeOf(data) / 1e6).toFixed(0)} MB`);
  const task = taskOf(options.right);
  if (E.isLeft(task)) return task;
  const unknown = cannotBeAsked(task.right, ask);
  if (unknown.length > 0) return E.left(unknown);

  const command = ["npm start", ...(args.length > 0 ? ["--", ...args.map(quoted)] : [])].join(" ");
  const results = await experiment(task.right, { seed, ask, command }, screen);
  // loaded here: charts and pictures take a second to load, which a wrong option should not have to wait for
  const { report } = await import("./report/report.ts");
  const written = writeAll(out, { ...(await report(results)), "report.json": reportJson(results) });
  if (E.isRight(written)) stdout.write(`Open ${join(out, "report.html")}\n`);
  return written;
}

/** 0 where there is no file: that is told by who reads it. */
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

function taskOf({ data, seed, text, label }: Options): E.Either<readonly Diagnostic[], Task> {
  if (data === undefined) return E.right(phraseTask(seed));
  return fileTask(data, { ...(text === undefined ? {} : { text }), ...(label === undefined ? {} : { label }) }, seed);
}

/** As a shell reads it back. */
function quoted(arg: string): string {
  return /^[\w./:=@-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
}
