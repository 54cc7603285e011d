// From rows to what a model is fed, and from what it says back to words: the three kinds of question that a script may ask of texts (train/learning.ts).
// What is found out from the data before training, the vocabulary and the labels, is kept beside the weights.

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import type { LabelledText, Learning, TextSizes } from "../train/learning.ts";
import { type Source, sentences } from "../train/sentences.ts";
import { tagged } from "../train/sequences.ts";
import {
  characters,
  paddingId,
  type Tokenise,
  unknownId,
  type Vocabulary,
  vocabulary,
  vocabularyFrom,
  words,
} from "../train/vocabulary.ts";

/** What the data are known to have. */
export interface Known {
  /** Of the vocabulary, by id. */
  readonly tokens: readonly string[];
  /** By number; of "next" there are none: its labels are tokens. */
  readonly labels: readonly string[];
}

const betweenSpaces: Tokenise = (text) => text.split(/\s+/u).filter((token) => token !== "");

const usual: { readonly [A in Learning["asks"]]: Tokenise } = { label: words, tags: betweenSpaces, next: characters };

export const tokeniser = ({ asks, tokenise }: Learning): Tokenise => tokenise ?? usual[asks];

const wrong = (message: string, hint?: string): Diagnostic => diagnostic({ code: "BadFile", op: "data", message, hint });

const labelsOf = ({ asks }: Learning, { label = "" }: LabelledText): readonly string[] =>
  asks === "tags" ? betweenSpaces(label) : [label];

/** The vocabulary of what is trained on, and the labels of all rows, sorted. */
export function knownOf(learning: Learning, training: readonly LabelledText[], all: readonly LabelledText[]): Checked<Known> {
  const { asks, minimum = 1 } = learning;
  const labels = asks === "next" ? [] : [...new Set(all.flatMap((row) => labelsOf(learning, row)))].sort();
  if (asks !== "next" && labels.length < 2)
    return E.left([wrong(`there is one label only: "${labels[0] ?? ""}"`, "two or more, to tell one from the other")]);
  return E.map(({ tokens }: Vocabulary): Known => ({ tokens, labels }))(
    vocabulary(
      training.map(({ text }) => text),
      { minimum, tokenise: tokeniser(learning) },
    ),
  );
}

export function sizesOf({ asks }: Learning, { tokens, labels }: Known): TextSizes {
  return { words: tokens.length, labels: asks === "next" ? tokens.length : labels.length };
}

export const vocabularyOf = (learning: Learning, { tokens }: Known): Checked<Vocabulary> =>
  vocabularyFrom(tokens, { tokenise: tokeniser(learning) });

/** Rows as batches. */
export function sourceOf(learning: Learning, known: Known, rows: readonly LabelledText[]): Checked<Source> {
  const { asks, batch: size = 32, buckets } = learning;
  const options = { size, ...(buckets === undefined ? {} : { buckets }) };
  const number = new Map(known.labels.map((label, i) => [label, i]));
  return pipe(
    vocabularyOf(learning, known),
    E.chain((v): Checked<Source> => {
      if (asks === "next")
        return tagged(
          rows.map(({ text }) => following(v.encode(text))),
          options,
        );
      const encoded = rows.map((row) => ({
        row,
        ids: v.encode(row.text),
        labels: labelsOf(learning, row).map((label) => number.get(label)!),
      }));
      if (asks === "label")
        return sentences(
          encoded.map(({ ids, labels }) => ({ ids, label: labels[0]! })),
          options,
        );
      const odd = encoded.find(({ ids, labels }) => ids.length !== labels.length);
      if (odd === undefined) return tagged(encoded, options);
      const message = `"${shortened(odd.row.text)}" has ${odd.ids.length} tokens and ${odd.labels.length} tags`;
      return E.left([wrong(message, "one tag for each token, with spaces between; the script's tokenise says what a token is")]);
    }),
  );
}

/** Before the first token and after the last one stands id 0. */
function following(ids: Int32Array): { readonly ids: Int32Array; readonly labels: Int32Array } {
  return { ids: Int32Array.of(paddingId, ...ids), labels: Int32Array.of(...ids, paddingId) };
}

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

/** What is asked when a text is given, as ids: at "next" what comes after all of it. */
export const askedOf = ({ asks }: Learning, ids: Int32Array): Int32Array => (asks === "next" ? following(ids).ids : ids);

/** The likeliest of some, in a row of probabilities. */
export function likeliest(row: ArrayLike<number>, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (row[from + i]! > row[from + best]!) best = i;
  return best;
}

/** One of them, by its probability: where `at`, in [0, 1), falls. An unknown token is never drawn: nobody could write it. */
export function drawn(row: ArrayLike<number>, from: number, count: number, at: number): number {
  const shares = Array.from({ length: count }, (_, i) => (i === unknownId ? 0 : row[from + i]!));
  let left = at * shares.reduce((a, b) => a + b, 0);
  return Math.max(
    shares.findIndex((p) => {
      left -= p;
      return left < 0;
    }),
    0,
  );
}
