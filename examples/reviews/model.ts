// The opinion of a sentence as people write them, by an LSTM that reads it to its end: a ready model.

import { type CellMaker, lstm, type Model, manyToOne, uniform } from "clew";

/** Matrices start as those of PyTorch's nn.LSTM. */
const small = uniform(-1 / 8, 1 / 8);
const cell: CellMaker = (name, of, hidden) => lstm(name, of, hidden, { initial: { U: small, W: small } });

/** Word vectors of 50, a state of 64; half of both is dropped while training, against learning sentences by heart. */
export function reviewer(words: number): Model {
  return manyToOne({ words, vector: 50, cell, initial: { V: small }, hidden: 64, dropout: 0.5, labels: 2 });
}

/** For a vocabulary of this size; `main.ts` takes it from its data. */
export default reviewer(2000);
