// Weights of PyTorch's modules give PyTorch's outputs (numbers by test/oracle/pytorch-weights.py), and go back as they came.

import {
  bidirectional,
  type CellMaker,
  dim,
  evaluate,
  fromPyTorch,
  gru,
  input,
  layerByLayer,
  lstm,
  type NamedWeights,
  rnn,
  stacked,
  type Tensor,
  toPyTorch,
} from "clew";
import { describe, expect, test } from "vitest";
import oracle from "../oracle/pytorch-weights.json" with { type: "json" };

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
type Dict = Readonly<Record<string, Numbers>>;

const cases = oracle.cases as unknown as readonly {
  readonly module: "nn.RNN" | "nn.LSTM" | "nn.GRU";
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly bias: boolean;
  readonly nonlinearity?: "relu";
  readonly stateDict: Dict;
  readonly x: Numbers;
  readonly outputs: Numbers;
}[];
const named = cases.map(
  (c) => [`${c.module}, ${c.layers} layers${c.bidirectional ? ", both ways" : ""}${c.bias ? "" : ", no biases"}`, c] as const,
);

/** Two layers of sums of at most 6 + 3 products of size 1, in another order of terms: under 30 ulp. */
const digits = 14;

describe.each(named)("%s", (_, c) => {
  const { module, layers, bias, nonlinearity = "tanh" } = c;
  const options = { bias };
  const maker: CellMaker = {
    "nn.RNN": ((name, i, h) => rnn(name, i, h, { ...options, activation: nonlinearity })) as CellMaker,
    "nn.LSTM": ((name, i, h) => lstm(name, i, h, options)) as CellMaker,
    "nn.GRU": ((name, i, h) => gru(name, i, h, options)) as CellMaker,
  }[module];
  const [time, batch, word] = [dim("time", 5), dim("batch", 3), dim("word", 4)];
  const [hidden, both] = [dim("hidden", 3), dim("both", 6)];
  const over = input("x", [time, batch, word]);

  test("gives PyTorch's outputs", () => {
    const weights = fromPyTorch("net", c.stateDict);
    const net = c.bidirectional
      ? bidirectional("net", maker, word, hidden, both, { layers })
      : stacked("net", maker, word, hidden, { layers });
    expect(Object.keys(weights).sort()).toEqual(Object.keys(net.parameters).sort());
    const { outputs } = "layers" in net ? layerByLayer(net, { over }) : net({ over });
    const { data } = evaluate(outputs as Tensor, { x: Float64Array.from(c.x.data), ...weights });
    c.outputs.data.forEach((y, i) => {
      expect(data[i]).toBeCloseTo(y, digits);
    });
  });

  test("goes back to a state dict of the same names and shapes, and the same net", () => {
    const there = fromPyTorch("net", c.stateDict);
    const back = toPyTorch("net", there);
    const shapes = (dict: Dict | NamedWeights) => Object.fromEntries(Object.entries(dict).map(([name, { shape }]) => [name, [...shape]]));
    expect(shapes(back)).toEqual(shapes(c.stateDict));
    expect([...back.weight_hh_l0!.data]).toEqual(c.stateDict.weight_hh_l0!.data);
    expect(fromPyTorch("net", back)).toEqual(there);
  });
});

describe("what is no such state dict is told", () => {
  const zeros = (...shape: number[]) => ({ shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) });
  const fine = { weight_ih_l0: zeros(12, 5), weight_hh_l0: zeros(12, 3) };
  const wrong: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
    "no record": [() => fromPyTorch("net", 3 as never), /must be a record, found 3/],
    "of another module": [() => fromPyTorch("net", { weight: zeros(3) }), /no weight_ih_l0 in it/],
    "a part missing": [() => fromPyTorch("net", { weight_ih_l0: zeros(12, 5) }), /weight_hh_l0 is missing/],
    "a layer missing": [
      () => fromPyTorch("net", { ...fine, weight_ih_l2: zeros(12, 3), weight_hh_l2: zeros(12, 3) }),
      /weight_ih_l1 is missing/,
    ],
    "a projection": [() => fromPyTorch("net", { ...fine, weight_hr_l0: zeros(2, 3) }), /it has weight_hr_l0/],
    "other gates": [() => fromPyTorch("net", { weight_ih_l0: zeros(6, 5), weight_hh_l0: zeros(6, 3) }), /are of no RNN, LSTM or GRU/],
    "too few numbers": [() => fromPyTorch("net", { ...fine, weight_ih_l0: { shape: [12, 5], data: [1, 2] } }), /2 numbers for \[12,5\]/],
    "one bias": [() => fromPyTorch("net", { ...fine, bias_ih_l0: zeros(12) }), /the biases do not fit/],
    "another cell's name": [() => toPyTorch("other", fromPyTorch("net", fine)), /no parameters of a cell "other"/],
    "reset before": [
      () => toPyTorch("g", evaluate(gru("g", dim("word", 2), dim("hidden", 2), { reset: "before" }).parameters, {})),
      /the reset gate stands before the product/,
    ],
  };
  test.each(Object.entries(wrong))("%s", (_, [make, message]) => {
    expect(make).toThrow(message);
  });

  test("a part of a module is found by its prefix", () => {
    const dict = Object.fromEntries(Object.entries(fine).map(([name, value]) => [`encoder.${name}`, value]));
    expect(fromPyTorch("net", { ...dict, "head.weight": zeros(2) }, "encoder.")).toEqual(fromPyTorch("net", fine));
  });
});
