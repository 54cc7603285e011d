// The ready models: what is told has dims of the names that their docs say, by what the options say; a wrong use of it does not compile.
import { add, bidirectional, dim, encoderDecoder, evaluate, feedForward, fromPyTorch, gru, input, layerByLayer, lengthMask, lstm, manyToMany, manyToOne, matmul, oneToMany, parameter, rnn, scan, softmaxCrossEntropy, stacked, sum, toPyTorch, unroll, zeros, type Built, type CellMaker, type Dim, type ManyToOneOptions, type Model, type Tensor } from "clew";

const time = dim("time", 4), batch = dim("batch", 8), source = dim("source", 6), sizes = { time, batch };
type Time = Dim<"time">; type Batch = Dim<"batch">; type Label = Dim<"label">; type Target = Dim<"target">; type Word = Dim<"word">;
const perText = input("perText", [batch], "int"), perWord = input("perWord", [time, batch], "int");

// many to one: labels, or numbers
const opinion = manyToOne({ words: 10, vector: 4, cell: lstm, hidden: 5, layers: 2, bidirectional: true, loss: "every" }).build(sizes);
const o1: Tensor<readonly [Batch, Label]> = opinion.scores, o2: Tensor<readonly [Batch, Label]> = opinion.predictions, o3: Tensor<readonly [Time, Batch, Label]> = opinion.opinions, o4: Tensor<readonly []> = opinion.loss;
softmaxCrossEntropy(opinion.scores, perText);
softmaxCrossEntropy(opinion.scores, perWord); // ERR: softmaxCrossEntropy: labels [time=4, batch=8] must have the dims of the logits [batch, label] but the last
softmaxCrossEntropy(opinion.opinions, perWord);
const o5: Tensor<readonly [Batch, Target]> = opinion.scores; // ERR: '"label"' is not assignable to type '"target"'
sum(opinion.scores, time); // ERR: sum: no dimension time=4 in [batch, label]
const o6: readonly ["batch", "label"] = evaluate(opinion.predictions, {}).dims;
const numbers = manyToOne({ features: 3, hidden: 5, targets: 2 }).build(sizes);
const n1: Tensor<readonly [Batch, Target]> = numbers.scores, n2: Tensor<readonly [Time, Batch, Target]> = numbers.opinions;
add(numbers.scores, parameter("c", [dim("label", 2)])); // ERR: add: shapes do not broadcast: [batch, target] and [label=2]
// whoever does not know the options knows no name: both are accepted
const told = (options: ManyToOneOptions): Tensor<readonly [Batch, Dim]> => manyToOne(options).build(sizes).scores;
manyToOne({ words: 10 }); // ERR: 'hidden'
manyToOne({ words: 10, hidden: 5, lables: 2 }); // ERR: 'lables' does not exist
manyToOne({ words: 10, hidden: 5, loss: "first" }); // ERR: "first"

// many to many: at every step; tied, the labels are the words
const tags = manyToMany({ words: 10, vector: 4, cell: gru, hidden: 5, labels: 3 }), tagged = tags.build(sizes);
const t1: Tensor<readonly [Time, Batch, Label]> = tagged.scores, t2: Tensor<readonly [Time, Batch, Label]> = tagged.probabilities, t3: Tensor<readonly [Batch, Time, Label]> = tagged.predictions;
softmaxCrossEntropy(tagged.scores, perWord);
softmaxCrossEntropy(tagged.scores, perText); // ERR: softmaxCrossEntropy: labels [batch=8] must have the dims of the logits [time, batch, label] but the last
softmaxCrossEntropy(tagged.predictions, perWord); // ERR: must have the dims of the logits [batch, time, label] but the last
const series: Tensor<readonly [Time, Batch, Target]> = manyToMany({ features: 1, hidden: 5, targets: 1 }).build(sizes).scores;
const next: Tensor<readonly [Time, Batch, Word]> = manyToMany({ words: 10, vector: 5, hidden: 5, tied: true }).build(sizes).scores;
const wrongly: Tensor<readonly [Time, Batch, Label]> = manyToMany({ words: 10, vector: 5, hidden: 5, tied: true }).build(sizes).scores; // ERR: '"word"' is not assignable to type '"label"'
const step = tags.step(batch), s1: Tensor<readonly [Batch, Label]> = step.predictions;
tags.step(time); // ERR: '"time"' is not assignable to type '"batch"'
sum(step.predictions, time); // ERR: sum: no dimension time=4 in [batch, label]

// one to many, encoder and decoder: scores of words, and the words that are written
const caption = oneToMany({ features: 4, words: 6, end: 0, vector: 8, hidden: 16, cell: gru }).build(sizes);
const c1: Tensor<readonly [Time, Batch, Word]> = caption.scores, c2: Tensor<readonly [Time, Batch], "int"> = caption.written, c3: Tensor<readonly [Batch, Time]> = caption.predictions;
softmaxCrossEntropy(caption.scores, perText); // ERR: labels [batch=8] must have the dims of the logits [time, batch, word] but the last
sum(caption.written); // ERR: '"int"' is not assignable to type '"float"'
oneToMany({ features: 4, words: 6, hidden: 16 }); // ERR: Property 'end' is missing
const translator = encoderDecoder({ reads: { words: 20, vector: 8 }, words: 30, vector: 8, hidden: 16, end: 1 }), pair = translator.build({ time, batch, source });
const p1: Tensor<readonly [Time, Batch, Word]> = pair.scores, p2: Tensor<readonly [Time, Batch, Dim<"source">]> | undefined = pair.attention, p3: Tensor<readonly [Time, Batch], "int"> = pair.written;
translator.build({ time, batch, source: time }); // ERR: '"time"' is not assignable to type '"source"'
pair.attention && sum(pair.attention, dim("word", 30)); // ERR: sum: no dimension word=30 in [time, batch, source]
encoderDecoder({ words: 6, hidden: 16, end: 1 }); // ERR: 'reads'

// what is written out step by step has the same shapes; every model is a model
const written: Tensor<readonly [Time, Batch, Label]> = manyToMany({ words: 10, hidden: 5 }).unrolled(sizes).scores;
const models: readonly Model[] = [manyToOne({ words: 10, hidden: 5 }), tags, oneToMany({ features: 4, words: 6, end: 0, hidden: 5 }), translator, feedForward({ features: 4, hidden: [5] })];
const built: readonly Built[] = models.map((model) => model.build(sizes));
const logits: Tensor<readonly [Batch, Label]> = feedForward({ features: 4, hidden: [] }).build(sizes).logits;
feedForward({ features: 4, hidden: 5 }); // ERR: 'number' is not assignable

// a cell of one's own goes where ready ones go, when it is one
const mine: CellMaker = (name, of, hidden) => rnn(name, of, hidden, { activation: "relu" });
manyToOne({ words: 10, hidden: 5, cell: mine });
manyToOne({ words: 10, hidden: 5, cell: (name, of, hidden) => rnn(name, hidden, of) }); // ERR: not assignable
stacked("s", (name, of) => lstm(name, of, of), dim("word", 12), dim("hidden", 16)); // ERR: not assignable

// cells by hand: a state and an input of the wrong dims are refused
const word = dim("word", 12), hidden = dim("hidden", 16), x = input("x", [time, batch, word]), x_t = input("x_t", [batch, word]);
const [plain, long, gated] = [rnn("a", word, hidden), lstm("b", word, hidden), gru("c", word, hidden)];
const h: Tensor<readonly [typeof batch, typeof hidden]> = plain(zeros([batch, hidden]), x_t).state, c: typeof h = long(long.zeroState(batch), x_t).state.c, g: typeof h = gated(h, x_t).output;
plain(x_t, x_t); // ERR: '"word"' is not assignable to type '"hidden"'
gated(h, h); // ERR: '"hidden"' is not assignable to type '"word"'
long({ h, c: x_t }, x_t); // ERR: '"word"' is not assignable to type '"hidden"'
matmul(plain.U, plain.U); // ERR: matmul: inner dimensions differ: [word=12, hidden=16] · [word=12, hidden=16]
const deep = stacked("d", lstm, word, hidden, { layers: 2 }), top: Tensor<readonly [Dim, typeof hidden]> = deep.h(scan(deep, { over: x, from: deep.zeroState(batch) }).final);
scan(deep, { over: input("y", [time, batch, hidden]), from: deep.zeroState(batch) }); // ERR: not assignable
unroll(gated, { over: x, from: zeros([batch, word]) }); // ERR: not assignable

// readers: both ways the outputs are twice as wide; what is read must be of the reader's input
const both = dim("both", 32), reader = bidirectional("r", gru, word, hidden, both, { layers: 2 }), mask = lengthMask(perText, time);
const r1: Tensor<readonly [typeof batch, typeof both]> = reader({ over: x, mask }).final, r2: Tensor<readonly [typeof time, typeof batch, typeof hidden]> = layerByLayer(deep, { over: x, mask }).outputs;
reader({ over: reader({ over: x }).outputs }); // ERR: not assignable
reader({ over: x, mask: x }); // ERR: '"float"' is not assignable to type '"bool"'
layerByLayer(deep, { over: x, mask: perWord }); // ERR: '"int"' is not assignable to type '"bool"'
matmul(reader({ over: x }).final, parameter("V", [hidden, hidden])); // ERR: matmul: inner dimensions differ: [batch=8, both=32] · [hidden=16, hidden=16]

// PyTorch's weights: numbers with their shape, which are fed, and go back
const weights = fromPyTorch("b", { weight_ih_l0: { shape: [64, 12], data: new Float32Array(768) }, weight_hh_l0: { shape: [64, 16], data: [] } });
const U_f: Float64Array = weights["b.U_f"]!.data, back: Float64Array = toPyTorch("b", weights)["weight_ih_l0"]!.data;
evaluate(long(long.zeroState(batch), x_t).output, { x_t: new Float64Array(96), ...weights });
fromPyTorch("b", { weight_ih_l0: [[1, 2]] }); // ERR: Type 'number[][]' is missing the following properties
fromPyTorch({ weight_ih_l0: { shape: [1], data: [1] } }); // ERR: Expected 2-3 arguments
