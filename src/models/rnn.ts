// The plain recurrent net (Elman, 1990): one state, one matrix W that carries it from step to step.

import type { Dim, Shape } from "../graph/dim.ts";
import type { Parameter, Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { zeros } from "../ops/full.ts";
import { relu } from "../ops/relu.ts";
import { sigmoid } from "../ops/sigmoid.ts";
import { tanh } from "../ops/tanh.ts";
import { gate, type InitialWeights, mistaken } from "./cell.ts";
import { byName } from "./model.ts";

export interface RnnOptions {
  /** tanh when left out. */
  readonly activation?: keyof typeof activations;
  /** h_t = φ(x_t·U + h_{t−1}·W + b); false leaves b out. */
  readonly bias?: boolean;
  /** Initial values of U and W; Glorot-uniform when left out. */
  readonly initial?: InitialWeights;
}

/** A cell with its parameters, to be unrolled. */
export interface RnnCell<I extends Dim, H extends Dim> {
  <B extends Dim>(
    h: Tensor<readonly [B, H]>,
    x_t: Tensor<readonly [B, I]>,
  ): { readonly state: Tensor<readonly [B, H]>; readonly output: Tensor<readonly [B, H]> };
  readonly U: Parameter<readonly [I, H]>;
  readonly W: Parameter<readonly [H, H]>;
  readonly b: Parameter<readonly [H]> | undefined;
  readonly parameters: { readonly [name: string]: Parameter };
  readonly zeroState: <B extends Dim>(batch: B) => Tensor<readonly [B, H]>;
  readonly h: <B extends Dim>(state: Tensor<readonly [B, H]>) => Tensor<readonly [B, H]>;
}

export const activations: { readonly tanh: typeof tanh; readonly relu: typeof relu; readonly sigmoid: typeof sigmoid } = {
  tanh,
  relu,
  sigmoid,
};

/** The function by its name. A name that is none makes nodes that say so, as any op does of an argument that makes no sense. */
export function activationOf(of: string, name: keyof typeof activations): <S extends Shape>(a: Tensor<S>) => Tensor<S> {
  if (Object.hasOwn(activations, name)) return activations[name];
  const hint = `it is ${Object.keys(activations).map(shown).join(", ")}`;
  return mistaken(of, `no such activation: ${shown(name)}`, hint, calledFrom(activationOf));
}

/**
 * The cell of a plain RNN, h_t = φ(x_t·U + h_{t−1}·W + b), with parameters `name.U` [input, hidden], `name.W` [hidden, hidden] and `name.b` [hidden].
 *
 * @example
 * import { dim, graph, input, rnn, unroll, zeros } from "clew";
 * const time = dim("time", 4), batch = dim("batch", 8), word = dim("word", 12), hidden = dim("hidden", 16);
 * const encoder = rnn("encoder", word, hidden);
 * const x = input("x", [time, batch, word]);
 * const { final } = unroll(encoder, { over: x, from: zeros([batch, hidden]) });
 * graph(final).parameters.length; // 3
 */
export function rnn<I extends Dim, H extends Dim>(name: string, input: I, hidden: H, options: RnnOptions = {}): RnnCell<I, H> {
  const line = calledFrom(rnn);
  return standingAt(line, () => cellAt(line, name, input, hidden, options));
}

function cellAt<I extends Dim, H extends Dim>(line: Site, name: string, input: I, hidden: H, options: RnnOptions): RnnCell<I, H> {
  const { activation = "tanh", bias = true, initial = {} } = options;
  const phi = activationOf("rnn", activation);
  const { U, W, b, into } = gate(name, "", input, hidden, initial, bias);
  // unroll calls the cell, and knows no better line than the one where it was made
  const cell = <B extends Dim>(h: Tensor<readonly [B, H]>, x_t: Tensor<readonly [B, I]>) =>
    standingAt(line, () => {
      const h_t = phi(into(x_t, h));
      return { state: h_t, output: h_t };
    });
  return Object.assign(cell, {
    U,
    W,
    b,
    parameters: byName(U, W, ...(b === undefined ? [] : [b])),
    zeroState: <B extends Dim>(batch: B) => standingAt(line, () => zeros([batch, hidden])),
    h: <B extends Dim>(state: Tensor<readonly [B, H]>) => state,
  });
}
