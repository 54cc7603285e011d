// Copying after a delay: a symbol is shown, then a long time other things are, then it is asked for. What is to be learned lies as many steps back as the delay
// is long. A gradient that is multiplied by W and tanh′ at every step does not get there; one that comes back through an LSTM's c does, when its forget
// gate starts out open for about as long as the delay.

import {
  accuracy,
  add,
  type Built,
  type CellMaker,
  type DataDims,
  type Dim,
  dim,
  input,
  lstm,
  type Model,
  matmul,
  oneHot,
  parameter,
  scan,
  softmax,
  softmaxCrossEntropy,
  type Tensor,
} from "clew";

/** Ids: what is to be kept, what distracts, and the question. */
export const [symbols, distractions] = [4, 4] as const;
export const ask = symbols + distractions;
export const delay = 100;

/** One-hot ids, a cell, scores = h_T·V + c, after the last step. Inputs `ids` [time, batch], `labels` [batch]. */
export function copier(maker: CellMaker, size: number): Model {
  const [shown, symbol, hidden] = [dim("shown", ask + 1), dim("symbol", symbols), dim("hidden", size)];
  const cell = maker("memory", shown, hidden);
  const [V, c] = [parameter("V", [hidden, symbol]), parameter("c", [symbol])];

  const build = ({ time, batch }: DataDims): Built => {
    const [ids, labels] = [input("ids", [time, batch], "int"), input("labels", [batch], "int")];
    const { final } = scan(cell, { over: oneHot(ids, shown), from: cell.zeroState(batch) });
    const h = cell.h(final) as Tensor<readonly [typeof batch, Dim<"hidden">]>;
    const scores = add(matmul(h, V), c);
    return {
      inputs: { ids, labels },
      loss: softmaxCrossEntropy(scores, labels),
      predictions: softmax(scores, -1),
      metric: accuracy(scores, labels),
    };
  };
  return { parameters: { ...cell.parameters, V, c }, build };
}

/** σ(log(delay)) = 1 − 1/(delay + 1): what c keeps lasts for about the delay (Tallec & Ollivier, 2018). */
export const remembering: CellMaker = (name, of, hidden) => lstm(name, of, hidden, { forgetBias: Math.log(delay) });

export default copier(remembering, 32);
