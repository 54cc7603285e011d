// The golden example, and what its results are for the compiler.
import { add, dim, evaluate, grad, graph, input, item, matmul, orthogonal, parameter, softmaxCrossEntropy, tanh, unroll, valueAndGrad, zeros, type Tensor } from "clew";

const time = dim("time", 4), batch = dim("batch", 8);
const word = dim("word", 12), hidden = dim("hidden", 16), label = dim("label", 2);
const U = parameter("U", [word, hidden]);
const W = parameter("W", [hidden, hidden], orthogonal());
const V = parameter("V", [hidden, label]);
const x = input("x", [time, batch, word]);
const y = input("y", [batch], "int");
const { outputs, final, steps } = unroll(
  (h, x_t) => { const h_t = tanh(add(matmul(x_t, U), matmul(h, W))); return { state: h_t, output: h_t }; },
  { over: x, from: zeros([batch, hidden]) },
);
const loss = softmaxCrossEntropy(matmul(final, V), y);
const gradient = grad(loss, { U, W, V });
const now = evaluate({ loss, gradient }, { x: [], y: [] }, { seed: 1 });

const dims: readonly ["hidden", "hidden"] = now.gradient.W.dims;
const data: Float64Array | Float32Array = now.gradient.W.data;
const none: readonly [] = now.loss.dims;
const e: number = item(now.loss);
const all: Tensor<readonly [typeof time, typeof batch, typeof hidden]> = outputs;
const third: Tensor<readonly [typeof batch, typeof hidden]> = steps[2]!.state;
const intermediate: readonly ["batch", "hidden"] = evaluate(steps[2]!.state, {}).dims;
const early = grad(loss, { h2: steps[2]!.state }).h2;
const both = valueAndGrad(loss, { encoder: { U, W }, V });
const nested: Tensor<readonly [typeof hidden, typeof hidden]> = both.gradient.encoder.W;
const ints: Int32Array = evaluate(y, {}).data;
graph({ loss, gradient }).nodes;
const wrongDims: readonly ["hidden", "word"] = now.gradient.W.dims; // ERR: '"hidden"' is not assignable to type '"word"'
now.gradient.Q; // ERR: Property 'Q' does not exist
grad(final, { W }); // ERR: grad: the loss must be a scalar: [batch=8, hidden=16]
grad(loss, { y }); // ERR: '"int"' is not assignable to type '"float"'
grad(loss, {}); // an empty record is a record
evaluate(loss, { x: "1" }); // ERR: Type 'string' is not assignable to type
