// Through scan: the same cells as through unroll, and what the compiler says of them; there are no steps to be looked at.
import { add, argmax, dim, input, lengthMask, matmul, mul, oneHot, parameter, scan, sigmoid, softmaxCrossEntropy, tanh, truncationLoss, untruncated, type Dim, type Shape, type Tensor, zeros } from "clew";

const time = dim("time", 4), batch = dim("batch", 8), word = dim("word", 12), hidden = dim("hidden", 16), label = dim("label", 2);
type TBH = Tensor<readonly [typeof time, typeof batch, typeof hidden]>; type BH = Tensor<readonly [typeof batch, typeof hidden]>;
const x = input("x", [time, batch, word]), U = parameter("U", [word, hidden]), W = parameter("W", [hidden, hidden]), V = parameter("V", [hidden, label]), first = zeros([batch, hidden]);

// literal dims
const one = scan((h, x_t) => { const n = tanh(add(matmul(x_t, U), matmul(h, W))); return { state: n, output: n }; }, { over: x, from: first, reverse: true });
const outputs: TBH = one.outputs, final: BH = one.final;
one.steps; // ERR: Property 'steps' does not exist on type 'Scanned<
scan((h, x_t) => {
  const wrong = matmul(x_t, W); // ERR: matmul: inner dimensions differ: [batch=8, word=12] · [hidden=16, hidden=16]
  const bad = add(x_t, h); // ERR: add: shapes do not broadcast: [batch=8, word=12] and [batch=8, hidden=16]
  return { state: h, output: h };
}, { over: x, from: first });
scan((h, x_t) => ({ state: matmul(h, V), output: h }), { over: x, from: first }); // ERR: Dim<"hidden", 16>
scan((h) => ({ state: h }), { over: x, from: first }); // ERR: Property 'output' is missing
scan((h, x_t) => ({ state: h, output: h }), { from: first }); // ERR: No overload matches
scan((h, x_t) => ({ state: h, output: h }), { over: x }); // ERR: No overload matches
scan((h, x_t) => ({ state: h, output: h }), { over: x, from: first, steps: time }); // ERR: No overload matches
scan((h, x_t) => ({ state: h, output: h }), { over: x, from: first, mask: x }); // ERR: '"float"' is not assignable to type '"bool"'

// records of states and of inputs
const lstm = scan(
  ({ h, c }, { word_t, gate_t }) => { const next = mul(sigmoid(add(matmul(h, W), matmul(word_t, U))), mul(c, gate_t)); return { state: { h: tanh(next), c: next }, output: { h: next, logits: matmul(next, V) } }; },
  { over: { word_t: x, gate_t: input("gate", [time, batch]) }, from: { h: first, c: first } },
);
const outs: TBH = lstm.outputs.h, logits: Tensor<readonly [typeof time, typeof batch, typeof label]> = lstm.outputs.logits, last: BH = lstm.final.c;
lstm.final.d; // ERR: Property 'd' does not exist
scan(({ h }) => ({ state: { c: h }, output: h }), { over: x, from: { h: first } }); // ERR: 'c' does not exist in type '{ h:

// a stack of layers, and layers made in a loop: those have no static shape
const two = scan((h, x_t) => { const n = tanh(add(matmul(x_t, W), matmul(h, W))); return { state: n, output: n }; }, { over: one.outputs, from: one.final, mask: lengthMask(input("lengths", [batch], "int"), time) });
const deep: TBH = two.outputs;
let below: Tensor = x;
for (const n of [1, 2, 3]) {
  const from: Tensor = first;
  below = scan((h, x_t) => { const next = tanh(add(matmul(x_t, parameter(`U${n}`, [hidden, hidden])), matmul(h, W))); return { state: next, output: next }; }, { over: below, from }).outputs;
}
const above: Tensor<Shape> = matmul(below, V);

// one to many: an id that is fed back
const decoded = scan(
  ({ h, id }) => { const n = tanh(add(matmul(oneHot(id, word), U), matmul(h, W))); const l = matmul(n, parameter("O", [hidden, word])); return { state: { h: n, id: argmax(l, word) }, output: l }; },
  { steps: time, from: { h: first, id: input("start", [batch], "int") } },
);
const perStep: Tensor<readonly [typeof time, typeof batch, typeof word]> = decoded.outputs, id: Tensor<readonly [typeof batch], "int"> = decoded.final.id;
const loss: Tensor<readonly []> = softmaxCrossEntropy(decoded.outputs, input("target", [time, batch], "int"));

// sizes known as numbers
function sized(steps: number, width: number) {
  const t = dim("time", steps), h = dim("hidden", width), other = dim("other", width);
  const R = parameter("R", [h, h]), Q = parameter("Q", [h, other]);
  const made = scan((s, x_t) => { const n = tanh(add(x_t, matmul(s, R))); return { state: n, output: matmul(n, Q) }; }, { over: input("x", [t, batch, h]), from: zeros([batch, h]) });
  const read: Tensor<readonly [Dim<"time">, typeof batch, Dim<"other">]> = made.outputs;
  scan((s, x_t) => ({ state: matmul(s, Q), output: x_t }), { over: input("x", [t, batch, h]), from: zeros([batch, h]) }); // ERR: '"other"' is not assignable to type '"hidden"'
  return made.final;
}
const sizedFinal: Tensor<readonly [typeof batch, Dim<"hidden">]> = sized(3, 4);

// inside a user's generic function
function layer<T extends Dim, B extends Dim, I extends Dim, H extends Dim>(x: Tensor<readonly [T, B, I]>, b: B, i: I, h: H): Tensor<readonly [T, B, H]> {
  const U = parameter("U", [i, h]), W = parameter("W", [h, h]), bias = parameter("b", [h]);
  const { outputs, final } = scan((s, x_t) => { const n = tanh(add(add(matmul(x_t, U), matmul(s, W)), bias)); return { state: n, output: n }; }, { over: x, from: zeros([b, h]) });
  const read: Tensor<readonly [B, H]> = matmul(final, W);
  scan((s, x_t) => { const n = matmul(x_t, W); return { state: s, output: n }; }, { over: x, from: zeros([b, h]) }); // ERR: Type 'H' is not assignable to type 'I'
  return outputs;
}
const layered: TBH = layer(x, batch, word, hidden);

// a gradient that is truncated has the shapes of the whole one
const short = scan((h, x_t) => { const n = tanh(add(matmul(x_t, U), matmul(h, W))); return { state: n, output: n }; }, { over: x, from: first, truncate: { forward: 2, backward: 4 } });
const shortOutputs: TBH = untruncated(short.outputs), shortFinal: BH = untruncated(short).final;
scan((h, x_t) => ({ state: h, output: x_t }), { over: x, from: first, truncate: { forward: 2 } }); // ERR: Property 'backward' is missing
const lossOfIt: number = truncationLoss(loss, { U, W }, {}).parameters["W"]!.lost;
scan((h, x_t) => ({ state: h, output: h }), { over: x, from: first, checkpoint: { memory: 1e6 } });
scan((h, x_t) => ({ state: h, output: h }), { over: x, from: first, checkpoint: "all" }); // ERR: No overload matches
