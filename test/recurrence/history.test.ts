// Mistakes that frameworks have shipped, each with the test that would have found it. Third derivatives that were off by a factor 3 have theirs in
// scan-derivatives.test.ts, NaN that leaks out of padded steps in mask.test.ts and scan-derivatives.test.ts.

import {
  add,
  contributions,
  dim,
  evaluate,
  grad,
  graph,
  input,
  item,
  matmul,
  mul,
  parameter,
  scan,
  sigmoid,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  tanh,
  uniform,
  unroll,
  zeros,
} from "clew";
import { describe, expect, it } from "vitest";
import { loopsOf } from "../../src/compile/graph-loops.ts";
import { planMemory } from "../../src/compile/plan.ts";
import { alone } from "../../src/compile/threads/schedule.ts";
import { print } from "../../src/compile/wasm/print.ts";
import { nodesOf } from "../../src/graph/tree.ts";
import { hoistScans } from "../../src/recurrence/scan/hoist.ts";

const forms = [
  ["scan", scan],
  ["unroll", unroll as unknown as typeof scan],
] as const;

const [one, feature] = [dim("one", 1), dim("feature", 2)];

describe.each(forms)("%s", (_, recur) => {
  it("multiplies Jacobians from the last step back: they do not commute", () => {
    // h_t = h_{t−1}·M_t, E = h_T·c: ∂E/∂h_0 = M_1·M_2·M_3·c
    const time = dim("time", 3);
    const [M, h0, c] = [input("M", [time, feature, feature]), parameter("h0", [one, feature]), input("c", [feature])];
    const { final } = recur((h: Tensor, M_t: Tensor) => ({ state: matmul(h, M_t) as Tensor, output: h }), {
      over: M as Tensor,
      from: h0 as Tensor,
    });
    const g = grad(sum(mul(final as Tensor<readonly [typeof one, typeof feature]>, c)), h0);
    const found = evaluate(g, {
      M: [
        [
          [1, 2],
          [0, 1],
        ],
        [
          [0, 1],
          [3, 0],
        ],
        [
          [1, 0],
          [5, 2],
        ],
      ],
      h0: [[1, 1]],
      c: [1, 10],
    });
    // M_3·c = (1, 25), M_2·(1, 25) = (25, 3), M_1·(25, 3) = (31, 3); in forward order it would be M_3·M_2·M_1·c = (31, 281)
    expect([...found.data]).toEqual([31, 3]);
  });

  it("carries the gradient back through every step, not one", () => {
    // h_t = w·h_{t−1} + x_t, E = h_T: ∂E/∂x_k = w^(T−1−k), ∂E/∂w = Σ_k w^(T−1−k)·h_{k−1}
    const time = dim("time", 5);
    const [x, w] = [input("x", [time]), parameter("w", [])];
    const { final } = recur((h, x_t) => ({ state: add(mul(h, w), x_t), output: h }), { over: x, from: zeros([]) });
    const found = evaluate(grad(final, { x, w }), { x: [1, 1, 1, 1, 1], w: 2 });
    expect([...found.x.data]).toEqual([16, 8, 4, 2, 1]);
    expect(item(found.w)).toBe(8 * 1 + 4 * 3 + 2 * 7 + 1 * 15);
  });

  it("has a cell state where the cell has one: the gradient goes past a gate that is shut", () => {
    // c_t = c_{t−1} + x_t, h_t = o_t·tanh(c_t): with o shut at the first steps, what x_0 does is carried by c alone
    const time = dim("time", 4);
    const [x, gate] = [input("x", [time]), input("gate", [time])];
    const { final } = recur(
      ({ c }, { x_t, o_t }) => {
        const c_t = add(c, x_t);
        const h_t = mul(o_t, tanh(c_t));
        return { state: { h: h_t, c: c_t }, output: h_t };
      },
      { over: { x_t: x, o_t: gate }, from: { h: zeros([]), c: zeros([]) } },
    );
    const found = evaluate(grad(final.h, { x }), { x: [0.1, 0.2, 0, 0.1], gate: [0, 0, 0, 1] });
    for (const v of found.x.data) expect(v).toBeCloseTo(1 - Math.tanh(0.4) ** 2, 14);
  });
});

it("every step's term is part of the gradient", () => {
  const [time, batch, hidden] = [dim("time", 6), dim("batch", 2), dim("hidden", 3)];
  const [x, W] = [input("x", [time, batch, hidden]), parameter("W", [hidden, hidden], uniform(-1, 1))];
  const { final } = unroll((h, x_t) => ({ state: tanh(add(x_t, matmul(h, W))), output: h }), { over: x, from: zeros([batch, hidden]) });
  const { norms } = contributions(sum(mul(final, final)), { of: W });
  const found = evaluate(norms, { x: Float64Array.from({ length: 36 }, (_, i) => Math.sin(1.7 * i)) }, { seed: 2 });
  // at the first step the state is zero, so that W has no part there
  expect([...found.data].map((v) => v > 1e-6)).toEqual([false, true, true, true, true, true]);
});

describe("a scan of 16 steps and one of 16,384", () => {
  const [batch, word, hidden] = [dim("batch", 2), dim("word", 4), dim("hidden", 5)];
  const weight = (name: string, from: typeof word | typeof hidden) => parameter(name, [from, hidden], uniform(-0.3, 0.3)) as Tensor;
  const gates = ["i", "f", "o", "g"].map((name) => ({ U: weight(`U_${name}`, word), W: weight(`W_${name}`, hidden) }));
  /** A training step's outputs: an LSTM, its loss and its gradient. */
  const build = (steps: number) => {
    const time = dim("time", steps);
    const x = input("x", [time, batch, word]) as Tensor;
    const cell = ({ h, c }: { readonly h: Tensor; readonly c: Tensor }, x_t: Tensor) => {
      const [i, f, o, g] = gates.map(({ U, W }) => add(matmul(x_t, U) as Tensor, matmul(h, W) as Tensor) as Tensor) as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      const c_t = add(mul(sigmoid(f), c) as Tensor, mul(sigmoid(i), tanh(g)) as Tensor) as Tensor;
      return { state: { h: mul(sigmoid(o), tanh(c_t)) as Tensor, c: c_t }, output: c_t };
    };
    const first = zeros([batch, hidden]) as Tensor;
    const { outputs } = scan(cell, { over: x, from: { h: first, c: first } });
    const loss = softmaxCrossEntropy(outputs as never, input("y", [time, batch], "int") as never) as Tensor<readonly []>;
    return {
      loss,
      gradient: grad(
        loss,
        Object.fromEntries(
          gates.flatMap(({ U, W }, n) => [
            [`U${n}`, U],
            [`W${n}`, W],
          ]),
        ),
      ),
    };
  };

  it("are graphs of the same nodes, built in the same time", () => {
    const timed = (steps: number) => {
      const best = [0, 1, 2].map(() => {
        const start = performance.now();
        build(steps);
        return performance.now() - start;
      });
      return Math.min(...best);
    };
    const names = (steps: number) => graph(build(steps)).nodes.map((n) => n.op.name);
    expect(names(16_384)).toEqual(names(16));
    timed(16);
    // a thousand times as many steps: were anything done for each of them, it would show
    expect(timed(16_384)).toBeLessThan(10 * timed(16) + 5);
  });

  it("are programs of the same statements, printed in as many bytes", () => {
    const compiled = (steps: number) => {
      const outputs = build(steps);
      const g = graph(outputs);
      const { outputs: roots } = hoistScans(nodesOf(outputs));
      const { program, statements, places } = loopsOf(g, roots);
      const loops = { buffers: program.buffers, body: statements };
      const plan = planMemory(loops, "f32", new Set(roots.map((r) => places.get(r)!.buffer)));
      const addressOf = (b: (typeof program.buffers)[number]) => plan.address.get(b)!;
      const layout = { addressOf, scratchOf: () => plan.bytes, control: 0, pages: 1 };
      const printed = print(alone(loops), layout, { precision: "f32", fma: false });
      return { kinds: statements.map((s) => s.kind), bytes: printed.bytes.length };
    };
    const [short, long] = [compiled(16), compiled(16_384)];
    expect(long.kinds).toEqual(short.kinds);
    // products over all steps are packed when there are many: other kernels, of a bounded size, and addresses of more digits
    expect(long.bytes).toBeLessThan(1.5 * short.bytes);
    expect(compiled(32_768).bytes).toBeLessThan(1.02 * long.bytes);
  });
});
