// The golden example, as a stranger to the project writes it: type-checked against the packed declarations, then run in Node
// and in a browser. It only says what it computed; the tests compare.

import {
  add,
  checkGradients,
  compile,
  dim,
  evaluate,
  grad,
  graph,
  input,
  matmul,
  orthogonal,
  parameter,
  softmaxCrossEntropy,
  tanh,
  toDot,
  unroll,
  zeros,
} from "clew";

const time = dim("time", 4);
const batch = dim("batch", 8);
const word = dim("word", 12);
const hidden = dim("hidden", 16);
const label = dim("label", 2);

const U = parameter("U", [word, hidden]);
const W = parameter("W", [hidden, hidden], orthogonal());
const V = parameter("V", [hidden, label]);

const x = input("x", [time, batch, word]);
const y = input("y", [batch], "int");

const { final } = unroll(
  (h, x_t) => {
    const h_t = tanh(add(matmul(x_t, U), matmul(h, W)));
    return { state: h_t, output: h_t };
  },
  { over: x, from: zeros([batch, hidden]) },
);
const loss = softmaxCrossEntropy(matmul(final, V), y);
const gradient = grad(loss, { U, W, V });

const feeds = {
  x: Float64Array.from({ length: 4 * 8 * 12 }, (_, i) => Math.sin(i)),
  y: Int32Array.from({ length: 8 }, (_, i) => i % 2),
};
const now = evaluate({ loss, gradient }, feeds, { seed: 1 });
const dims: readonly ["hidden", "hidden"] = now.gradient.W.dims;
const report = checkGradients(loss, { feeds });
const program = compile({ loss, gradient }, { precision: "f64", seed: 1, threads: 2 });
const compiled = program.run(feeds);
const dot: string = toDot(graph({ loss, gradient }), { view: "backward" });

export interface Golden {
  readonly loss: number;
  readonly gradientOfW: ReadonlyArray<number>;
  readonly dims: ReadonlyArray<string>;
  readonly verdict: string;
  /** The compiled program's loss, and its gradient of W. */
  readonly compiled: { readonly loss: number; readonly gradientOfW: ReadonlyArray<number> };
  readonly dot: string;
}

export const golden: Golden = {
  loss: now.loss.data[0] ?? Number.NaN,
  gradientOfW: Array.from(now.gradient.W.data),
  dims,
  verdict: report.verdict,
  compiled: { loss: compiled.loss.data[0]!, gradientOfW: [...compiled.gradient.W.data] },
  dot,
};
