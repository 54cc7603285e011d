// What a run of training tells, as it goes.

import type { ParameterValues } from "../evaluate/program.ts";
import type { Diagnostic } from "../graph/diagnostics.ts";
import type { MetricResults, Metrics } from "./metrics.ts";
import type { FullScore, Score } from "./watch.ts";

interface Progress {
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Training steps made, over all epochs. */
  readonly step: number;
  /** Steps in all; exact when every epoch has as many batches as the first. */
  readonly steps: number;
  readonly stepsPerSecond: number;
  readonly secondsLeft: number;
}

/** A batch was learned from: its loss and metric, by the parameters before the step. */
export interface StepEvent extends Progress, Score {
  readonly kind: "step";
}

/** The best epoch so far, by the validation data, or without them by the training data. */
export interface BestEpoch {
  readonly epoch: number;
  /** What was compared: the loss, or what the option `watch` names. */
  readonly value: number;
  /** The model's parameters after it, without slots, as copies. */
  readonly parameters: () => ParameterValues;
}

/** An epoch is over: means over its examples. */
export interface EpochEvent<M extends Metrics = Metrics> extends Progress, Score {
  readonly kind: "epoch";
  /** Of the validation data, with the metrics that were asked for. */
  readonly validation: FullScore<MetricResults<M>> | undefined;
  /** Copies of all parameters as they were at this event, slots included. */
  readonly parameters: () => ParameterValues;
  readonly best: BestEpoch;
  /** Whether this epoch is the best one. */
  readonly improved: boolean;
  /** Whether the run ends here, before all epochs are over: early stopping. */
  readonly stopped: boolean;
}

export type FitEvent<M extends Metrics = Metrics> = StepEvent | EpochEvent<M>;

/** In `clew/fp` the last event of a run that failed. What was learned before stands: a step that fails writes nothing. */
export interface FitFailure {
  readonly kind: "failure";
  readonly diagnostics: readonly Diagnostic[];
}
