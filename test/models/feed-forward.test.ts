// One neuron, one layer, many: against the numbers of JAX and PyTorch (test/oracle), and on a border that no line draws.

import { readFileSync } from "node:fs";
import {
  adam,
  type Built,
  bagOfWords,
  checkGradients,
  dim,
  evaluate,
  type Feeds,
  feedForward,
  grad,
  graph,
  type Model,
  predict,
  toDot,
  fit as train,
} from "clew";
import { describe, expect, test } from "vitest";

interface Numbers {
  readonly dims: readonly string[];
  readonly data: readonly number[];
}
interface Case {
  readonly name: string;
  readonly settings: { readonly layers: number; readonly loss: string };
  readonly dims: { readonly [name: string]: number };
  readonly parameters: { readonly [name: string]: Numbers };
  readonly inputs: { readonly x: Numbers; readonly y: Numbers };
  readonly values: { readonly [name: string]: Numbers };
  readonly loss: number;
  readonly gradients: { readonly [name: string]: Numbers };
}

const oracle = JSON.parse(readFileSync(new URL("../oracle/feed-forward.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
};
const cases = oracle.cases.filter((c) => c.settings.loss === "softmaxCrossEntropy");

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((e, i) => {
    expect(Math.abs(actual[i]! - e) / Math.max(1, Math.abs(e))).toBeLessThan(1e-12);
  });
}

describe("values and gradients as JAX and PyTorch have them", () => {
  test.each(cases.map((c) => [c.name, c] as const))("%s", (_, { settings, dims, parameters, inputs, values, loss, gradients }) => {
    const hidden = Array.from({ length: settings.layers }, (_, i) => dims[`hidden${i + 1}`]!);
    const model = feedForward({ features: dims.feature!, hidden, labels: dims.label! });
    expect(Object.keys(model.parameters).sort()).toEqual(Object.keys(parameters).sort());
    const built = model.build({ time: dim("time", 1), batch: dim("batch", dims.batch!) });
    const given = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, Float64Array.from(data)]));
    const feeds = { ...given, x: Float64Array.from(inputs.x.data), labels: Int32Array.from(inputs.y.data) };
    const said = Object.fromEntries(built.layers.map((h, i) => [`hidden${i + 1}`, h]));
    const wrt = { ...model.parameters, x: built.inputs.x };
    const now = evaluate({ loss: built.loss, logits: built.logits, gradients: grad(built.loss, wrt), layers: said }, feeds);
    expectClose(now.loss.data, [loss]);
    expectClose(now.logits.data, values.logits!.data);
    const derived = now.gradients as { readonly [name: string]: { readonly data: ArrayLike<number> } };
    for (const [name, expected] of Object.entries(gradients)) expectClose(derived[name]!.data, expected.data);
    const layers = now.layers as { readonly [name: string]: { readonly data: ArrayLike<number> } };
    for (const [name, h] of Object.entries(layers)) expectClose(h.data, values[name]!.data);
  });

  test("the cases are there", () => {
    expect(cases.length).toBe(3);
  });
});

describe("exclusive or", () => {
  const x = [0, 0, 0, 1, 1, 0, 1, 1];
  const labels = [0, 1, 1, 0];
  const source = () => [{ time: 1, batch: 4, feeds: { x: Float64Array.from(x), labels: Int32Array.from(labels) } }];
  const learned = async (hidden: readonly number[]): Promise<number> => {
    let metric = 0;
    for await (const event of train(feedForward({ features: 2, hidden }), source, { optimiser: adam(0.05), epochs: 300, seed: 1 }))
      if (event.kind === "epoch") metric = event.metric!;
    return metric;
  };

  test("is learned by a hidden layer, and by no line", async () => {
    expect(await learned([8])).toBe(1);
    expect(await learned([])).toBeLessThan(1);
  });
});

describe("nets without a recurrence", () => {
  const [time, batch] = [dim("time", 3), dim("batch", 4)];
  const x = Float64Array.from({ length: 8 }, (_, i) => Math.sin(i + 1));
  const words: Feeds = { ids: Int32Array.of(2, 3, 4, 2, 4, 4, 1, 3, 3, 1, 1, 2), lengths: [3, 2, 2, 3], labels: [0, 1, 1, 0] };
  const nets: Readonly<Record<string, readonly [Model<Built>, Feeds]>> = {
    "one neuron": [feedForward({ features: 2, hidden: [1] }), { x, labels: [0, 1, 1, 0] }],
    "one hidden layer": [feedForward({ features: 2, hidden: [5] }), { x, labels: [0, 1, 1, 0] }],
    "four layers": [feedForward({ features: 2, hidden: [5, 4, 3] }), { x, labels: [0, 1, 1, 0] }],
    "bag of words": [bagOfWords({ words: 5 }), words],
  };
  test.each(Object.entries(nets))("%s: has the derivative that differences show, and can be drawn", (_, [model, feeds]) => {
    const { loss } = model.build({ time, batch });
    const report = checkGradients(loss, { feeds, seed: 3 });
    expect(report.verdict).toBe("pass");
    expect(report.maxRelativeError).toBeLessThanOrEqual(1e-7);
    const dot = toDot(graph({ loss, gradient: grad(loss, { ...model.parameters }) }));
    for (const name of Object.keys(model.parameters)) expect(dot).toContain(name);
  });
});

test("predict is for sentences: a net without them says what it misses", () => {
  expect(() => predict(feedForward({ features: 2, hidden: [] }), {}, [[2]])).toThrow(/input "x" is not fed/);
});
