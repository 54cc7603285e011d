// The ready models, written with the library as a user would write them: each is an example. A model is parameters, made once, and a graph for
// given data sizes.

export { type BagOfWords, type BagOfWordsOptions, bagOfWords } from "./bag-of-words.ts";
export { type Bidirectional, type BothWays, bidirectional, type LayersBothWays, type ReadingBothWays } from "./bidirectional.ts";
export type { Cell, CellMaker, InitialWeights } from "./cell.ts";
export {
  type BuiltEncoderDecoder,
  type EncoderDecoder,
  type EncoderDecoderOptions,
  encoderDecoder,
  type PairDims,
} from "./encoder-decoder.ts";
export { type BuiltFeedForward, type FeedForwardOptions, feedForward } from "./feed-forward.ts";
export { type GruCell, type GruOptions, gru } from "./gru.ts";
export type { HeadOptions } from "./head.ts";
export { type LstmCell, type LstmOptions, type LstmState, lstm } from "./lstm.ts";
export { type BuiltManyToMany, type ManyToMany, type ManyToManyOptions, manyToMany, type OneStep } from "./many-to-many.ts";
export { type BuiltManyToOne, type ManyToOneOptions, manyToOne } from "./many-to-one.ts";
export { accuracy, type Built, type DataDims, type Model, type RecurrentModel } from "./model.ts";
export { type BuiltWriting, type OneToManyOptions, oneToMany, type WritingOptions } from "./one-to-many.ts";
export { l2 } from "./penalty.ts";
export type { NamedWeights, Weights } from "./pytorch.ts";
export type { ReaderOptions } from "./reader.ts";
export { type RnnCell, type RnnOptions, rnn } from "./rnn.ts";
export { type BuiltSentenceRnn, type SentenceRnn, type SentenceRnnOptions, sentenceRnn, type UnrolledSentenceRnn } from "./sentence-rnn.ts";
export { type LayerStates, layerByLayer, type Read, type Reading, type StackedCell, type StackOptions, stacked } from "./stacked.ts";
export type { IncomingOptions } from "./words.ts";
