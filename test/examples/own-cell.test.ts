import { evaluate, scalar } from "clew";
import { expect, test } from "vitest";
import { randomOf } from "../../examples/harness/random.ts";
import ownCell, { leads } from "../../examples/own-cell/main.ts";
import { softsign } from "../../examples/own-cell/model.ts";
import { small } from "./small.ts";

test("the op is a / (1 + |a|)", () => {
  for (const a of [-3, -0.5, 0, 0.5, 3]) expect(evaluate(softsign(scalar(a)), {}).data[0]).toBe(a / (1 + Math.abs(a)));
});

test("who leads is counted from the start", () => {
  const { time, batch, feeds } = leads(7, 30, randomOf(2));
  const { x, labels } = feeds as { readonly x: Float64Array; readonly labels: Int32Array };
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < time; t++) {
      const sum = Array.from({ length: t + 1 }, (_, s) => x[s * batch + b]!).reduce((a, c) => a + c, 0);
      expect(labels[t * batch + b]).toBe(sum > 0 ? 1 : 0);
    }
});

test("a user's cell, with a user's op, is checked to second order, trained, and right", async () => {
  const { metrics } = await small("own-cell", ownCell, "folded");
  expect(metrics["accuracy" as string]).toBeGreaterThan(0.95);
  expect(metrics["secondOrderVerdict" as string]).toBe("pass");
  expect(metrics["secondOrderError" as string]).toBeLessThanOrEqual(1e-7);
}, 60_000);
