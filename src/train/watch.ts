// Which epoch was the best so far, and how long ago: what early stopping and the keeping of the best model have in common.

import type { ParameterValues } from "../evaluate/program.ts";

/** How good a model is on some data: means over the examples. */
export interface Score {
  readonly loss: number;
  /** The model's own metric (for a classifier: the share that is right), when it has one. */
  readonly metric: number | undefined;
}

/** A score with the metrics that were asked for. */
export interface FullScore<R = { readonly [name: string]: unknown }> extends Score {
  readonly metrics: R;
}

export interface EarlyStopping {
  /** Epochs without a better one, after which the run ends. */
  readonly patience: number;
  /** By how much a better one must be better, at least; 0 when left out. */
  readonly margin?: number;
}

/** The best epoch so far. */
export interface Best {
  readonly epoch: number;
  /** What was compared. */
  readonly value: number;
  /** The model's parameters after it, without slots. */
  readonly parameters: ParameterValues;
}

export interface Watch {
  readonly best: Best | undefined;
  /** Epochs since the one from which patience counts. */
  readonly since: number;
  /** The value that a better one must beat by the margin. */
  readonly mark: number | undefined;
}

export const unwatched: Watch = { best: undefined, since: 0, mark: undefined };

/** The watch after one more epoch. NaN is never better. */
export function watched(before: Watch, now: Best, better: "higher" | "lower", margin: number): Watch {
  const gain = (from: number): number => (better === "higher" ? now.value - from : from - now.value);
  const first = before.best === undefined && !Number.isNaN(now.value);
  const best = first || (before.best !== undefined && gain(before.best.value) > 0) ? now : before.best;
  const beaten = before.mark === undefined ? first : gain(before.mark) > margin;
  return { best, since: beaten ? 0 : before.since + 1, mark: beaten ? now.value : before.mark };
}
