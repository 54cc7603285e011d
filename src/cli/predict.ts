// `clew predict`: what a trained model says of texts.

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as fp from "../fp.ts";
import { type Checked, diagnostic } from "../graph/diagnostics.ts";
import { randomKey, uniformAt } from "../graph/random.ts";
import type { Learning } from "../train/learning.ts";
import { characters, paddingId } from "../train/vocabulary.ts";
import { askedOf, drawn, type Known, likeliest, sizesOf, tokeniser, vocabularyOf } from "./lesson.ts";
import { type Command, columns, countOption, seedOption, wrong } from "./options.ts";
import { readRun, scriptOf, weightsIn } from "./run-folder.ts";
import { loadScript } from "./script.ts";

export const predict: Command = {
  name: "predict",
  takes: "run/ TEXT …",
  count: [2, Number.POSITIVE_INFINITY],
  does: 'uses what was trained: clew predict run/ "This movie is not good"',
  about: `Says what the model in run/ (made by clew train) thinks of each text: its label, the tag of each token, or how it goes on.
With --json a JSON object for each text, a line each.`,
  options: {
    model: { value: "FILE", about: "the script, when it is no longer where it was" },
    length: countOption("how a text goes on: tokens at most (100 when left out)"),
    seed: { ...seedOption, about: "how a text goes on: drawn, instead of the likeliest" },
  },
  run: async ([folder, ...texts], given, { stdout }) => {
    const run = readRun(folder!);
    if (E.isLeft(run)) return run;
    const script = await loadScript(given.model ?? scriptOf(folder!, run.right));
    if (E.isLeft(script)) return script;
    const { learning } = script.right;
    if (learning === undefined) return E.left([wrong("the script does not say how it learns", "--model FILE names another one")]);
    const weights = await fp.load(weightsIn(folder!))();
    if (E.isLeft(weights)) return weights;
    const length = Number(given.length ?? 100);
    const drawing = given.seed === undefined ? {} : { seed: Number(given.seed) };
    const said = answers(learning, run.right, fp.bestParameters(weights.right.values), texts, { length, ...drawing });
    if (E.isLeft(said)) return said;
    if (given.json !== undefined) for (const answer of said.right) stdout.write(`${JSON.stringify(answer)}\n`);
    else stdout.write(`${said.right.map(shown).join("\n")}\n`);
    return E.right(0);
  },
};

/** What is said of a text; `unknown` are its tokens that the vocabulary does not hold. */
type Answer = { readonly text: string; readonly unknown: readonly string[] } & (
  | { readonly label: string; readonly probabilities: { readonly [label: string]: number } }
  | { readonly tags: readonly { readonly token: string; readonly tag: string; readonly probability: number }[] }
  | { readonly next: string }
);

function shown(answer: Answer): string {
  const { text, unknown } = answer;
  const notes = unknown.length === 0 ? [] : [`  never seen in training: ${unknown.join(" ")}`];
  if ("label" in answer) {
    const { label, probabilities } = answer;
    return [`${label}   ${probabilities[label]!.toFixed(3)}   ${text}`, ...notes].join("\n");
  }
  if ("next" in answer) return [`${text}${answer.next}`, ...notes].join("\n");
  return [...columns(answer.tags.map(({ token, tag, probability }) => [token, tag, probability.toFixed(3)])), ...notes].join("\n");
}

interface Asking {
  readonly length: number;
  readonly seed?: number;
}

function answers(
  learning: Learning,
  known: Known,
  weights: fp.Feeds,
  texts: readonly string[],
  asking: Asking,
): Checked<readonly Answer[]> {
  const v = vocabularyOf(learning, known);
  if (E.isLeft(v)) return v;
  const model = learning.model(sizesOf(learning, known));
  const empty = texts.findIndex((text) => v.right.encode(text).length === 0);
  if (learning.asks !== "next" && empty >= 0)
    return E.left([wrong(`there is nothing to read in "${texts[empty]}"`, "a text with a word in it")]);
  return learning.asks === "next"
    ? E.traverseArray((text: string) => goingOn(model, weights, learning, known, v.right, text, asking))(texts)
    : saidOf(model, weights, learning, known, v.right, texts);
}

/** Labels or tags of all texts, asked for at once: one program for each length, which all texts of that length share. */
function saidOf(
  model: fp.Model,
  weights: fp.Feeds,
  learning: Learning,
  { labels }: Known,
  v: fp.Vocabulary,
  texts: readonly string[],
): Checked<readonly Answer[]> {
  const ids = texts.map((text) => v.encode(text));
  const count = labels.length;
  const { asks, engine } = learning;
  const rows = fp.predict(model, weights, ids, engine === "reference" ? { engine } : {});
  const width = (of: Int32Array): number => (asks === "tags" ? of.length * count : count);
  const answer = (p: Float64Array, i: number): Answer => {
    const text = texts[i]!;
    const unknown = v.unknown(text);
    if (asks === "label")
      return { text, unknown, label: labels[likeliest(p, 0, count)]!, probabilities: Object.fromEntries(labels.map((l, k) => [l, p[k]!])) };
    const tags = tokeniser(learning)(text).map((token, t) => {
      const best = likeliest(p, t * count, count);
      return { token, tag: labels[best]!, probability: p[t * count + best]! };
    });
    return { text, unknown, tags };
  };
  return pipe(
    rows,
    E.chain(E.traverseArrayWithIndex((i, row) => asExpected(row, ids[i]!, width(ids[i]!)))),
    E.map((all) => all.map(answer)),
  );
}

/** Token after token, each asked for after all that come before it, up to the end of the text. */
function goingOn(
  model: fp.Model,
  weights: fp.Feeds,
  learning: Learning,
  { tokens }: Known,
  v: fp.Vocabulary,
  text: string,
  { length, seed }: Asking,
): Checked<Answer> {
  let ids = askedOf(learning, v.encode(text));
  const said: number[] = [];
  const separator = tokens.slice(2).every((token) => characters(token).length === 1) ? "" : " ";
  while (said.length < length) {
    const row = rowOf(model, weights, ids, ids.length * tokens.length);
    if (E.isLeft(row)) return row;
    const from = (ids.length - 1) * tokens.length;
    const id =
      seed === undefined
        ? likeliest(row.right, from, tokens.length)
        : drawn(row.right, from, tokens.length, uniformAt(randomKey(seed, text), said.length));
    if (id === paddingId) break;
    said.push(id);
    ids = Int32Array.of(...ids, id);
  }
  return E.right({ text, unknown: v.unknown(text), next: said.map((id) => `${separator}${tokens[id]}`).join("") });
}

/** The model's predictions for one text. A text that goes on is longer each time: the reference needs no program for each length. */
function rowOf(model: fp.Model, weights: fp.Feeds, ids: Int32Array, count: number): Checked<Float64Array> {
  const rows = fp.predict(model, weights, [ids], { engine: "reference" });
  return E.chain(([row]: readonly Float64Array[]) => asExpected(row!, ids, count))(rows);
}

function asExpected(row: Float64Array, ids: Int32Array, count: number): Checked<Float64Array> {
  if (row.length === count) return E.right(row);
  const message = `the model's predictions are ${row.length} numbers for a text of ${ids.length} tokens, expected ${count}`;
  return E.left([diagnostic({ code: "BadArgument", op: "predict", message, hint: "predictions [batch, label], or [batch, time, label]" })]);
}
