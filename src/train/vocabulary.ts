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
  /** Token by id: the padding, the unknown token, the symbols, then the tokens seen, the most frequent first. JSON keeps it: `vocabularyFrom`. */
  readonly tokens: readonly string[];
  /** Number of ids: the size of the dim that an embedding has. */
  readonly size: number;
  /** The ids of a text's tokens, `[time]`; `unknownId` for a token that the vocabulary does not hold. */
  readonly encode: (text: string) => Int32Array;
  /** The id of one token, `unknownId` when the vocabulary does not hold it. */
  readonly id: (token: string) => number;
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
  /** Tokens that stand in no text, such as `["<start>", "<end>"]`: they have the ids from 2 on. */
  readonly symbols?: readonly string[];
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
  const { minimum = 1, tokenise = words, symbols = [] } = isRecord(options) ? options : {};
  return [
    ...wrongRecord("vocabulary", options),
    ...(typeof minimum === "number" && minimum >= 0
      ? []
      : [badArgument("vocabulary", `minimum is ${shown(minimum)}`, "a number, 0 or more: how often a token must be seen")]),
    ...wrongTokenise("vocabulary", tokenise),
    ...(isListOfDifferent(symbols)
      ? []
      : [badArgument("vocabulary", `symbols are ${shown(symbols)}, expected different strings`, '["<start>", "<end>"]')]),
  ];
}

function wrongTokenise(op: string, tokenise: unknown): readonly Diagnostic[] {
  return typeof tokenise === "function"
    ? []
    : [badArgument(op, `tokenise is ${shown(tokenise)}`, "a function from a text to its tokens, such as words")];
}

function isListOfDifferent(tokens: unknown): tokens is readonly string[] {
  return Array.isArray(tokens) && tokens.every((t) => typeof t === "string") && new Set(tokens).size === tokens.length;
}

/**
 * The vocabulary that has these `tokens`, as another one had them (read from a file).
 *
 * @param options `tokenise`: what the other one cut its texts with; `words` when left out
 */
export function vocabularyFrom(tokens: readonly string[], options: Pick<VocabularyOptions, "tokenise"> = {}): Checked<Vocabulary> {
  const op = "vocabularyFrom";
  const { tokenise = words } = isRecord(options) ? (options as { readonly tokenise?: unknown }) : {};
  const found = isListOfDifferent(tokens)
    ? tokens[paddingId] === special[0] && tokens[unknownId] === special[1]
      ? []
      : [
          badArgument(
            op,
            `the tokens begin with ${tokens.slice(0, 2).map(shown).join(", ")}`,
            `they are those of a vocabulary: ${special.map(shown).join(", ")}, …`,
          ),
        ]
    : [badArgument(op, `the tokens are ${shown(tokens)}, expected different strings`, "vocabularyFrom(JSON.parse(text))")];
  const problems = [...found, ...wrongRecord(op, options), ...wrongTokenise(op, tokenise)];
  return problems.length > 0 ? E.left(problems) : E.right(made(tokens, tokenise as Tokenise));
}

const special: readonly string[] = ["<padding>", "<unknown>"];

function numbered(texts: readonly string[], { minimum = 1, tokenise = words, symbols = [] }: VocabularyOptions): Vocabulary {
  const counts = new Map<string, number>();
  for (const text of texts) for (const token of tokenise(text)) counts.set(token, (counts.get(token) ?? 0) + 1);
  const taken = new Set([...special, ...symbols]);
  const seen = [...counts]
    .filter(([token, count]) => count >= minimum && !taken.has(token))
    .sort(([, a], [, b]) => b - a) // stable: a Map keeps the order of first sight
    .map(([token]) => token);
  return made([...special, ...symbols, ...seen], tokenise);
}

function made(tokens: readonly string[], tokenise: Tokenise): Vocabulary {
  const ids = new Map(tokens.slice(special.length).map((token, i) => [token, i + special.length]));
  const id = (token: string): number => ids.get(token) ?? unknownId;
  return {
    tokens,
    size: tokens.length,
    id,
    encode: (text) => Int32Array.from(tokenise(text), id),
    decode: (encoded) =>
      Array.from(encoded)
        .filter((id) => id !== paddingId)
        .map((id) => tokens[id] ?? tokens[unknownId]!),
    unknown: (text) => [...new Set(tokenise(text))].filter((token) => !ids.has(token)),
  };
}
