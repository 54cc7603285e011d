// Checkpoints change what is kept and what is computed again, not what is computed.

import { add, dropout, evaluate, grad, input, mul, scan, sum, type Tensor, tanh } from "clew";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Node } from "../../src/graph/node.ts";
import { nodesOf } from "../../src/graph/tree.ts";
import { hoistScans } from "../../src/recurrence/scan/hoist.ts";
import { direct, groupsOf, segmented } from "../../src/recurrence/scan/segments.ts";
import { batch, cellOf, inputsFor, lossOf, type Mask, parameters, plans, type Run } from "./random-cells.ts";

const loosely = scan as unknown as (cell: unknown, options: unknown) => Run;
const bits = (data: ArrayLike<number>): readonly number[] => Array.from(data, (v) => v + 0);
const named = (nodes: readonly Node[]) => Object.fromEntries(nodes.map((n, i) => [`n${i}`, n]));
type Values = Readonly<Record<string, { readonly data: ArrayLike<number> }>>;

/** In segments of `length` steps, as many as there are. */
function inSegments(outputs: readonly Node[], steps: number, length: number): readonly Node[] {
  for (let all = direct(outputs); ; ) {
    const [group] = groupsOf(all);
    if (group === undefined) return all;
    all = segmented(all, group, { count: Math.floor(steps / length), length });
  }
}

const nets = fc
  .record({
    plan: plans,
    steps: fc.integer({ min: 1, max: 7 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    seed: fc.nat(1000),
    backwards: fc.boolean(),
    masked: fc.boolean(),
    second: fc.boolean(),
    drops: fc.boolean(),
  })
  .map((net) => ({ ...net, length: 1 + Math.floor(net.part * (net.steps - 1)) }));

describe("a scan in segments", () => {
  it("has the same values, gradients and second derivatives, bit for bit; relieved of what need not be done in a step, to rounding", () => {
    let cut = 0;
    fc.assert(
      fc.property(nets, ({ plan, steps, length, seed, backwards, masked, second, drops }) => {
        const { x, h0, first, time, feeds } = inputsFor(steps, seed);
        const mask = input("mask", [time, batch], "bool") as Mask;
        const cell = cellOf(plan, { x, h0 });
        const dropping = (s: Parameters<typeof cell>[0], x_t: Tensor) => cell(drops ? { ...s, h: dropout(s.h, 0.3, "h") } : s, x_t);
        const run = loosely(dropping, { over: x, from: first, reverse: backwards, checkpoint: "sqrt", ...(masked ? { mask } : {}) });
        const wrt = { x, h0, ...parameters };
        const g = grad(lossOf(run), wrt, { unreached: "zero" });
        const again = Object.values(g).map((part, i) => sum(mul(part, tanh(add(mul(part, 0.3), i)))));
        const h = second ? grad(again.reduce((a, p) => add(a, p) as never) as Tensor<readonly []>, wrt, { unreached: "zero" }) : {};
        const outputs = nodesOf({ run: { outputs: run.outputs, final: run.final }, g, h });
        const segments = inSegments(outputs, steps, length);
        if (segments !== outputs) cut++;
        const real = Uint8Array.from({ length: steps * 2 }, (_, i) => Number(Math.sin(seed + 2.1 * i) > -0.4));
        const found = evaluate(
          { anchor: { ...wrt, mask }, a: named(outputs), b: named(segments), c: named(hoistScans(segments).outputs) },
          { ...feeds, mask: real },
          { seed: 3 },
        ) as unknown as { readonly a: Values; readonly b: Values; readonly c: Values };
        for (const [name, { data }] of Object.entries(found.a)) {
          expect([name, bits(found.b[name]!.data)]).toEqual([name, bits(data)]);
          const scale = Math.max(1, ...Array.from(data, Math.abs));
          Array.from(data).forEach((v, i) => {
            expect(Math.abs(v - found.c[name]!.data[i]!)).toBeLessThanOrEqual(1e-12 * scale);
          });
        }
      }),
      { numRuns: 90, seed: 5 },
    );
    expect(cut).toBeGreaterThan(45);
  });
});
