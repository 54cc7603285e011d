// One to many: something is seen at once (an image), and told word by word. What is seen is where the state begins (Vinyals et al., 2015).

import { type Dim, dim, type Shape } from "../graph/dim.ts";
import type { Tensor } from "../graph/node.ts";
import { isRecord } from "../graph/options.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { argmax } from "../ops/argmax.ts";
import { cast } from "../ops/cast.ts";
import { equal } from "../ops/equal.ts";
import { input } from "../ops/input.ts";
import { softmaxCrossEntropy } from "../ops/losses.ts";
import { transpose } from "../ops/transpose.ts";
import { lengthMask } from "../recurrence/mask.ts";
import { scan } from "../recurrence/scan/scan.ts";
import { unroll } from "../recurrence/unroll.ts";
import type { CellMaker } from "./cell.ts";
import { headOf, shareOf } from "./head.ts";
import { type Built, buildOf, byName, type DataDims, type RecurrentModel, withoutOptions } from "./model.ts";
import { l2 } from "./penalty.ts";
import { rnn } from "./rnn.ts";
import { type StackedCell, type StackOptions, stacked } from "./stacked.ts";
import { type IncomingOptions, type WordNames, wordsAs } from "./words.ts";
import { bridgeOf, free, taught, type WriterParts } from "./writer.ts";

export interface WritingOptions extends StackOptions, Omit<IncomingOptions, "features"> {
  /** Number of words that it may write. */
  readonly words: number;
  /** The id that ends a text. */
  readonly end: number;
  /** `rnn` (when left out), `lstm`, `gru`, or a maker of one's own. */
  readonly cell?: CellMaker;
  /** Numbers in a state. */
  readonly hidden: number;
  /** The word vectors are the weights of the scores, too: `vector` = `hidden`. */
  readonly tied?: boolean;
  /** Share of word vectors, of what goes between layers and of what is read out that is dropped while training; 0 when left out. */
  readonly dropout?: number;
  /** What is added to the loss: l2 · Σ w² over all matrices; 0 when left out. */
  readonly l2?: number;
}

export interface OneToManyOptions extends WritingOptions {
  /** Numbers in what is seen. */
  readonly features: number;
}

export interface BuiltWriting extends Built {
  /** Scores of each next word when those before are the right ones, [time, batch, word]. */
  readonly scores: Tensor<readonly [Dim<"time">, Dim<"batch">, Dim<"word">]>;
  /** The words that it writes on its own, [time, batch]. */
  readonly written: Tensor<readonly [Dim<"time">, Dim<"batch">], "int">;
  /** The same as numbers, [batch, time]. */
  readonly predictions: Tensor<readonly [Dim<"batch">, Dim<"time">]>;
}

/**
 * What is seen, x, is where the states begin, tanh(x·P + b); from there a stack of cells writes: scores_t = h_t·V + b_y. Inputs `x` [batch, feature], and, to
 * learn from, `words` [time, batch], each text with its end symbol, and `lengths` [batch], that included. Predictions are ids: end symbols from the first one on.
 *
 * @example
 * import { dim, evaluate, gru, oneToMany } from "clew";
 * const model = oneToMany({ features: 4, words: 6, end: 0, vector: 8, hidden: 16, cell: gru });
 * const { written } = model.build({ time: dim("time", 5), batch: dim("batch", 1) });
 * evaluate(written, { x: [[1, 0, 0, 1]] }, { seed: 1 }).shape; // [5, 1]
 */
export function oneToMany(options: OneToManyOptions): RecurrentModel<BuiltWriting> {
  const line = calledFrom(oneToMany);
  const hint = "{ features: 784, words: vocabulary.size, end: 1, vector: 16, hidden: 32 }";
  return standingAt(line, () => (isRecord(options) ? madeAt(line, options) : withoutOptions(line, "oneToMany", options, hint)));
}

function madeAt(line: Site, options: OneToManyOptions): RecurrentModel<BuiltWriting> {
  const feature = dim("feature", options.features);
  const { parts, parameters: own } = writerOf(options);
  const bridge = bridgeOf("seen", parts.stack, feature);
  const parameters = { ...bridge.parameters, ...own };
  const through = (recurrence: typeof scan) =>
    buildOf(line, ({ time, batch }: DataDims): BuiltWriting => {
      const x = input("x", [batch, feature]);
      const right = rightWords(time, batch, "lengths");
      const from = bridge.cross(x as Tensor);
      const written = free(parts, time, batch, from, recurrence);
      return {
        inputs: { x, ...right },
        ...toldOf(parts.scores(taught(parts, right.words, from, recurrence)), right, written, options.l2, parameters),
      };
    });
  return { parameters, build: through(scan), unrolled: through(unroll) };
}

type Texts = { readonly words: Tensor<readonly [Dim<"time">, Dim<"batch">], "int">; readonly [lengths: string]: Tensor<Shape, "int"> };

/** The texts to learn from, `words` [time, batch], and how long they are. */
export function rightWords(time: Dim<"time">, batch: Dim<"batch">, lengths: string): Texts {
  return { words: input("words", [time, batch], "int"), [lengths]: input(lengths, [batch], "int") as Tensor<Shape, "int"> };
}

/** A stack that writes, without what it begins with: `decoder.…`, the word vectors, `V`, `b_y`. */
export function writerOf(
  options: WritingOptions,
  called?: WordNames,
): { readonly parts: WriterParts; readonly parameters: RecurrentModel["parameters"] } {
  const words = wordsAs(options, called);
  const hidden: Dim = dim("hidden", options.hidden);
  const stack: StackedCell<Dim, Dim> = stacked("decoder", options.cell ?? rnn, words.as, hidden, options);
  const head = headOf({ labels: options.words }, hidden, options.tied === true ? words.E : undefined, words.word);
  return {
    parts: { words, stack, scores: head.scores, end: options.end, dropout: options.dropout ?? 0 },
    parameters: { ...byName(...(words.E === undefined ? [] : [words.E])), ...stack.parameters, ...byName(...head.parameters) },
  };
}

/** Loss, metric and predictions of what was written. */
export function toldOf(
  scores: Tensor,
  { words, ...lengths }: Texts,
  written: BuiltWriting["written"],
  penalty: number | undefined,
  parameters: RecurrentModel["parameters"],
): Omit<BuiltWriting, "inputs"> {
  const mask = lengthMask(Object.values(lengths)[0]!, words.shape[0]) as Tensor<Shape, "bool">;
  const logits = scores as Tensor<readonly [...Shape, Dim]>;
  const right = words as Tensor<Shape, "int">;
  const off = softmaxCrossEntropy(logits, right, { mask }) as Tensor<readonly []>;
  return {
    loss: penalty === undefined ? off : add(off, l2(penalty, parameters)),
    predictions: transpose(cast(written, "float")),
    metric: shareOf(equal(argmax(logits, -1) as Tensor<Shape, "int">, right), mask),
    scores: scores as BuiltWriting["scores"],
    written,
  };
}
