// Everything that a run found out: what the terminal shows, what report.json keeps and what the report's pictures are drawn from.

import type { GradientReport, ParameterValues, Vocabulary } from "clew";

/** A number between 0 and 1. */
type Share = number;

export interface Epoch {
  /** Counted from 1. */
  readonly epoch: number;
  readonly loss: number;
  /** Share of the training data that was right, by the parameters as they were at each batch. */
  readonly accuracy: Share;
  readonly heldOutLoss: number;
  readonly heldOutAccuracy: Share;
}

/** What one of the two models made of the data. */
export interface Learned {
  readonly curve: readonly Epoch[];
  readonly parameters: ParameterValues;
  /** How many trained numbers these are. */
  readonly numbers: number;
  readonly seconds: number;
  readonly heldOutAccuracy: Share;
  /** Of the held-out sentences that hold a negation. */
  readonly negatedAccuracy: Share;
  /** The held-out sentences with their words in a random order. */
  readonly shuffledAccuracy: Share;
}

export interface Answer {
  /** The label that is more probable. */
  readonly label: string;
  /** Probability of the positive (second) label. */
  readonly positive: Share;
  /** Undefined when nobody said what is right. */
  readonly right: boolean | undefined;
}

/** One line of the table: the same sentence asked of both. */
export interface Question {
  readonly text: string;
  readonly expected: string | undefined;
  /** Words that training never showed. */
  readonly neverSeen: readonly string[];
  /** Words that it showed too rarely for a vector of their own. */
  readonly tooRare: readonly string[];
  readonly bagOfWords: Answer;
  readonly rnn: Answer;
}

/** How an opinion forms: the RNN's probability of the positive label after each word. */
export interface Opinion {
  readonly text: string;
  readonly words: readonly string[];
  readonly positive: readonly Share[];
  readonly expected: string | undefined;
}

/** The score that bag of words has given to a word: what it adds to positive, minus what it adds to negative. */
export interface WordScore {
  readonly word: string;
  readonly score: number;
}

export interface GradientPerWord {
  readonly text: string;
  readonly words: readonly string[];
  /** ‖∂E/∂h_t‖ of the loss at the last word, as a share of that at the last word. */
  readonly shares: readonly Share[];
  /** In words. */
  readonly verdict: string;
}

/** The gradient of W for one sentence, by the steps that it is the sum of. */
export interface Contributed {
  readonly text: string;
  readonly words: readonly string[];
  /** [t][k]: norm of what the loss at word t says through W's use at word k; one row for a loss at the last word alone. */
  readonly norms: readonly (readonly number[])[];
  /** ‖sum of all terms − gradient‖ / ‖gradient‖. */
  readonly sumRelativeError: number;
}

export interface Recipe {
  readonly vector: number;
  readonly hidden: number;
  readonly bias: boolean;
  readonly loss: "last" | "every";
  readonly dropout: number;
  readonly rate: number;
  readonly weightDecay: number;
  readonly clip: number | undefined;
  readonly batch: number;
  readonly epochs: number;
  /** How often a word must be seen to have a vector of its own. */
  readonly minimum: number;
}

export interface DataSummary {
  readonly kind: "phrases" | "file";
  /** The file as it was named; "built-in phrases". */
  readonly name: string;
  readonly labels: readonly [negative: string, positive: string];
  readonly training: number;
  readonly heldOut: number;
  /** How many of the held-out sentences hold a negation. */
  readonly negated: number;
  /** Number of words with a vector of their own. */
  readonly words: number;
  /** Adjectives that are never negated in training (phrases only). */
  readonly neverNegated: readonly string[];
}

export interface Results {
  /** The command that gives these results again. */
  readonly command: string;
  readonly seed: number;
  readonly data: DataSummary;
  readonly recipe: Recipe;
  readonly rnn: Learned;
  /** Below this the RNN's loss on the training data cannot get; undefined where the label is asked for at the last word alone. */
  readonly lossFloor: number | undefined;
  readonly bagOfWords: Learned;
  readonly questions: readonly Question[];
  readonly opinions: readonly Opinion[];
  /** Of the words in the questions. */
  readonly wordScores: readonly WordScore[];
  readonly gradientCheck: GradientReport;
  readonly gradientPerWord: GradientPerWord;
  readonly contributions: Contributed;
  readonly vocabulary: Vocabulary;
  readonly seconds: number;
}
