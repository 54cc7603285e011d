// The net of the main job: it reads a sentence word by word, and after each word its state says what it thinks of it. A ready model, built by scan;
// `unrolled` writes the same net out, to look into its steps.

import { type SentenceRnn, sentenceRnn, uniform, type Vocabulary, vocabulary } from "clew";
import { phrases } from "./phrases.ts";
import type { Recipe } from "./results.ts";

/** Found in a throw-away search: 100 % of the held-out negations for each of five seeds (docs/adjectives.md has the curve). */
export const phraseRecipe: Recipe = {
  vector: 16,
  hidden: 16,
  bias: false,
  loss: "every",
  dropout: 0,
  rate: 5e-3,
  weightDecay: 0.1,
  clip: undefined,
  batch: 32,
  epochs: 30,
  minimum: 1,
};

/** The words of the built-in phrases. */
export const phraseWords: Vocabulary = vocabulary(phrases().training.map((phrase) => phrase.text));

/** For words and a recipe: those of the phrases, or those of a file. */
export function rnnOf({ vocabulary: { size: words }, recipe }: { readonly vocabulary: Vocabulary; readonly recipe: Recipe }): SentenceRnn {
  const { vector, hidden, bias, loss, dropout } = recipe;
  const small = uniform(-1 / Math.sqrt(hidden), 1 / Math.sqrt(hidden));
  return sentenceRnn({ words, vector, hidden, bias, loss, dropout, initial: { U: small, W: small, V: small } });
}

export default rnnOf({ vocabulary: phraseWords, recipe: phraseRecipe });
