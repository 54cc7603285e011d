// Tagged sentences from a file, one a line: word/TAG word/TAG …

import { readFileSync } from "node:fs";
import { type Source, sequences, type Vocabulary, vocabulary } from "clew";

export interface Tagged {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

export function readTagged(file: string): readonly Tagged[] {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const tokens = line.trim().split(" ");
    const cut = tokens.map((token) => token.lastIndexOf("/")); // a word may have a slash of its own
    return { words: tokens.map((token, i) => token.slice(0, cut[i])), tags: tokens.map((token, i) => token.slice(cut[i]! + 1)) };
  });
}

/** Its last letters; a short word is its own ending. */
const endingOf = (word: string): string => word.toLowerCase().slice(-3);

/** How a word is written, as a kind: by capitals, digits and signs. */
export const spellings: readonly (readonly [name: string, test: RegExp])[] = [
  ["no letter or digit", /^[^\p{L}\p{N}]+$/u],
  ["has a digit", /\p{N}/u],
  ["capitals", /^\p{Lu}[^\p{Ll}]+$/u],
  ["a capital first", /^\p{Lu}/u],
  ["with an inner sign", /[^\p{L}]/u],
  ["small letters", /^/],
];

/** 1 and up: 0 is padding. */
export function spellingOf(word: string): number {
  return 1 + spellings.findIndex(([, test]) => test.test(word));
}

/** What sentences are numbered by: taken from those that are learned from. */
export interface Numbering {
  readonly words: Vocabulary;
  readonly endings: Vocabulary;
  readonly tags: readonly string[];
}

export function numberingOf(training: readonly Tagged[]): Numbering {
  const each = (text: string): readonly string[] => [text];
  const all = training.flatMap((s) => s.words);
  return {
    words: vocabulary(
      all.map((word) => word.toLowerCase()),
      { minimum: 2, tokenise: each },
    ), // once is too rare to learn a vector from: unknown words are learned from these
    endings: vocabulary(all.map(endingOf), { minimum: 2, tokenise: each }),
    tags: [...new Set(training.flatMap((s) => s.tags))].sort(),
  };
}

export function sourceOf(of: readonly Tagged[], { words, endings, tags }: Numbering, size: number): Source {
  const numbered = of.map((sentence) => ({
    steps: {
      words: sentence.words.map((word) => words.id(word.toLowerCase())),
      endings: sentence.words.map((word) => endings.id(endingOf(word))),
      spellings: sentence.words.map(spellingOf),
      labels: sentence.tags.map((tag) => tags.indexOf(tag)),
    },
  }));
  return sequences(numbered, { size, buckets: [12, 24, 40] });
}
