// One to many: a picture is seen at once, and told word by word. It becomes the state that the telling starts from; each word is read off the state and
// comes in again with the next step. In training the right words come in (teacher forcing); in use the model's own, by argmax, until it says the end.

import {
  accuracy,
  add,
  argmax,
  type Built,
  cast,
  type DataDims,
  dim,
  gather,
  gru,
  input,
  lengthMask,
  type Model,
  matmul,
  normal,
  oneHot,
  parameter,
  relu,
  scan,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  transpose,
  zeros,
} from "clew";

export interface TellerOptions {
  readonly pixels: number;
  /** What the picture is seen as: numbers of a layer, and of the state that it becomes. */
  readonly features: number;
  readonly hidden: number;
  /** Words there are; word 0 starts a caption and ends it. */
  readonly words: number;
  readonly vector: number;
}

export interface BuiltTeller extends Built {
  /** What the model says by itself, ids [time, batch]: a caption is over at the first 0. */
  readonly told: Tensor<readonly [DataDims["time"], DataDims["batch"]], "int">;
}

/**
 * h_0 = tanh(relu(image·A + a)·B + b), h_t = GRU(h_{t−1}, E[word_{t−1}]), scores_t = h_t·V + c.
 * Inputs `image` [batch, pixel]; for training `before` and `labels` [time, batch], the words before each step and at it, and `lengths` [batch].
 */
export function teller(options: TellerOptions): Model<BuiltTeller> {
  const [pixel, feature] = [dim("pixel", options.pixels), dim("feature", options.features)];
  const [hidden, word, vector] = [dim("hidden", options.hidden), dim("word", options.words), dim("vector", options.vector)];
  const [A, a] = [parameter("A", [pixel, feature]), parameter("a", [feature])];
  const [B, b] = [parameter("B", [feature, hidden]), parameter("b", [hidden])];
  const E = parameter("E", [word, vector], normal(0, 1));
  const cell = gru("teller", vector, hidden);
  const [V, c] = [parameter("V", [hidden, word]), parameter("c", [word])];

  const build = ({ time, batch }: DataDims): BuiltTeller => {
    const image = input("image", [batch, pixel]);
    const before = input("before", [time, batch], "int");
    const labels = input("labels", [time, batch], "int");
    const lengths = input("lengths", [batch], "int");
    const seen = tanh(add(matmul(relu(add(matmul(image, A), a)), B), b));

    const { outputs } = scan(cell, { over: gather(E, before, word), from: seen });
    const scores = add(matmul(outputs, V), c);

    const start = oneHot(cast(zeros([batch]), "int"), word);
    const { outputs: told } = scan(
      ({ h, said }) => {
        const { state } = cell(h, matmul(said, E));
        const next = argmax(add(matmul(state, V), c), word);
        return { state: { h: state, said: oneHot(next, word) }, output: next };
      },
      { steps: time, from: { h: seen, said: start } },
    );
    return {
      inputs: { image, before, labels, lengths },
      loss: softmaxCrossEntropy(scores, labels, { mask: lengthMask(lengths, time) }),
      predictions: transpose(cast(told, "float")),
      metric: accuracy(scores, labels),
      told,
    };
  };
  return { parameters: { A, a, B, b, E, ...cell.parameters, V, c }, build };
}

export default teller({ pixels: 784, features: 256, hidden: 128, words: 17, vector: 16 });
