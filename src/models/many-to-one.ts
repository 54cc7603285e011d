// Many to one: a sequence is read, and what the state knows at the end is told: a label (an opinion), or numbers.

import type { Dim, Shape } from "../graph/dim.ts";
import type { Tensor } from "../graph/node.ts";
import { isRecord } from "../graph/options.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { dropout } from "../ops/dropout.ts";
import { input } from "../ops/input.ts";
import { lengthMask } from "../recurrence/mask.ts";
import { scan } from "../recurrence/scan/scan.ts";
import { unroll } from "../recurrence/unroll.ts";
import { type HeadOptions, headOf, type TellsLabels, type TellsNumbers } from "./head.ts";
import { type Built, buildOf, byName, type DataDims, type RecurrentModel, withoutOptions } from "./model.ts";
import { l2 } from "./penalty.ts";
import { type ReaderOptions, readerOf } from "./reader.ts";
import { type IncomingOptions, incoming } from "./words.ts";

export interface ManyToOneOptions extends IncomingOptions, ReaderOptions, HeadOptions {
  /** Where the label is asked for: at the last step (when left out), or at every step, so that an opinion forms from the first on. */
  readonly loss?: "last" | "every";
  /** Share of word vectors, of what goes between layers and of the last state that is dropped while training; 0 when left out. */
  readonly dropout?: number;
  /** What is added to the loss: l2 · Σ w² over all matrices; 0 when left out. */
  readonly l2?: number;
  readonly initial?: NonNullable<IncomingOptions["initial"]> & NonNullable<HeadOptions["initial"]>;
}

/** @typeParam L `label`, or `target` where numbers are told */
export interface BuiltManyToOne<L extends Dim = Dim> extends Built {
  /** Scores of each label, or the numbers themselves, [batch, label]. */
  readonly scores: Tensor<readonly [DataDims["batch"], L]>;
  /** Probabilities of the labels, or the numbers, [batch, label]. */
  readonly predictions: Tensor<readonly [DataDims["batch"], L]>;
  /** What the model says after every step, [time, batch, label]. */
  readonly opinions: Tensor<readonly [DataDims["time"], DataDims["batch"], L]>;
}

/**
 * Words (or numbers), a stack of cells, and what is told of the last h: scores = h·V + b_y. Inputs `ids` [time, batch] or `x` [time, batch, feature],
 * `lengths` [batch], and `labels` [batch] or `targets` [batch, target]; parameters `E`, those of the cells (`encoder.…`), `V`, `b_y`.
 *
 * @example
 * import { dim, graph, lstm, manyToOne } from "clew";
 * const model = manyToOne({ words: 100, vector: 16, cell: lstm, hidden: 32, layers: 2, bidirectional: true, dropout: 0.5, labels: 2 });
 * const { loss } = model.build({ time: dim("time", 6), batch: dim("batch", 32) });
 * graph(loss).parameters.length; // 51
 */
export function manyToOne(options: ManyToOneOptions & TellsLabels): RecurrentModel<BuiltManyToOne<Dim<"label">>>;
export function manyToOne(options: ManyToOneOptions & TellsNumbers): RecurrentModel<BuiltManyToOne<Dim<"target">>>;
export function manyToOne(options: ManyToOneOptions): RecurrentModel<BuiltManyToOne>;
export function manyToOne(options: ManyToOneOptions): RecurrentModel<BuiltManyToOne> {
  const line = calledFrom(manyToOne);
  const hint = "{ words: vocabulary.size, vector: 16, hidden: 16, labels: 2 }";
  return standingAt(line, () => (isRecord(options) ? madeAt(line, options) : withoutOptions(line, "manyToOne", options, hint)));
}

function madeAt(line: Site, options: ManyToOneOptions): RecurrentModel<BuiltManyToOne> {
  const { dropout: rate = 0, loss: asked = "last", l2: penalty = 0 } = options;
  const { of, words, read } = incoming(options);
  const reader = readerOf("encoder", of, options);
  const head = headOf(options, reader.of);
  const parameters = { ...byName(...(words?.E === undefined ? [] : [words.E])), ...reader.parameters, ...byName(...head.parameters) };

  const through = (recurrence: typeof scan) =>
    buildOf(line, ({ time, batch }: DataDims): BuiltManyToOne => {
      const lengths = input("lengths", [batch], "int");
      const mask = lengthMask(lengths, time) as Tensor<Shape, "bool">;
      const { inputs, x } = read(time, batch);
      const { outputs, final } = reader.read({ over: rate === 0 ? x : dropout(x, rate, "words"), mask, through: recurrence });
      const scores = head.scores(rate === 0 ? final : dropout(final, rate, "state"));
      const every = head.scores(outputs);
      const right = head.right([batch]);
      const atEvery = Object.fromEntries(Object.entries(right).map(([name, y]) => [name, broadcastTo(y, [time, ...y.shape])]));
      const off = asked === "last" ? head.loss(scores, right) : head.loss(every, atEvery, { mask });
      return {
        inputs: { ...inputs, lengths, ...right },
        loss: (penalty === 0 ? off : add(off, l2(penalty, parameters))) as Tensor<readonly []>,
        predictions: head.predictions(scores) as BuiltManyToOne["predictions"],
        opinions: head.predictions(every) as BuiltManyToOne["opinions"],
        scores: scores as BuiltManyToOne["scores"],
        ...(head.metric === undefined ? {} : { metric: head.metric(scores, right) }),
      };
    });
  return { parameters, build: through(scan), unrolled: through(unroll) };
}
