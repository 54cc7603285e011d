// Many to one: a sentence goes in word by word, and what the state knows at the end says which label it has.

import { type Dim, dim } from "../graph/dim.ts";
import type { Parameter, Tensor } from "../graph/node.ts";
import { isRecord } from "../graph/options.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { dropout } from "../ops/dropout.ts";
import { zeros } from "../ops/full.ts";
import { gather } from "../ops/gather.ts";
import { type Initialiser, normal } from "../ops/initialisers.ts";
import { input } from "../ops/input.ts";
import { softmaxCrossEntropy } from "../ops/losses.ts";
import { matmul } from "../ops/matmul.ts";
import { parameter } from "../ops/parameter.ts";
import { softmax } from "../ops/softmax.ts";
import { lengthMask } from "../recurrence/mask.ts";
import { type Scanned, scan } from "../recurrence/scan/scan.ts";
import { type UnrolledStep, unroll } from "../recurrence/unroll.ts";
import { accuracy, type Built, buildOf, byName, type DataDims, type Model, withoutOptions } from "./model.ts";
import { type RnnCell, type RnnOptions, rnn } from "./rnn.ts";

export interface SentenceRnnOptions extends RnnOptions {
  /** Number of ids: `vocabulary(texts).size`. */
  readonly words: number;
  /** Numbers in a word vector. */
  readonly vector: number;
  /** Numbers in the state. */
  readonly hidden: number;
  /** Number of labels; 2 when left out. */
  readonly labels?: number;
  /** Where the label is asked for: at the last word (when left out), or at every word, so that an opinion forms from the first on. */
  readonly loss?: "last" | "every";
  /** Share of word vectors' and last state's elements that are dropped while training; 0 when left out. */
  readonly dropout?: number;
  readonly initial?: { readonly E?: Initialiser; readonly U?: Initialiser; readonly W?: Initialiser; readonly V?: Initialiser };
}

type Time = DataDims["time"];
type Batch = DataDims["batch"];
type Word = Dim<"word">;
type Vector = Dim<"vector">;
type Hidden = Dim<"hidden">;
type Label = Dim<"label">;
type State = Tensor<readonly [Batch, Hidden]>;
type Mask = Tensor<readonly [Time, Batch], "bool">;
type WordVectors = Tensor<readonly [Batch, Vector]>;

export interface BuiltSentenceRnn extends Built {
  readonly inputs: {
    readonly ids: Tensor<readonly [Time, Batch], "int">;
    readonly lengths: Tensor<readonly [Batch], "int">;
    readonly labels: Tensor<readonly [Batch], "int">;
  };
  /** Probability of each label at the last word, [batch, label]. */
  readonly predictions: Tensor<readonly [Batch, Label]>;
  /** The same after every word, [time, batch, label]. */
  readonly opinions: Tensor<readonly [Time, Batch, Label]>;
  /** What the loss is the mean of: the loss after every word [time, batch] (0 at padding), or of every sentence [batch]. */
  readonly losses: Tensor;
  /** Scores of each label at the last word, before softmax, [batch, label]. */
  readonly logits: Tensor<readonly [Batch, Label]>;
}

export interface UnrolledSentenceRnn extends BuiltSentenceRnn {
  /** The states, to be looked at and differentiated by. */
  readonly steps: readonly UnrolledStep<State, WordVectors, State>[];
}

export interface SentenceRnn extends Model<BuiltSentenceRnn> {
  /** What `build` gives, written out step by step: the same values, bit for bit, in a graph that grows with time. */
  readonly unrolled: (dims: DataDims) => UnrolledSentenceRnn;
  /** Word vectors. */
  readonly E: Parameter<readonly [Word, Vector]>;
  readonly cell: RnnCell<Vector, Hidden>;
  /** From state to label. */
  readonly V: Parameter<readonly [Hidden, Label]>;
}

/**
 * x_t = E[word_t], h_t = φ(x_t·U + h_{t−1}·W + b), logits_t = h_t·V: inputs `ids` [time, batch], `lengths` [batch], `labels` [batch].
 *
 * `build` is a scan; to look into its steps, `unrolled` has them as nodes.
 *
 * @example
 * import { dim, graph, sentenceRnn } from "clew";
 * const model = sentenceRnn({ words: 100, vector: 16, hidden: 16, bias: false });
 * const { loss } = model.build({ time: dim("time", 6), batch: dim("batch", 32) });
 * graph(loss).parameters.length; // 4
 * model.unrolled({ time: dim("time", 6), batch: dim("batch", 1) }).steps.length; // 6
 */
export function sentenceRnn(options: SentenceRnnOptions): SentenceRnn {
  const line = calledFrom(sentenceRnn);
  const made = () =>
    isRecord(options)
      ? madeAt(line, options)
      : withoutOptions<SentenceRnn>(line, "sentenceRnn", options, "{ words: vocabulary.size, vector: 16, hidden: 16 }");
  return standingAt(line, made);
}

function madeAt(line: Site, options: SentenceRnnOptions): SentenceRnn {
  const { labels = 2, loss: asked = "last", dropout: rate = 0, initial = {} } = options;
  const word: Word = dim("word", options.words);
  const vector: Vector = dim("vector", options.vector);
  const hidden: Hidden = dim("hidden", options.hidden);
  const label: Label = dim("label", labels);
  const E = parameter("E", [word, vector], initial.E ?? normal(0, 1));
  const cell = rnn("encoder", vector, hidden, options);
  const V = parameter("V", [hidden, label], initial.V);

  type Through<R> = (options: { readonly over: Tensor<readonly [Time, Batch, Vector]>; readonly from: State; readonly mask: Mask }) => R;
  /** The graph around a recurrence, and what the recurrence gave. */
  const around = <R extends Scanned<Time, State, State>>(
    { time, batch }: DataDims,
    through: Through<R>,
  ): readonly [BuiltSentenceRnn, R] => {
    const ids = input("ids", [time, batch], "int");
    const lengths = input("lengths", [batch], "int");
    const y = input("labels", [batch], "int");
    const real = lengthMask(lengths, time);
    const dropped = <T extends Tensor>(a: T, name: string): T => (rate === 0 ? a : (dropout(a, rate, name) as T));

    const recurrence = through({ over: dropped(gather(E, ids, word), "words"), from: zeros([batch, hidden]), mask: real });
    const logits = matmul(dropped(recurrence.final, "state"), V);
    const everyLogits: Tensor<readonly [Time, Batch, Label]> = matmul(recurrence.outputs, V);
    const every = { logits: everyLogits, labels: broadcastTo(y, [time, batch]) };
    const losses =
      asked === "last"
        ? softmaxCrossEntropy(logits, y, { reduce: "none" })
        : softmaxCrossEntropy(every.logits, every.labels, { mask: real, reduce: "none" });
    const built = {
      losses,
      inputs: { ids, lengths, labels: y },
      loss: asked === "last" ? softmaxCrossEntropy(logits, y) : softmaxCrossEntropy(every.logits, every.labels, { mask: real }),
      logits,
      predictions: softmax(logits, -1),
      opinions: softmax(everyLogits, -1),
      metric: accuracy(logits, y),
    };
    return [built, recurrence];
  };
  const build = buildOf(line, (dims: DataDims): BuiltSentenceRnn => around(dims, (options) => scan(cell, options))[0]);
  const unrolled = buildOf(line, (dims: DataDims): UnrolledSentenceRnn => {
    const [built, { steps }] = around(dims, (options) => unroll(cell, options));
    return { ...built, steps };
  });
  const own = [E, cell.U, cell.W, V, ...(cell.b === undefined ? [] : [cell.b])];
  return { parameters: byName(...own), build, unrolled, E, cell, V };
}
