// What the LSTM's state says while it reads. Its opinion is a sum over the numbers of h, so each of them has its share; and how much of c is kept
// at a word is a gate's value. The model has neither as an output: its cell is made again by name, and fed what was trained.

import { add, dim, evaluate, type Feeds, gather, input, lstm, matmul, type Parameter, parameter, scan, sigmoid, type Value } from "clew";
import { phraseRecipe } from "../sentiment/model.ts";

export interface Reading {
  /** What each number of the state says, [word][number]: its part in the log of the odds of "positive". All parts and `bias` add up to it. */
  readonly says: readonly (readonly number[])[];
  /** The forget gate, [word][number]: the share of c that is kept when the word is read. */
  readonly keeps: readonly (readonly number[])[];
  readonly bias: number;
}

export function readingOf(ids: readonly number[], parameters: { readonly [name: string]: Value }): Reading {
  const [time, batch, word] = [dim("time", ids.length), dim("batch", 1), dim("word", parameters.E!.shape[0]!)];
  const [vector, hidden] = [dim("vector", phraseRecipe.vector), dim("hidden", phraseRecipe.hidden)];
  const cell = lstm("encoder", vector, hidden);
  const E = parameter("E", [word, vector]);
  const U_f = cell.parameters["encoder.U_f"] as Parameter<readonly [typeof vector, typeof hidden]>;
  const W_f = cell.parameters["encoder.W_f"] as Parameter<readonly [typeof hidden, typeof hidden]>;
  const b_f = cell.parameters["encoder.b_f"] as Parameter<readonly [typeof hidden]>;
  const { outputs } = scan(
    (before, x_t) => {
      const { state } = cell(before, x_t);
      return { state, output: { h: state.h, f: sigmoid(add(add(matmul(x_t, U_f), matmul(before.h, W_f)), b_f)) } };
    },
    { over: gather(E, input("ids", [time, batch], "int"), word), from: cell.zeroState(batch) },
  );
  const trained: Feeds = Object.fromEntries(["E", ...Object.keys(cell.parameters)].map((name) => [name, parameters[name]!]));
  const { h, f } = evaluate(outputs, { ids: Int32Array.from(ids), ...trained });
  const [V, b_y] = [parameters.V!.data, parameters.b_y!.data];
  const rows = (of: (at: number, number: number) => number): readonly (readonly number[])[] =>
    ids.map((_, t) => Array.from({ length: hidden.size }, (_, n) => of(t * hidden.size + n, n)));
  return {
    says: rows((at, n) => h.data[at]! * (V[2 * n + 1]! - V[2 * n]!)),
    keeps: rows((at) => f.data[at]!),
    bias: b_y[1]! - b_y[0]!,
  };
}

/** The probability of "positive" after each word. */
export function opinions({ says, bias }: Reading): readonly number[] {
  return says.map((parts) => 1 / (1 + Math.exp(-parts.reduce((sum, part) => sum + part, bias))));
}
