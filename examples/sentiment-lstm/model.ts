// The phrases, the sizes and the loss of ../sentiment, and another cell. A plain RNN multiplies all that it knows by W at every word; an LSTM keeps it in c,
// and gates say what is forgotten, what is written and what is said. A ready model, built by scan.

import { type BuiltManyToOne, type CellMaker, lstm, manyToOne, type RecurrentModel, uniform } from "clew";
import { phraseRecipe, phraseWords } from "../sentiment/model.ts";

/** For so many words: vectors, state and initial values are those of the RNN, and an opinion is asked for at every word. */
export function phraseLstm(words: number): RecurrentModel<BuiltManyToOne> {
  const { vector, hidden, loss } = phraseRecipe;
  const small = uniform(-1 / Math.sqrt(hidden), 1 / Math.sqrt(hidden));
  const cell: CellMaker = (name, of, size) => lstm(name, of, size, { initial: { U: small, W: small } });
  return manyToOne({ words, vector, cell, hidden, labels: 2, loss, initial: { V: small } });
}

export default phraseLstm(phraseWords.size);
