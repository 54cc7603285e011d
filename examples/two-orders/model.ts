// One net, written in two orders. A net that says something at every step may alternate (a state, what is said of it, the next state, …), or make all states
// first and then, in one product, all that is said. What a state becomes does not depend on what is said of the one before: the two are the same net.

import {
  accuracy,
  add,
  argmax,
  type Built,
  cast,
  type DataDims,
  type Dim,
  dim,
  input,
  type Model,
  matmul,
  parameter,
  scan,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  transpose,
  zeros,
} from "clew";

export type Order = "alternating" | "states first";

export interface BuiltNet extends Built {
  /** [time, batch, label] */
  readonly scores: Tensor<readonly [DataDims["time"], DataDims["batch"], Dim<"label">]>;
}

/** h_t = tanh(x_t·U + h_{t−1}·W), scores_t = h_t·V. Inputs `x` [time, batch, feature], `labels` [time, batch]. */
export function net(order: Order): Model<BuiltNet> {
  const [feature, hidden, label] = [dim("feature", 2), dim("hidden", 12), dim("label", 2)];
  const [U, W, V] = [parameter("U", [feature, hidden]), parameter("W", [hidden, hidden]), parameter("V", [hidden, label])];

  const build = ({ time, batch }: DataDims): BuiltNet => {
    const x = input("x", [time, batch, feature]);
    const labels = input("labels", [time, batch], "int");
    const options = { over: x, from: zeros([batch, hidden]) };
    type State = Tensor<readonly [typeof batch, typeof hidden]>;
    const next = (h: State, x_t: Tensor<readonly [typeof batch, typeof feature]>): State => tanh(add(matmul(x_t, U), matmul(h, W)));

    const alternating = () =>
      scan((h: State, x_t: Tensor<readonly [typeof batch, typeof feature]>) => {
        const state = next(h, x_t);
        return { state, output: matmul(state, V) };
      }, options).outputs;
    const statesFirst = () =>
      matmul(
        scan((h: State, x_t: Tensor<readonly [typeof batch, typeof feature]>) => {
          const state = next(h, x_t);
          return { state, output: state };
        }, options).outputs,
        V,
      );
    const scores = order === "alternating" ? alternating() : statesFirst();
    return {
      inputs: { x, labels },
      loss: softmaxCrossEntropy(scores, labels),
      predictions: transpose(cast(argmax(scores, label), "float")),
      metric: accuracy(scores, labels),
      scores,
    };
  };
  return { parameters: { U, W, V }, build };
}

export default net("alternating");
