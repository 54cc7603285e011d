import { expect, test } from "vitest";
import copying from "../../examples/copying/main.ts";
import { ask, symbols } from "../../examples/copying/model.ts";
import { tasks } from "../../examples/copying/tasks.ts";
import { randomOf } from "../../examples/harness/random.ts";
import { small } from "./small.ts";

test("a symbol is shown once, at first, and asked for at last", () => {
  const { time, batch, feeds } = tasks(10, 20, randomOf(1));
  const { ids, labels } = feeds as { readonly ids: Int32Array; readonly labels: Int32Array };
  expect([...ids.subarray(0, batch)]).toEqual([...labels]);
  expect(ids.subarray(batch, (time - 1) * batch).every((id) => id >= symbols && id < ask)).toBe(true);
  expect([...ids.subarray((time - 1) * batch)]).toEqual(new Array(batch).fill(ask));
});

test("after 100 steps an LSTM recalls what it was shown, and a plain RNN guesses", async () => {
  const { metrics } = await small("copying", copying, "folded");
  expect(metrics["recalled" as string]).toBeGreaterThan(0.95);
  // 500 guesses at one of four: 25 % with a deviation of 1.9 %
  expect(metrics["recalledByRnn" as string]).toBeLessThan(0.25 + 5 * 0.019);
}, 60_000);
