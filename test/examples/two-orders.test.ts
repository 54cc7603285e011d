import { expect, test } from "vitest";
import twoOrders from "../../examples/two-orders/main.ts";
import { small } from "./small.ts";

test("states first, or alternating: the same bits, values, gradients and trained weights", async () => {
  const { metrics } = await small("two-orders", twoOrders, "alternating");
  expect(metrics).toMatchObject({ differentScores: 0, differentLosses: 0, differentGradients: 0, differentWeights: 0 });
  expect(metrics["accuracy" as string]).toBeGreaterThan(0.95);
}, 60_000);
