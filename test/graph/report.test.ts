// The rules of a report: all mistakes at once, in source order; one for a cell; no echo; only what the outputs reach; printed as a compiler
// prints.

import {
  add,
  dim,
  gather,
  grad,
  input,
  matmul,
  mean,
  meanSquaredError,
  mul,
  parameter,
  relu,
  softmaxCrossEntropy,
  sub,
  sum,
  tanh,
  unroll,
  zeros,
} from "clew";
import { describe, expect, test } from "vitest";
import { here, lineOf, messages, printed, told, toldOf, type Untyped } from "./told.ts";

const time = dim("time", 4);
const batch = dim("batch", 8);
const word = dim("word", 12);
const hidden = dim("hidden", 16);
const x: Untyped = input("x", [time, batch, word]);
const h: Untyped = input("h", [batch, hidden]);
const U: Untyped = parameter("U", [word, hidden]);
const W: Untyped = parameter("W", [hidden, hidden]);
const V: Untyped = parameter("V", [word, word]);
const from: Untyped = zeros([batch, hidden]);

describe("all mistakes at once", () => {
  test("before, inside and after a cell, in the order of the source", () => {
    const before: Untyped = matmul(x, W);
    const line = here(-1);
    const { final, outputs } = unroll(
      (s: Untyped, x_t: Untyped) => {
        const s_t: Untyped = tanh(add(x_t, matmul(s, U)));
        return { state: s_t, output: s_t };
      },
      { over: before, from },
    );
    const after = sum(matmul(final, V));
    const diagnostics = told({ outputs, after }); // the outputs' order is not the source's
    expect(diagnostics.map((d) => [d.code, lineOf(d.at)])).toEqual([
      ["DimMismatch", line],
      ["DimMismatch", line.replace(/\d+$/, (n) => String(Number(n) + 4))],
      ["DimMismatch", line.replace(/\d+$/, (n) => String(Number(n) + 9))],
    ]);
    expect(diagnostics.map((d) => d.step)).toEqual([undefined, "each step of time", undefined]);
  });

  test("one report for a cell's template, not one for each step; its operands have the template's shapes", () => {
    const { outputs } = unroll((s: Untyped, x_t: Untyped) => ({ state: s, output: add(x_t, s) }), { over: x, from });
    expect(messages(told(outputs))).toEqual(["add: shapes do not broadcast: [batch=8, word=12] and [batch=8, hidden=16]"]);
  });

  test("mistakes of feeds all together", () => {
    const diagnostics = toldOf(sum(matmul(x, U)), { x: [1], U: [[1]], W: 1 });
    expect(diagnostics.map((d) => d.code)).toEqual(["BadFeed", "BadFeed", "BadFeed"]);
  });

  test("in a derivative of an ill-shaped loss: the mistake, once", () => {
    const loss = mean(matmul(h, U));
    expect(told(grad(loss, { W, U })).map((d) => d.op)).toEqual(["matmul"]);
    expect(told({ loss, gradient: grad(loss, { W, U }) }).map((d) => d.op)).toEqual(["matmul"]);
  });
});

describe("no echo", () => {
  test("what rests on a guess says nothing", () => {
    const guess: Untyped = add(x, h);
    expect(told(sum(matmul(tanh(guess), W))).map((d) => d.op)).toEqual(["add"]);
    expect(told(mul(guess, parameter("b", [dim("other", 3)]) as Untyped)).map((d) => d.op)).toEqual(["add"]);
    expect(told(softmaxCrossEntropy(guess, input("y", [batch], "int"))).map((d) => d.op)).toEqual(["add"]);
  });

  test("a mistake about one operand does not hide those of another", () => {
    const guess: Untyped = add(x, h);
    const both = (node: unknown): readonly unknown[] => told(node).map((d) => d.op);
    expect(both(softmaxCrossEntropy(guess, h))).toEqual(["add", "softmaxCrossEntropy"]);
    expect(both(matmul(guess, x))).toEqual(["add", "matmul"]);
    expect(both(matmul(input("s", []) as Untyped, guess))).toEqual(["add", "matmul"]);
    expect(both(gather(W, guess, word as Untyped))).toEqual(["add", "gather"]);
  });

  test("what rests on dims that are certain speaks: an ill-shaped product still has its rows and columns", () => {
    const product: Untyped = matmul(h, U);
    expect(told(matmul(product, U)).map((d) => d.op)).toEqual(["matmul", "matmul"]);
    expect(told(add(product, h))).toHaveLength(1);
  });

  test("an argument that makes no sense does not depend on shapes", () => {
    const guess: Untyped = add(x, h);
    expect(told(softmaxCrossEntropy(guess, h, { reduce: "max" } as Untyped)).map((d) => d.op)).toEqual(["add", "softmaxCrossEntropy"]);
  });

  test("the same node used twice has its mistake once", () => {
    const bad: Untyped = matmul(h, U);
    expect(told({ a: tanh(bad), b: relu(bad), c: bad })).toHaveLength(1);
  });

  test("a size that disagrees is told as the shape mistake that it makes, not again as InconsistentDim", () => {
    expect(told(add(h, input("b", [dim("hidden", 9)]) as Untyped)).map((d) => d.code)).toEqual(["BroadcastMismatch"]);
  });
});

test("only what the outputs reach", () => {
  matmul(h, U);
  expect(told(sum(h))).toEqual([]);
});

test("a mistake inside a composite has the name that the user called", () => {
  const ids: Untyped = input("ids", [batch], "int");
  expect(messages(told(mean(ids)))).toEqual(["mean: operand is int, expected float"]);
  expect(messages(told(meanSquaredError(ids, ids)))).toEqual(["meanSquaredError: operand 1 is int, expected float"]);
  expect(
    toldOf(softmaxCrossEntropy(input("logits", [batch, dim("label", 2)]), ids), {
      logits: new Float64Array(16),
      ids: [0, 1, 2, 0, 0, 0, 0, 0],
    }),
  ).toMatchObject([{ code: "BadFeed", op: "softmaxCrossEntropy", message: "ids[2] is 2, out of range: there are 2 (0 … 1)" }]);
});

describe("printed", () => {
  test("a shape mistake in a cell", () => {
    const { outputs } = unroll((s: Untyped, x_t: Untyped) => ({ state: s, output: matmul(x_t, W) }), { over: x, from });
    expect(printed(told(outputs))).toMatchInlineSnapshot(`
      "error[DimMismatch]: matmul: inner dimensions differ: [batch=8, word=12] · [hidden=16, hidden=16]
        operands  [batch=8, word=12]  ·  W [hidden=16, hidden=16]
        step      each step of time
        at        report.test.ts
        mend      the last dim of the left operand must be the first of the right one"
    `);
  });

  test("two parameters of one name: both places", () => {
    expect(printed(told(sub(parameter("b", [hidden]), parameter("b", [hidden]))))).toMatchInlineSnapshot(`
      "error[DuplicateName]: parameter: two different parameters are named "b"
        operands  b [hidden=16]  ·  b [hidden=16]
        at        report.test.ts
        also at   report.test.ts
        mend      sharing is using the same node; otherwise give each its own name"
    `);
  });

  test("several", () => {
    expect(printed(told({ a: matmul(h, U), b: sum(h, word as Untyped), c: sum(W, hidden as Untyped) }))).toMatchInlineSnapshot(`
      "error[DimMismatch]: matmul: inner dimensions differ: [batch=8, hidden=16] · [word=12, hidden=16]
        operands  h [batch=8, hidden=16]  ·  U [word=12, hidden=16]
        at        report.test.ts
        mend      transpose the right operand

      error[MissingDim]: sum: no dimension word=12 in [batch=8, hidden=16]
        operands  h [batch=8, hidden=16]
        at        report.test.ts
        mend      it has batch, hidden

      error[AmbiguousDim]: sum: hidden=16 occurs twice in [hidden=16, hidden=16]
        operands  W [hidden=16, hidden=16]
        at        report.test.ts
        mend      use -1, or rename one: rename(a, from, to)"
    `);
  });

  test("feeds", () => {
    expect(printed(toldOf(sum(h), { h: [[1, 2]], y: 0 }))).toMatchInlineSnapshot(`
      "error[BadFeed]: input: "h": 1 where batch=8 elements are expected, for [batch=8, hidden=16]
        operands  h [batch=8, hidden=16]
        at        report.test.ts

      error[BadFeed]: feeds: nothing in the graph is named "y"
        mend      it has "h""
    `);
  });
});
