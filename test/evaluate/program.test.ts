import { add, ClewError, dim, input, interpret, mul, ones, parameter, reshape, scalar, sum, type Tensor, uniform } from "clew";
import * as fp from "clew/fp";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";

const word = dim("word", 3);

describe("a step", () => {
  test("reads the old values in every update, then writes all", () => {
    const [a, b] = [parameter("a", [word], uniform(1, 2)), parameter("b", [word], uniform(1, 2))];
    // swapped: wrong in either order, were one written before the other is read
    const program = interpret(
      {},
      {
        update: new Map([
          [a, b as Tensor],
          [b, a as Tensor],
        ]),
        seed: 1,
      },
    );
    const before = program.parameters();
    program.run({});
    expect(program.parameters()).toEqual({ a: before.b, b: before.a });
  });

  test("gives outputs by the old values", () => {
    const n = parameter("n", []);
    const program = interpret({ n }, { update: new Map([[n, add(n, 1)]]) });
    expect([0, 1, 2].map(() => program.run({}).n.data[0])).toEqual([0, 1, 2]);
  });

  test("that fails writes nothing", () => {
    const n = parameter("n", []);
    const rate = input("rate", []);
    const program = interpret({ loss: mul(n, rate) }, { update: new Map([[n, add(n, rate)]]) });
    program.run({ rate: 1 });
    expect(() => program.run({})).toThrow(ClewError);
    expect(() => program.run({ rate: Number.NaN })).toThrow(/NaN/);
    expect(program.parameters().n!.data).toEqual(Float64Array.of(1));
  });

  test.each([
    ["an update", Number.POSITIVE_INFINITY, 0],
    ["the loss", 0, Number.POSITIVE_INFINITY],
  ])("whose %s is not finite writes nothing, in no parameter", (_, byUpdate, byLoss) => {
    const [n, m] = [parameter("n", []), parameter("m", [])];
    const [x, y] = [input("x", []), input("y", [])];
    const update = new Map([
      [n, add(n, 1) as Tensor],
      [m, add(m, x) as Tensor],
    ]);
    const program = fp.interpret({ loss: add(n, y) }, { update });
    if (E.isLeft(program)) throw new Error();
    const result = program.right.run({ x: byUpdate, y: byLoss });
    expect(E.isLeft(result) && result.left.map((d) => d.code)).toEqual(["NotFinite"]);
    expect(program.right.parameters().n!.data[0]).toBe(0);
  });
});

describe("parameters", () => {
  const w = parameter("w", [word], uniform(-1, 1));
  const loss = sum(w);

  test("start from their initialisers, by seed", () => {
    const start = (seed: number) => interpret({ loss }, { seed }).parameters();
    expect(start(1)).toEqual(start(1));
    expect(start(1)).not.toEqual(start(2));
  });

  test("are copied out and in", () => {
    const program = interpret({ loss });
    const mine = [1, 2, 3];
    program.set({ w: mine });
    mine[0] = 9;
    (program.parameters().w!.data as Float64Array)[1] = 9;
    expect(program.run({}).loss.data[0]).toBe(6);
  });

  test("that are outputs are copies too, and so are constants", () => {
    const program = interpret({ w, same: reshape(w, [dim("other", 3)]), ones: ones([word]) }, { seed: 1 });
    const before = program.parameters();
    const first = program.run({});
    for (const value of Object.values(first)) value.data.fill(7);
    expect(program.parameters()).toEqual(before);
    expect(program.run({}).ones.data).toEqual(Float64Array.of(1, 1, 1));
  });

  test("that do not fit are refused, and none is set", () => {
    const v = parameter("v", []);
    const program = interpret({ loss: add(loss, v) });
    const before = program.parameters();
    expect(() => program.set({ v: 1, w: [1, 2] })).toThrow(/2 numbers? for 3|where word=3/);
    expect(() => program.set({ u: 1 })).toThrow(/nothing in the graph is named "u"/);
    expect(program.parameters()).toEqual(before);
  });

  test("live in the store that programs share", () => {
    const store = new Map();
    const writes = interpret({}, { update: new Map([[w, mul(w, 2)]]), store, seed: 1 });
    const reads = interpret({ loss }, { store, seed: 1 });
    const before = reads.run({}).loss.data[0]!;
    writes.run({});
    expect(reads.run({}).loss.data[0]).toBe(2 * before);
  });
});

test("mistakes in outputs and updates are told together, an update of another shape by name", () => {
  const w = parameter("w", [word]);
  expect(() => interpret({}, { update: new Map([[w, scalar(1) as Tensor]]) })).toThrow(/next value of "w" does not have its shape/);
  expect(interpret({ y: mul(w, input("x", [])) }).inputs).toEqual(["x"]);
});
