// From arguments to an exit code. A user's mistake is a diagnostic, be it ours to find or thrown by the user's script; what is left is a bug of ours.

import * as E from "fp-ts/lib/Either.js";
import { type Diagnostic, showDiagnostics } from "../graph/diagnostics.ts";
import { meant } from "../graph/options.ts";
import { check } from "./check.ts";
import { draw } from "./draw.ts";
import { init } from "./init.ts";
import { type Command, columns, helpOf, readArguments, type Streams, wrong } from "./options.ts";
import { predict } from "./predict.ts";
import { toldOf } from "./told.ts";
import { train } from "./train.ts";
import { version } from "./where.ts";

const commands: readonly Command[] = [init, check, draw, train, predict];

export const help: string = [
  "clew COMMAND …: a model-definition script (a TypeScript module, of which the default export is a model) checked, drawn, trained, used",
  "",
  ...columns(commands.map(({ name, takes, does }) => [`clew ${name} ${takes}`, does])),
  "",
  "clew COMMAND --help lists the options of a command. Exit codes: 0 done; 1 a check or a training failed; 2 a mistake of the user's, told; 70 a bug of Clew's.",
].join("\n");

/** 70: EX_SOFTWARE of sysexits.h. */
export type Code = 0 | 1 | 2 | 70;

export async function run(args: readonly string[], streams: Streams): Promise<Code> {
  const [name, ...rest] = args;
  if (name === "--version") {
    streams.stdout.write(`${version()}\n`);
    return 0;
  }
  if (name === undefined || ["--help", "-h", "help"].includes(name)) {
    streams.stdout.write(`${help}\n`);
    return name === undefined ? 2 : 0;
  }
  const command = commands.find((c) => c.name === name);
  const json = rest.includes("--json");
  if (command === undefined) {
    const hint = `${meant(
      name,
      commands.map((c) => c.name),
    )}there are ${commands.map((c) => c.name).join(", ")}`;
    return told([wrong(`no such command: ${name}`, hint)], json, streams);
  }
  const read = readArguments(command, rest);
  if (E.isLeft(read)) return told(read.left, json, streams);
  const { taken, given } = read.right;
  if (given.help !== undefined) {
    streams.stdout.write(`${helpOf(command)}\n`);
    return 0;
  }
  try {
    const done = await command.run(taken, given, streams);
    return E.isLeft(done) ? told(done.left, json, streams) : done.right;
  } catch (thrown) {
    const mistakes = toldOf(thrown);
    if (mistakes !== undefined) return told(mistakes, json, streams);
    streams.stderr.write(
      `This is a bug of Clew's, and no mistake of yours. Please report it, with what follows:\n${(thrown as Error).stack}\n`,
    );
    return 70;
  }
}

function told(diagnostics: readonly Diagnostic[], json: boolean, { stdout, stderr }: Streams): 2 {
  if (json) stdout.write(`${JSON.stringify({ kind: "failure", diagnostics })}\n`);
  else stderr.write(`${showDiagnostics(diagnostics)}\n`);
  return 2;
}
