// What is to be learned, from which sentences, and with which recipe: the built-in phrases, or a file.

import { type Diagnostic, type LabelledSentence, type Vocabulary, vocabulary, words } from "clew";
import * as E from "fp-ts/lib/Either.js";
import { phraseRecipe } from "./model.ts";
import { phrases, shuffled } from "./phrases.ts";
import { type DataOptions, type LabelledText, readData } from "./read-data.ts";
import type { DataSummary, Recipe } from "./results.ts";

export interface Task {
  readonly summary: DataSummary;
  readonly recipe: Recipe;
  readonly vocabulary: Vocabulary;
  /** Every word of the training data, also those without a vector of their own. */
  readonly seen: ReadonlySet<string>;
  readonly training: readonly LabelledSentence[];
  readonly heldOut: readonly LabelledSentence[];
  /** The texts of `heldOut`. */
  readonly heldOutTexts: readonly string[];
  /** `heldOut` with the words of every sentence in a random order. */
  readonly shuffled: readonly LabelledSentence[];
  /** The label of a positive opinion and of a negative one, when the data's labels say which is which. */
  readonly opinions: { readonly positive: string; readonly negative: string } | undefined;
}

/** For sentences as people write them: a larger net, dropout against learning them by heart, clipping against explosions. */
const fileRecipe: Recipe = {
  vector: 50,
  hidden: 64,
  bias: true,
  loss: "last",
  dropout: 0.5,
  rate: 2e-3,
  weightDecay: 0,
  clip: 1,
  batch: 32,
  epochs: 15,
  minimum: 2,
};

const negations: ReadonlySet<string> = new Set(["not", "n't", "no", "never", "nothing"]);

export function isNegated(text: string): boolean {
  return words(text).some((word) => negations.has(word));
}

/** @param adjectives how many a polarity; the grammar's usual number when left out */
export function phraseTask(seed: number, adjectives?: number): Task {
  const { training, heldOut, neverNegated } = phrases(adjectives === undefined ? {} : { adjectives });
  return task(
    { kind: "phrases", name: "built-in phrases", labels: ["negative", "positive"] },
    phraseRecipe,
    training,
    heldOut,
    heldOut.map((phrase) => shuffled(phrase, seed)),
    [...neverNegated.positive, ...neverNegated.negative],
  );
}

export function fileTask(file: string, options: DataOptions, seed: number): E.Either<readonly Diagnostic[], Task> {
  return E.map((data: Extract<ReturnType<typeof readData>, { _tag: "Right" }>["right"]) => {
    const mixed = data.heldOut.map((row) => {
      const text = words(row.text).join(" ");
      return { ...row, text: shuffled({ text, label: "positive", adjective: "", negated: false }, seed).text };
    });
    return task({ kind: "file", name: file, labels: data.labels }, fileRecipe, data.training, data.heldOut, mixed, []);
  })(readData(file, options));
}

function task(
  of: Pick<DataSummary, "kind" | "name" | "labels">,
  recipe: Recipe,
  training: readonly LabelledText[],
  heldOut: readonly LabelledText[],
  mixed: readonly LabelledText[],
  neverNegated: readonly string[],
): Task {
  const known = vocabulary(
    training.map((row) => row.text),
    { minimum: recipe.minimum },
  );
  const encoded = (rows: readonly LabelledText[]): readonly LabelledSentence[] =>
    rows.map(({ text, label }) => ({ ids: known.encode(text), label: of.labels.indexOf(label) }));
  return {
    summary: {
      ...of,
      training: training.length,
      heldOut: heldOut.length,
      negated: heldOut.filter((row) => isNegated(row.text)).length,
      words: known.size - 2,
      neverNegated,
    },
    recipe,
    vocabulary: known,
    seen: new Set(training.flatMap((row) => words(row.text))),
    training: encoded(training),
    heldOut: encoded(heldOut),
    heldOutTexts: heldOut.map((row) => row.text),
    shuffled: encoded(mixed),
    opinions: opinionsOf(of.labels),
  };
}

/** Labels are anything in a file; only some say by themselves which one is the positive. */
function opinionsOf(labels: readonly [string, string]): Task["opinions"] {
  const negative = labels.find((label) => /^(neg|bad|0|false|-)/i.test(label));
  const positive = labels.find((label) => /^(pos|good|1|true|\+)/i.test(label));
  return negative === undefined || positive === undefined ? undefined : { positive, negative };
}
