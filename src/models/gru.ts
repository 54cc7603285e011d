// The gated recurrent unit (Cho et al., 2014): as an LSTM it passes on what it keeps by a factor and a sum, but keeps it in h itself.

import type { Dim } from "../graph/dim.ts";
import type { Parameter, Tensor } from "../graph/node.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { zeros } from "../ops/full.ts";
import { matmul } from "../ops/matmul.ts";
import { mul } from "../ops/mul.ts";
import { parameter } from "../ops/parameter.ts";
import { sigmoid } from "../ops/sigmoid.ts";
import { sub } from "../ops/sub.ts";
import { tanh } from "../ops/tanh.ts";
import type { Recurrence } from "../recurrence/types.ts";
import { gate, type InitialWeights, oneOf } from "./cell.ts";
import { byName } from "./model.ts";

export interface GruOptions {
  /** Where the reset gate stands: "after" the product with W_n (when left out; as cuDNN and PyTorch have it), or "before" it (as Cho et al. do). */
  readonly reset?: "after" | "before";
  /** false leaves out every b. */
  readonly bias?: boolean;
  readonly initial?: InitialWeights;
}

/** A cell with its parameters, to be unrolled or scanned. */
export interface GruCell<I extends Dim, H extends Dim> {
  <B extends Dim>(h: Tensor<readonly [B, H]>, x_t: Tensor<readonly [B, I]>): Recurrence<Tensor<readonly [B, H]>, Tensor<readonly [B, H]>>;
  readonly parameters: { readonly [name: string]: Parameter };
  readonly zeroState: <B extends Dim>(batch: B) => Tensor<readonly [B, H]>;
  readonly h: <B extends Dim>(state: Tensor<readonly [B, H]>) => Tensor<readonly [B, H]>;
}

/**
 * The cell of a GRU: parameters `name.U_k` [input, hidden], `name.W_k` [hidden, hidden], `name.b_k` [hidden] for k of r (reset), z (update), n (new).
 *
 * r = σ(x_t·U_r + h·W_r + b_r), z alike; h_t = (1 − z) ∘ n + z ∘ h, where, reset "before", n = tanh(x_t·U_n + (r∘h)·W_n + b_n); reset "after",
 * n = tanh(x_t·U_n + b_n + r ∘ (h·W_n + b_hn)), with one more parameter, `name.b_hn`.
 *
 * @example
 * import { dim, graph, gru, input, scan } from "clew";
 * const time = dim("time", 4), batch = dim("batch", 8), word = dim("word", 12), hidden = dim("hidden", 16);
 * const encoder = gru("encoder", word, hidden, { reset: "before" });
 * const { final } = scan(encoder, { over: input("x", [time, batch, word]), from: encoder.zeroState(batch) });
 * graph(final).parameters.length; // 9
 */
export function gru<I extends Dim, H extends Dim>(name: string, input: I, hidden: H, options: GruOptions = {}): GruCell<I, H> {
  const line = calledFrom(gru);
  return standingAt(line, () => cellAt(line, name, input, hidden, options));
}

function cellAt<I extends Dim, H extends Dim>(line: Site, name: string, input: I, hidden: H, options: GruOptions): GruCell<I, H> {
  const { reset = "after", bias = true, initial = {} } = options;
  const r = gate(name, "r", input, hidden, initial, bias);
  const z = gate(name, "z", input, hidden, initial, bias);
  const n = gate(name, "n", input, hidden, initial, bias);
  const b_hn = bias && reset !== "before" ? parameter(`${name}.b_hn`, [hidden]) : undefined;
  const sound = oneOf("gru", "place of the reset gate", reset, ["after", "before"], line);
  // unroll calls the cell, and knows no better line than the one where it was made
  const cell = <B extends Dim>(h: Tensor<readonly [B, H]>, x_t: Tensor<readonly [B, I]>) =>
    standingAt(line, () => {
      const forget = sigmoid(r.into(x_t, h));
      const keep = sigmoid(z.into(x_t, h));
      const afterProduct = (): Tensor<readonly [B, H]> => {
        const [fromInput, fromState] = [matmul(x_t, n.U), matmul(h, n.W)];
        if (n.b === undefined || b_hn === undefined) return add(fromInput, mul(forget, fromState));
        return add(add(fromInput, n.b), mul(forget, add(fromState, b_hn)));
      };
      const candidate = tanh(reset === "before" ? n.into(x_t, mul(forget, h)) : afterProduct());
      const h_t = sound(add(mul(sub(1, keep), candidate), mul(keep, h)));
      return { state: h_t, output: h_t };
    });
  const gates = [r, z, n].flatMap(({ U, W, b }): readonly Parameter[] => (b === undefined ? [U, W] : [U, W, b]));
  return Object.assign(cell, {
    parameters: byName(...gates, ...(b_hn === undefined ? [] : [b_hn])),
    zeroState: <B extends Dim>(batch: B) => standingAt(line, () => zeros([batch, hidden])),
    h: <B extends Dim>(state: Tensor<readonly [B, H]>) => state,
  });
}
