// Adding two binary numbers as one does it by hand: column by column from the right, with a carry. The columns come one a step, least significant
// first; the carry has no place but the state. What is learned on short numbers goes for numbers of any length, if it is the rule.

import {
  accuracy,
  add,
  argmax,
  type Built,
  cast,
  type DataDims,
  dim,
  input,
  type Model,
  matmul,
  parameter,
  rnn,
  scan,
  softmaxCrossEntropy,
  type Tensor,
  transpose,
} from "clew";

type Digits = Tensor<readonly [DataDims["time"], DataDims["batch"]], "int">;

export interface BuiltAdder extends Built {
  /** The digits of the sum, [time, batch]. */
  readonly sum: Digits;
}

/** h_t = tanh(x_t·U + h_{t−1}·W + b), digit_t = argmax(h_t·V + c): inputs `digits` [time, batch, number], `labels` [time, batch]. */
export function adder(size: number): Model<BuiltAdder> {
  const number = dim("number", 2);
  const hidden = dim("hidden", size);
  const digit = dim("digit", 2);
  const cell = rnn("column", number, hidden);
  const V = parameter("V", [hidden, digit]);
  const c = parameter("c", [digit]);

  const build = ({ time, batch }: DataDims): BuiltAdder => {
    const digits = input("digits", [time, batch, number]);
    const labels = input("labels", [time, batch], "int");
    const { outputs } = scan(cell, { over: digits, from: cell.zeroState(batch) });
    const logits = add(matmul(outputs, V), c);
    const sum = argmax(logits, digit);
    return {
      inputs: { digits, labels },
      loss: softmaxCrossEntropy(logits, labels),
      predictions: transpose(cast(sum, "float")),
      metric: accuracy(logits, labels),
      sum,
    };
  };
  return { parameters: { ...cell.parameters, V, c }, build };
}

export default adder(16);
