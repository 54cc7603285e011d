// What a user can do wrong with scan: each is one diagnostic that says scan. And what is no mistake, however odd.

import * as clew from "clew";
import { describe, expect, it } from "vitest";
import { lineOf, messages, told, type Untyped } from "../graph/told.ts";

const { add, dim, dropout, evaluate, grad, graph, hessian, inference, input, jacobian, jvp, matmul, mul, parameter, scan }: Untyped = clew;
const { sum, tanh, zeros }: Untyped = clew;

const [time, batch, hidden, other] = [dim("time", 4), dim("batch", 2), dim("hidden", 3), dim("other", 5)];
const x = input("x", [time, batch, hidden]);
const h0 = input("h0", [batch, hidden]);
const W = parameter("W", [hidden, hidden]);
const cell = (h: Untyped, x_t: Untyped) => {
  const h_t = tanh(add(x_t, matmul(h, W)));
  return { state: h_t, output: h_t };
};

describe("options that make no sense", () => {
  const tensors = "must be a tensor or a record of tensors";
  it.each<readonly [string, Untyped, Untyped, string, string]>([
    ["no cell", undefined, { over: x, from: h0 }, "BadArgument", "the cell must be a function (state, x) => ({ state, output })"],
    ["no options", cell, undefined, "NotTensor", `\`from\`, the first state, ${tensors}`],
    ["null for options", cell, null, "NotTensor", `\`from\`, the first state, ${tensors}`],
    ["no first state", cell, { over: x }, "NotTensor", `\`from\`, the first state, ${tensors}`],
    ["an empty first state", cell, { over: x, from: {} }, "NotTensor", `\`from\`, the first state, ${tensors}`],
    ["a number for a first state", cell, { over: x, from: 0 }, "NotTensor", `\`from\`, the first state, ${tensors}`],
    ["neither over nor steps", cell, { from: h0 }, "BadArgument", "what is it unrolled over? neither `over` nor `steps` is given"],
    ["a number of steps", cell, { from: h0, steps: 4 }, "BadArgument", "`steps` must be a dim, found number"],
    ["an array for over", cell, { over: [1, 2], from: h0 }, "NotTensor", `\`over\` ${tensors}`],
    ["null for over", cell, { over: null, from: h0 }, "NotTensor", `\`over\` ${tensors}`],
    ["a scalar for over", cell, { over: input("s", []), from: h0 }, "RankMismatch", "`over` is a scalar: it has no time"],
    [
      "two times",
      (h: Untyped) => cell(h, h),
      { over: { x, y: input("y", [other, batch]) }, from: h0 },
      "DimMismatch",
      "the first dim of every `over` must be time=4, found [other=5, batch=2]",
    ],
    ["a number for a mask", cell, { over: x, from: h0, mask: 1 }, "NotTensor", "the mask must be a tensor, found number"],
    ["null for a mask", cell, { over: x, from: h0, mask: null }, "NotTensor", "the mask must be a tensor, found object"],
    ["a mask of floats", cell, { over: x, from: h0, mask: input("m", [time, batch]) }, "DTypeMismatch", "the mask is float, expected bool"],
    [
      "a mask without time",
      cell,
      { over: x, from: h0, mask: input("m", [batch], "bool") },
      "DimMismatch",
      "the first dim of the mask must be time=4, found [batch=2]",
    ],
    [
      "a mask of something else",
      cell,
      { over: x, from: h0, mask: input("m", [time, other], "bool") },
      "BroadcastMismatch",
      "the mask [time=4, other=5] does not select steps of [batch=2, hidden=3]",
    ],
  ])("%s", (_, of, options, code, message) => {
    const { outputs, final } = scan(of, options);
    const found = told({ outputs, final });
    expect(found.map((d) => [d.code, d.op, d.message])).toEqual([[code, "scan", message]]);
    expect(lineOf(found[0]!.at)).toMatch(/^scan-mistakes\.test\.ts:/);
    expect(told(sum(final as Untyped))).toHaveLength(1);
  });
});

describe("a cell that makes no sense", () => {
  const must = "the cell must return { state, output }, each a tensor or a record of tensors";
  it.each<readonly [string, Untyped, string]>([
    ["returns nothing", () => undefined, must],
    ["returns null", () => null, must],
    ["returns a tensor", (h: Untyped) => h, must],
    ["returns no state", (h: Untyped) => ({ output: h }), must],
    ["returns a number for a state", (h: Untyped) => ({ state: 0, output: h }), must],
    ["returns a number for an output", (h: Untyped) => ({ state: h, output: 0 }), must],
    ["is asynchronous", async (h: Untyped) => ({ state: h, output: h }), must],
    [
      "returns a state of other fields",
      (h: Untyped) => ({ state: { h }, output: h }),
      "the cell's next state is { h }, its state a tensor",
    ],
    [
      "returns a state of another shape",
      (h: Untyped) => ({ state: sum(h, batch), output: h }),
      "the cell's next state is float [hidden=3], its state float [batch=2, hidden=3]",
    ],
    [
      "returns a state of another dtype",
      (h: Untyped) => ({ state: clew.less(h, 0), output: h }),
      "the cell's next state is bool [batch=2, hidden=3], its state float [batch=2, hidden=3]",
    ],
  ])("%s", (_, of, message) => {
    const { outputs, final } = scan(of, { over: x, from: h0 });
    expect(told({ outputs, final }).map((d) => [d.code, d.op, d.message])).toEqual([["CellMismatch", "scan", message]]);
  });

  it("an exception that it throws passes through, and leaves nothing behind", () => {
    const mine = new Error("mine");
    const run = () =>
      scan(
        () => {
          throw mine;
        },
        { over: x, from: h0 },
      );
    expect(run).toThrow(mine);
    expect(add(x, 1).origin.cell).toBeUndefined();
  });

  it("with a mistake inside is told once, however many results there are, with no steps too", () => {
    for (const steps of [0, 4]) {
      const { outputs, final } = scan((h: Untyped) => ({ state: h, output: { a: matmul(h, h), b: h } }), {
        steps: dim("t", steps),
        from: h0,
      });
      const found = told({ outputs, final, g: grad(sum(outputs.a), { h0 }) });
      expect(messages(found)).toEqual(["matmul: inner dimensions differ: [batch=2, hidden=3] · [batch=2, hidden=3]"]);
      expect(found[0]!.step).toBe("each step of t");
    }
  });

  it("with mistakes before, inside and after it: each is told, in source order", () => {
    const before = matmul(x, parameter("bad", [other, hidden]));
    const { final } = scan((h: Untyped) => ({ state: h, output: matmul(h, h) }), { over: before, from: h0 });
    const after = matmul(final, parameter("worse", [other, hidden]));
    expect(told({ final, after }).map((d) => d.op)).toEqual(["matmul", "matmul", "matmul"]);
  });
});

describe("a checkpoint inside another scan", () => {
  const [outer, inner] = [dim("outer", 3), dim("inner", 4)];
  const xs = input("xs", [outer, inner, batch, hidden]);
  /** A recurrence in a recurrence: the inner one runs over a row of the outer one's, or over what does not change. */
  const nested = (form: Untyped, [whole, part]: readonly Untyped[], row?: Untyped) =>
    form((h: Untyped, rows: Untyped) => cell(add(h, scan(cell, { over: row ?? rows, from: row ? h0 : h, checkpoint: part }).final), h), {
      over: xs,
      from: h0,
      checkpoint: whole,
    });

  it.each([["sqrt"], [{ memory: 1e6 }]])("of %j is told once, where it stands, with what helps", (checkpoint) => {
    const { outputs, final } = nested(scan, ["sqrt", checkpoint]);
    const found = told({ outputs, final, g: grad(sum(final), { W }) });
    expect(messages(found)).toEqual(["scan: `checkpoint` has no effect on a scan inside a scan"]);
    expect(found[0]!.hint).toContain("give it to the outer scan");
    expect(found[0]!.step).toBe("each step of outer");
    expect(lineOf(found[0]!.at)).toMatch(/^scan-mistakes\.test\.ts:/);
  });

  it("is told once, too, of a scan at every step of an unrolling in the cell", () => {
    const { final } = scan((h: Untyped) => cell(h, nested(clew.unroll, ["none", "sqrt"]).final), { steps: time, from: h0 });
    expect(messages(told(final))).toEqual([]); // it does not depend on the step
    const { final: last } = scan(
      (h: Untyped) => {
        const rows = (g: Untyped, x_t: Untyped) => cell(g, scan(cell, { over: x_t, from: h, checkpoint: "sqrt" }).final);
        return cell(h, clew.unroll(rows as never, { over: xs, from: h0 }).final);
      },
      { steps: time, from: h0 },
    );
    expect(messages(told(last))).toEqual(["scan: `checkpoint` has no effect on a scan inside a scan"]);
  });

  it("is none of the outer scan, of one in an unrolling, of one that the cell only reads", () => {
    for (const { final } of [nested(scan, ["sqrt", "none"]), nested(clew.unroll, [undefined, "sqrt"]), nested(scan, ["none", "sqrt"], x)])
      expect(told({ final, g: grad(sum(final), { W }) })).toEqual([]);
  });
});

describe("no steps", () => {
  const none = dim("none", 0);
  const { outputs, final } = scan((h: Untyped, x_t: Untyped) => cell(dropout(h, 0.5, "h"), x_t), {
    over: zeros([none, batch, hidden]),
    from: h0,
  });
  const feeds = { h0: Float64Array.of(1, 2, 3, 4, 5, 6) };

  it("leave the first state, and outputs of none", () => {
    const found = evaluate({ outputs, final, without: inference(final) }, feeds);
    expect([...found.final.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...found.without.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([found.outputs.shape, found.outputs.data.length]).toEqual([[0, 2, 3], 0]);
  });

  it("differentiate as nothing between the state and itself, in every mode", () => {
    const loss = add(sum(mul(final, final)), sum(outputs));
    const g = grad(loss, { h0, W }, { unreached: "zero" });
    const again = grad(sum(mul(g.h0, g.h0)), { h0, W }, { unreached: "zero" });
    const found = evaluate(
      { g, again, j: jacobian(final, h0), t: jvp(final, { h0 }, { h0: mul(h0, 2) }), hessian: hessian(loss, h0) },
      feeds,
    );
    expect([...found.g.h0.data]).toEqual([2, 4, 6, 8, 10, 12]);
    expect([...found.again.h0.data]).toEqual([8, 16, 24, 32, 40, 48]);
    expect([...found.g.W.data, ...found.again.W.data].every((v) => v === 0)).toBe(true);
    expect([...found.t.data]).toEqual([2, 4, 6, 8, 10, 12]);
    const identity = Array.from({ length: 36 }, (_, i) => Number(i % 7 === 0));
    expect([...found.j.data]).toEqual(identity);
    expect([...found.hessian.data]).toEqual(identity.map((v) => 2 * v));
  });
});

describe("what a gradient is asked by", () => {
  const K = mul(W, 1);
  const { outputs, final } = scan((h: Untyped, x_t: Untyped) => cell(h, add(x_t, sum(K))), { over: x, from: h0 });
  const loss = add(sum(outputs), sum(final));

  it("is told when the scan does not reach it", () => {
    const q = parameter("q", []);
    expect(told(grad(loss, { q })).map((d) => [d.code, d.op])).toEqual([["Unreached", "grad"]]);
  });

  it("may be what the cell reads from outside, computed or constant", () => {
    const one = clew.ones([batch, hidden]) as Untyped;
    const scaled = scan((h: Untyped, x_t: Untyped) => cell(mul(h, one), x_t), { over: x, from: h0 });
    const g = { K: grad(loss, { K }).K, one: grad(sum(scaled.final), { one }).one };
    const found = evaluate(g, { x: new Float64Array(24).fill(0.1), h0: Float64Array.of(1, 2, 3, 4, 5, 6) });
    expect([...found.K.data, ...found.one.data].every((v) => v !== 0)).toBe(true);
  });

  it("may not be a node of the cell", () => {
    let inside: Untyped;
    const leaking = (h: Untyped, x_t: Untyped) => {
      inside = tanh(h);
      return cell(inside, x_t);
    };
    const { final: last } = scan(leaking, { over: x, from: h0 });
    expect(told(grad(sum(last), { inside })).length).toBeGreaterThan(0);
    expect(told(add(last, inside)).map((d) => d.code)).toEqual(["EscapedTemplate"]);
  });
});

it("a scan of more steps than a picture's is a graph of one", () => {
  const long = scan((h: Untyped) => cell(h, h), { steps: dim("step", 2 ** 40), from: h0 });
  const g = grad(sum(long.final), { W });
  expect(graph({ final: long.final, g }).nodes.length).toBeLessThan(60);
});
