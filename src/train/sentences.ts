// Where batches come from. A source gives the batches of an epoch, each with its sizes and feeds; `fit` knows nothing else about data.

import * as E from "fp-ts/lib/Either.js";
import type { Feeds } from "../evaluate/feeds.ts";
import type { Checked } from "../graph/diagnostics.ts";
import { type Batch, type BatchOptions, batched, type LabelledSentence, mistakes } from "./batches.ts";
import type { Sizes } from "./programs.ts";

export interface BatchFeeds extends Sizes {
  readonly feeds: Feeds;
}

/** The batches of an epoch (from 0): a function of (epoch, seed), so that a run can be repeated, and gone on with. */
export type Source = (epoch: number, seed: number) => readonly BatchFeeds[];

/**
 * Labelled sentences as a source: shuffled anew in every epoch, cut into batches, padded. Feeds: `ids` [time, batch], `lengths` [batch], `labels` [batch].
 *
 * @returns the source, or what is wrong with options and sentences
 */
export function sentences(of: readonly LabelledSentence[], options: Omit<BatchOptions, "seed" | "epoch">): Checked<Source> {
  const found = mistakes("sentences", of, options);
  return found.length > 0 ? E.left(found) : E.right((epoch, seed) => batched(of, { ...options, seed, epoch }).map(feedsOf));
}

export function feedsOf({ time, batch, ids, lengths, labels }: Batch): BatchFeeds {
  return { time, batch, feeds: { ids, lengths, labels } };
}
