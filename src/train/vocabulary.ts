// From text to numbers and back. A tokeniser cuts a text into tokens; a vocabulary numbers the tokens that it has seen often enough.
// Two ids are taken: 0 fills a batch up to one length, 1 stands for every token that the vocabulary does not hold.

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

/**
 * Numbers the tokens of `texts`. The most frequent comes first; of equally frequent ones, the one seen first: the same texts
 * give the same ids.
 *
 * @param options.minimum a token seen fewer times than this has no id; 1 when left out
 * @param options.tokenise `words` when left out
 *
 * @example
 * import { vocabulary } from "clew";
 * const v = vocabulary(["a good movie", "a bad movie"]);
 * v.tokens; // ["<padding>", "<unknown>", "a", "movie", "good", "bad"]
 * v.encode("a splendid movie"); // [2, 1, 3]
 * v.unknown("a splendid movie"); // ["splendid"]
 * v.decode(v.encode("a good movie")); // ["a", "good", "movie"]
 */
export function vocabulary(texts: Iterable<string>, options: { readonly minimum?: number; readonly tokenise?: Tokenise } = {}): Vocabulary {
  const { minimum = 1, tokenise = words } = options;

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
