// scan is unroll: the same values and gradients, bit for bit, for random cells.

import { add, dim, evaluate, grad, graph, input, mul, scan, sum, type Tensor, tanh, unroll, zeros } from "clew";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batch, cellOf, hidden, inputsFor, lossOf, type Mask, parameters, plans, type Run } from "./random-cells.ts";

const outside = zeros([dim("a step", 1), batch, hidden]) as Tensor;

const nets = fc.record({
  plan: plans,
  steps: fc.integer({ min: 0, max: 5 }),
  seed: fc.nat(1000),
  backwards: fc.boolean(),
  masked: fc.boolean(),
});

/** The recurrence in either form; shapes of random cells are known at run time only. */
type Form = (cell: unknown, options: unknown) => Run;
const forms = { unroll: unroll as unknown as Form, scan: scan as unknown as Form };

/** −0 counts as 0: a sum that starts at 0 makes no difference between them. */
const bits = (data: ArrayLike<number>): readonly number[] => Array.from(data, (v) => v + 0);

function both(plan: Parameters<typeof cellOf>[0], steps: number, seed: number, backwards: boolean, masked: boolean) {
  const { x, h0, first, time, feeds } = inputsFor(steps, seed);
  const cell = cellOf(plan, { x: steps === 0 ? outside : x, h0 });
  const mask = input("mask", [time, batch], "bool") as Mask;
  const options = { over: x, from: first, reverse: backwards, ...(masked ? { mask } : {}) };
  const real = Uint8Array.from({ length: steps * 2 }, (_, i) => Number(Math.sin(seed + 2.1 * i) > -0.4));
  return {
    anchor: { x, h0, ...parameters, mask },
    wrt: { x, h0, ...parameters },
    feeds: { ...feeds, mask: real },
    unrolled: forms.unroll(cell, options),
    scanned: forms.scan(cell, options),
  };
}

describe("a scan of a random cell", () => {
  it("has the values and the gradients of the unrolling, bit for bit", () => {
    fc.assert(
      fc.property(nets, ({ plan, steps, seed, backwards, masked }) => {
        const { anchor, wrt, feeds, unrolled, scanned } = both(plan, steps, seed, backwards, masked);
        const of = ({ outputs, final }: Run) => ({ outputs, final, g: grad(lossOf({ outputs, final }), wrt, { unreached: "zero" }) });
        const found = evaluate({ anchor, a: of(unrolled), b: of(scanned) }, feeds);
        for (const name of ["p", "q"] as const)
          expect([name, bits(found.b.outputs[name].data)]).toEqual([name, bits(found.a.outputs[name].data)]);
        for (const name of ["h", "c"] as const)
          expect([name, bits(found.b.final[name].data)]).toEqual([name, bits(found.a.final[name].data)]);
        for (const name of ["x", "h0", "W", "U", "b"] as const)
          expect([name, bits(found.b.g[name].data)]).toEqual([name, bits(found.a.g[name].data)]);
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it("has the second derivatives of the unrolling, bit for bit", () => {
    fc.assert(
      fc.property(nets, ({ plan, steps, seed, backwards, masked }) => {
        const { anchor, wrt, feeds, unrolled, scanned } = both(plan, steps, seed, backwards, masked);
        const of = (run: Run) => {
          const g = grad(lossOf(run), wrt, { unreached: "zero" });
          const again = Object.values(g).map((part, i) => sum(mul(part, tanh(add(mul(part, 0.3), i)))));
          return grad(again.reduce((a, part) => add(a, part) as never) as Tensor<readonly []>, wrt, { unreached: "zero" });
        };
        const found = evaluate({ anchor, a: of(unrolled), b: of(scanned) }, feeds);
        for (const name of ["x", "h0", "W", "U", "b"] as const)
          expect([name, bits(found.b[name].data)]).toEqual([name, bits(found.a[name].data)]);
      }),
      { numRuns: 150, seed: 8 },
    );
  });

  it("does not grow with the number of steps", () => {
    const size = (steps: number) => {
      const x = input("x", [dim("time", steps)]);
      const w = input("w", []);
      const { outputs, final } = scan((s, x_t) => ({ state: mul(add(s, x_t), w), output: s }), { over: x, from: zeros([]) });
      const loss = add(sum(outputs), final);
      return graph({ loss, g: grad(grad(loss, w), w) }).nodes.length;
    };
    expect(size(1000)).toBe(size(2));
  });
});
