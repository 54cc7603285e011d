// What a model-definition script says besides its model, for the `clew` command: how a file of texts becomes what the model is fed, and how it learns.
// One record covers opinions of sentences, tags of words, and characters that follow each other; whoever has other data calls `fit`.

import type { Feeds } from "../evaluate/feeds.ts";
import type { Model } from "../models/model.ts";
import type { BatchOptions } from "./batches.ts";
import type { FitOptions } from "./fit-options.ts";
import type { Sizes } from "./programs.ts";
import type { Tokenise } from "./vocabulary.ts";

/** A row of a data file: a text, and what is said of it. */
export interface LabelledText {
  readonly text: string;
  readonly label?: string | undefined;
}

/** What the data decide of a model: how many ids there are (0 is padding, 1 an unknown token), and how many labels. */
export interface TextSizes {
  readonly words: number;
  readonly labels: number;
}

/**
 * How texts are learned from. A model is fed `ids` [time, batch] and `lengths` [batch] (int), and `labels` (int) as `asks` says; its predictions are the
 * probability of each label, [batch, label], or [batch, time, label] where there is a label at every step.
 */
export interface Learning extends Pick<FitOptions, "optimiser" | "earlyStopping" | "engine">, Pick<BatchOptions, "buckets"> {
  /**
   * - `"label"`: of a text its label; `labels` [batch]
   * - `"tags"`: of each token its own; a row's label has one tag for each token, with spaces between; `labels` [time, batch]
   * - `"next"`: of each token the one that follows; `labels` [time, batch]. Texts begin after id 0 and end with it; there are as many labels as words
   */
  readonly asks: "label" | "tags" | "next";
  /** The model for data: the vocabulary's size is known when they are read. */
  readonly model: (sizes: TextSizes) => Model;
  /** When left out: `words` for `"label"`, what stands between spaces for `"tags"`, `characters` for `"next"`. */
  readonly tokenise?: Tokenise;
  /** A token that is seen fewer times counts as unknown; 1 when left out. */
  readonly minimum?: number;
  /** Reads a data file that is neither TSV, nor JSON lines, nor a text a line. */
  readonly rows?: (content: string) => readonly LabelledText[];
  /** How often all of the data are gone through, unless the command says it; 10 when left out. */
  readonly epochs?: number;
  /** Texts in a batch; 32 when left out. */
  readonly batch?: number;
}

/**
 * The default export of a model-definition script: a model, on which `clew check` and `clew draw` work, and what they and the other commands ask of it.
 *
 * @example
 * import { adam, type ModelScript, sentenceRnn, type TextSizes } from "clew";
 * const model = ({ words, labels }: TextSizes) => sentenceRnn({ words, labels, vector: 16, hidden: 16 });
 * const script = { ...model({ words: 20, labels: 2 }), learning: { asks: "label", model, optimiser: adam(5e-3) } } satisfies ModelScript;
 * script.learning.asks; // "label"
 */
export interface ModelScript extends Model {
  /**
   * Feeds for a gradient check. When left out they are drawn by seed: numbers from the normal distribution, truth values by coin; whole numbers by which rows
   * are looked up from all ids that there are, and others, such as lengths, from 1 … time.
   */
  readonly example?: (sizes: Sizes, seed: number) => Feeds;
  /** How it learns from texts, and answers about them: for `clew train` and `clew predict`. */
  readonly learning?: Learning;
}
