// Learning: text to batches, gradients to steps, steps to a trained model. Optimisers are graphs; the loop is a stream of events.

export type { Batch, BatchOptions, LabelledSentence } from "./batches.ts";
export { bestParameters } from "./checkpoint.ts";
export { clipByGlobalNorm, clipByValue } from "./clip.ts";
export type { BestEpoch, EpochEvent, FitEvent, FitFailure, StepEvent } from "./events.ts";
export type { CheckpointOptions, FitOptions } from "./fit-options.ts";
export type { LabelledText, Learning, ModelScript, TextSizes } from "./learning.ts";
export type { Confusion, Metric, MetricOptions, MetricResults, Metrics, PerplexityOptions } from "./metrics.ts";
export * as metrics from "./metrics.ts";
export {
  type AdagradOptions,
  type AdamOptions,
  type AdamWOptions,
  adagrad,
  adam,
  adamw,
  type MomentumOptions,
  momentum,
  type RmspropOptions,
  rmsprop,
  scale,
  sgd,
  weightDecay,
} from "./optimisers.ts";
export type { PredictOptions } from "./predict.ts";
export type { Engine } from "./programs.ts";
export type { EncodeOptions } from "./safetensors/encode.ts";
export type { Safetensors, Stored } from "./safetensors/format.ts";
export {
  type CosineDecayOptions,
  cosineDecay,
  exponentialDecay,
  type Rate,
  type Schedule,
  type StepDecayOptions,
  stepDecay,
  warmUp,
} from "./schedules.ts";
export type { ScoreOptions } from "./score.ts";
export type { BatchFeeds, Source } from "./sentences.ts";
export type { Sequence, SequenceOptions, StreamOptions } from "./sequences.ts";
export { chain, type GradientTransformation, type PerParameter, type Transformed, updates } from "./transformation.ts";
export { characters, paddingId, type Tokenise, unknownId, type Vocabulary, type VocabularyOptions, words } from "./vocabulary.ts";
export type { EarlyStopping, FullScore, Score } from "./watch.ts";
export type { WordVectorOptions, WordVectors } from "./word-vectors.ts";
