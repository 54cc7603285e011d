// Bag of words: each word has a score for each label, and a sentence's score is the sum (logistic regression on word counts). It does not
// know the order of words: "not bad, good" and "not good, bad" are the same to it.

import { type Dim, dim } from "../graph/dim.ts";
import type { Parameter, Tensor } from "../graph/node.ts";
import { isRecord } from "../graph/options.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { gather } from "../ops/gather.ts";
import { constantly } from "../ops/initialisers.ts";
import { input } from "../ops/input.ts";
import { softmaxCrossEntropy } from "../ops/losses.ts";
import { parameter } from "../ops/parameter.ts";
import { softmax } from "../ops/softmax.ts";
import { sum } from "../ops/sum.ts";
import { where } from "../ops/where.ts";
import { lengthMask } from "../recurrence/mask.ts";
import { accuracy, buildOf, byName, type DataDims, type Model, withoutOptions } from "./model.ts";

export interface BagOfWordsOptions {
  /** Number of ids: `vocabulary(texts).size`. */
  readonly words: number;
  /** Number of labels; 2 when left out. */
  readonly labels?: number;
}

type Word = Dim<"word">;
type Label = Dim<"label">;

export interface BagOfWords extends Model {
  readonly score: Parameter<readonly [Word, Label]>;
  readonly bias: Parameter<readonly [Label]>;
}

/**
 * logits = b + Σ_t score[word_t], over the words of a sentence: inputs `ids` [time, batch], `lengths` [batch], `labels` [batch].
 *
 * @example
 * import { bagOfWords, dim, graph } from "clew";
 * const model = bagOfWords({ words: 100 });
 * const { loss } = model.build({ time: dim("time", 6), batch: dim("batch", 32) });
 * graph(loss).parameters.length; // 2
 */
export function bagOfWords(options: BagOfWordsOptions): BagOfWords {
  const line = calledFrom(bagOfWords);
  const made = () =>
    isRecord(options) ? madeAt(line, options) : withoutOptions<BagOfWords>(line, "bagOfWords", options, "{ words: vocabulary.size }");
  return standingAt(line, made);
}

function madeAt(line: Site, { words, labels = 2 }: BagOfWordsOptions): BagOfWords {
  const word: Word = dim("word", words);
  const label: Label = dim("label", labels);
  const score = parameter("score", [word, label], constantly(0));
  const bias = parameter("bias", [label]);

  const build = buildOf(line, ({ time, batch }: DataDims) => {
    const ids = input("ids", [time, batch], "int");
    const lengths = input("lengths", [batch], "int");
    const y = input("labels", [batch], "int");
    const scores: Tensor<readonly [typeof time, typeof batch, Label]> = gather(score, ids, word);
    const logits = add(sum(where(lengthMask(lengths, time), scores, 0), time), bias) as Tensor<readonly [typeof batch, Label]>;
    return {
      inputs: { ids, lengths, labels: y },
      loss: softmaxCrossEntropy(logits, y),
      predictions: softmax(logits, -1),
      metric: accuracy(logits, y),
    };
  });
  return { parameters: byName(score, bias), build, score, bias };
}
