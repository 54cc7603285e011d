// From text to numbers and back. A tokeniser cuts a text into tokens; a vocabulary numbers the tokens that it has seen often enough.
// Two ids are taken: 0 fills a batch up to one length, 1 stands for every token that the vocabulary does not hold.

import * as E from "fp-ts/lib/Either.js";
import type { Checked, Diagnostic } from "../graph/diagnostics.ts";
import { badArgument, isRecord, shown, wrongRecord } from "../graph/options.ts";

/** Cuts a text into tokens, in order. */
export type Tokenise = (text: string) => readonly string[];

/** The id that fills the steps after a sentence's end. No text is ever encoded to it. */
export const paddingId = 0;

/** The id of every token that a vocabulary does not hold. */
export const unknownId = 1;

/**
 * The words of a text, in lower case (Unicode NFC).
 *
 * A word is a run of letters, marks and digits of any script; apostrophes inside it, straight or typographic, belong to it (`it's`,
 * `l'été`). Everything else separates words and is dropped: punctuation, hyphens, symbols. One word is cut in two: `n't` is a word of
 * its own, as in the Penn Treebank (`don't` → `do` `n't`, `can't` → `ca` `n't`), so that a negation is one and the same
 * word after every verb.
 *
 * @example
 * import { words } from "clew";
 * words("It isn't bad - not at all!"); // ["it", "is", "n't", "bad", "not", "at", "all"]
 */
export function words(text: string): readonly string[] {
  const plain = text
    .normalize("NFC")
    .toLowerCase()
    .replace(/[\u2018\u2019\u02bc]/g, "'");
  return (
    plain.match(/[\p{L}\p{M}\p{N}]+?(?=n't(?![\p{L}\p{M}\p{N}]))|n't(?![\p{L}\p{M}\p{N}])|[\p{L}\p{M}\p{N}]+(?:'[\p{L}\p{M}\p{N}]+)*/gu) ??
    []
  );
}

/**
 * The characters of a text: its Unicode code points, nothing changed, so that joined they are the text again.
 *
 * @example
 * import { characters } from "clew";
 * characters("h_t = 😀").length; // 7
 */
export function characters(text: string): readonly string[] {
  return Array.from(text);
}

/** The tokens that have an id of their own. */
export interface Vocabulary {
  /** Token by id: the padding, the unknown token, then the tokens seen, the most frequent first. */
  readonly tokens: readonly string[];
  /** Number of ids: the size of the dim that an embedding has. */
  readonly size: number;
  /** The ids of a text's tokens, `[time]`; `unknownId` for a token that the vocabulary does not hold. */
  readonly encode: (text: string) => Int32Array;
  /** The tokens of ids, without padding. An id out of range reads as unknown. */
  readonly decode: (ids: ArrayLike<number>) => readonly string[];
  /** The tokens of a text that the vocabulary does not hold, each once, in the order of the text. */
  readonly unknown: (text: string) => readonly string[];
}

export interface VocabularyOptions {
  /** A token seen fewer times than this has no id; 1 when left out. */
  readonly minimum?: number;
  /** `words` when left out. */
  readonly tokenise?: Tokenise;
}

/** Numbers the tokens of `texts`, or says what is wrong with the texts or the options. */
export function vocabulary(texts: Iterable<string>, options: VocabularyOptions = {}): Checked<Vocabulary> {
  const isList = typeof texts === "object" && texts !== null && Symbol.iterator in texts;
  const list = isList ? [...texts] : undefined; // once: it may be a generator
  const problems = [...(list === undefined ? [noList(texts)] : wrongTexts(list)), ...wrongOptions(options)];
  return problems.length > 0 ? E.left(problems) : E.right(numbered(list!, options));
}

function noList(texts: unknown): Diagnostic {
  return badArgument("vocabulary", `the texts must be a list of strings, found ${shown(texts)}`, '["a good movie", "a bad movie"]');
}

function wrongTexts(texts: readonly unknown[]): readonly Diagnostic[] {
  const odd = texts.findIndex((t) => typeof t !== "string");
  return odd < 0 ? [] : [badArgument("vocabulary", `texts[${odd}] is ${shown(texts[odd])}, expected a string`)];
}

function wrongOptions(options: unknown): readonly Diagnostic[] {
  const { minimum = 1, tokenise = words } = isRecord(options) ? options : {};
  return [
    ...wrongRecord("vocabulary", options),
    ...(typeof minimum === "number" && minimum >= 0
      ? []
      : [badArgument("vocabulary", `minimum is ${shown(minimum)}`, "a number, 0 or more: how often a token must be seen")]),
    ...(typeof tokenise === "function"
      ? []
      : [badArgument("vocabulary", `tokenise is ${shown(tokenise)}`, "a function from a text to its tokens, such as words")]),
  ];
}

function numbered(texts: readonly string[], { minimum = 1, tokenise = words }: VocabularyOptions): Vocabulary {
  const counts = new Map<string, number>();
  for (const text of texts) for (const token of tokenise(text)) counts.set(token, (counts.get(token) ?? 0) + 1);
  const seen = [...counts]
    .filter(([, count]) => count >= minimum)
    .sort(([, a], [, b]) => b - a) // stable: a Map keeps the order of first sight
    .map(([token]) => token);

  const tokens = ["<padding>", "<unknown>", ...seen];
  const ids = new Map(seen.map((token, i) => [token, i + 2]));
  return {
    tokens,
    size: tokens.length,
    encode: (text) => Int32Array.from(tokenise(text), (token) => ids.get(token) ?? unknownId),
    decode: (encoded) =>
      Array.from(encoded)
        .filter((id) => id !== paddingId)
        .map((id) => tokens[id] ?? tokens[unknownId]!),
    unknown: (text) => [...new Set(tokenise(text))].filter((token) => !ids.has(token)),
  };
}
