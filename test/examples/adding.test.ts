import { describe, expect, test } from "vitest";
import adding from "../../examples/adding/main.ts";
import { exact, sums } from "../../examples/adding/sums.ts";
import { randomOf } from "../../examples/harness/random.ts";
import { small } from "./small.ts";

/** The number that a column of digits is, from the right. */
const numberOf = (digits: (t: number) => number, time: number): number =>
  Array.from({ length: time }, (_, t) => digits(t) * 2 ** t).reduce((a, b) => a + b, 0);

describe("adding bit by bit", () => {
  test("the sums that are asked are right", () => {
    const { time, batch, feeds } = sums(10, 50, randomOf(3));
    const { digits, labels } = feeds as { readonly digits: Float64Array; readonly labels: Int32Array };
    for (let b = 0; b < batch; b++) {
      const [one, other] = [0, 1].map((n) => numberOf((t) => digits[(t * batch + b) * 2 + n]!, time));
      expect(numberOf((t) => labels[t * batch + b]!, time)).toBe(one! + other!);
    }
  });

  test("a sum counts when every digit is right", () => {
    const asked = sums(5, 20, randomOf(4));
    const right = asked.feeds["labels" as string] as Int32Array;
    expect(exact(right, asked)).toBe(20);
    const wrong = Int32Array.from(right);
    wrong[3 * 20 + 7]! ^= 1;
    expect(exact(wrong, asked)).toBe(19);
  });

  test("numbers three times as long as those that it learned on are added without a mistake, 1,000 times", async () => {
    const { metrics } = await small("adding", adding, "folded");
    expect(metrics["exactSums" as string]).toBe(1);
  }, 60_000);
});
