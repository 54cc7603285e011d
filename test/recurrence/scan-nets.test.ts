// scan is unroll in nets that are put together: layers, both directions, encoder and decoder, ids that are fed back, states of every dtype.

import * as clew from "clew";
import { describe, expect, it } from "vitest";
import type { Untyped } from "../graph/told.ts";

// shapes and dtypes are mixed freely here: what types say of scans is in test/types
const { add, argmax, cast, concat, dim, dropout, evaluate, gather, grad, graph, index, inference, input, less }: Untyped = clew;
const { max, maximum, matmul, mul, not, oneHot, parameter, relu, scan, softmax, softmaxCrossEntropy, stopGradient, sum }: Untyped = clew;
const { tanh, transpose, uniform, unroll, where, zeros }: Untyped = clew;

const [time, batch, hidden, word] = [dim("time", 4), dim("batch", 2), dim("hidden", 3), dim("word", 5)];
const x = input("x", [time, batch, hidden]);
const h0 = input("h0", [batch, hidden]);
const ids = input("ids", [time, batch], "int");
const start = input("start", [batch], "int");
const [W, U] = [parameter("W", [hidden, hidden], uniform(-1, 1)), parameter("U", [hidden, hidden], uniform(-1, 1))];
const [E, V] = [parameter("E", [word, hidden], uniform(-1, 1)), parameter("V", [hidden, word], uniform(-1, 1))];
const wave = (n: number, phase = 0) => Float64Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + phase));
const words = [
  [0, 4],
  [3, 3],
  [1, 2],
  [4, 0],
];
const feeds = { x: wave(24), h0: wave(6, 1), ids: words, start: [2, 3] };
const anchor = { x, h0, ids, start };
const M = tanh(W);

type Net = (recur: Untyped) => Untyped;
const of = ({ outputs, final }: Untyped): Untyped => ({ outputs, final });
const stateIsOutput = (n: Untyped): Untyped => ({ state: n, output: n });
const cell = (weight: Untyped) => (h: Untyped, x_t: Untyped) => stateIsOutput(tanh(add(matmul(x_t, U), matmul(h, weight))));
const encoded = (recur: Untyped): Untyped => recur(cell(W), { over: x, from: h0 });
const decoded = (recur: Untyped, from: Untyped, reads: Untyped): Untyped =>
  recur((h: Untyped) => stateIsOutput(tanh(add(matmul(h, U), reads))), { steps: dim("out", 3), from });

const nets: Readonly<Record<string, Net>> = {
  "an int that is carried": (recur) =>
    of(
      recur(
        ({ h, n }: Untyped, x_t: Untyped) => {
          const next = tanh(add(mul(h, x_t), cast(n, "float")));
          const count = cast(add(cast(n, "float"), 1), "int");
          return { state: { h: next, n: count }, output: { next, count } };
        },
        { over: x, from: { h: h0, n: cast(zeros([batch, hidden]), "int") } },
      ),
    ),
  "a bool that is carried": (recur) =>
    of(
      recur(
        ({ h, b }: Untyped, x_t: Untyped) => {
          const next = where(b, tanh(x_t), h);
          return { state: { h: next, b: less(x_t, next) }, output: { next, not: not(b) } };
        },
        { over: x, from: { h: h0, b: less(h0, 0) } },
      ),
    ),
  "an id that is fed back: its row": (recur) =>
    of(
      recur(
        ({ h, id }: Untyped) => {
          const next = tanh(add(gather(E, id, word), matmul(h, W)));
          const scores = matmul(next, V);
          return { state: { h: next, id: argmax(scores, word) }, output: { scores, id } };
        },
        { steps: time, from: { h: h0, id: start } },
      ),
    ),
  "an id that is fed back: one-hot": (recur) =>
    of(
      recur(
        ({ h, id }: Untyped) => {
          const next = tanh(add(matmul(oneHot(id, word), E), matmul(h, W)));
          const scores = matmul(next, V);
          return { state: { h: next, id: argmax(scores, word) }, output: scores };
        },
        { steps: time, from: { h: h0, id: start } },
      ),
    ),
  "dropout of inputs, of a weight outside, of both within": (recur) => {
    const weight = dropout(W, 0.3, "weight");
    const dropping = (h: Untyped, x_t: Untyped) => {
      const next = tanh(add(matmul(dropout(x_t, 0.4, "x_t"), U), matmul(h, weight)));
      return { state: next, output: dropout(next, 0.5, "output") };
    };
    return of(recur(dropping, { over: dropout(x, 0.2, "x"), from: h0 }));
  },
  "inputs of every dtype": (recur) =>
    of(
      recur(
        (h: Untyped, { a, i, b }: Untyped) => {
          const next = tanh(add(where(b, a, h), add(gather(E, i, word), matmul(h, W))));
          return { state: next, output: { next, i, b, a } };
        },
        { over: { a: x, i: ids, b: less(x, 0) }, from: h0 },
      ),
    ),
  "states that no output reads": (recur) =>
    of(
      recur(({ h, c }: Untyped, x_t: Untyped) => ({ state: { h: tanh(matmul(h, W)), c: mul(c, x_t) }, output: tanh(matmul(x_t, U)) }), {
        over: x,
        from: { h: h0, c: h0 },
      }),
    ),
  "an input that is not read": (recur) => of(recur((h: Untyped) => ({ state: tanh(matmul(h, W)), output: h }), { over: x, from: h0 })),
  "nothing that is read": (recur) => of(recur(() => ({ state: h0, output: W }), { over: x, from: h0 })),
  "a table, read by ids and by its transpose": (recur) =>
    of(
      recur(
        (h: Untyped, id: Untyped) => {
          const next = tanh(add(add(gather(E, id, word), gather(E, id, word)), matmul(h, W)));
          return { state: next, output: matmul(next, transpose(E)) };
        },
        { over: ids, from: h0 },
      ),
    ),
  "losses in the cell": (recur) =>
    of(
      recur(
        (h: Untyped, { a, y }: Untyped) => {
          const next = tanh(add(matmul(a, U), matmul(h, W)));
          return { state: next, output: softmaxCrossEntropy(matmul(next, V), y, { reduce: "none" }) };
        },
        { over: { a: x, y: ids }, from: h0 },
      ),
    ),
  kinks: (recur) =>
    of(
      recur(
        (h: Untyped, x_t: Untyped) => {
          const next = maximum(relu(matmul(x_t, U)), h);
          return { state: next, output: max(next, hidden) };
        },
        { over: x, from: h0 },
      ),
    ),
  "a scalar state": (recur) =>
    of(
      recur((s: Untyped, x_t: Untyped) => ({ state: tanh(add(s, sum(mul(x_t, matmul(x_t, W))))), output: s }), {
        over: x,
        from: zeros([]),
      }),
    ),
  "a gradient that is stopped": (recur) =>
    of(
      recur(
        (h: Untyped, x_t: Untyped) => {
          const next = tanh(add(matmul(x_t, U), matmul(stopGradient(h), W)));
          return { state: next, output: add(next, h) };
        },
        { over: x, from: h0 },
      ),
    ),
  "x as a whole, and its steps": (recur) =>
    of(recur((h: Untyped, x_t: Untyped) => stateIsOutput(tanh(add(mul(sum(x, time), h), x_t))), { over: x, from: index(x, time, 2) })),
  "no steps": (recur) => of(recur(cell(W), { over: zeros([dim("none", 0), batch, hidden]), from: h0 })),
  "a mask that is computed": (recur) => of(recur(cell(W), { over: x, from: h0, mask: less(sum(x, hidden), 0.2) })),
  "no step that is real": (recur) => of(recur(cell(W), { over: x, from: h0, mask: less(sum(mul(x, 0), hidden), -1) })),
  "two over one x": (recur) => ({ a: of(encoded(recur)), b: of(recur(cell(U), { over: x, from: h0 })) }),
  "both directions": (recur) => {
    const back = recur(cell(U), { over: x, from: h0, reverse: true });
    return concat([encoded(recur).outputs, hidden], [back.outputs, hidden], dim("both", 6));
  },
  "both directions with one W": (recur) => mul(encoded(recur).outputs, recur(cell(W), { over: x, from: h0, reverse: true }).outputs),
  "three layers": (recur) => {
    const a = encoded(recur);
    const b = recur(cell(W), { over: a.outputs, from: a.final });
    const c = recur(cell(U), { over: b.outputs, from: b.final, reverse: true });
    return { a: of(a), b: of(b), c: of(c) };
  },
  "layers that are bridged": (recur) => {
    const a = encoded(recur);
    const b = recur(cell(U), { over: add(a.outputs, x), from: h0 });
    return recur(cell(W), { over: mul(b.outputs, a.outputs), from: a.final }).outputs;
  },
  "an encoder, and a decoder that starts from its state": (recur) => of(decoded(recur, encoded(recur).final, zeros([batch, hidden]))),
  "a weight that is computed, by which is differentiated too": (recur) =>
    of(recur((h: Untyped, x_t: Untyped) => stateIsOutput(tanh(add(matmul(x_t, M), h))), { over: x, from: h0 })),
};

/** Nets of which a cell adds what stands outside as it is. */
const adding: Readonly<Record<string, Net>> = {
  "a decoder that starts from the encoder's state, and adds the first one": (recur) => of(decoded(recur, encoded(recur).final, h0)),
  "a decoder that reads the encoder's last state at every step": (recur) => of(decoded(recur, h0, encoded(recur).final)),
  "a decoder that does both": (recur) => {
    const { final } = encoded(recur);
    return of(decoded(recur, final, final));
  },
  "a decoder that attends to the encoder's outputs": (recur) => {
    const { outputs, final } = encoded(recur);
    const attending = (h: Untyped) => {
      const share = softmax(transpose(sum(mul(outputs, h), hidden)), -1);
      const read = sum(mul(outputs, sum(transpose(share), batch)), time);
      return stateIsOutput(tanh(add(matmul(h, U), read)));
    };
    return of(recur(attending, { steps: dim("out", 3), from: final }));
  },
  "what is given, added at every step": (recur) => of(decoded(recur, zeros([batch, hidden]), h0)),
};

/** One number that depends on every float in a tree. */
function lossOf(tree: Untyped): Untyped {
  const leaves: Untyped[] = [];
  const visit = (t: Untyped): void => {
    if (!("op" in t)) for (const part of Object.values(t)) visit(part);
    else if (t.dtype === "float") leaves.push(t);
  };
  visit(tree);
  return leaves.map((l, i) => sum(mul(l, tanh(add(mul(l, 0.3), 0.2 + i))))).reduce((a, b) => add(a, b));
}

/** −0 counts as 0: a sum that starts at 0 makes no difference between them. */
const numbers = (tree: Untyped): readonly (readonly number[])[] =>
  "data" in tree ? [Array.from(tree.data, (v) => Number(v) + 0)] : Object.values(tree).flatMap(numbers);

function derived(net: Net, recur: Untyped): Untyped {
  const wrt = { W, U, E, V, x, h0, M };
  const value = net(recur);
  const first = grad(lossOf(value), wrt, { unreached: "zero" });
  const second = grad(lossOf(first), wrt, { unreached: "zero" });
  return evaluate({ anchor, value, first, second, without: inference(value) }, feeds, { seed: 3 });
}

describe.each(Object.entries({ ...nets, ...adding }))("%s", (name, net) => {
  it("has the bits of the unrolling", () => {
    const [scanned, unrolled] = [derived(net, scan), derived(net, unroll)];
    for (const part of ["value", "without", "first"] as const)
      expect([part, numbers(scanned[part])]).toEqual([part, numbers(unrolled[part])]);
    const [found, wanted] = [numbers(scanned.second), numbers(unrolled.second)];
    if (name in nets) expect(found).toEqual(wanted);
    // the adjoint of the state is also a term of the sum over all steps, which a scan makes within the step: what is left is rounding
    const scale = Math.max(...wanted.flat().map(Math.abs));
    found.flat().forEach((v, i) => {
      expect(Math.abs(v - wanted.flat()[i]!)).toBeLessThanOrEqual(1e-13 * scale);
    });
  });
});

describe.each([
  ["unroll", unroll],
  ["scan", scan],
])("%s: what a cell reads of another recurrence", (_, recur) => {
  it("is that recurrence, not one more of it in every step", () => {
    const { final } = encoded(recur);
    const twice = (steps: number) =>
      graph(recur((h: Untyped) => stateIsOutput(tanh(add(h, final))), { steps: dim("out", steps), from: h0 }).final);
    const matrices = (steps: number) => twice(steps).nodes.filter((n: Untyped) => n.op.name === "contract").length;
    expect(matrices(5)).toBe(matrices(1));
    const g = grad(sum(decoded(recur, h0, final).final), { final });
    expect(evaluate({ anchor, g: g.final }, feeds).g.data.every((v: number) => v !== 0)).toBe(true);
  });
});
