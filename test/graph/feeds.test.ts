// What may be wrong with feeds: all of it is told at once, with the input that it is about.

import {
  add,
  cast,
  dim,
  evaluate,
  grad,
  input,
  item,
  lengthMask,
  mul,
  oneHot,
  parameter,
  scatterAdd,
  softmaxCrossEntropy,
  sub,
  sum,
  unroll,
  zeros,
} from "clew";
import { describe, expect, test } from "vitest";
import { messages, toldOf, type Untyped } from "./told.ts";

const batch = dim("batch", 2);
const hidden = dim("hidden", 3);
const h = input("h", [batch, hidden]);
const ids = input("ids", [batch], "int");
const q = input("q", [batch], "bool");
const s = input("s", []);
const W = parameter("W", [hidden]);

describe("a feed that does not fit", () => {
  test.each<readonly [string, unknown, unknown, string]>([
    ["too few rows", h, { h: [[1, 2, 3]] }, `input: "h": 1 where batch=2 elements are expected, for [batch=2, hidden=3]`],
    [
      "ragged rows",
      h,
      {
        h: [
          [1, 2, 3],
          [1, 2],
        ],
      },
      `input: "h": 2 where hidden=3 elements are expected, for [batch=2, hidden=3]`,
    ],
    [
      "too deep",
      h,
      {
        h: [
          [[1], 2, 3],
          [1, 2, 3],
        ],
      },
      `input: "h": an element is an array, expected a number`,
    ],
    ["too flat", h, { h: [1, 2] }, `input: "h": a single value where hidden=3 elements are expected, for [batch=2, hidden=3]`],
    ["a typed array of another length", h, { h: new Float32Array(5) }, `input: "h": 5 numbers for 6 elements [batch=2, hidden=3]`],
    ["a number for a matrix", h, { h: 1 }, `input: "h": one number for a tensor of 6 elements [batch=2, hidden=3]`],
    ["a text", h, { h: "123456" }, `input: "h": expected numbers, found string`],
    ["null", h, { h: null }, `input: "h": expected numbers, found null`],
    ["bigints", ids, { ids: new BigInt64Array(2) }, `input: "ids": expected numbers, found bytes or bigints`],
    [
      "NaN",
      h,
      {
        h: [
          [1, 2, Number.NaN],
          [1, 2, 3],
        ],
      },
      `input: "h": element 2 is NaN`,
    ],
    ["a fraction for an int", ids, { ids: [0, 1.5] }, `input: "ids": element 1 is 1.5, expected a whole number (32 bits)`],
    ["NaN for an int", ids, { ids: [0, Number.NaN] }, `input: "ids": element 1 is NaN, expected a whole number (32 bits)`],
    ["an int that is too large", ids, { ids: [0, 2 ** 31] }, `input: "ids": element 1 is 2147483648, expected a whole number (32 bits)`],
    ["2 for a bool", q, { q: [true, 2] }, `input: "q": element 1 is 2, expected true or false`],
    ["nothing", h, {}, `input: input "h" is not fed`],
    ["a parameter's", sum(W), { W: [1] }, `parameter: "W": 1 where hidden=3 elements are expected, for [hidden=3]`],
    ["a name that nothing has", s, { s: 1, S: 1 }, `feeds: nothing in the graph is named "S"`],
    [
      "another value's dims",
      h,
      { h: { dims: ["batch", "word"], shape: [2, 3], data: new Float64Array(6) } },
      `input: "h": a value of shape [batch=2, word=3] for [batch=2, hidden=3]`,
    ],
    ["half a value", h, { h: { dims: null, shape: [2], data: 1 } }, `input: "h": a value has dims, shape and data`],
    ["no record", s, null, "feeds: feeds must be a record, found null"],
    ["a list", s, [1], "feeds: feeds must be a record, found an array"],
    ["a Map", s, new Map([["s", 1]]), "feeds: feeds must be a record, found a Map"],
    ["a typed array", s, new Float64Array(1), "feeds: feeds must be a record, found an object"],
    ["a name with a slip of the pen", h, { h: new Float64Array(6), idz: [1] }, `feeds: nothing in the graph is named "idz"`],
  ])("%s", (_, output, feeds, message) => {
    expect(messages(toldOf(output, feeds))).toEqual([message]);
  });

  test("several at once, in the order of the graph", () => {
    const all = toldOf({ h, ids, q, s }, { h: 1, q: [2, 2], s: 1, z: 1 });
    expect(all.map((d) => [d.code, d.operands?.[0]?.name])).toEqual([
      ["BadFeed", "h"],
      ["MissingFeed", "ids"],
      ["BadFeed", "q"],
      ["BadFeed", undefined],
    ]);
  });

  test("a name that every object has is not fed by it", () => {
    expect(toldOf(input("toString", []), {}).map((d) => d.code)).toEqual(["MissingFeed"]);
    expect(toldOf(s, { s: 1, constructor: 1 }).map((d) => d.code)).toEqual(["BadFeed"]);
  });
});

describe("an index out of range, when the graph runs", () => {
  const label = dim("label", 3);
  test.each<readonly [string, unknown, Untyped]>([
    ["oneHot", oneHot(ids, label), { ids: [0, 3] }],
    ["scatterAdd", scatterAdd(h, ids, label), { ids: [0, 3], h: new Float64Array(6) }],
    ["softmaxCrossEntropy", softmaxCrossEntropy(h, ids), { ids: [0, 3], h: new Float64Array(6) }],
  ])("%s", (op, output, feeds) => {
    expect(messages(toldOf(output, feeds))).toEqual([`${op}: ids[1] is 3, out of range: there are 3 (0 … 2)`]);
    expect(toldOf(output, { ...feeds, ids: [-1, 0] })).toHaveLength(1);
  });
});

describe("what fits", () => {
  test.each<readonly [string, Untyped]>([
    [
      "nested arrays",
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    ["rows as typed arrays", [Float32Array.of(1, 2, 3), Float64Array.of(4, 5, 6)]],
    ["row-major Float64Array", Float64Array.of(1, 2, 3, 4, 5, 6)],
    ["row-major Float32Array", Float32Array.of(1, 2, 3, 4, 5, 6)],
    [
      "what came out",
      evaluate(h, {
        h: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      }),
    ],
  ])("%s", (_, fed) => {
    expect(item(evaluate(sum(h), { h: fed }))).toBe(21);
  });

  test("NaN, where it is allowed: padding that a mask hides", () => {
    expect(evaluate(s, { s: Number.NaN }, { nan: "allow" }).data[0]).toBeNaN();
  });

  test("truth values for a bool", () => {
    expect([...evaluate(cast(q, "int"), { q: [true, false] }).data]).toEqual([1, 0]);
  });
});

describe("an input that the outputs do not reach", () => {
  const time = (size: number) => dim("time", size);
  const over = (size: number) => input("x", [time(size), batch, hidden]);
  const run = (size: number, cell: (h: Untyped, x_t: Untyped) => Untyped) =>
    unroll((state: Untyped, x_t: Untyped) => ({ state: cell(state, x_t), output: state }), {
      over: over(size) as Untyped,
      from: zeros([batch, hidden]) as Untyped,
      mask: lengthMask(input("lengths", [batch], "int"), time(size)),
    });
  const x = (size: number) => new Float64Array(size * 6);

  test("may be fed when a recurrence runs over it, and its cell does not look", () => {
    const { final, outputs } = unroll((state: Untyped) => ({ state: mul(state, 2), output: state }), {
      over: over(3) as Untyped,
      from: zeros([batch, hidden]) as Untyped,
    });
    for (const output of [final, outputs]) expect(toldOf(output, { x: x(3) })).toEqual([]);
    expect(messages(toldOf(final, { x: x(2) }))).toEqual(['input: "x": 12 numbers for 18 elements [time=3, batch=2, hidden=3]']);
    expect(messages(toldOf(final, { X: x(3) }))).toEqual(['feeds: nothing in the graph is named "X"']);
  });

  test("may be fed when there is no time step, and so no element", () => {
    const { final, outputs } = run(0, (state, x_t) => add(state, x_t));
    for (const output of [final, outputs]) {
      expect(toldOf(output, { x: x(0) })).toEqual([]);
      expect(toldOf(output, { x: [] })).toEqual([]);
      expect(toldOf(output, { x: evaluate(over(0), { x: [] }) })).toEqual([]);
      expect(toldOf(output, { x: x(1) })).toHaveLength(1);
    }
  });

  test("may be fed to a gradient, when the loss has it", () => {
    const y = input("y", [hidden]);
    const gradient = grad(sum(sub(mul(W, 2), y)), W);
    expect(toldOf(gradient, { y: [1, 2, 3] })).toEqual([]);
    expect(messages(toldOf(gradient, { y: 1 }))).toEqual(['input: "y": one number for a tensor of 3 elements [hidden=3]']);
    expect(toldOf(gradient, { z: [1] })).toHaveLength(1);
  });
});
