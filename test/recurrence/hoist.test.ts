// Hoisting changes where things are computed, and the order of sums over time; not what is computed.

import {
  add,
  dim,
  evaluate,
  gather,
  grad,
  graph,
  input,
  lengthMask,
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
  zeros,
} from "clew";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyOf, orderOf } from "../../src/graph/body.ts";
import type { Node } from "../../src/graph/node.ts";
import { nodesOf } from "../../src/graph/tree.ts";
import { hoistScans } from "../../src/recurrence/scan/hoist.ts";
import { batch, cellOf, inputsFor, lossOf, type Mask, parameters, plans, type Run } from "./random-cells.ts";

const loosely = scan as unknown as (cell: unknown, options: unknown) => Run;

function expectClose(a: ArrayLike<number>, b: ArrayLike<number>): void {
  expect(a.length).toBe(b.length);
  let scale = 1;
  for (let i = 0; i < b.length; i++) scale = Math.max(scale, Math.abs(b[i]!));
  for (let i = 0; i < b.length; i++) expect(Math.abs(a[i]! - b[i]!)).toBeLessThanOrEqual(1e-12 * scale);
}

/** Products of all scans' bodies. */
function productsInLoops(outputs: readonly Node[]): readonly string[] {
  return graph(Object.fromEntries(outputs.map((o, i) => [`o${i}`, o]))).nodes.flatMap((n) => {
    const body = bodyOf(n);
    if (body === undefined) return [];
    const { order, start } = orderOf(body, [...body.next]);
    const isProduct = (x: Node) => x.op.computation?.({ node: x, inputs: x.inputs, attributes: x.attributes }).kind === "contract";
    return order.filter((x, i) => start[i] !== start[i + 1] && isProduct(x)).map((x) => x.op.name);
  });
}

describe("hoisting out of scans", () => {
  it("keeps values, gradients and second derivatives of random cells", () => {
    fc.assert(
      fc.property(
        fc.record({
          plan: plans,
          steps: fc.integer({ min: 0, max: 4 }),
          seed: fc.nat(1000),
          backwards: fc.boolean(),
          masked: fc.boolean(),
        }),
        ({ plan, steps, seed, backwards, masked }) => {
          const { x, h0, first, time, feeds } = inputsFor(steps, seed);
          const outside = zeros([dim("a step", 1), ...x.shape.slice(1)]) as Tensor;
          const mask = input("mask", [time, batch], "bool") as Mask;
          const run = loosely(cellOf(plan, { x: steps === 0 ? outside : x, h0 }), {
            over: x,
            from: first,
            reverse: backwards,
            ...(masked ? { mask } : {}),
          });
          const wrt = { x, h0, ...parameters };
          const g = grad(lossOf(run), wrt, { unreached: "zero" });
          const second = grad(
            Object.values(g)
              .map((p) => sum(mul(p, tanh(p))))
              .reduce((a, p) => add(a, p) as never) as Tensor<readonly []>,
            wrt,
            { unreached: "zero" },
          );
          const outputs = { outputs: run.outputs, final: run.final, g, second };
          const { outputs: relieved } = hoistScans(nodesOf(outputs));
          const real = Uint8Array.from({ length: steps * 2 }, (_, i) => Number(Math.sin(seed + 2.1 * i) > -0.4));
          const anchor = { ...wrt, mask };
          const found = evaluate(
            { anchor, outputs, relieved: Object.fromEntries(relieved.map((n, i) => [`n${i}`, n])) },
            { ...feeds, mask: real },
          );
          const values = [
            ...Object.values(found.outputs.outputs),
            ...Object.values(found.outputs.final),
            ...Object.values(found.outputs.g),
            ...Object.values(found.outputs.second),
          ];
          values.forEach((v, i) => {
            expectClose((found.relieved as Record<string, { data: ArrayLike<number> }>)[`n${i}`]!.data, v.data);
          });
        },
      ),
      { numRuns: 150, seed: 11 },
    );
  });

  const time = dim("time", 6);
  const b = dim("batch", 2);
  const word = dim("word", 5);
  const hidden = dim("hidden", 3);
  const label = dim("label", 4);
  const weight = (name: string, from: typeof word | typeof hidden | typeof label, to: typeof hidden | typeof label = hidden) =>
    parameter(name, [from, to], uniform(-1, 1)) as Tensor;

  it.each([false, true])("leaves a plain RNN one product in each loop: the one that carries the state (mask: %s)", (masked) => {
    const x = input("x", [time, b, word]);
    const [U, W, V] = [weight("U", word), weight("W", hidden), weight("V", hidden, label)];
    const cell = (h: Tensor, x_t: Tensor) => {
      const h_t = tanh(add(matmul(x_t, U) as Tensor, matmul(h, W) as Tensor) as Tensor);
      return { state: h_t, output: { p: matmul(h_t, V), q: h_t } };
    };
    const mask = masked ? { mask: lengthMask(input("lengths", [b], "int"), time) } : {};
    const { outputs } = loosely(cell, { over: x, from: zeros([b, hidden]), ...mask });
    const loss = softmaxCrossEntropy(outputs.p as never, input("y", [time, b], "int") as never) as Tensor<readonly []>;
    const all = [loss, ...nodesOf(grad(loss, { U, W, V } as never))] as Node[];
    expect(productsInLoops(all).length).toBeGreaterThan(2);
    expect(productsInLoops(hoistScans(all).outputs)).toEqual(["contract", "contract"]);
  });

  it("adds embedding rows up once, and says what it did", () => {
    const ids = input("ids", [time, b], "int");
    const [U, W] = [weight("U", word), weight("W", hidden)];
    const cell = (h: Tensor, id: Tensor) => {
      const h_t = sigmoid(add(gather(U as never, id as never, word as never) as Tensor, matmul(h, W) as Tensor) as Tensor);
      return { state: h_t, output: { p: h_t, q: h_t } };
    };
    const { final } = loosely(cell, { over: ids, from: zeros([b, hidden]) });
    const loss = sum(mul(final as unknown as Tensor, final as unknown as Tensor)) as Tensor<readonly []>;
    const { outputs, hoisted } = hoistScans([loss, ...nodesOf(grad(loss, { U, W } as never))] as Node[]);
    expect(productsInLoops(outputs)).toEqual(["contract", "contract"]);
    expect(hoisted.map((h) => h.sums.length)).toEqual([0, 2]);
    expect(hoisted.flatMap((h) => h.stayed)).toEqual([]);
  });
});
