// A command is a record: its help and its reading of arguments follow from the same table, so that neither knows an option that the other does not.

import { parseArgs } from "node:util";
import * as E from "fp-ts/lib/Either.js";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { meant } from "../graph/options.ts";

export interface Option {
  /** How its value is called in the help, `N`; absent for a switch. */
  readonly value?: string;
  readonly about: string;
  /** What is wrong with a value, and what would be right: "a whole number, 1 or more". */
  readonly right?: { readonly test: (value: string) => boolean; readonly is: string };
}

/** Values by option; a switch that was given is "". */
export type Given = { readonly [option: string]: string | undefined };

/** Where a command speaks. */
export interface Streams {
  readonly stdout: Out;
  readonly stderr: Out;
}

export interface Out {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
}

/** 0: done. 1: what was asked for was found wrong, or failed: a gradient, a training. 2: a mistake of the user's, which the command has told itself. */
export type ExitCode = 0 | 1 | 2;

export interface Command {
  readonly name: string;
  /** What it takes besides options: `model.ts`. */
  readonly takes: string;
  /** How many of those, at least and at most. */
  readonly count: readonly [number, number];
  readonly does: string;
  readonly about: string;
  readonly options: { readonly [name: string]: Option };
  readonly run: (taken: readonly string[], given: Given, streams: Streams) => Promise<Checked<ExitCode>>;
}

export const everywhere: Command["options"] = {
  json: { about: "the same for scripts, as JSON" },
  help: { about: "this page" },
};

const least = (n: 0 | 1): NonNullable<Option["right"]> => ({
  test: (value) => /^\d{1,15}$/.test(value) && Number(value) >= n,
  is: `a whole number, ${n} or more`,
});

/** Options of several commands. */
export const seedOption: Option = { value: "N", about: "another draw of all that is random (0 when left out)", right: least(0) };
export const countOption = (about: string): Option => ({ value: "N", about, right: least(1) });
export const choiceOption = (about: string, choices: readonly string[]): Option => ({
  value: choices.join("|"),
  about,
  right: { test: (value) => choices.includes(value), is: choices.join(", ") },
});

export const wrong = (message: string, hint: string): Diagnostic => diagnostic({ code: "BadArgument", op: "clew", message, hint });

/** What the command is given, or everything that is wrong with it. */
export function readArguments(
  command: Command,
  args: readonly string[],
): Checked<{ readonly taken: readonly string[]; readonly given: Given }> {
  const { name, takes, count, options } = command;
  const all: Command["options"] = { ...options, ...everywhere };
  const config = Object.fromEntries(
    Object.entries(all).map(([o, { value }]) => [
      o,
      { type: value === undefined ? "boolean" : "string", ...(o === "help" ? { short: "h" } : {}) } as const,
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options: config, strict: false, allowPositionals: true, tokens: true });
  const lists = `clew ${name} --help lists the options`;
  const problems: Diagnostic[] = [];
  const given: Record<string, string> = {};
  const taken: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") taken.push(token.value);
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(all, token.name) ? all[token.name] : undefined;
    if (option === undefined) {
      const near = meant(
        token.rawName,
        Object.keys(all).map((o) => `--${o}`),
      ).replaceAll('"', "");
      problems.push(wrong(`${name} has no option ${token.rawName}`, `${near}${lists}`));
    } else if (option.value === undefined) {
      if (token.value !== undefined) problems.push(wrong(`--${token.name} takes no value`, lists));
      given[token.name] = "";
    } else if (token.value === undefined || token.value === "" || (!token.inlineValue && token.value.startsWith("-")))
      problems.push(wrong(`--${token.name} has no value`, `--${token.name} ${option.value}`));
    else if (option.right?.test(token.value) === false) {
      const { is } = option.right;
      problems.push(wrong(`--${token.name} is "${token.value}"`, `${meant(token.value, option.value.split("|"))}${is}`));
    } else given[token.name] = token.value;
  }
  if (given.help === undefined && problems.length === 0) {
    const [few, many] = count;
    if (taken.length < few) problems.push(wrong(`${name} takes ${takes}`, `clew ${name} ${takes}; ${lists}`));
    if (taken.length > many)
      problems.push(
        wrong(`${name} takes ${takes}, and nothing like "${taken[many]}"`, `a text of several words stands in quotation marks; ${lists}`),
      );
  }
  return problems.length > 0 ? E.left(problems) : E.right({ taken, given });
}

/** `clew COMMAND --help`. */
export function helpOf({ name, takes, about, options }: Command): string {
  const rows = Object.entries({ ...options, ...everywhere }).map(
    ([o, { value, about: says }]) => [`--${o}${value === undefined ? "" : ` ${value}`}`, says] as const,
  );
  return [`clew ${name} ${takes} [options]`, "", about, "", ...columns(rows)].join("\n");
}

/** A table: each column as wide as its widest, but the last. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join("   ")}`.trimEnd());
}
