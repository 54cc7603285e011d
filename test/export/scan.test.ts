// The picture of a scan is that of the unrolled recurrence.

import {
  add,
  dim,
  grad,
  graph,
  input,
  lengthMask,
  matmul,
  mul,
  parameter,
  scan,
  sigmoid,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  tanh,
  toDot,
  unroll,
  zeros,
} from "clew";
import { describe, expect, it } from "vitest";

const time = dim("time", 6);
const batch = dim("batch", 2);
const word = dim("word", 3);
const hidden = dim("hidden", 4);
const label = dim("label", 2);
type Recur = typeof scan;
type H = Tensor<readonly [typeof batch, typeof hidden]>;
type X = Tensor<readonly [typeof batch, typeof word]>;

function lossOf(recur: Recur, kind: "plain" | "masked" | "lstm" | "reversed" | "two layers") {
  const weight = (name: string, from: typeof word | typeof hidden = word) => parameter(name, [from, hidden]);
  const x = input("x", [time, batch, word]);
  const y = input("y", [batch], "int");
  const V = parameter("V", [hidden, label]);
  const [U, W] = [weight("U"), weight("W", hidden)];
  const cell = (h: H, x_t: X) => {
    const h_t = tanh(add(matmul(x_t, U as never) as never, matmul(h, W as never) as never)) as unknown as H;
    return { state: h_t, output: h_t };
  };
  const from = zeros([batch, hidden]);
  const wrt = { U, W, V };
  if (kind === "lstm") {
    const [Uf, Wf, Uo, Wo] = [weight("U_f"), weight("W_f", hidden), weight("U_o"), weight("W_o", hidden)];
    const gate = (u: Tensor, w: Tensor, h: H, x_t: X) =>
      add(matmul(x_t, u as never) as never, matmul(h, w as never) as never) as unknown as H;
    const lstm = ({ h, c }: { readonly h: H; readonly c: H }, x_t: X) => {
      const c_t = add(mul(sigmoid(gate(Uf, Wf, h, x_t)), c), tanh(gate(U, W, h, x_t)));
      const h_t = mul(sigmoid(gate(Uo, Wo, h, x_t)), tanh(c_t));
      return { state: { h: h_t, c: c_t }, output: h_t };
    };
    const { final } = recur(lstm, { over: x, from: { h: from, c: from } });
    return { loss: softmaxCrossEntropy(matmul(final.h, V), y), wrt };
  }
  const masked = kind === "masked" ? { mask: lengthMask(input("lengths", [batch], "int"), time) } : {};
  const below = recur(cell, { over: x, from, reverse: kind === "reversed", ...masked });
  if (kind !== "two layers") return { loss: softmaxCrossEntropy(matmul(below.final, V), y), wrt };
  const W2 = weight("W2", hidden);
  const above = recur(
    (h: H, x_t: H) => {
      const h_t = tanh(add(x_t, matmul(h, W2 as never) as never)) as unknown as H;
      return { state: h_t, output: h_t };
    },
    { over: below.outputs as unknown as Tensor<readonly [typeof time, typeof batch, typeof hidden]>, from },
  );
  return { loss: softmaxCrossEntropy(matmul(above.final, V), y), wrt: { ...wrt, W2 } };
}

describe.each(["plain", "masked", "lstm", "reversed", "two layers"] as const)("the picture of a scan: %s", (kind) => {
  it.each(["folded", "unrolled", "backward"] as const)("%s", (view) => {
    const drawn = (recur: Recur) => {
      const { loss, wrt } = lossOf(recur, kind);
      return toDot(graph({ loss, gradient: grad(loss, wrt) }), { view });
    };
    expect(drawn(scan)).toBe(drawn(unroll as unknown as Recur));
  });
});

describe("a scan of more steps than can be written out", () => {
  it.each(["folded", "unrolled", "backward"] as const)("is one box, %s", (view) => {
    const long = dim("time", 2 ** 33);
    const W = parameter("W", [hidden, hidden]);
    const cell = (h: Tensor<readonly [typeof hidden]>, x_t: Tensor<readonly [typeof hidden]>) => {
      const h_t = tanh(add(x_t, matmul(h, W)));
      return { state: h_t, output: h_t };
    };
    const { final } = scan(cell, { over: input("x", [long, hidden]), from: zeros([hidden]) });
    const loss = sum(final);
    const dot = toDot(graph({ loss, gradient: grad(loss, W) }), { view });
    expect(dot.match(/label="scan over time"/g)).toHaveLength(1);
  });
});
