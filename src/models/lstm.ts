// Long short-term memory (Hochreiter & Schmidhuber, 1997). Beside h it carries c, from step to step changed by a gate's factor and a sum alone:
// where the forget gate is near 1, a gradient comes back through c as it was, over hundreds of steps.

import type { Dim } from "../graph/dim.ts";
import type { Parameter, Tensor } from "../graph/node.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { zeros } from "../ops/full.ts";
import { constantly } from "../ops/initialisers.ts";
import { mul } from "../ops/mul.ts";
import { sigmoid } from "../ops/sigmoid.ts";
import { tanh } from "../ops/tanh.ts";
import type { Recurrence } from "../recurrence/types.ts";
import { gate, type InitialWeights } from "./cell.ts";
import { byName } from "./model.ts";

export interface LstmOptions {
  /** Initial value of `b_f`, 1 when left out: a gate that is open at first lets the gradient through, so that there is something to learn from. */
  readonly forgetBias?: number;
  /** false leaves out every b. */
  readonly bias?: boolean;
  readonly initial?: InitialWeights;
}

export type LstmState<B extends Dim, H extends Dim> = { readonly h: Tensor<readonly [B, H]>; readonly c: Tensor<readonly [B, H]> };

/** A cell with its parameters, to be unrolled or scanned. */
export interface LstmCell<I extends Dim, H extends Dim> {
  <B extends Dim>(state: LstmState<B, H>, x_t: Tensor<readonly [B, I]>): Recurrence<LstmState<B, H>, Tensor<readonly [B, H]>>;
  readonly parameters: { readonly [name: string]: Parameter };
  readonly zeroState: <B extends Dim>(batch: B) => LstmState<B, H>;
  readonly h: <B extends Dim>(state: LstmState<B, H>) => Tensor<readonly [B, H]>;
}

/**
 * The cell of an LSTM. For each gate k, of f (forget), i (in), o (out), and for what is written, g:
 * parameters `name.U_k` [input, hidden], `name.W_k` [hidden, hidden], `name.b_k` [hidden], and a_k = x_t·U_k + h_{t−1}·W_k + b_k.
 *
 * c_t = σ(a_f) ∘ c_{t−1} + σ(a_i) ∘ tanh(a_g); h_t = σ(a_o) ∘ tanh(c_t). State `{ h, c }`, output h.
 *
 * Source: the forget gate is of Gers, Schmidhuber & Cummins (2000); its bias of 1, of Jozefowicz, Zaremba & Sutskever (2015).
 *
 * @example
 * import { dim, graph, input, lstm, scan } from "clew";
 * const time = dim("time", 4), batch = dim("batch", 8), word = dim("word", 12), hidden = dim("hidden", 16);
 * const encoder = lstm("encoder", word, hidden);
 * const { final } = scan(encoder, { over: input("x", [time, batch, word]), from: encoder.zeroState(batch) });
 * graph(final.h).parameters.length; // 12
 */
export function lstm<I extends Dim, H extends Dim>(name: string, input: I, hidden: H, options: LstmOptions = {}): LstmCell<I, H> {
  const line = calledFrom(lstm);
  return standingAt(line, () => cellAt(line, name, input, hidden, options));
}

function cellAt<I extends Dim, H extends Dim>(line: Site, name: string, input: I, hidden: H, options: LstmOptions): LstmCell<I, H> {
  const { forgetBias = 1, bias = true, initial = {} } = options;
  const f = gate(name, "f", input, hidden, initial, bias && constantly(forgetBias));
  const i = gate(name, "i", input, hidden, initial, bias);
  const o = gate(name, "o", input, hidden, initial, bias);
  const g = gate(name, "g", input, hidden, initial, bias);
  // unroll calls the cell, and knows no better line than the one where it was made
  const cell = <B extends Dim>({ h, c }: LstmState<B, H>, x_t: Tensor<readonly [B, I]>) =>
    standingAt(line, () => {
      const c_t = add(mul(sigmoid(f.into(x_t, h)), c), mul(sigmoid(i.into(x_t, h)), tanh(g.into(x_t, h))));
      const h_t = mul(sigmoid(o.into(x_t, h)), tanh(c_t));
      return { state: { h: h_t, c: c_t }, output: h_t };
    });
  return Object.assign(cell, {
    parameters: byName(...[f, i, o, g].flatMap(({ U, W, b }): readonly Parameter[] => (b === undefined ? [U, W] : [U, W, b]))),
    zeroState: <B extends Dim>(batch: B): LstmState<B, H> => {
      const zero = standingAt(line, () => zeros([batch, hidden]));
      return { h: zero, c: zero };
    },
    h: <B extends Dim>({ h }: LstmState<B, H>) => h,
  });
}
