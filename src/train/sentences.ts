// Where batches come from. A source gives the batches of an epoch, each with its sizes and feeds; `fit` knows nothing else about data.

import type { Feeds } from "../evaluate/feeds.ts";
import { type Batch, type BatchOptions, batches, type LabelledSentence } from "./batches.ts";
import type { Sizes } from "./programs.ts";

export interface BatchFeeds extends Sizes {
  readonly feeds: Feeds;
}

/** The batches of an epoch (from 0): a function of (epoch, seed), so that a run can be repeated, and gone on with. */
export type Source = (epoch: number, seed: number) => readonly BatchFeeds[];

/**
 * Labelled sentences as a source: shuffled anew in every epoch, cut into batches, padded. Feeds: `ids` [time, batch], `lengths` [batch], `labels` [batch].
 *
 * @throws ClewError `BadArgument` for a size or bounds that make no sense
 * @example
 * import { sentences } from "clew";
 * const source = sentences([{ ids: [2, 3], label: 0 }, { ids: [2], label: 1 }, { ids: [3], label: 1 }], { size: 2 });
 * source(0, 1).map((batch) => batch.batch); // [2, 1]
 */
export function sentences(of: readonly LabelledSentence[], options: Omit<BatchOptions, "seed" | "epoch">): Source {
  batches([], options); // a mistake in the options is told here, where they were written
  return (epoch, seed) => batches(of, { ...options, seed, epoch }).map(feedsOf);
}

export function feedsOf({ time, batch, ids, lengths, labels }: Batch): BatchFeeds {
  return { time, batch, feeds: { ids, lengths, labels } };
}
