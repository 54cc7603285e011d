// Small recurrent nets with exchangeable parts, for gradient checks: right parts must pass, broken ones must be found.

import {
  add,
  dim,
  type Feeds,
  input,
  matmul,
  normal,
  orthogonal,
  parameter,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  unroll,
  zeros,
} from "clew";

export const time = dim("time", 4);
export const batch = dim("batch", 3);
export const word = dim("word", 3);
export const hidden = dim("hidden", 4);
export const label = dim("label", 2);

export type State = Tensor<readonly [typeof batch, typeof hidden]>;
type Weight = Tensor<readonly [typeof hidden, typeof hidden]>;

/** What is done at a step; each may be replaced. */
export interface Parts {
  readonly activation?: (a: State) => State;
  readonly recurrent?: (h: State, W: Weight) => State;
  readonly join?: (a: State, b: State) => State;
}

export function sines(length: number, frequency = 1): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin(frequency * (i + 1)));
}

/** h_t = activation(x_t·U + h·W + b), softmax cross entropy of h_T·V. */
export function rnn({ activation = tanh, recurrent = (h, W) => matmul(h, W), join = (a, b) => add(a, b) }: Parts = {}) {
  const U = parameter("U", [word, hidden]);
  const W = parameter("W", [hidden, hidden], orthogonal());
  const b = parameter("b", [hidden], normal(0, 0.3));
  const V = parameter("V", [hidden, label]);
  const x = input("x", [time, batch, word]);
  const y = input("y", [batch], "int");
  const { final, steps, outputs } = unroll(
    (h: State, x_t) => {
      const h_t = activation(add(join(matmul(x_t, U), recurrent(h, W)), b));
      return { state: h_t, output: h_t };
    },
    { over: x, from: zeros([batch, hidden]) },
  );
  const feeds: Feeds = { x: sines(time.size * batch.size * word.size), y: [0, 1, 1] };
  return { loss: softmaxCrossEntropy(matmul(final, V), y), feeds, parameters: { U, W, b, V }, x, y, steps, outputs };
}
