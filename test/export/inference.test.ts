// The picture of a net outside of training is that of the net without dropout.

import * as clew from "clew";
import { describe, expect, it } from "vitest";
import type { Untyped } from "../graph/told.ts";

const { add, dim, dropout, graph, inference, input, less, matmul, parameter, scan, softmax, sum, tanh, toDot, unroll }: Untyped = clew;

const [time, batch, word, hidden] = [dim("time", 3), dim("batch", 2), dim("word", 4), dim("hidden", 5)];
const x = input("x", [time, batch, word]);
const h0 = input("h0", [batch, hidden]);
const U = parameter("U", [word, hidden]);
const W = parameter("W", [hidden, hidden]);
type Drop = (a: Untyped, name: string) => Untyped;

function cellOf(weight: Untyped) {
  return (h: Untyped, x_t: Untyped) => {
    const h_t = tanh(add(matmul(x_t, weight), matmul(h, W)));
    return { state: h_t, output: h_t };
  };
}

const nets: Readonly<Record<string, (recur: Untyped, drop: Drop) => Untyped>> = {
  "its inputs": (recur, drop) => recur(cellOf(U), { over: drop(x, "x"), from: h0 }).final,
  "its first state": (recur, drop) => recur(cellOf(U), { over: x, from: drop(h0, "h0") }).final,
  "its mask": (recur, drop) => recur(cellOf(U), { over: x, from: h0, mask: less(sum(drop(x, "mask"), word), 1) }).final,
  "a layer below": (recur, drop) => {
    const below = recur(cellOf(U), { over: drop(x, "x"), from: h0 });
    return recur(cellOf(W), { over: below.outputs, from: below.final }).final;
  },
};

const forms = [
  ["unroll", unroll],
  ["scan", scan],
] as const;

describe.each(Object.entries(nets))("dropout of %s", (_, net) => {
  it.each(forms.flatMap(([form, recur]) => (["folded", "unrolled"] as const).map((view) => [form, view, recur] as const)))(
    "%s, %s",
    (_form, view, recur) => {
      const drawn = (drop: Drop, as = (a: Untyped) => a) => toDot(graph(as({ predictions: softmax(net(recur, drop), -1) })), { view });
      const plain = drawn((a) => a);
      expect(drawn((a, name) => dropout(a, 0.5, name), inference)).toBe(plain);
      expect(drawn((a, name) => dropout(a, 0.5, name))).not.toBe(plain);
    },
  );
});
