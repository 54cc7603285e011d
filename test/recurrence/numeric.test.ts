// The last of the links: unroll = scan = scan in segments, bit for bit (scan.test.ts, checkpoint.test.ts), and the gradient of all is what differences say.

import { checkGradients, graph, scan, type Tensor } from "clew";
import fc from "fast-check";
import { expect, it } from "vitest";
import { cellOf, inputsFor, lossOf, parameters, plans, type Run } from "./random-cells.ts";

const loosely = scan as unknown as (cell: unknown, options: unknown) => Run;

it("gradients of random cells are those of differences, but where kinks forbid to say", () => {
  const nets = fc.record({ plan: plans, steps: fc.integer({ min: 1, max: 4 }), seed: fc.nat(1000), backwards: fc.boolean() });
  const differentiated = new Set<string>();
  let proved = 0;
  fc.assert(
    fc.property(nets, ({ plan, steps, seed, backwards }) => {
      const { x, h0, first, feeds } = inputsFor(steps, seed);
      const run = loosely(cellOf(plan, { x, h0 }), { over: x, from: first, reverse: backwards, checkpoint: "sqrt" });
      const loss = lossOf(run) as Tensor<readonly []>;
      // the body's parameters, as many as the loss reaches
      const read = new Set<unknown>(graph(loss).parameters.map((p) => p.attributes.name));
      const own = Object.entries(parameters).filter(([name]) => read.has(name));
      for (const [name] of own) differentiated.add(name);
      const wrt = { x, h0, ...Object.fromEntries(own) };
      const fed = Object.fromEntries(Object.entries(feeds).filter(([name]) => name in wrt));
      const report = checkGradients(loss, { feeds: fed, wrt, seed: 1 });
      if (report.verdict === "fail") expect(report.kinks.length).toBeGreaterThan(0);
      else proved++;
    }),
    { numRuns: 40, seed: 4 },
  );
  expect(proved).toBeGreaterThan(25);
  expect([...differentiated].sort()).toEqual(["U", "W", "b"]);
});
