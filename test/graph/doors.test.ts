// Two doors, one core: what clew throws is what clew/fp returns, for every verb that can fail.

import * as clew from "clew";
import * as fp from "clew/fp";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import type { Untyped } from "./told.ts";

const batch = clew.dim("batch", 8);
const hidden = clew.dim("hidden", 16);
const h: Untyped = clew.input("h", [batch, hidden]);
const bad: Untyped = clew.matmul(h, h);
const loss: Untyped = clew.sum(bad);
const recurrent = clew.unroll((s, x_t) => ({ state: clew.add(s, x_t), output: s }), {
  over: clew.input("x", [clew.dim("time", 2), batch]),
  from: clew.zeros([batch]),
});

// Verbs that return an Either there and throw here, each with arguments that fail.
const failing: Readonly<Record<string, readonly unknown[]>> = {
  graph: [{ loss, also: clew.sum(h, clew.dim("word", 3) as Untyped) }],
  evaluate: [clew.sum(h), { h: 1, y: 2 }],
  interpret: [loss],
  compile: [loss],
  checkGradients: [loss],
  gradientFlow: [clew.sum(recurrent.final), recurrent.steps, { x: 1 }],
  jacobianNorms: [recurrent.steps, { x: 1 }],
  truncationLoss: [loss, h, {}],
  batches: [[], { size: 0, seed: -1 }],
  sentences: [[{ ids: [1.5], label: 0 }], { size: 0 }],
  vocabulary: [[1, "a"], { minimum: "two", tokenise: "words" }],
  predict: [clew.bagOfWords({ words: 4 }), {}, [[9]]],
  vocabularyFrom: [["a"]],
  sequences: [[{}], { size: 0 }],
  tagged: [[{ ids: [1] }], { size: 1 }],
  stream: [[], { time: 0, size: 0 }],
  wordVectors: ["good"],
  embeddingOf: [{ width: 1, vectors: new Map() }, clew.vocabulary([]), -1],
  encodeSafetensors: [{ W: 1 }, { precision: "f16" }],
  decodeSafetensors: [new Uint8Array(3)],
  fromPyTorch: ["net", { weight: { shape: [1], data: [1] } }],
  toPyTorch: ["net", {}],
  score: [clew.bagOfWords({ words: 4 }), {}, 1, { engine: "f16" }],
};

// The same for verbs of files: a TaskEither there, a promise that rejects here.
const failingTasks: Readonly<Record<string, readonly unknown[]>> = {
  load: ["no/such/file"],
  loadWordVectors: ["no/such/file"],
  save: ["out/x", { W: 1 }],
};

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (e) {
    return e;
  }
  throw new Error("nothing was thrown");
}

describe.each(Object.entries(failing))("%s", (verb, args) => {
  test("throws what clew/fp returns, and its message is the printed report", () => {
    const error = thrown(() => (clew as Untyped)[verb](...args)) as clew.ClewError;
    const returned = (fp as Untyped)[verb](...args) as E.Either<readonly clew.Diagnostic[], unknown>;
    expect(error).toBeInstanceOf(clew.ClewError);
    expect(E.isLeft(returned)).toBe(true);
    if (E.isRight(returned)) return;
    expect(error.diagnostics.length).toBeGreaterThan(0);
    expect(error.diagnostics.map((d) => ({ ...d }))).toEqual(returned.left.map((d) => ({ ...d })));
    expect(error.message).toBe(fp.showDiagnostics(returned.left));
    expect(error.name).toBe("ClewError");
  });
});

describe.each(Object.entries(failingTasks))("%s", (verb, args) => {
  test("rejects with what the task of clew/fp gives", async () => {
    const error = await (clew as Untyped)[verb](...args).catch((e: unknown) => e);
    const returned = (await (fp as Untyped)[verb](...args)()) as E.Either<readonly clew.Diagnostic[], unknown>;
    expect(error).toBeInstanceOf(clew.ClewError);
    expect(E.isLeft(returned)).toBe(true);
    if (E.isRight(returned)) return;
    expect(error.diagnostics.map((d: clew.Diagnostic) => ({ ...d }))).toEqual(returned.left.map((d) => ({ ...d })));
  });
});

test("what cannot fail is the same function in both", () => {
  const verbs = new Set(Object.keys(clew).filter((name) => (clew as Untyped)[name] !== (fp as Untyped)[name]));
  expect(Object.keys(fp).filter((name) => !(name in clew))).toEqual([]);
  // every verb that differs between the doors, so that a new one is added to the tests above or named here
  expect([...verbs].filter((name) => !(name in failing || name in failingTasks)).sort()).toMatchInlineSnapshot(`
    [
      "fit",
    ]
  `);
});

test("a user's own exception in a cell passes through", () => {
  const boom = new Error("the user's own");
  const run = () =>
    clew.unroll(
      () => {
        throw boom;
      },
      { over: clew.input("x", [clew.dim("time", 2), batch]), from: clew.zeros([batch]) },
    );
  expect(thrown(run)).toBe(boom);
  // and what is ambient is put back: the next call has its own line
  expect(fp.showDiagnostics((fp.graph(clew.matmul(h, h)) as E.Left<readonly clew.Diagnostic[]>).left)).toContain("doors.test.ts");
});
