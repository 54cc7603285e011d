// NaN and infinity in training: what is told is the node that gave them first, at the user's line, in the time step that it was.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  add,
  type Built,
  ClewError,
  constantly,
  type DataDims,
  type Diagnostic,
  dim,
  div,
  type Engine,
  exp,
  full,
  greater,
  input,
  load,
  log,
  type Model,
  matmul,
  mean,
  mul,
  type Parameter,
  parameter,
  add as plus,
  scan,
  sgd,
  sqrt,
  sub,
  sum,
  type Tensor,
  tanh,
  fit as train,
  unroll,
  where,
  zeros,
} from "clew";
import { describe, expect, test } from "vitest";

type X = Tensor<readonly [DataDims["time"], DataDims["batch"]]>;
type Row = Tensor<readonly [DataDims["batch"]]>;

const W = parameter("W", [], constantly(1));

/** A model of one weight, whose loss is what is given of x [time, batch]. */
function modelOf(lossOf: (x: X, dims: DataDims) => Tensor<readonly []>): Model {
  return {
    parameters: { W: W as Parameter },
    build: (dims): Built => {
      const x = input("x", [dims.time, dims.batch]);
      const loss = lossOf(x, dims);
      return { inputs: { x }, loss, predictions: x };
    },
  };
}

/** Three good batches; the fourth is `bad`, [time=4, batch=2]. */
const good = [
  [1, 1],
  [1, 1],
  [1, 1],
  [1, 1],
];
const sourceOf = (bad: readonly (readonly number[])[]) => () => [good, good, good, bad].map((x) => ({ time: 4, batch: 2, feeds: { x } }));

/** The line of this file that holds a text. */
const here = readFileSync(new URL(import.meta.url), "utf8").split("\n");
const lineOf = (text: string): number => here.findIndex((line) => line.includes(text) && !line.includes("lineOf(")) + 1;

async function toldOf(model: Model, bad: readonly (readonly number[])[], engine: Engine = "f64", rate = 0.01): Promise<Diagnostic> {
  try {
    for await (const _ of train(model, sourceOf(bad), { optimiser: sgd(rate), epochs: 1, engine }));
  } catch (e) {
    if (e instanceof ClewError) return e.diagnostics[0]!;
    throw e;
  }
  throw new Error("nothing was told");
}

describe.each<Engine>(["f64", "f32", "reference"])("on %s", (engine) => {
  test("in a loss", async () => {
    const model = modelOf((x) => {
      const scaled = mul(x, W);
      return mean(log(scaled)); // here: log of 0
    });
    const told = await toldOf(model, [...good.slice(0, 3), [0, 1]], engine);
    expect(told).toMatchObject({ code: "NotFinite", op: "log", step: undefined });
    expect(told.message).toBe(
      "gives -Infinity at [time=3, batch=0], from 0, in training step 4 (epoch 1); nothing of the step was written",
    );
    expect(told.at).toContain(`not-finite.test.ts:${lineOf("here: log of 0")}:`);
  });

  test("in the third step of an unrolled cell", async () => {
    const model = modelOf((x, { batch }) => {
      const cell = (h: Row, x_t: Row) => {
        const h_t = add(mul(h, W), div(1, x_t)); // here: 1/0 in a cell
        return { state: h_t, output: h_t };
      };
      return sum(unroll(cell, { over: x, from: zeros([batch]) }).final);
    });
    const told = await toldOf(
      model,
      [
        [1, 1],
        [1, 1],
        [1, 0],
        [0, 1],
      ],
      engine,
    );
    expect(told).toMatchObject({ code: "NotFinite", op: "div", step: "time = 2" });
    expect(told.message).toContain("gives Infinity at [batch=1], from 1 and 0");
    expect(told.at).toContain(`not-finite.test.ts:${lineOf("here: 1/0 in a cell")}:`);
  });

  test("in the body of a scan", async () => {
    const model = modelOf((x, { batch }) => {
      const cell = (h: Row, x_t: Row) => {
        const h_t = tanh(plus(mul(h, W), sqrt(x_t))); // here: root of −1 in a body
        return { state: h_t, output: h_t };
      };
      return mean(scan(cell, { over: x, from: zeros([batch]) }).outputs);
    });
    const told = await toldOf(
      model,
      [
        [1, 1],
        [1, -1],
        [-1, 1],
        [1, 1],
      ],
      engine,
    );
    expect(told).toMatchObject({ code: "NotFinite", op: "sqrt", step: "time = 1" });
    expect(told.message).toContain("gives NaN at [batch=1], from -1");
    expect(told.at).toContain(`not-finite.test.ts:${lineOf("here: root of −1 in a body")}:`);
  });

  test("in a derivative alone: the loss is finite", async () => {
    const model = modelOf((x, { batch }) => {
      const cell = (h: Row, x_t: Row) => {
        const h_t = add(h, sqrt(mul(x_t, W))); // here: root of 0, which has no derivative
        return { state: h_t, output: h_t };
      };
      return mean(scan(cell, { over: x, from: zeros([batch]) }).final);
    });
    const told = await toldOf(
      model,
      [
        [1, 1],
        [0, 1],
        [1, 1],
        [1, 1],
      ],
      engine,
    );
    expect(told).toMatchObject({ code: "NotFinite", op: "sqrt", step: "time = 1" });
    expect(told.message).toMatch(/^its derivative \(∂sqrt\) gives Infinity at \[batch=0\]/);
    expect(told.at).toContain(`not-finite.test.ts:${lineOf("here: root of 0, which")}:`);
  });
});

test("what is meant to be infinite, and is not selected, is not blamed", async () => {
  const model = modelOf((x) => {
    const masked = where(greater(x, 0), x, full(x.shape, Number.NEGATIVE_INFINITY));
    const quotient = where(greater(x, 0), div(1, x), x);
    const gone = exp(masked);
    return mean(sub(mul(plus(gone, quotient), W), log(sum(x)))); // here: log of the sum
  });
  const told = await toldOf(model, [
    [1, -1],
    [0, 1],
    [1, -1],
    [-1, 0],
  ]);
  expect(told.op).toBe("log");
  expect(told.message).toContain("gives -Infinity, from 0");
  expect(told.at).toContain(`:${lineOf("here: log of the sum")}:`);
});

test("what only f32 has no room for is found as f32 has it", async () => {
  const model = modelOf((x) => {
    const large = exp(mul(x, W)); // here: e^100
    return mean(large);
  });
  const told = await toldOf(model, [...good.slice(0, 3), [100, 1]], "f32");
  expect(told.op).toBe("exp");
  expect(told.message).toContain("gives Infinity at [time=3, batch=0], from ");
  expect(told.at).toContain(`:${lineOf("here: e^100")}:`);
});

test("an update that overflows is told at the optimiser's line", async () => {
  const optimiser = sgd(1e308); // here: the rate
  try {
    for await (const _ of train(
      modelOf((x) => sum(mul(x, W))),
      sourceOf(good),
      { optimiser, epochs: 1 },
    ));
  } catch (e) {
    const [told] = (e as ClewError).diagnostics;
    expect(told).toMatchObject({ code: "NotFinite", op: "mul" });
    expect(told!.at).toContain(`:${lineOf("here: the rate")}:`);
    return;
  }
  throw new Error("nothing was told");
});

test("the last good checkpoint is kept, and is as the parameters were", async () => {
  const folder = mkdtempSync(join(tmpdir(), "clew-"));
  const file = join(folder, "run.safetensors");
  const model = modelOf((x) => mean(log(mul(x, W))));
  let before: unknown;
  try {
    const bad = [...good.slice(0, 3), [0, 1]];
    const run = train(model, sourceOf(bad), { optimiser: sgd(0.01), epochs: 1, checkpoint: { file, every: 3 } });
    for await (const event of run) before = event.step;
  } catch (e) {
    expect((e as ClewError).diagnostics[0]!.message).toContain(`; "${file}" has the last checkpoint`);
  }
  expect(before).toBe(3);
  const { values, metadata } = await load(file);
  expect(JSON.parse(metadata["clew.checkpoint"]!).at.step).toBe(3);
  expect(Number.isFinite(values.W!.data[0])).toBe(true);
  rmSync(folder, { recursive: true });
});

test("a step that fails by its feeds says what is wrong with them, as ever", async () => {
  const model = modelOf((x) => sum(mul(x, W)));
  const told = await toldOf(model, [[1, 1]]);
  expect(told.code).toBe("BadFeed");
});

test("matrices, too", async () => {
  const hidden = dim("hidden", 2);
  const V = parameter("V", [hidden, hidden], constantly(1e200));
  const model: Model = {
    parameters: { V: V as Parameter },
    build: ({ batch }) => {
      const x = input("x", [dim("time", 4), batch]);
      const square = matmul(matmul(V, V), V); // here: beyond 1e308
      return { inputs: { x }, loss: mul(sum(square), mean(x)), predictions: x };
    },
  };
  const told = await toldOf(model, good);
  expect(told).toMatchObject({ code: "NotFinite", op: "contract" });
  expect(told.message).toContain("gives Infinity at [hidden=0, hidden=0], in training step 1");
  expect(told.at).toContain(`:${lineOf("here: beyond 1e308")}:`);
});
