import {
  add,
  ClewError,
  constantly,
  type Diagnostic,
  dim,
  dropout,
  evaluate,
  grad,
  graph,
  input,
  item,
  matmul,
  mul,
  parameter,
  scalar,
  sum,
  type Tensor,
  tanh,
  unroll,
  zeros,
} from "clew";
import { describe, expect, it } from "vitest";

const batch = dim("batch", 2);
const word = dim("word", 3);
const hidden = dim("hidden", 2);
const other = dim("other", 5);
const time = dim("time", 4);
const x = input("x", [time, batch, word]);
const U = parameter("U", [word, hidden]);
const W = parameter("W", [hidden, hidden]);
const feeds = { x: Float64Array.from({ length: 24 }, (_, i) => Math.sin(i)) };
const h0 = zeros([batch, hidden]);

type H = Tensor<readonly [typeof batch, typeof hidden]>;
type X = Tensor<readonly [typeof batch, typeof word]>;
const cell = (h: H, x_t: X) => {
  const h_t = tanh(add(matmul(x_t, U), matmul(h, W)));
  return { state: h_t, output: h_t };
};

/** The mistakes that a verb reports. */
function mistakesOf(outputs: unknown): readonly Diagnostic[] {
  try {
    graph(outputs);
  } catch (e) {
    if (e instanceof ClewError) return e.diagnostics;
    throw e;
  }
  return [];
}
const codes = (outputs: unknown): readonly string[] => mistakesOf(outputs).map((d) => d.code);

describe("unroll", () => {
  it("calls the cell once, and shares what it uses from outside", () => {
    let calls = 0;
    const { outputs } = unroll(
      (h: H, x_t: X) => {
        calls++;
        return cell(h, x_t);
      },
      { over: x, from: h0 },
    );
    expect(calls).toBe(1);
    expect(graph(outputs).parameters.map((p) => p.attributes.name)).toEqual(["U", "W"]);
  });

  it("gives outputs, the final state and every step, in the order of time", () => {
    const { outputs, final, steps } = unroll(cell, { over: x, from: h0 });
    const found = evaluate({ outputs, final, h2: steps[2]!.state, x2: steps[2]!.input, o2: steps[2]!.output }, feeds);
    expect(steps.length).toBe(4);
    expect(found.outputs.dims).toEqual(["time", "batch", "hidden"]);
    expect(found.outputs.data.slice(12)).toEqual(found.final.data);
    expect(found.outputs.data.slice(8, 12)).toEqual(found.h2.data);
    expect(found.o2.data).toEqual(found.h2.data);
    expect(found.x2.data).toEqual(feeds.x.slice(12, 18));
  });

  it("differentiates by the state of a step", () => {
    const { final, steps } = unroll(cell, { over: x, from: h0 });
    const g = evaluate(grad(sum(final), { h2: steps[2]!.state, h3: steps[3]!.state }), feeds);
    expect(g.h3.data).toEqual(new Float64Array(4).fill(1));
    expect(Math.hypot(...g.h2.data)).toBeGreaterThan(0);
  });

  it("takes records of states, inputs and outputs, nested", () => {
    const y = input("y", [time, batch, hidden]);
    const { outputs, final, steps } = unroll(
      (s: { readonly a: { readonly h: H }; readonly n: H }, at: { readonly x: X; readonly y: H }) => {
        const h = tanh(add(matmul(at.x, U), s.a.h));
        return { state: { n: add(s.n, at.y), a: { h } }, output: { deep: { h, n: s.n }, y: at.y } }; // fields in another order
      },
      { over: { x, y }, from: { a: { h: h0 }, n: h0 } },
    );
    const ys = Float64Array.from({ length: 16 }, (_, i) => i);
    const found = evaluate({ outputs, final, at1: steps[1]!.state }, { ...feeds, y: ys });
    expect(found.final.n.data).toEqual(Float64Array.of(24, 28, 32, 36));
    expect(found.outputs.deep.n.data.slice(4, 8)).toEqual(ys.slice(0, 4));
    expect(found.outputs.y.data).toEqual(ys);
    expect(found.at1.a.h.data).toEqual(found.outputs.deep.h.data.slice(4, 8));
  });

  it("needs no input: one-to-many, the output fed back as part of the state", () => {
    const { outputs } = unroll((s: Tensor<readonly []>) => ({ state: add(mul(s, 2), 1), output: s }), { steps: time, from: scalar(1) });
    expect([...evaluate(outputs, {}).data]).toEqual([1, 3, 7, 15]);
  });

  it("may leave the input, or a state, unused", () => {
    const { outputs, final } = unroll((s: { readonly a: H; readonly b: H }, _: X) => ({ state: { a: s.b, b: s.a }, output: s.a }), {
      over: x,
      from: { a: h0, b: add(h0, 1) },
    });
    const found = evaluate({ outputs, final }, {});
    expect([...found.outputs.data]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect([...found.final.b.data]).toEqual([1, 1, 1, 1]);
  });

  it("may give a state or an output that is the same at every step", () => {
    const { outputs, final } = unroll((_: H, __: X) => ({ state: h0, output: W }), { over: x, from: add(h0, 3) });
    const found = evaluate({ outputs, final, W }, {});
    expect(found.outputs.data.slice(4, 8)).toEqual(found.W.data);
    expect([...found.final.data]).toEqual([0, 0, 0, 0]);
  });

  it("shares a parameter that the cell makes", () => {
    const { outputs } = unroll(
      (h: H, x_t: X) => {
        const V = parameter("V", [word, hidden]);
        const next = add(h, matmul(x_t, V));
        return { state: next, output: next };
      },
      { over: x, from: h0 },
    );
    expect(graph(outputs).parameters.length).toBe(1);
  });

  it.each([0, 1])("takes %i steps", (size) => {
    const t = dim("time", size);
    const { outputs, final, steps } = unroll(cell, { over: input("x", [t, batch, word]), from: add(h0, 1) });
    const given = { x: feeds.x.slice(0, size * 6) };
    expect(steps.length).toBe(size);
    const found = evaluate({ outputs, final }, size === 0 ? {} : given);
    expect(found.outputs.shape).toEqual([size, 2, 2]);
    if (size === 0) expect([...found.final.data]).toEqual([1, 1, 1, 1]);
    else expect(found.final.data).toEqual(found.outputs.data);
  });

  it("runs from the last step to the first, outputs in the order of time", () => {
    const over = input("n", [time]);
    const { outputs, final, steps } = unroll(
      (s: Tensor<readonly []>, n: Tensor<readonly []>) => ({ state: add(mul(s, 10), n), output: s }),
      {
        over,
        from: scalar(0),
        reverse: true,
      },
    );
    const found = evaluate({ outputs, final, s3: steps[3]!.state }, { n: [1, 2, 3, 4] });
    expect([...found.outputs.data]).toEqual([432, 43, 4, 0]);
    expect(item(found.final)).toBe(4321);
    expect(item(found.s3)).toBe(4);
  });

  it("is nested in a cell", () => {
    const letter = dim("letter", 3);
    const letters = input("letters", [time, letter]);
    const { final, steps } = unroll(
      (s: Tensor<readonly []>, row: Tensor<readonly [typeof letter]>) => {
        const inner = unroll((a: Tensor<readonly []>, l: Tensor<readonly []>) => ({ state: add(mul(a, s), l), output: a }), {
          over: row,
          from: s,
        });
        return { state: inner.final, output: sum(inner.outputs) };
      },
      { over: letters, from: scalar(0.5) },
    );
    const data = Array.from({ length: 4 }, (_, t) => [0.1 * t, 0.2, -0.3 * t]);
    let s = 0.5;
    for (const row of data) {
      let a = s;
      for (const l of row) a = a * s + l;
      s = a;
    }
    expect(item(evaluate(final, { letters: data }))).toBeCloseTo(s, 15);
    const state = steps[2]!.state;
    expect([state.origin.step?.t, state.origin.step?.of.dim.name, state.origin.step?.outer?.t]).toEqual([2, "letter", 2]);
  });

  it("stands in layers, each over the outputs of the one below", () => {
    const size = (t: number): number => {
      let over: Tensor = input("x", [dim("time", t), batch, hidden]);
      for (let n = 0; n < 3; n++) {
        const V = parameter(`V${n}`, [hidden, hidden]);
        const made = unroll(
          (h: Tensor, x_t: Tensor) => {
            const next = tanh(add(x_t, matmul(h, V))) as Tensor;
            return { state: next, output: next };
          },
          { over, from: h0 as Tensor },
        );
        over = made.outputs;
      }
      const loss = sum(over) as Tensor<readonly []>;
      return graph({ loss, g: grad(loss, { W: graph(loss).parameters[0]! as Tensor }) }).nodes.length;
    };
    // nodes are linear in time
    expect(size(40) - size(30)).toBe(size(30) - size(20));
  });

  it("draws dropout anew at each step, of a weight too; one made outside is the same for all", () => {
    const ones = input("ones", [time, hidden]);
    const drop = (inside: boolean) => {
      const fixed = dropout(add(zeros([hidden]), 1), 0.5, "W");
      return unroll(
        (h: Tensor<readonly [typeof hidden]>, x_t: Tensor<readonly [typeof hidden]>) => {
          const mask = inside ? dropout(add(zeros([hidden]), 1), 0.5, "W") : fixed;
          return { state: h, output: mul(x_t, mask) };
        },
        { over: ones, from: zeros([hidden]) },
      ).outputs;
    };
    const rows = (inside: boolean, seed: number) => {
      const { data } = evaluate(drop(inside), { ones: new Float64Array(8).fill(1) }, { seed });
      return new Set([0, 1, 2, 3].map((t) => data.slice(2 * t, 2 * t + 2).join())).size;
    };
    const seeds = [1, 2, 3, 4];
    expect(seeds.map((s) => rows(false, s))).toEqual([1, 1, 1, 1]);
    expect(Math.max(...seeds.map((s) => rows(true, s)))).toBeGreaterThan(1);
  });
});

describe("mistakes", () => {
  it("a node of the cell used outside is reported once, at the line that uses it", () => {
    let escaped: H | undefined;
    const { final } = unroll(
      (h: H, x_t: X) => {
        escaped = tanh(h);
        return cell(h, x_t);
      },
      { over: x, from: h0 },
    );
    const found = mistakesOf({ a: add(final, escaped!), b: mul(final, escaped!) });
    expect(found.map((d) => d.code)).toEqual(["EscapedTemplate"]);
  });

  it("a next state that does not look like the state", () => {
    const wrongShape = unroll((h: Tensor, x_t: Tensor) => ({ state: matmul(x_t, U) as Tensor, output: h }), {
      over: x as Tensor,
      from: zeros([hidden]) as Tensor,
    });
    expect(mistakesOf(wrongShape.outputs).map((d) => [d.code, d.step])).toEqual([["CellMismatch", "each step of time"]]);
    expect(mistakesOf(wrongShape.outputs)[0]!.at).toContain("unroll.test.ts");
    const wrongFields = unroll(((s: { a: H }) => ({ state: { b: s.a }, output: s.a })) as never, { over: x, from: { a: h0 } });
    expect(codes(wrongFields.final)).toEqual(["CellMismatch"]);
    const nothing = unroll((() => undefined) as never, { over: x, from: h0 });
    expect(codes((nothing as { readonly outputs: unknown }).outputs)).toEqual(["CellMismatch"]);
  });

  it("what is wrong in the cell is reported once, at each step, with the user's line", () => {
    const bad = parameter("bad", [other, hidden]);
    const { outputs } = unroll(
      (h: Tensor, x_t: Tensor) => {
        const next = tanh(add(matmul(x_t, bad), matmul(h, W))) as Tensor;
        return { state: next, output: next };
      },
      { over: x as Tensor, from: h0 as Tensor },
    );
    const found = mistakesOf(outputs);
    expect(found.map((d) => [d.code, d.op, d.step])).toEqual([["DimMismatch", "matmul", "each step of time"]]);
    expect(found[0]!.at).toMatch(/unroll\.test\.ts:\d+:\d+$/);
  });

  it("a mistake and a mismatch in one cell are both reported, in source order", () => {
    const bad = parameter("bad", [other, hidden]);
    const made = unroll(((s: { a: Tensor; b: Tensor }, x_t: Tensor) => ({ state: { a: matmul(x_t, bad), b: W }, output: s.a })) as never, {
      over: x,
      from: { a: h0, b: h0 },
    });
    expect(mistakesOf((made as { readonly final: unknown }).final).map((d) => d.code)).toEqual(["DimMismatch", "CellMismatch"]);
  });

  it("with no steps, too", () => {
    const { outputs } = unroll((h: Tensor, x_t: Tensor) => ({ state: h, output: matmul(x_t, W) as Tensor }), {
      over: input("x", [dim("time", 0), batch, word]) as Tensor,
      from: h0 as Tensor,
    });
    expect(codes(outputs)).toEqual(["DimMismatch"]);
  });

  it("three mistakes, before, inside and after a cell, are three reports in source order", () => {
    const bad = parameter("bad", [other, hidden]);
    const before = matmul(x as Tensor, bad as Tensor);
    const { final } = unroll(
      (h: Tensor, x_t: Tensor) => {
        const inside = tanh(add(h, matmul(h, U) as Tensor)) as Tensor;
        return { state: add(inside, x_t) as Tensor, output: inside };
      },
      { over: before, from: h0 as Tensor },
    );
    const after = matmul(final, bad as Tensor);
    const found = mistakesOf(after);
    expect(found.map((d) => d.op)).toEqual(["matmul", "matmul", "matmul"]);
    const lines = found.map((d) => Number(/:(\d+):\d+$/.exec(d.at!)![1]));
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
    expect(found.map((d) => d.step)).toEqual([undefined, "each step of time", undefined]);
  });

  it("an ill `from` or `over` adds no echo", () => {
    const ill = add(x as Tensor, parameter("bad", [other, hidden]) as Tensor); // nobody knows its shape
    const free = (h: Tensor, x_t: Tensor) => {
      const next = tanh(add(matmul(x_t, U), matmul(h, W))) as Tensor;
      return { state: next, output: next };
    };
    const over = unroll(free, { over: ill, from: h0 as Tensor });
    expect(codes({ o: over.outputs, f: over.final, s: over.steps[3]!.state })).toEqual(["BroadcastMismatch"]);
    const from = unroll(free, { over: x as Tensor, from: ill });
    expect(codes({ o: from.outputs, f: from.final })).toEqual(["BroadcastMismatch"]);
    const scalarOver = unroll(free, { over: scalar(1) as Tensor, from: h0 as Tensor });
    expect(codes({ o: add(scalarOver.outputs, 1), f: scalarOver.final })).toEqual(["RankMismatch"]);
  });

  it("options that make no sense", () => {
    const y = input("y", [dim("time", 5), batch, word]);
    const untyped = unroll as unknown as (cell: unknown, options: unknown) => { readonly final: unknown };
    const call = (cell: unknown, options: unknown) => codes(untyped(cell, options).final);
    expect(call((h: H, at: { readonly x: X }) => cell(h, at.x), { over: { x, y }, from: h0 })).toEqual(["DimMismatch"]);
    expect(call(cell, { from: h0 })).toEqual(["BadArgument"]);
    expect(call(cell, { over: x })).toEqual(["NotTensor"]);
    expect(call(cell, { over: 3, from: h0 })).toEqual(["NotTensor"]);
    expect(call(undefined, { over: x, from: h0 })).toEqual(["BadArgument"]);
    expect(call(cell, undefined)).toEqual(["NotTensor"]);
    expect(call(cell, { from: h0, steps: 4 })).toEqual(["BadArgument"]);
    expect(call(cell, { over: x, from: h0, mask: x })).toEqual(["DTypeMismatch"]);
    expect(call(cell, { over: x, from: h0, mask: 1 })).toEqual(["NotTensor"]);
    expect(call(cell, { over: x, from: h0, mask: input("m", [batch], "bool") })).toEqual(["DimMismatch"]);
    expect(call(cell, { over: x, from: h0, mask: input("m", [time, other], "bool") })).toEqual(["BroadcastMismatch"]);
  });

  it("options and cell are both wrong: both are reported, and the record of outputs is there", () => {
    const bad = parameter("bad", [other, hidden]);
    const { outputs } = unroll(
      (h: Tensor, _: Tensor) => {
        const inside = matmul(W as Tensor, bad as Tensor);
        return { state: h, output: { a: h, b: inside } };
      },
      { over: x as Tensor, from: h0 as Tensor, mask: input("m", [batch], "bool") as Tensor<never, "bool"> },
    );
    expect(codes({ a: add(outputs.a, 1), b: outputs.b })).toEqual(["DimMismatch", "DimMismatch"]);
  });

  it("a user's own exception passes through, and leaves nothing behind", () => {
    const thrown = new Error("mine");
    const run = () =>
      unroll(
        (): never => {
          throw thrown;
        },
        { over: x, from: h0 },
      );
    let caught: unknown;
    try {
      run();
    } catch (e) {
      caught = e;
    }
    expect(caught).toBe(thrown);
    expect(add(x, 1).origin.cell).toBeUndefined();
  });
});

describe("a first state that is learned", () => {
  it("is a parameter; the next ones are tensors", () => {
    const first = parameter("first", [hidden]);
    const over = input("n", [time, hidden]);
    const { final } = unroll((s, n) => ({ state: { h: add(s.h, n) }, output: s.h }), { over, from: { h: first } });
    const g = grad(sum(final.h), { first });
    expect([...evaluate(g.first, {}).data]).toEqual([1, 1]);
  });
});

describe("initialisers", () => {
  it("give W its value whatever the step", () => {
    const w = parameter("w", [], constantly(3));
    const { final } = unroll(
      (s: Tensor<readonly []>, _: Tensor<readonly [typeof batch, typeof word]>) => ({ state: mul(s, w), output: s }),
      { over: x, from: scalar(1) },
    );
    expect(item(evaluate(final, {}))).toBe(81);
  });
});
