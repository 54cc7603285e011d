// Every code that a diagnostic can have, with a program that earns it: the report is the whole of what the program says.

import {
  add,
  argmax,
  ClewError,
  type Code,
  cast,
  checkGradients,
  compile,
  type Diagnostic,
  defineOp,
  dim,
  dropout,
  gather,
  grad,
  index,
  input,
  log,
  matmul,
  mul,
  parameter,
  reshape,
  scalar,
  softmax,
  softmaxCrossEntropy,
  sum,
  tanh,
  type Unary,
  unroll,
  zeros,
} from "clew";
import { describe, expect, test } from "vitest";
import { messages, told, toldOf, type Untyped, untyped } from "./told.ts";

const time = dim("time", 4);
const batch = dim("batch", 8);
const word = dim("word", 12);
const hidden = dim("hidden", 16);
const x: Untyped = input("x", [time, batch, word]);
const h: Untyped = input("h", [batch, hidden]);
const ids: Untyped = input("ids", [batch], "int");
const W: Untyped = parameter("W", [hidden, hidden]);
const first = zeros([batch, hidden]);

function thrown(run: () => unknown): readonly Diagnostic[] {
  try {
    run();
  } catch (e) {
    if (e instanceof ClewError) return e.diagnostics;
    throw e;
  }
  return [];
}

const uncompiled = defineOp<Unary>({
  name: "odd",
  doc: "A copy, of which no formula is known.",
  infer: ([a]) => ({ shape: a!.shape, dtype: "float" }),
  evaluate: ([a]) => a!.data,
  vjp: ({ cotangent }) => [cotangent],
  jvp: ({ tangents }) => tangents[0],
});

// BadFile is of the commands: test/examples/read-data.test.ts.
const earned: { readonly [C in Exclude<Code, "BadFile">]: readonly [() => readonly Diagnostic[], string][] } = {
  AmbiguousDim: [
    [() => told(sum(W, hidden)), "sum: hidden=16 occurs twice in [hidden=16, hidden=16]"],
    [() => told(softmax(W, hidden)), "softmax: hidden=16 occurs twice in [hidden=16, hidden=16]"],
  ],
  BadArgument: [
    [() => told(untyped(sum)(h, "hidden")), `sum: an axis must be a dim, found "hidden"`],
    [() => told(untyped(reshape)(h, undefined)), "reshape: the shape must be an array of dims, found undefined"],
    [() => told(untyped(input)("", [batch])), "input: the name must be a text, found an empty one"],
    [() => told(input("n", [dim("n", Number.NaN)])), `input: "n": the size of "n" must be a whole number of 0 or more, found NaN`],
    [() => told(index(x, time, 4)), "index: no element 4 in time=4"],
    [() => told(dropout(h, 1, "h")), "dropout: the rate must be from 0 to below 1, found 1"],
    [() => told(untyped(cast)(h, "double")), `cast: no such dtype: "double"; it is "float" or "int" or "bool"`],
    [
      () => told(untyped(softmaxCrossEntropy)(h, ids, { reduce: "max" })),
      `softmaxCrossEntropy: no such reduction: "max"; it is "mean" or "sum" or "none"`,
    ],
    [
      () =>
        toldOf(
          parameter("P", [batch], () => new Float64Array(3)),
          {},
        ),
      `parameter: "P": the initialiser gave 3 elements, expected a Float64Array of 8`,
    ],
  ],
  BadFeed: [
    [() => toldOf(ids, { ids: [1, 2] }), `input: "ids": 2 where batch=8 elements are expected, for [batch=8]`],
    [() => toldOf(tanh(scalar(1)), { y: 1 }), `feeds: nothing in the graph is named "y"`],
  ],
  BroadcastMismatch: [[() => told(add(x, h)), "add: shapes do not broadcast: [time=4, batch=8, word=12] and [batch=8, hidden=16]"]],
  CellMismatch: [
    [
      () => told(unroll((s: Untyped, x_t: Untyped) => ({ state: x_t, output: s }), { over: x, from: first }).final),
      "unroll: the cell's next state is float [batch=8, word=12], its state float [batch=8, hidden=16]",
    ],
  ],
  DTypeMismatch: [
    [() => told(tanh(ids)), "tanh: operand 1 is int, expected float"],
    [() => told(add(h, ids)), "add: operand 2 is int, expected float"],
    [() => told(matmul(cast(h, "int") as Untyped, W)), "matmul: operand 1 is int, expected float"],
    [() => told(softmaxCrossEntropy(h, input("y", [batch]) as Untyped)), "softmaxCrossEntropy: labels are float, expected int"],
    [() => told(gather(W, h, -1)), "gather: ids are float, expected int"],
    [() => told(grad(sum(h), ids)), "grad: int does not vary smoothly, expected float"],
  ],
  DimMismatch: [[() => told(matmul(x, W)), "matmul: inner dimensions differ: [time=4, batch=8, word=12] · [hidden=16, hidden=16]"]],
  DuplicateName: [[() => told(mul(parameter("a", []), parameter("a", []))), `parameter: two different parameters are named "a"`]],
  EscapedTemplate: [
    [
      () => {
        let inside: Untyped;
        unroll(
          (s: Untyped, x_t: Untyped) => {
            inside = x_t;
            return { state: s, output: s };
          },
          { over: x, from: first },
        );
        return told(tanh(inside));
      },
      "tanh: a node of the cell over time is used outside the cell, where it has no value",
    ],
  ],
  InconsistentDim: [[() => told({ a: input("a", [dim("batch", 9)]), ids }), `input: "batch" has two sizes in one graph: 8 and 9`]],
  MissingDim: [
    [() => told(sum(h, time)), "sum: no dimension time=4 in [batch=8, hidden=16]"],
    [() => told(sum(scalar(1), -1 as Untyped)), "sum: no axis -1 in []"],
  ],
  MissingFeed: [[() => toldOf(h, {}), `input: input "h" is not fed`]],
  NoDerivative: [
    [
      () => told(grad(sum(cast(argmax(matmul(h, W), -1), "float")), W)),
      "grad: argmax stands between W and the loss, and has no derivative: ",
    ],
  ],
  NonScalarLoss: [[() => told(grad(matmul(h, W), W)), "grad: the loss must be a scalar, it is [batch=8, hidden=16]"]],
  NotCompilable: [[() => thrown(() => compile(uncompiled(x))), "odd: only the reference interpreter can compute it"]],
  NotFinite: [[() => thrown(() => checkGradients(sum(log(mul(parameter("z", [batch]), 0))))), "log: the loss is -Infinity"]],
  NotTensor: [
    [() => told(untyped(tanh)([1, 2])), "tanh: expected a tensor, found an array"],
    [() => told(undefined), "graph: outputs must be a tensor, or a record of tensors"],
    [() => told(untyped(grad)("loss", W)), `grad: expected a tensor, found "loss"`],
  ],
  RankMismatch: [[() => told(matmul(h, x)), "matmul: right operand must be a matrix: [time=4, batch=8, word=12]"]],
  TooLarge: [
    [() => toldOf(sum(zeros([dim("batch", 2 ** 33)])), {}), "full: memory does not hold [batch=8589934592]: 8589934592 elements, 64 GiB"],
  ],
  Unreached: [[() => told(grad(sum(h), { W })), "grad: the loss does not depend on W"]],
};

describe.each(Object.entries(earned))("%s", (code, programs) => {
  test.each(programs.map(([run, message]) => [message, run] as const))("%s", (message, run) => {
    const diagnostics = run();
    expect(diagnostics.map((d) => [d.code, d.severity])).toEqual([[code, "error"]]);
    expect(messages(diagnostics)[0]).toContain(message);
  });
});
