// What a hostile user does to a compiled program: it answers as the reference does, or with one diagnostic.

import {
  add,
  broadcastTo,
  ClewError,
  compile,
  concat,
  constantly,
  defineOp,
  dim,
  div,
  dropout,
  exp,
  grad,
  input,
  interpret,
  matmul,
  mul,
  parameter,
  rename,
  scan,
  slice,
  stack,
  sum,
  tanh,
  type Unary,
  uniform,
} from "clew";
import { describe, expect, it } from "vitest";
import type { Arithmetic } from "../../src/graph/algebra.ts";

type Formula = (m: Arithmetic<number>, ...operands: number[]) => number;

const a = dim("a", 3);
const x = input("x", [a]);
const kept = (name: string) => parameter(name, [a], constantly(1));
type Options = Parameters<typeof interpret>[1];
const makers = [
  ["interpreted", interpret],
  ["compiled", (outputs: never, options?: Options) => compile(outputs, { precision: "f64", ...options })],
] as unknown as readonly (readonly [string, typeof interpret])[];
const numbers = (values: { readonly [name: string]: { readonly data: ArrayLike<number> } }) =>
  Object.fromEntries(Object.entries(values).map(([name, { data }]) => [name, Array.from(data)]));

describe.each(makers)("a program's state, %s", (_, make) => {
  it("does not mix up parameters whose names are whole numbers", () => {
    const [w, v] = [kept("10"), kept("2")];
    const program = make(
      { s: sum(x) },
      {
        update: new Map([
          [w, mul(x, 10)],
          [v, mul(x, 20)],
        ]),
      },
    );
    program.run({ x: [1, 2, 3] });
    expect(numbers(program.parameters())).toEqual({ 10: [10, 20, 30], 2: [20, 40, 60] });
  });

  it("is not written by feeding a parameter, in a run that fails or in one that does not", () => {
    const w = kept("w");
    const program = make({ s: sum(w) }, { update: new Map([[w, add(w, x)]]) });
    program.run({ x: [1, 2, 3] });
    expect(() => program.run({ x: [1, 2, 3], w: [9, 9, Number.POSITIVE_INFINITY] })).toThrow(ClewError);
    expect(numbers(program.parameters())).toEqual({ w: [2, 3, 4] });
    expect(program.run({ x: [1, 1, 1] }).s.data[0]).toBe(9);
  });

  it("is written when what is not finite stands beside the next value only", () => {
    const w = kept("w");
    const both = concat([div(x, 0), a], [mul(x, 2), a], dim("b", 6));
    const program = make({ both }, { update: new Map([[w, slice(both, dim("b", 6), a, 3)]]) });
    program.run({ x: [1, 2, 3] });
    expect(numbers(program.parameters())).toEqual({ w: [2, 4, 6] });
  });

  it("comes as plain values", () => {
    const w = kept("w");
    const store = new Map();
    const program = make({ w }, { update: new Map([[w, add(w, x)]]), store });
    program.run({ x: [1, 2, 3] });
    for (const p of [program, interpret({ w }, { store }), compile({ w }, { store })])
      expect(Object.keys(p.parameters().w!).sort()).toEqual(["data", "dims", "shape"]);
  });
});

describe("what does not fit", () => {
  const told = (run: () => unknown): readonly unknown[] => {
    try {
      run();
    } catch (e) {
      if (e instanceof ClewError) return e.diagnostics.map(({ code, op }) => [code, op]);
      throw e;
    }
    return [];
  };

  it("is one diagnostic, when memory does not hold it", () => {
    for (const size of [2 ** 29, 2 ** 33, 2 ** 52]) {
      expect(told(() => compile(exp(broadcastTo(x, [dim("big", size), a]))))).toEqual([["TooLarge", "broadcastTo"]]);
      expect(told(() => compile(input("y", [dim("big", size), a])))).toEqual([["TooLarge", "input"]]);
      expect(told(() => compile(parameter("y", [dim("big", size), a], constantly(1))))).toEqual([["TooLarge", "parameter"]]);
    }
  });

  it("leaves nothing in the store: neither a plan that cannot be made, nor a memory that cannot be had", () => {
    const w = kept("w");
    const xs = input("xs", [dim("time", 100), a]);
    const cell = (h: typeof x, x_t: typeof x) => {
      const state = tanh(add(mul(h, w), x_t));
      return { state, output: state };
    };
    const { final } = scan(cell, { over: xs, from: x, checkpoint: { memory: 8 } });
    for (const [op, outputs] of [
      ["broadcastTo", exp(broadcastTo(w, [dim("big", 2 ** 29), a]))],
      ["scan", grad(sum(final), { w })],
    ] as const) {
      const store = new Map();
      expect(told(() => compile(outputs, { store }))).toEqual([["TooLarge", op]]);
      expect([...store.keys()]).toEqual([]);
    }
  });

  it("is one diagnostic, when a store has it from elsewhere", () => {
    const w = kept("w");
    for (const odd of [
      3,
      undefined,
      { dims: ["a"], shape: [2], data: new Float64Array(2) },
      { dims: ["a"], shape: [3], data: [1, 2, 3] },
    ]) {
      const store = new Map([["w", odd as never]]);
      expect(told(() => compile({ w }, { store }))).toEqual([["BadFeed", "store"]]);
      store.clear();
      const program = compile({ w }, { store });
      store.set("w", odd as never);
      expect(told(() => program.run({}))).toEqual([["BadFeed", "store"]]);
    }
  });

  it("is one diagnostic, when an option is of no type that can be shown", () => {
    expect(told(() => compile(x, { precision: Object.create(null) }))).toEqual([["BadArgument", "compile"]]);
  });
});

it("computes recurrences within steps, whose last state is carried on and whose outputs are not", () => {
  const [time, inner, rows] = [dim("time", 4), dim("inner", 3), dim("rows", 3)];
  const W = parameter("W", [rows, a], uniform(-1, 1));
  const all = input("all", [time, a]);
  for (const carries of [true, false]) {
    const { outputs, final } = scan(
      (s: typeof x, u: typeof x) => {
        const within = scan(
          (s2: typeof x, u2: typeof x) => {
            const h = tanh(add(mul(s2, u), dropout(matmul(rename(u2, a, rows), W), 0.3, "within")));
            return { state: h, output: h };
          },
          { over: stack([s, u, mul(s, u)], inner), from: carries ? s : u },
        );
        return { state: carries ? within.final : tanh(add(s, u)), output: sum(within.outputs, inner) };
      },
      { over: all, from: x },
    );
    const loss = add(sum(mul(outputs, tanh(outputs))), sum(final));
    const program = { outputs, final, g: grad(loss, { W, x, all }) };
    const feeds = { x: [0.3, -0.2, 0.9], all: Float64Array.from({ length: 12 }, (_, i) => Math.sin(1 + i)) };
    const [wanted, found] = makers.map(([, make]) => make(program, { seed: 3 }).run(feeds));
    for (const [p, q] of [
      [wanted!.outputs, found!.outputs],
      [wanted!.final, found!.final],
      [wanted!.g.W, found!.g.W],
      [wanted!.g.x, found!.g.x],
      [wanted!.g.all, found!.g.all],
    ])
      for (let i = 0; i < p!.data.length; i++) expect(Math.abs(p!.data[i]! - q!.data[i]!)).toBeLessThan(1e-13);
  }
});

it("drops what is not a number, too", () => {
  const outputs = { y: dropout(div(x, 0), 0.5, "y") };
  const [wanted, found] = makers.map(([, make]) => numbers(make(outputs, { seed: 1 }).run({ x: [1, 0, -1] })));
  expect(found).toEqual(wanted);
});

describe("formulas of users that mix truth values with numbers", () => {
  const cases: readonly (readonly [string, Formula])[] = [
    ["truth times number", (m, v) => m.mul(m.less(m.constant(0), v!), v!)],
    ["truth plus truth", (m, v) => m.add(m.less(m.constant(0), v!), m.less(m.constant(1), v!))],
    ["number as condition", (m, v) => m.where(v!, m.constant(2), m.constant(3))],
    ["truth or number", (m, v) => m.where(m.less(v!, m.constant(0)), m.less(v!, m.constant(-1)), v!)],
    ["number and number", (m, v) => m.and(v!, m.constant(2))],
    ["no number", (m, v) => m.where(m.not(v!), m.constant(2), v!)],
  ];
  const results = ["float", "int", "bool"] as const;
  it.each(cases)("%s", (_, formula) => {
    for (const result of results.slice(0, 2)) {
      const op = defineOp<Unary>({ name: "mixed", doc: "Of a test.", formula, result, derivative: { none: "a step" } } as never);
      const outputs = { plain: op(x), fused: op(mul(x, 1.5) as never) };
      const [wanted, found] = makers.map(([, make]) => numbers(make(outputs).run({ x: [1, -2, 0] })));
      expect(found).toEqual(wanted);
    }
  });

  it("whole numbers with fractions", () => {
    const i = input("i", [a], "int");
    for (const result of ["float", "int"] as const) {
      for (const formula of [(m, v) => m.mul(v!, m.constant(0.5)), (m, v) => m.div(v!, m.constant(2)), (m, v) => m.sqrt(v!)] as Formula[]) {
        const op = defineOp<(v: typeof i) => typeof x>({
          name: "halves",
          doc: "Of a test.",
          operands: ["int"],
          result,
          formula,
          derivative: { none: "a step" },
        } as never);
        const [wanted, found] = makers.map(([, make]) => numbers(make({ y: op(i) }).run({ i: [7, -3, 5] })));
        expect(found).toEqual(wanted);
      }
    }
  });
});
