// The ready models, written with the library as a user would write them: each is an example. A model is parameters, made once, and a graph for
// given data sizes.

export { type BagOfWords, type BagOfWordsOptions, bagOfWords } from "./bag-of-words.ts";
export { type BuiltFeedForward, type FeedForwardOptions, feedForward } from "./feed-forward.ts";
export { accuracy, type Built, type DataDims, type Model } from "./model.ts";
export { type RnnCell, type RnnOptions, rnn } from "./rnn.ts";
export { type BuiltSentenceRnn, type SentenceRnn, type SentenceRnnOptions, sentenceRnn, type UnrolledSentenceRnn } from "./sentence-rnn.ts";
