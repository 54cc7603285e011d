// The cells: their equations against JAX's and PyTorch's numbers (test/oracle), scanned and unrolled; and what makes each of them what it is.

import {
  add,
  bidirectional,
  type CellMaker,
  dim,
  evaluate,
  type Feeds,
  grad,
  graph,
  gru,
  inference,
  input,
  layerByLayer,
  lengthMask,
  lstm,
  matmul,
  mul,
  parameter,
  rnn,
  type Shape,
  scan,
  softmaxCrossEntropy,
  stacked,
  sum,
  type Tensor,
  unroll,
} from "clew";
import { describe, expect, test } from "vitest";
import { messages, told } from "../graph/told.ts";
import { type Case, casesOf, expectNear, numbers } from "../oracle/cases.ts";

/** Both sum the same products, of at most 5 numbers of size 1, in another order, through at most 12 cells that contract: ~1e-15 each. */
const bound = 1e-12;

function makerOf({ settings: { cell, activation, reset, bias } }: Case): CellMaker {
  const made: Readonly<Record<string, CellMaker>> = {
    rnn: (name, i, h) => rnn(name, i, h, { activation: activation as "tanh", bias: bias as boolean }),
    lstm: (name, i, h) => lstm(name, i, h, { bias: bias as boolean }),
    gru: (name, i, h) => gru(name, i, h, { reset: reset as "after", bias: bias as boolean }),
  };
  return made[cell as string]!;
}

const through = { scan, unroll } as const;

describe.each(Object.entries(through))("by %s", (_, recurrence) => {
  const cases = ["rnn", "lstm", "gru", "variants"].flatMap((file) => casesOf(file)).filter((c) => !c.settings.embedding);
  test.each(cases.map((c) => [c.name, c] as const))("%s: as JAX and PyTorch have it", (_, c) => {
    const [time, batch] = [dim("time", c.dims.time!), dim("batch", c.dims.batch!)];
    const [word, hidden, label] = [dim("word", c.dims.word!), dim("hidden", c.dims.hidden!), dim("label", c.dims.label!)];
    const layers = c.settings.layers as number;
    const first = (prefix: string): Tensor =>
      c.settings.cell === "lstm"
        ? ({ h: input(`${prefix}h0`, [batch, hidden]), c: input(`${prefix}c0`, [batch, hidden]) } as never)
        : input(`${prefix}h0`, [batch, hidden]);
    const mask = c.settings.masked ? { mask: lengthMask(input("lengths", [batch], "int"), time) } : {};
    const reading = { over: input("x", [time, batch, word]), through: recurrence as typeof scan, ...mask };
    const read = (): { readonly net: { readonly parameters: object }; readonly outputs: Tensor; readonly final: Tensor } => {
      if (c.settings.bidirectional) {
        const net = bidirectional("net", makerOf(c), word, hidden, dim("both", 2 * hidden.size));
        const made = net({ ...reading, from: { layer1: { forward: first("forward."), backward: first("backward.") } } });
        return { net, ...made };
      }
      const net = stacked("net", makerOf(c), word, hidden, { layers });
      const names = Array.from({ length: layers }, (_, n) => `layer${n + 1}`);
      const from = Object.fromEntries(names.map((name) => [name, first(layers === 1 ? "" : `${name}.`)]));
      return { net, ...layerByLayer(net, { ...reading, from }) };
    };
    const { net, outputs, final } = read();
    const own = Object.entries(c.parameters).filter(([name]) => name !== "V" && name !== "b_y");
    expect(Object.keys(net.parameters).sort()).toEqual(own.map(([name]) => `net.${name}`).sort());
    const weights = Object.fromEntries(own.map(([name, n]) => [`net.${name}`, numbers(n)]));
    const given = Object.fromEntries(Object.entries(c.inputs).map(([name, n]) => [name, numbers(n)]));
    const [V, b_y, y] = [parameter("V", [final.shape.at(-1)!, label]), parameter("b_y", [label]), input("y", [batch], "int")];
    const logits = (h: Tensor): Tensor => add(matmul(h, V), b_y) as Tensor;
    const every = { ...mask };
    const loss =
      c.settings.loss === "last"
        ? softmaxCrossEntropy(logits(final), y as Tensor<Shape, "int">)
        : softmaxCrossEntropy(logits(outputs), input("y", [time, batch], "int") as Tensor<Shape, "int">, every);
    const head = {
      V: numbers(c.parameters.V!),
      b_y: c.parameters.b_y === undefined ? new Float64Array(label.size) : numbers(c.parameters.b_y),
    };
    const gradient = grad(loss, { ...(net.parameters as Record<string, Tensor>) });
    const found = evaluate({ outputs, loss, gradient }, { ...weights, ...given, ...head });
    expectNear(found.outputs, c.values.outputs!, bound, "outputs");
    expectNear(found.loss, [c.loss!], bound, "loss");
    for (const [name] of own) expectNear(found.gradient[`net.${name}`]!, c.gradients[name]!, bound, name);
  });
});

const [time, batch, word, hidden] = [dim("time", 5), dim("batch", 2), dim("word", 3), dim("hidden", 4)];
const x = input("x", [time, batch, word]);
const feeds: Feeds = { x: Float64Array.from({ length: 30 }, (_, i) => Math.sin(1 + i)) };

describe("an LSTM", () => {
  const cell = lstm("cell", word, hidden);

  test("has a state of its own beside h: what it has said is not all that it knows", () => {
    const { state } = cell(cell.zeroState(batch), input("x_t", [batch, word]));
    expect(state.c).not.toBe(state.h);
    // two states of one h: by c alone the next output differs
    const h = input("h", [batch, hidden]);
    const x_t = input("x_t", [batch, word]);
    const next = (c: number) => cell({ h, c: mul(h, c) }, x_t).output;
    const now = evaluate({ a: next(1), b: next(2) }, { h: new Float64Array(8).fill(0.5), x_t: new Float64Array(6).fill(1) });
    expect(now.a.data).not.toEqual(now.b.data);
  });

  test("carries c unchanged, and the gradient with it, where it forgets nothing and writes nothing", () => {
    // σ(±40) is 1 or 0 to 4e-18, far under an ulp of the values
    const { final } = scan(cell, { over: x, from: { h: cell.zeroState(batch).h, c: input("c0", [batch, hidden]) } });
    const c0 = Float64Array.from({ length: 8 }, (_, i) => Math.cos(i));
    const open = { "cell.b_f": new Float64Array(4).fill(400), "cell.b_i": new Float64Array(4).fill(-400) };
    const from = graph(final).inputs.find((n) => n.attributes.name === "c0")!;
    const now = evaluate({ c: final.c, back: grad(sum(final.c), { c0: from as Tensor }) }, { ...feeds, ...open, c0 });
    expect(now.c.data).toEqual(c0);
    expect(now.back.c0.data).toEqual(new Float64Array(8).fill(1));
  });

  test("begins with a forget gate that is open: b_f is 1, or what is asked for; every other b is 0", () => {
    const b = (made: typeof cell) =>
      Object.fromEntries(["f", "i", "o", "g"].map((k) => [k, evaluate(made.parameters[`cell.b_${k}`]!, {}).data[0]]));
    expect(b(cell)).toEqual({ f: 1, i: 0, o: 0, g: 0 });
    expect(b(lstm("cell", word, hidden, { forgetBias: 0.5 }))).toEqual({ f: 0.5, i: 0, o: 0, g: 0 });
  });
});

test("the reset gate of a GRU stands before the product or after it: they differ, and are named", () => {
  const cells = { before: gru("cell", word, hidden, { reset: "before" }), after: gru("cell", word, hidden) };
  expect(Object.keys(cells.after.parameters).filter((name) => !Object.hasOwn(cells.before.parameters, name))).toEqual(["cell.b_hn"]);
  const said = (cell: typeof cells.after) => evaluate(scan(cell, { over: x, from: cell.zeroState(batch) }).final, feeds, { seed: 1 }).data;
  expect(said(cells.before)).not.toEqual(said(cells.after));
});

describe("a stack", () => {
  const stack = stacked("stack", lstm, word, hidden, { layers: 3, dropout: 0.5 });
  const lengths = lengthMask(input("lengths", [batch], "int"), time);

  test("as a cell, unrolled and scanned, and layer by layer are the same, bit for bit; masked, too", () => {
    const given = { over: x, from: stack.zeroState(batch), mask: lengths };
    const all = { scan: scan(stack, given), unroll: unroll(stack, given) };
    const layers = layerByLayer(stack, { over: x, mask: lengths });
    const now = evaluate(
      inference({
        scan: { outputs: all.scan.outputs, final: stack.h(all.scan.final) },
        unroll: { outputs: all.unroll.outputs, final: stack.h(all.unroll.final) },
        layers: { outputs: layers.outputs, final: layers.final },
      }),
      { ...feeds, lengths: [2, 5] },
    );
    expect(now.scan).toEqual(now.unroll);
    expect(now.layers).toEqual(now.scan);
  });

  test("drops between its layers, and not behind the last", () => {
    const one = stacked("stack", lstm, word, hidden, { dropout: 0.5 });
    const drops = (net: unknown): number => graph(net).nodes.filter((n) => n.op.name === "dropout").length;
    expect(drops(layerByLayer(one, { over: x }).outputs)).toBe(0);
    expect(drops(layerByLayer(stack, { over: x }).outputs)).toBe(2);
  });
});

test("one that reads both ways knows at the first step what comes last, and its padding reaches nothing", () => {
  const reader = bidirectional("reader", gru, word, hidden, dim("both", 8), { layers: 2 });
  const { outputs, final } = reader({ over: x, mask: lengthMask(input("lengths", [batch], "int"), time) });
  const said = (data: Float64Array) => evaluate({ outputs, final }, { x: data, lengths: [3, 5] }, { seed: 1 });
  const data = feeds.x as Float64Array;
  const before = said(data);
  const changed = (t: number, b: number) => data.map((v, i) => (Math.floor(i / 3) === t * 2 + b ? 9 : v));
  expect(said(changed(4, 0))).toEqual(before); // padding of the shorter one
  const first = (v: typeof before, b: number) => v.outputs.data.slice(b * 8, b * 8 + 8);
  expect(first(said(changed(2, 0)), 0)).not.toEqual(first(before, 0));
  expect(first(said(changed(4, 1)), 0)).toEqual(first(before, 0));
});

describe("what makes no sense is told where it was made", () => {
  const cases: Readonly<Record<string, readonly [() => Tensor, string]>> = {
    layers: [() => layerByLayer(stacked("s", gru, word, hidden, { layers: 0 }), { over: x }) as never, "stacked: layers is 0"],
    "layers both ways": [
      () => bidirectional("s", gru, word, hidden, dim("both", 8), { layers: 1.5 })({ over: x }) as never,
      "bidirectional: layers is 1.5",
    ],
    reset: [
      () => scan(gru("g", word, hidden, { reset: "never" as "after" }), { over: x, from: input("h", [batch, hidden]) }).final,
      'gru: no such place of the reset gate: "never"',
    ],
  };
  test.each(Object.entries(cases))("%s", (_, [make, message]) => {
    expect(messages(told(make()))).toEqual([message]);
  });
});
