// The ready models: what their graphs have, and of which shape.
import { dim, grad, sentenceRnn, type Dim, type Tensor } from "clew";

const time = dim("time", 4), batch = dim("batch", 8);

// a scan has no steps, an unrolling has
const sentence = sentenceRnn({ words: 10, vector: 4, hidden: 5 });
const probabilities: Tensor<readonly [Dim<"batch">, Dim<"label">]> = sentence.build({ time, batch }).predictions;
sentence.build({ time, batch }).steps; // ERR: Property 'steps' does not exist on type 'BuiltSentenceRnn'
const third: Tensor<readonly [Dim<"batch">, Dim<"hidden">]> = sentence.unrolled({ time, batch }).steps[2]!.state;
grad(sentence.unrolled({ time, batch }).loss, { third });

// cells: shapes go through scan and unroll, and a cell that does not fit is refused
import { bidirectional, gru, input, layerByLayer, lstm, rnn, scan, stacked, unroll } from "clew";
const word = dim("word", 12), hidden = dim("hidden", 16), both = dim("both", 32), x = input("x", [time, batch, word]);
type BH = Tensor<readonly [typeof batch, typeof hidden]>; type TBH = Tensor<readonly [typeof time, typeof batch, typeof hidden]>;
const [plain, long, gated] = [rnn("a", word, hidden), lstm("b", word, hidden, { forgetBias: 2 }), gru("c", word, hidden, { reset: "before" })];
const a1: BH = scan(plain, { over: x, from: plain.zeroState(batch) }).final, a2: TBH = unroll(plain, { over: x, from: plain.zeroState(batch) }).outputs;
const b1: BH = scan(long, { over: x, from: long.zeroState(batch) }).final.c, b2: BH = unroll(long, { over: x, from: long.zeroState(batch) }).steps[0]!.state.h;
const c1: TBH = scan(gated, { over: x, from: gated.zeroState(batch), reverse: true }).outputs;
scan(lstm("d", hidden, hidden), { over: x, from: long.zeroState(batch) }); // ERR: not assignable
scan(long, { over: x, from: plain.zeroState(batch) }); // ERR: not assignable
gru("e", word, hidden, { reset: "never" }); // ERR: "never"
const deep = stacked("f", lstm, word, hidden, { layers: 2, dropout: 0.1 });
const d1: TBH = layerByLayer(deep, { over: x }).outputs, d2: TBH = scan(deep, { over: x, from: deep.zeroState(batch) }).outputs, d3: BH = layerByLayer(deep, { over: x, through: unroll }).final;
layerByLayer(deep, { over: input("y", [time, batch, hidden]) }); // ERR: not assignable
const reader = bidirectional("g", gru, word, hidden, both, { layers: 2 });
const e1: Tensor<readonly [typeof time, typeof batch, typeof both]> = reader({ over: x }).outputs;
const custom = stacked("h", (name, i, h) => gru(name, i, h, { reset: "before" }), word, hidden);
const f1: TBH = layerByLayer(custom, { over: x }).outputs;
function inside<T extends Dim, B extends Dim, I extends Dim, H extends Dim>(xs: Tensor<readonly [T, B, I]>, b: B, i: I, h: H): Tensor<readonly [T, B, H]> {
  const cell = lstm("k", i, h);
  const last: Tensor<readonly [B, H]> = scan(cell, { over: xs, from: cell.zeroState(b) }).final.h;
  return layerByLayer(stacked("l", lstm, i, h), { over: xs }).outputs;
}
const g1: TBH = inside(x, batch, word, hidden);
