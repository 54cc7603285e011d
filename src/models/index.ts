// The ready models, written with the library as a user would write them: each is an example. A model is parameters, made once, and a graph for
// given data sizes.

export { type BagOfWords, type BagOfWordsOptions, bagOfWords } from "./bag-of-words.ts";
export { type Bidirectional, type BothWays, bidirectional, type LayersBothWays, type ReadingBothWays } from "./bidirectional.ts";
export type { Cell, CellMaker, InitialWeights } from "./cell.ts";
export { type BuiltFeedForward, type FeedForwardOptions, feedForward } from "./feed-forward.ts";
export { type GruCell, type GruOptions, gru } from "./gru.ts";
export { type LstmCell, type LstmOptions, type LstmState, lstm } from "./lstm.ts";
export { accuracy, type Built, type DataDims, type Model } from "./model.ts";
export { type RnnCell, type RnnOptions, rnn } from "./rnn.ts";
export { type BuiltSentenceRnn, type SentenceRnn, type SentenceRnnOptions, sentenceRnn, type UnrolledSentenceRnn } from "./sentence-rnn.ts";
export { type LayerStates, layerByLayer, type Read, type Reading, type StackedCell, type StackOptions, stacked } from "./stacked.ts";
