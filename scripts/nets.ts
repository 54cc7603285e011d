// Small nets of every kind, for pictures: each with its loss and the gradient.

import {
  add,
  bagOfWords,
  concat,
  dim,
  grad,
  input,
  matmul,
  mul,
  orthogonal,
  type Parameter,
  parameter,
  relu,
  rnn,
  sentenceRnn,
  sigmoid,
  softmaxCrossEntropy,
  sub,
  type Tensor,
  tanh,
  unroll,
  zeros,
} from "clew";

export interface Net {
  readonly loss: Tensor<readonly []>;
  readonly gradient: { readonly [name: string]: Tensor };
}

const batch = dim("batch", 8);
const word = dim("word", 12);
const hidden = dim("hidden", 16);
const label = dim("label", 2);

function ofLoss(loss: Tensor<readonly []>, ...parameters: readonly Parameter[]): Net {
  return { loss, gradient: grad(loss, Object.fromEntries(parameters.map((p) => [p.parameter, p]))) as Net["gradient"] };
}

/** The golden example: h_t = tanh(x_t·U + h_{t−1}·W), the label read off the last state. */
export function plainRnn(steps = 4): Net {
  const time = dim("time", steps);
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
  return ofLoss(softmaxCrossEntropy(matmul(final, V), y), U, W, V);
}

/** Long short-term memory (Hochreiter & Schmidhuber, 1997; with the forget gate of Gers et al., 2000). */
export function lstmNet(steps = 4): Net {
  const time = dim("time", steps);
  const gate = (n: string) =>
    [parameter(`U_${n}`, [word, hidden]), parameter(`W_${n}`, [hidden, hidden]), parameter(`b_${n}`, [hidden])] as const;
  const [f, i, o, g] = [gate("f"), gate("i"), gate("o"), gate("g")];
  const V = parameter("V", [hidden, label]);
  const x = input("x", [time, batch, word]);
  const y = input("y", [batch], "int");
  const { final } = unroll(
    ({ h, c }, x_t) => {
      const into = ([U, W, b]: ReturnType<typeof gate>) => add(add(matmul(x_t, U), matmul(h, W)), b);
      const c_t = add(mul(sigmoid(into(f)), c), mul(sigmoid(into(i)), tanh(into(g))));
      const h_t = mul(sigmoid(into(o)), tanh(c_t));
      return { state: { h: h_t, c: c_t }, output: h_t };
    },
    { over: x, from: { h: zeros([batch, hidden]), c: zeros([batch, hidden]) } },
  );
  return ofLoss(softmaxCrossEntropy(matmul(final.h, V), y), ...f, ...i, ...o, ...g, V);
}

/** Gated recurrent unit (Cho et al., 2014). */
export function gruNet(steps = 4): Net {
  const time = dim("time", steps);
  const gate = (n: string) => [parameter(`U_${n}`, [word, hidden]), parameter(`W_${n}`, [hidden, hidden])] as const;
  const [r, z, n] = [gate("r"), gate("z"), gate("n")];
  const V = parameter("V", [hidden, label]);
  const x = input("x", [time, batch, word]);
  const y = input("y", [batch], "int");
  const { final } = unroll(
    (h, x_t) => {
      const reset = sigmoid(add(matmul(x_t, r[0]), matmul(h, r[1])));
      const update = sigmoid(add(matmul(x_t, z[0]), matmul(h, z[1])));
      const candidate = tanh(add(matmul(x_t, n[0]), matmul(mul(reset, h), n[1])));
      const h_t = add(mul(sub(1, update), candidate), mul(update, h));
      return { state: h_t, output: h_t };
    },
    { over: x, from: zeros([batch, hidden]) },
  );
  return ofLoss(softmaxCrossEntropy(matmul(final, V), y), ...r, ...z, ...n, V);
}

export function stacked(): Net {
  const time = dim("time", 4);
  const [first, second] = [rnn("one", word, hidden), rnn("two", hidden, hidden)];
  const V = parameter("V", [hidden, label]);
  const below = unroll(first, { over: input("x", [time, batch, word]), from: zeros([batch, hidden]) });
  const above = unroll(second, { over: below.outputs, from: zeros([batch, hidden]) });
  const loss = softmaxCrossEntropy(matmul(above.final, V), input("y", [batch], "int"));
  return ofLoss(loss, first.W, second.W, V);
}

export function bidirectional(): Net {
  const time = dim("time", 4);
  const both = dim("both", 32);
  const [there, back] = [rnn("there", word, hidden), rnn("back", word, hidden)];
  const V = parameter("V", [both, label]);
  const x = input("x", [time, batch, word]);
  const right = unroll(there, { over: x, from: zeros([batch, hidden]) });
  const left = unroll(back, { over: x, from: zeros([batch, hidden]), reverse: true });
  const states = concat([right.final, hidden], [left.final, hidden], both);
  const loss = softmaxCrossEntropy(matmul(states, V), input("y", [batch], "int"));
  return ofLoss(loss, there.W, back.W, V);
}

export function encoderDecoder(): Net {
  const [source, target] = [dim("source", 3), dim("target", 3)];
  const [encoder, decoder] = [rnn("encoder", word, hidden), rnn("decoder", word, hidden)];
  const V = parameter("V", [hidden, label]);
  const read = unroll(encoder, { over: input("x", [source, batch, word]), from: zeros([batch, hidden]) });
  const write = unroll(decoder, { over: input("y", [target, batch, word]), from: read.final });
  const loss = softmaxCrossEntropy(matmul(write.outputs, V), input("labels", [target, batch], "int"));
  return ofLoss(loss, encoder.W, decoder.W, V);
}

export function feedForward(): Net {
  const second = dim("second", 8);
  const [W1, b1] = [parameter("W_1", [word, hidden]), parameter("b_1", [hidden])];
  const [W2, b2] = [parameter("W_2", [hidden, second]), parameter("b_2", [second])];
  const [W3, b3] = [parameter("W_3", [second, label]), parameter("b_3", [label])];
  const x = input("x", [batch, word]);
  const hidden1 = relu(add(matmul(x, W1), b1));
  const hidden2 = tanh(add(matmul(hidden1, W2), b2));
  const loss = softmaxCrossEntropy(add(matmul(hidden2, W3), b3), input("y", [batch], "int"));
  return ofLoss(loss, W1, b1, W2, b2, W3, b3);
}

/** Word vectors, padded sentences, a loss at every word: the net of the main example. */
export function sentences(loss: "last" | "every" = "every"): Net {
  const model = sentenceRnn({ words: 100, vector: 16, hidden: 16, loss, bias: false });
  const built = model.build({ time: dim("time", 6), batch });
  return ofLoss(built.loss, ...Object.values(model.parameters));
}

export function wordCounts(): Net {
  const model = bagOfWords({ words: 100 });
  const built = model.build({ time: dim("time", 4), batch });
  return ofLoss(built.loss, ...Object.values(model.parameters));
}
