// A cell and an op that the library does not have. The op is a formula and its derivative; the cell is a function from a state and an input to the next state.
// Both are used like any other: unrolled, scanned, differentiated to any order, checked, compiled, drawn.

import {
  accuracy,
  add,
  argmax,
  type Built,
  cast,
  type DataDims,
  type Dim,
  defineOp,
  dim,
  input,
  type Model,
  matmul,
  mul,
  orthogonal,
  parameter,
  scan,
  sigmoid,
  softmaxCrossEntropy,
  sub,
  type Tensor,
  transpose,
  type Unary,
  zeros,
} from "clew";

/** a / (1 + |a|): like tanh, but it comes to its bounds slowly, so that its gradient lasts longer. */
export const softsign = defineOp<Unary>({
  name: "softsign",
  doc: "a / (1 + |a|).",
  formula: (m, a) => m.div(a!, m.add(m.constant(1), m.abs(a!))),
  derivative: [
    (m, v, [a]) => {
      const s = m.add(m.constant(1), m.abs(a!));
      return m.div(v, m.mul(s, s)); // the same from both sides at 0: no kink
    },
  ],
});

/** h_t = h_{t−1} + σ(r) ∘ (softsign(x_t·U + h_{t−1}·W + b) − h_{t−1}): each number of the state is as slow as it learned to be, by its own r. */
export function leaky<I extends Dim, H extends Dim>(name: string, of: I, hidden: H) {
  const U = parameter(`${name}.U`, [of, hidden]);
  const W = parameter(`${name}.W`, [hidden, hidden], orthogonal());
  const [b, r] = [parameter(`${name}.b`, [hidden]), parameter(`${name}.r`, [hidden])];
  const cell = <B extends Dim>(h: Tensor<readonly [B, H]>, x_t: Tensor<readonly [B, I]>) => {
    const towards = softsign(add(add(matmul(x_t, U), matmul(h, W)), b));
    const h_t = add(h, mul(sub(towards, h), sigmoid(r)));
    return { state: h_t, output: h_t };
  };
  return Object.assign(cell, { parameters: { U, W, b, r }, zeroState: <B extends Dim>(batch: B) => zeros([batch, hidden]) });
}

/** After every step, whether there were more ones than minus ones so far. Inputs `x` [time, batch, feature], `labels` [time, batch]. */
export function majority(size: number): Model {
  const [feature, hidden, label] = [dim("feature", 1), dim("hidden", size), dim("label", 2)];
  const cell = leaky("leaky", feature, hidden);
  const [V, c] = [parameter("V", [hidden, label]), parameter("c", [label])];

  const build = ({ time, batch }: DataDims): Built => {
    const [x, labels] = [input("x", [time, batch, feature]), input("labels", [time, batch], "int")];
    const { outputs } = scan(cell, { over: x, from: cell.zeroState(batch) });
    const scores = add(matmul(outputs, V), c);
    return {
      inputs: { x, labels },
      loss: softmaxCrossEntropy(scores, labels),
      predictions: transpose(cast(argmax(scores, -1), "float")),
      metric: accuracy(scores, labels),
    };
  };
  return { parameters: { ...cell.parameters, V, c }, build };
}

export default majority(24);
