// The command line: what may be asked of the example, and what is wrong with what was asked.

import { parseArgs } from "node:util";
import type { Diagnostic } from "clew";
import * as E from "fp-ts/lib/Either.js";

export interface Options {
  readonly help: boolean;
  readonly seed: number;
  /** A file of one's own, instead of the built-in phrases. */
  readonly data: string | undefined;
  readonly text: string | undefined;
  readonly label: string | undefined;
  /** Further sentences to be asked. */
  readonly ask: readonly string[];
  /** The folder that the results are written to. */
  readonly out: string;
}

export const help = `An RNN learns from movie phrases that "not good" is bad; a bag of words, trained beside it, cannot.

  npm start                              the built-in phrases
  npm start -- --data FILE               your own sentences: TSV, CSV or JSONL with a text and a label column, two labels
  npm start -- --ask "It was not great"  ask a sentence of your own too (as often as you like)

  --seed N        another start, another order (default 1)
  --text NAME     the column of texts, when it is not called text, sentence, review or phrase
  --label NAME    the column of labels, when it is not called label, sentiment, polarity or class
  --out DIR       where the report goes (default out/sentiment)
  --help          this page`;

const wrong = (message: string, hint: string): Diagnostic => ({ code: "BadArgument", severity: "error", op: "options", message, hint });

export function readOptions(args: readonly string[]): E.Either<readonly Diagnostic[], Options> {
  let values: { readonly [name: string]: string | boolean | readonly (string | boolean)[] | undefined };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", short: "h" },
        seed: { type: "string" },
        data: { type: "string" },
        text: { type: "string" },
        label: { type: "string" },
        ask: { type: "string", multiple: true },
        out: { type: "string" },
      },
    }));
  } catch (error) {
    return E.left([misread(args, error as Error & { readonly code?: string })]);
  }
  const { seed = "1", ask = [] } = values as { seed?: string; ask?: readonly string[] };
  const problems: Diagnostic[] = [];
  if (!/^\d{1,9}$/.test(seed)) problems.push(wrongSeed(seed));
  for (const text of ask)
    if (text.trim() === "") problems.push(wrong("--ask has an empty text", 'write the sentence in quotation marks: --ask "It was good"'));
  for (const name of ["data", "text", "label", "out"])
    if (values[name] === "") problems.push(wrong(`--${name} is empty`, "npm start -- --help lists the options"));
  if (values.data === undefined && (values.text ?? values.label) !== undefined)
    problems.push(wrong("--text and --label name columns of a file", "name the file: --data FILE"));
  if (problems.length > 0) return E.left(problems);
  return E.right({
    help: values.help === true,
    seed: Number(seed),
    data: values.data as string | undefined,
    text: values.text as string | undefined,
    label: values.label as string | undefined,
    ask,
    out: (values.out as string | undefined) ?? "out/sentiment",
  });
}

const wrongSeed = (seed: string): Diagnostic => wrong(`--seed is "${seed}"`, "a seed is a whole number from 0 to 999999999: --seed 1");

/** What parseArgs could not read. A value that begins with a hyphen is the next option to it, and it says so at length. */
function misread(args: readonly string[], { code, message }: Error & { readonly code?: string }): Diagnostic {
  const name = /--([a-z]+)/.exec(message)?.[1];
  const list = "npm start -- --help lists the options";
  if (code !== "ERR_PARSE_ARGS_INVALID_OPTION_VALUE" || name === undefined || name === "help") return wrong(message.split(". ")[0]!, list); // the rest is about positional arguments
  const value = args[args.lastIndexOf(`--${name}`) + 1];
  if (value === undefined) return wrong(`--${name} has no value`, list);
  if (name === "seed" && /^-[\d.]/.test(value)) return wrongSeed(value);
  return wrong(`--${name} has no value: ${value} comes after it`, `if that is its value, write --${name}=${value}`);
}
