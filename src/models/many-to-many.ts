// Many to many, aligned: something is told at every step. Tags of words, when it may read both ways; the next character, when the labels are the ids
// one step on. What is told of a text's next word can be taken for it: `step` is one step as a graph, state in and state out.

import { type Dim, dim, type Shape } from "../graph/dim.ts";
import type { DType, Node, Tensor } from "../graph/node.ts";
import { isNode } from "../graph/node.ts";
import { isRecord } from "../graph/options.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { mapNodes, nodesOf, paths, type Tree } from "../graph/tree.ts";
import { add } from "../ops/add.ts";
import { dropout } from "../ops/dropout.ts";
import { input } from "../ops/input.ts";
import { transposeNode } from "../ops/transpose.ts";
import { lengthMask } from "../recurrence/mask.ts";
import { scan } from "../recurrence/scan/scan.ts";
import { unroll } from "../recurrence/unroll.ts";
import { mistaken } from "./cell.ts";
import { type HeadOptions, headOf, type TellsLabels, type TellsNumbers } from "./head.ts";
import { type Built, buildOf, byName, type DataDims, type RecurrentModel, withoutOptions } from "./model.ts";
import { l2 } from "./penalty.ts";
import { type ReaderOptions, readerOf } from "./reader.ts";
import type { LayerStates } from "./stacked.ts";
import { type IncomingOptions, incoming } from "./words.ts";

export interface ManyToManyOptions extends IncomingOptions, ReaderOptions, HeadOptions {
  /** The word vectors are the weights of the scores, too: labels are words, and `vector` = `hidden` (Press & Wolf, 2017). */
  readonly tied?: boolean;
  /** Share of word vectors, of what goes between layers and of what is read out that is dropped while training; 0 when left out. */
  readonly dropout?: number;
  /** What is added to the loss: l2 · Σ w² over all matrices; 0 when left out. */
  readonly l2?: number;
  readonly initial?: NonNullable<IncomingOptions["initial"]> & NonNullable<HeadOptions["initial"]>;
}

/** @typeParam L `label`; `target` where numbers are told, `word` where the word vectors are the weights of the scores */
export interface BuiltManyToMany<L extends Dim = Dim> extends Built {
  /** Scores of each label, or the numbers themselves, [time, batch, label]. */
  readonly scores: Tensor<readonly [DataDims["time"], DataDims["batch"], L]>;
  /** [time, batch, label], of scores by softmax. */
  readonly probabilities: Tensor<readonly [DataDims["time"], DataDims["batch"], L]>;
  /** The same, [batch, time, label]. */
  readonly predictions: Tensor<readonly [DataDims["batch"], DataDims["time"], L]>;
}

/** One step, for texts that are continued: everything is fed by name, what comes out as `state` goes in as the inputs of those names. */
export interface OneStep<L extends Dim = Dim> {
  /** `ids` [time, batch] or `x` [time, batch, feature], where time is 1, and the states before the step. */
  readonly inputs: { readonly [name: string]: Tensor<Shape, DType> };
  /** The states after it, by the names of the inputs: to be fed at the next step. At the first, feed zeros, which is what `start` is. */
  readonly state: { readonly [name: string]: Tensor };
  readonly start: { readonly [name: string]: Tensor };
  /** What is told after the step, [batch, label]. */
  readonly predictions: Tensor<readonly [DataDims["batch"], L]>;
}

export interface ManyToMany<L extends Dim = Dim> extends RecurrentModel<BuiltManyToMany<L>> {
  readonly step: (batch: Dim<"batch">) => OneStep<L>;
}

/**
 * Words (or numbers), a stack of cells, and what is told at every step: scores = h_t·V + b_y. Inputs `ids` [time, batch] or `x` [time, batch, feature],
 * `lengths` [batch], and `labels` [time, batch] or `targets` [time, batch, target]. The loss is the mean over all steps that are no padding.
 *
 * @example
 * import { dim, evaluate, graph, gru, manyToMany } from "clew";
 * const model = manyToMany({ words: 30, hidden: 32, cell: gru, labels: 30 }); // one-hot characters, and the next one
 * graph(model.build({ time: dim("time", 6), batch: dim("batch", 8) }).loss).parameters.length; // 12
 * const { predictions, state, start } = model.step(dim("batch", 1));
 * const first = evaluate({ predictions, state }, { ids: [[3]], ...evaluate(start, {}) });
 * evaluate({ predictions, state }, { ids: [[7]], ...first.state }).predictions.shape; // [1, 30]
 */
export function manyToMany(options: ManyToManyOptions & TellsLabels & { readonly tied?: false }): ManyToMany<Dim<"label">>;
export function manyToMany(options: ManyToManyOptions & TellsLabels & { readonly tied: true }): ManyToMany<Dim<"word">>;
export function manyToMany(options: ManyToManyOptions & TellsNumbers): ManyToMany<Dim<"target">>;
export function manyToMany(options: ManyToManyOptions): ManyToMany;
export function manyToMany(options: ManyToManyOptions): ManyToMany {
  const line = calledFrom(manyToMany);
  const hint = "{ words: vocabulary.size, vector: 16, hidden: 16, labels: 5 }";
  return standingAt(line, () => (isRecord(options) ? madeAt(line, options) : withoutOptions(line, "manyToMany", options, hint)));
}

function madeAt(line: Site, options: ManyToManyOptions): ManyToMany {
  const { dropout: rate = 0, l2: penalty = 0, tied = false } = options;
  const { of, words, read } = incoming(options);
  const reader = readerOf("reader", of, options);
  const head = headOf(options, reader.of, tied ? words?.E : undefined);
  const parameters = { ...byName(...(words?.E === undefined ? [] : [words.E])), ...reader.parameters, ...byName(...head.parameters) };
  const wrong = (message: string, hint: string) => mistaken("manyToMany", message, hint, line);
  const sound =
    tied && words?.E === undefined
      ? wrong("tied, but there are no word vectors", "words and vector say how many")
      : <T extends Tensor>(a: T): T => a;

  const through = (recurrence: typeof scan) =>
    buildOf(line, ({ time, batch }: DataDims): BuiltManyToMany => {
      const lengths = input("lengths", [batch], "int");
      const mask = lengthMask(lengths, time) as Tensor<Shape, "bool">;
      const { inputs, x } = read(time, batch);
      const { outputs } = reader.read({ over: rate === 0 ? x : dropout(x, rate, "words"), mask, through: recurrence });
      const scores = sound(head.scores(rate === 0 ? outputs : dropout(outputs, rate, "state")));
      const right = head.right([time, batch]);
      const off = head.loss(scores, right, { mask });
      const probabilities = head.predictions(scores);
      return {
        inputs: { ...inputs, lengths, ...right },
        loss: (penalty === 0 ? off : add(off, l2(penalty, parameters))) as Tensor<readonly []>,
        predictions: transposeNode(probabilities, [1, 0, 2]) as Tensor as BuiltManyToMany["predictions"],
        probabilities: probabilities as BuiltManyToMany["probabilities"],
        scores: scores as BuiltManyToMany["scores"],
        ...(head.metric === undefined ? {} : { metric: head.metric(scores, right, mask) }),
      };
    });

  const step = (batch: Dim<"batch">): OneStep =>
    standingAt(calledFrom(step), () => {
      const { inputs, x } = read(dim("time", 1), batch);
      const stack = reader.stack;
      if (stack === undefined) {
        const none = wrong("what reads both ways needs the whole sequence: it has no single step", "bidirectional: false")(x as Tensor);
        return { inputs, state: { none }, start: { none }, predictions: none as Tensor as OneStep["predictions"] };
      }
      const start = stack.zeroState(batch) as LayerStates;
      const names = paths(start as Tree<Node>, isNode).map((path) => `state.${path}`);
      const from = mapNodes(start, (n, i) => input(names[i]!, n.shape) as Node) as LayerStates;
      const { final } = scan(stack, { over: x, from });
      const named = (states: LayerStates): { readonly [name: string]: Tensor } =>
        Object.fromEntries(nodesOf(states).map((n, i) => [names[i]!, n as Tensor]));
      const predictions = head.predictions(sound(head.scores(stack.h(final)))) as OneStep["predictions"];
      return { inputs: { ...inputs, ...named(from) }, state: named(final), start: named(start), predictions };
    });
  return { parameters, build: through(scan), unrolled: through(unroll), step };
}
