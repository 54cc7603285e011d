// The throwing door: the verbs that can fail throw a ClewError with the diagnostics that clew/fp returns.

import * as E from "fp-ts/lib/Either.js";
import type { CheckOptions } from "./autodiff/check/check.ts";
import type { GradientReport } from "./autodiff/check/report.ts";
import type { Wrt } from "./autodiff/derivatives.ts";
import type { CompileOptions } from "./compile/compile.ts";
import type { Evaluated, EvaluateOptions } from "./evaluate/evaluate.ts";
import type { Feeds } from "./evaluate/feeds.ts";
import type { ParameterValues, ProgramOptions, RunOptions } from "./evaluate/program.ts";
import * as fp from "./fp.ts";
import { type Checked, ClewError } from "./graph/diagnostics.ts";
import type { Graph } from "./graph/graph.ts";
import type { Tensor } from "./graph/node.ts";
import { userCalled } from "./graph/source.ts";
import type { Model } from "./models/model.ts";
import type { NamedWeights, Weights } from "./models/pytorch.ts";
import type { FlowOptions, GradientFlow, JacobianOptions, JacobianTable, Steps } from "./recurrence/flow.ts";
import type { TruncationLoss } from "./recurrence/truncation-loss.ts";
import type { Batch, BatchOptions, LabelledSentence } from "./train/batches.ts";
import type { FitEvent } from "./train/events.ts";
import type { FitOptions } from "./train/fit-options.ts";
import type { MetricResults, Metrics } from "./train/metrics.ts";
import type { PredictOptions } from "./train/predict.ts";
import type { EncodeOptions } from "./train/safetensors/encode.ts";
import type { Safetensors, Stored } from "./train/safetensors/format.ts";
import type { ScoreOptions } from "./train/score.ts";
import type { Source } from "./train/sentences.ts";
import type { Sequence, SequenceOptions, StreamOptions } from "./train/sequences.ts";
import type { Vocabulary, VocabularyOptions } from "./train/vocabulary.ts";
import type { FullScore } from "./train/watch.ts";
import type { WordVectorOptions, WordVectors } from "./train/word-vectors.ts";

export * from "./both-doors.ts";

function orThrow<A>(result: Checked<A>): A {
  if (E.isLeft(result)) throw new ClewError(result.left);
  return result.right;
}

/**
 * Validates the graph of `outputs` (a tensor, or a record of tensors).
 *
 * @throws ClewError with every mistake that the outputs reach.
 * @example
 * import { dim, graph, input, tanh } from "clew";
 * graph(tanh(input("x", [dim("word", 3)]))).nodes.length; // 2
 */
export function graph<T>(outputs: T): Graph<T> {
  return orThrow(fp.graph(outputs));
}

/**
 * The values of `outputs` in f64, by the reference interpreter.
 *
 * @throws ClewError with every mistake of graph and feeds.
 * @example
 * import { add, dim, evaluate, input } from "clew";
 * const x = input("x", [dim("word", 2)]);
 * evaluate(add(x, 1), { x: [1, 2] }).data; // Float64Array [2, 3]
 */
export function evaluate<T>(outputs: T, feeds: Feeds, options?: EvaluateOptions): Evaluated<T> {
  return orThrow(fp.evaluate(outputs, feeds, options));
}

/** A program with state: outputs, and updates of parameters, run again and again. */
export interface Program<T> {
  /** Names of the inputs, each of which must be fed. */
  readonly inputs: readonly string[];
  /**
   * One step: the outputs by the old values, then all updates are written.
   *
   * @throws ClewError when feeds do not fit, or (with updates) when the loss or a next value is not finite; then nothing was written.
   */
  run(feeds: Feeds, options?: RunOptions): Evaluated<T>;
  /** Copies of the parameters' values, by name. */
  parameters(): ParameterValues;
  /** Copies values in, for some or all parameters. */
  set(values: Feeds): void;
}

/**
 * A program on the reference interpreter, f64: what `compile` gives, without compiling.
 *
 * Every update reads the old values, then all are written. Parameters start from their initialisers, by seed.
 *
 * @throws ClewError with every mistake in outputs and updates.
 * @example
 * import { add, input, interpret, mul, parameter } from "clew";
 * const total = parameter("total", []), x = input("x", []);
 * const program = interpret({ before: total }, { update: new Map([[total, add(total, x)]]) });
 * program.run({ x: 2 });
 * program.run({ x: 3 }).before.data; // Float64Array [2]
 * program.parameters()["total"]!.data; // Float64Array [5]
 */
export function interpret<T>(outputs: T, options?: ProgramOptions): Program<T> {
  return throwing(orThrow(fp.interpret(outputs, options)));
}

function throwing<T>(program: fp.Program<T>): Program<T> {
  return {
    inputs: program.inputs,
    run: (feeds, runOptions) => orThrow(program.run(feeds, runOptions)),
    parameters: () => program.parameters(),
    set: (values) => orThrow(program.set(values)),
  };
}

/**
 * Numbers the tokens of `texts`. The most frequent comes first; of equally frequent ones, the one seen first: the same texts
 * give the same ids.
 *
 * @throws ClewError `BadArgument` for texts or options that make no sense
 * @example
 * import { vocabulary } from "clew";
 * const v = vocabulary(["a good movie", "a bad movie"]);
 * v.tokens; // ["<padding>", "<unknown>", "a", "movie", "good", "bad"]
 * v.encode("a splendid movie"); // [2, 1, 3]
 * v.unknown("a splendid movie"); // ["splendid"]
 * v.decode(v.encode("a good movie")); // ["a", "good", "movie"]
 */
export function vocabulary(texts: Iterable<string>, options: VocabularyOptions = {}): Vocabulary {
  return orThrow(fp.vocabulary(texts, options));
}

/**
 * The batches of one epoch: every sentence in exactly one of them.
 *
 * Each has `ids [time, batch]`, `lengths [batch]` and `labels [batch]`, to be fed as they are. `time` is at least 1, also for
 * sentences without a token.
 *
 * @throws ClewError `BadArgument` for a size, bounds, a seed or sentences that make no sense
 *
 * @example
 * import { batches, vocabulary } from "clew";
 * const texts = ["good", "not good", "not bad at all"];
 * const v = vocabulary(texts);
 * const sentences = texts.map((text, i) => ({ ids: v.encode(text), label: [1, 0, 1][i]! }));
 *
 * const [first, last] = batches(sentences, { size: 2 });
 * first!.lengths; // [1, 2]
 * first!.time; // 2
 * last!.batch; // 1
 *
 * const shuffled = batches(sentences, { size: 2, seed: 1, epoch: 7 }); // the same for the same seed and epoch
 */
export function batches(sentences: readonly LabelledSentence[], options: BatchOptions): readonly Batch[] {
  return orThrow(fp.batches(sentences, options));
}

/**
 * Labelled sentences as a source: shuffled anew in every epoch, cut into batches, padded. Feeds: `ids` [time, batch], `lengths` [batch], `labels` [batch].
 *
 * @throws ClewError `BadArgument` for a size, bounds or sentences that make no sense
 * @example
 * import { sentences } from "clew";
 * const source = sentences([{ ids: [2, 3], label: 0 }, { ids: [2], label: 1 }, { ids: [3], label: 1 }], { size: 2 });
 * source(0, 1).map((batch) => batch.batch); // [2, 1]
 */
export function sentences(of: readonly LabelledSentence[], options: Omit<BatchOptions, "seed" | "epoch">): Source {
  return orThrow(fp.sentences(of, options));
}

/**
 * The bytes of a safetensors file: what `save` writes, for wherever else bytes are kept (a browser's storage, a download).
 *
 * @param values tensors by name, as an epoch's event, a program or an evaluation gives them; the names of their dims go along
 * @param options `metadata`: texts for the header; `precision`: of floats, as they are when left out
 * @throws ClewError `BadArgument` for what cannot be written
 * @example
 * import { decodeSafetensors, encodeSafetensors } from "clew";
 * const bytes = encodeSafetensors({ W: { dims: ["hidden"], shape: [2], data: Float64Array.of(1, 2) } }, { metadata: { by: "me" } });
 * decodeSafetensors(bytes); // { values: { W: … }, metadata: { by: "me" } }
 */
export function encodeSafetensors(values: { readonly [name: string]: Stored }, options?: EncodeOptions): Uint8Array {
  return orThrow(fp.encodeSafetensors(values, options));
}

/**
 * What a safetensors file holds, whoever wrote it. Floats come as they are (F64; F32, F16 and BF16 as f32), whole numbers as 32 bits, or as f64
 * where 32 bits do not hold them. A tensor of another writer's has no names of dims: it may be fed wherever its sizes fit, in order.
 *
 * @throws ClewError `BadFile` for bytes that are cut off, changed, or of something else
 * @example
 * import { decodeSafetensors, encodeSafetensors } from "clew";
 * const bytes = encodeSafetensors({ b: { shape: [2], data: Float32Array.of(0.5, 1) } });
 * decodeSafetensors(bytes).values["b"]!.data; // Float32Array [0.5, 1]
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  return orThrow(fp.decodeSafetensors(bytes));
}

/**
 * Writes values to a safetensors file, whole or not at all: whoever is killed meanwhile leaves the file that was there. Under Node; Python's
 * `safetensors` reads it.
 *
 * @throws (rejects with) ClewError `BadArgument` for what cannot be written, `BadFile` for where
 * @example
 * import { compile, dim, load, parameter, save } from "clew";
 * const W = parameter("W", [dim("word", 2)]);
 * await save("out/W.safetensors", compile({ W }).parameters());
 * compile({ W }).set((await load("out/W.safetensors")).values);
 */
export async function save(path: string, values: { readonly [name: string]: Stored }, options?: EncodeOptions): Promise<void> {
  orThrow(await fp.save(path, values, options)());
}

/**
 * Reads a safetensors file: what `save` wrote, or another's. Its values may be given to `fit` as `from`, to `predict`, to a program's `set`, to
 * `evaluate` as feeds.
 *
 * @throws (rejects with) ClewError `BadFile` for a file that is not there, is cut off, changed, or something else
 * @example
 * import { load, save } from "clew";
 * await save("out/b.safetensors", { b: { shape: [1], data: Float64Array.of(0.5) } }, { metadata: { epochs: "10" } });
 * (await load("out/b.safetensors")).metadata; // { epochs: "10" }
 */
export async function load(path: string): Promise<Safetensors> {
  return orThrow(await fp.load(path)());
}

/**
 * Sequences as a source: what each has at every step, and what it has once. Shuffled anew in every epoch, cut into batches, padded with 0. Feeds: the fields of
 * `steps` [time, batch], or [time, batch, width] where an entry is a row of numbers; those of `once` [batch] or [batch, width]; `lengths` [batch].
 *
 * @throws ClewError `BadArgument` for options or sequences that make no sense
 * @example
 * import { sequences } from "clew";
 * // two numbers to be added, bit by bit: 3 + 1 and 1 + 1
 * const sums = [{ x: [[1, 1], [1, 0], [0, 0]], labels: [0, 0, 1] }, { x: [[1, 1], [0, 0]], labels: [0, 1] }];
 * const source = sequences(sums.map((steps) => ({ steps })), { size: 2 });
 * const [batch] = source(0, 1);
 * Object.keys(batch!.feeds); // ["lengths", "x", "labels"]: x [time=3, batch=2, 2], labels [time=3, batch=2]
 */
export function sequences(of: readonly Sequence[], options: SequenceOptions): Source {
  return orThrow(fp.sequences(of, options));
}

/**
 * Sequences with a label at every step, as a source. Feeds: `ids` [time, batch], `labels` [time, batch], `lengths` [batch].
 *
 * @throws ClewError `BadArgument` for options or sequences that make no sense
 * @example
 * import { tagged } from "clew";
 * const source = tagged([{ ids: [2, 3, 4], labels: [0, 1, 0] }, { ids: [2], labels: [0] }], { size: 2, buckets: [4] });
 * source(0, 1)[0]!.time; // 4
 */
export function tagged(
  of: readonly { readonly ids: ArrayLike<number>; readonly labels: ArrayLike<number> }[],
  options: SequenceOptions,
): Source {
  return orThrow(fp.tagged(of, options));
}

/**
 * A long text, as ids, in which every next one is to be said: cut into pieces of `time` steps, each with the ids that follow as its labels. Feeds: `ids` [time,
 * batch], `labels` [time, batch], `lengths` [batch] (the last piece may be shorter).
 *
 * @throws ClewError `BadArgument` for options or ids that make no sense
 * @example
 * import { characters, stream, vocabulary } from "clew";
 * const text = "the thread of the story";
 * const source = stream(vocabulary([text], { tokenise: characters }).encode(text), { time: 8, size: 2 });
 * source(0, 1).length; // 2: three pieces, of 8, 8 and 6 steps
 */
export function stream(ids: ArrayLike<number>, options: StreamOptions): Source {
  return orThrow(fp.stream(ids, options));
}

/**
 * The vocabulary that has these tokens, as another one had them: kept in a file as JSON, it is the same again.
 *
 * @param options `tokenise`: what the other one cut its texts with; `words` when left out
 * @throws ClewError `BadArgument` for what are no tokens of a vocabulary
 * @example
 * import { vocabulary, vocabularyFrom } from "clew";
 * const text = JSON.stringify(vocabulary(["a good movie"], { symbols: ["<end>"] }).tokens);
 * vocabularyFrom(JSON.parse(text)).id("<end>"); // 2
 */
export function vocabularyFrom(tokens: readonly string[], options?: Pick<VocabularyOptions, "tokenise">): Vocabulary {
  return orThrow(fp.vocabularyFrom(tokens, options));
}

/**
 * The word vectors of a text as GloVe and word2vec have it: a line for each word, then its numbers.
 *
 * @throws ClewError `BadFile` that names the first line that is none
 * @example
 * import { wordVectors } from "clew";
 * wordVectors("good 0.5 1\nbad -0.5 1\n").vectors.get("bad"); // Float64Array [-0.5, 1]
 */
export function wordVectors(text: string, options?: Pick<WordVectorOptions, "only">): WordVectors {
  return orThrow(fp.wordVectors(text, options));
}

/**
 * The word vectors of a file: text, which is read line by line, or safetensors (by its ending): a tensor [word, vector], with the words as JSON in the metadata
 * under "words", or given.
 *
 * @throws (rejects with) ClewError `BadFile` for a file that is not there, or has something else
 * @example
 * import { loadWordVectors, save } from "clew";
 * const words = JSON.stringify(["good", "bad"]);
 * await save("out/vectors.safetensors", { vectors: { shape: [2, 1], data: Float32Array.of(1, -1) } }, { metadata: { words } });
 * (await loadWordVectors("out/vectors.safetensors")).vectors.get("bad"); // Float64Array [-1]
 */
export async function loadWordVectors(path: string, options?: WordVectorOptions): Promise<WordVectors> {
  return orThrow(await fp.loadWordVectors(path, options)());
}

/**
 * A value for the parameter of an embedding, [word, vector]: a row for each token of the vocabulary, to be given to `fit` as `from`. A token without a
 * vector is drawn, normally distributed with the mean and the spread of the others, by (seed, token); the padding is 0.
 *
 * @throws ClewError `BadArgument` for a seed that is none
 * @example
 * import { embeddingOf, vocabulary, wordVectors } from "clew";
 * const v = vocabulary(["good", "bad"]);
 * embeddingOf(wordVectors("good 0.5 1\nbad -0.5 1\n"), v).shape; // [4, 2]
 */
export function embeddingOf(vectors: WordVectors, of: Vocabulary, seed?: number): Stored {
  return orThrow(fp.embeddingOf(vectors, of, seed));
}

/** A program that was compiled. */
export interface CompiledProgram<T> extends Program<T> {
  /** What the compiler made of the graph: what was taken out of scans, loops, products, memory. */
  explain(): string;
}

/**
 * A program as WebAssembly, in f32 or f64: what `interpret` gives, faster. A whole training step (loss, gradient, update) is one call.
 *
 * @throws ClewError with every mistake in outputs and updates; an op of which only the reference is known is one.
 * @example
 * import { compile, dim, grad, input, mul, sum } from "clew";
 * const x = input("x", [dim("word", 2)]);
 * const loss = sum(mul(x, x));
 * compile({ loss, gradient: grad(loss, x) }).run({ x: [1, 2] }).gradient.data; // Float32Array [2, 4]
 */
export function compile<T>(outputs: T, options?: CompileOptions): CompiledProgram<T> {
  const program = orThrow(fp.compile(outputs, options));
  return { ...throwing(program), explain: () => program.explain() };
}

/**
 * Trains a model on the batches of a source, as a stream of events: one per step, one per epoch. Nothing happens until it is iterated, and leaving the
 * loop ends it. The same model, data, options and seed give the same bits, in one go or, with `checkpoint`, in several: a run that was killed goes on from
 * its file.
 *
 * An epoch's event knows the best epoch so far, by validation data when there are some. NaN or infinity ends the run, and is told with the first node that
 * gives it, its time step and source line; a step that fails writes nothing.
 *
 * @throws ClewError while it is iterated; what was learned before stands.
 * @example
 * import { adam, bagOfWords, fit, sentences, vocabulary } from "clew";
 * const texts = ["good", "bad", "a good film", "a bad film"];
 * const v = vocabulary(texts);
 * const data = sentences(texts.map((text, i) => ({ ids: v.encode(text), label: i % 2 })), { size: 2 });
 * let loss = Number.NaN;
 * for await (const event of fit(bagOfWords({ words: v.size }), data, { optimiser: adam(0.1), epochs: 20, seed: 1 })) loss = event.loss;
 * loss < 0.1; // true
 */
export async function* fit<M extends Metrics = Record<never, never>>(
  model: Model,
  data: Source,
  options: FitOptions<M>,
): AsyncGenerator<FitEvent<M>, void, undefined> {
  for await (const event of fp.fit(model, data, options)) {
    if (event.kind === "failure") throw new ClewError(event.diagnostics);
    yield event;
  }
}

/**
 * Loss, the model's own metric, and others that are asked for, on data that were not learned from: means over all examples, without dropout.
 *
 * @param parameters trained values by name, as an epoch's event or a file gives them
 * @param data a source; of its epochs the first is looked at
 * @throws ClewError for parameters and data that do not fit.
 * @example
 * import { bagOfWords, metrics, score, sentences } from "clew";
 * const data = sentences([{ ids: [2], label: 1 }, { ids: [3], label: 1 }], { size: 1 });
 * const { loss, metrics: found } = score(bagOfWords({ words: 4 }), {}, data, { metrics: { confusion: metrics.confusion() } });
 * loss; // 0.6931471805599453: two labels, equally likely
 * found.confusion.counts; // [[0, 0], [2, 0]]
 */
export function score<M extends Metrics = Record<never, never>>(
  model: Model,
  parameters: Feeds,
  data: Source,
  options?: ScoreOptions<M>,
): FullScore<MetricResults<M>> {
  return orThrow(fp.score(model, parameters, data, options));
}

/**
 * What a model says of each sentence: its row of `predictions`, for a classifier the probability of each label. Without dropout.
 *
 * @param parameters trained values by name, as an epoch's event gives them
 * @param of encoded sentences, each of its own length
 * @throws ClewError for parameters that do not fit and ids out of range.
 * @example
 * import { bagOfWords, predict } from "clew";
 * predict(bagOfWords({ words: 4 }), {}, [[2, 3], [3]])[1]!; // Float64Array [0.5, 0.5]
 */
export function predict(
  model: Model,
  parameters: Feeds,
  of: readonly ArrayLike<number>[],
  options?: PredictOptions,
): readonly Float64Array[] {
  return orThrow(fp.predict(model, parameters, of, options));
}

/**
 * How much of the gradient of `loss` reaches the state after each step of `unroll`, with a verdict in words: it vanishes (under 1 % of the
 * signal is left somewhere on the way back), explodes (over 100 times as large somewhere), fades (under half left at the first step), grows
 * (over twice as large there), or is kept. For a loss per step, [time] or [time, batch], of the loss that is made last; `table` has all of them.
 * Dropout is left out.
 *
 * @param steps what `unroll` gives; any cell
 * @param options `of`: the W of a plain cell, for the bound ‖W‖·max|φ′|; `sequence`: one sequence of the batch; `unit`: "words"; seed
 * @throws ClewError with every mistake of graph and feeds, and for states that are not all that the cell carries.
 * @example
 * import { add, dim, gradientFlow, input, mul, unroll, zeros } from "clew";
 * const x = input("x", [dim("time", 3), dim("hidden", 1)]);
 * const cell = (h: typeof h0, x_t: typeof h0) => { const h_t = add(mul(h, 0.5), x_t); return { state: h_t, output: h_t }; };
 * const h0 = zeros([dim("hidden", 1)]);
 * const { final, steps } = unroll(cell, { over: x, from: h0 });
 * const flow = gradientFlow(final, steps, { x: [[1], [1], [1]] });
 * flow.share; // [0.25, 0.5, 1]
 * flow.verdict.sentence; // "it fades, and does not vanish, over 3 steps"
 */
export const gradientFlow: (loss: Tensor, steps: Steps, feeds: Feeds, options?: FlowOptions & EvaluateOptions) => GradientFlow = userCalled(
  (loss: Tensor, steps: Steps, feeds: Feeds, options?: FlowOptions & EvaluateOptions) =>
    orThrow(fp.gradientFlow(loss, steps, feeds, options)),
);

/**
 * ‖∂h_t/∂h_k‖, spectral and Frobenius, and all singular values, as a table [t][k]; undefined where h_t does not depend on h_k. The
 * state is the whole state of a step: of an LSTM, h and c as one vector.
 *
 * @throws ClewError with every mistake of graph and feeds, and for states that are not all that the cell carries.
 * @example
 * import { add, dim, input, jacobianNorms, mul, unroll, zeros } from "clew";
 * const h0 = zeros([dim("hidden", 2)]), x = input("x", [dim("time", 3), dim("hidden", 2)]);
 * const { steps } = unroll((h, x_t) => { const h_t = add(mul(h, 0.5), x_t); return { state: h_t, output: h_t }; }, { over: x, from: h0 });
 * jacobianNorms(steps, { x: [[1, 1], [1, 1], [1, 1]] })[2]![0]!.spectral; // 0.25
 */
export const jacobianNorms: (steps: Steps, feeds: Feeds, options?: JacobianOptions & EvaluateOptions) => JacobianTable = userCalled(
  (steps: Steps, feeds: Feeds, options?: JacobianOptions & EvaluateOptions) => orThrow(fp.jacobianNorms(steps, feeds, options)),
);

/**
 * How much of a gradient the `truncate` of `unroll` or `scan` loses on given data: ‖g − ĝ‖ / ‖g‖ and the cosine of the angle between the truncated
 * gradient ĝ and the whole one g, together and for each of `wrt`. As the net is when training is over: without dropout.
 *
 * @throws ClewError with every mistake of graph and feeds.
 * @example
 * import { add, constantly, dim, input, mul, parameter, scan, truncationLoss, zeros } from "clew";
 * const x = input("x", [dim("time", 4)]), w = parameter("w", [], constantly(0.5));
 * const { final } = scan((s, x_t) => ({ state: add(mul(s, w), x_t), output: s }), { over: x, from: zeros([]), truncate: { forward: 2, backward: 2 } });
 * truncationLoss(final, { w }, { x: [1, 1, 1, 1] }).lost; // 0.0909
 */
export const truncationLoss: (loss: Tensor, wrt: Wrt, feeds: Feeds, options?: EvaluateOptions) => TruncationLoss = userCalled(
  (loss: Tensor, wrt: Wrt, feeds: Feeds, options?: EvaluateOptions) => orThrow(fp.truncationLoss(loss, wrt, feeds, options)),
);

/**
 * Checks the derived gradient of a scalar loss against numeric differences, in f64: every entry of small parameters, random directions of
 * large ones, steps chosen by an estimate of their own error, kinks found by the graph and named. `clew/fp` has the method in full.
 *
 * @throws ClewError with every mistake of graph and feeds.
 * @example
 * import { checkGradients, dim, mul, parameter, sum, tanh, uniform } from "clew";
 * const w = parameter("w", [dim("hidden", 3)], uniform(-1, 1));
 * checkGradients(sum(mul(w, tanh(w))), { seed: 1 }).verdict; // "pass"
 */
export const checkGradients: (loss: Tensor, options?: CheckOptions) => GradientReport = userCalled((loss: Tensor, options?: CheckOptions) =>
  orThrow(fp.checkGradients(loss, options)),
);

/**
 * A state dict of PyTorch's nn.RNN, nn.LSTM or nn.GRU as parameters of a `stacked` or `bidirectional` of that name: which of the three it is, its layers,
 * directions and biases are read off it. A GRU's reset gate stands "after" the product there.
 *
 * @param prefix what stands before the names in the dict, such as `"encoder."` for a part of a module; other names are left alone
 * @returns values by the parameters' names: feeds, or `from` of `fit`
 * @throws ClewError when names are missing, or shapes are those of no such module.
 * @example
 * import { fromPyTorch } from "clew";
 * const numbers = (...shape: number[]) => ({ shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) });
 * const dict = { weight_ih_l0: numbers(12, 5), weight_hh_l0: numbers(12, 3), bias_ih_l0: numbers(12), bias_hh_l0: numbers(12) };
 * fromPyTorch("encoder", dict)["encoder.U_f"]!.shape; // [5, 3]
 */
export function fromPyTorch(name: string, stateDict: Weights, prefix?: string): NamedWeights {
  return orThrow(fp.fromPyTorch(name, stateDict, prefix));
}

/**
 * Parameters of a `stacked` or `bidirectional` of that name as a state dict of PyTorch. Where these cells have one bias, bias_hh is 0.
 *
 * @throws ClewError when there is no such cell, or PyTorch has none of the kind (a GRU whose reset gate stands before the product).
 * @example
 * import { dim, evaluate, lstm, toPyTorch } from "clew";
 * const cell = lstm("encoder", dim("word", 5), dim("hidden", 3));
 * toPyTorch("encoder", evaluate(cell.parameters, {})).weight_ih_l0!.shape; // [12, 5]
 */
export function toPyTorch(name: string, parameters: Weights): NamedWeights {
  return orThrow(fp.toPyTorch(name, parameters));
}
