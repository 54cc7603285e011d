// What explain says of a training step: each pass and what it changed, the loops, what left them and what not and why, who lives where and when, the clock.

import { compile, scan } from "clew";
import { describe, expect, it } from "vitest";
import { lstmStep, rnnStep } from "./nets.ts";

describe.each([
  ["an RNN", rnnStep(scan), 1, "∂U, ∂W, ∂b"],
  ["an LSTM", lstmStep(scan), 4, "∂Ui, ∂Wi, ∂bi, ∂Uf, ∂Wf, ∂bf, ∂Ug, ∂Wg, ∂bg, ∂Uo, ∂Wo, ∂bo"],
] as const)("explain, of a training step of %s", (_, { outputs, feeds }, gates, sums) => {
  const program = compile(outputs);
  const before = program.explain();
  program.run(feeds);
  const text = program.explain();
  const lines = text.split("\n");
  const starting = (word: string) => lines.filter((l) => l.startsWith(word));

  it("says what left the loops, and why what stays must stay", () => {
    expect(text).toContain(`summed over all steps at once: ${sums}\n`);
    const stays = lines.filter((l) =>
      /the product ∂?contract \(nets\.ts:\d+:\d+\) stays in the loop: the next state depends on it/.test(l),
    );
    expect(stays.length).toBe(2 * gates);
  });

  it("counts statements, and numbers loops and products among them", () => {
    const counted = [...starting("lower")[0]!.matchAll(/(\d+) (map|gather|for|contract|reduce|scatter)/g)];
    const total = counted.reduce((n, [, k]) => n + Number(k), 0);
    const numbered = lines.flatMap((l) => /^ +(\d+) +(for|product)/.exec(l)?.slice(1, 3) ?? []);
    const numbers = numbered.filter((_, i) => i % 2 === 0).map(Number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers.at(-1)).toBeLessThan(total + 2); // loops count twice
    expect(text).toMatch(/for 6 steps\n/);
    expect(text).toMatch(/for 6 steps, from the last one\n/);
  });

  it("says who lives where and when: none beside another one in its place", () => {
    const lives = [...text.matchAll(/([\d.]+) kB at (\d+): .*, (?:statements (\d+) to (\d+)|from statement (\d+) until it is read)/g)].map(
      ([, size, at, from, to, open]) => ({
        size: 1000 * Number(size) - 51, // as printed, to 0.1 kB
        at: Number(at),
        from: Number(from ?? open),
        to: to === undefined ? Number.POSITIVE_INFINITY : Number(to),
      }),
    );
    expect(lives.length).toBe(6);
    for (const [i, a] of lives.entries())
      for (const b of lives.slice(i + 1)) {
        const together = a.from <= b.to && b.from <= a.to;
        if (together) expect(a.at >= b.at + b.size || b.at >= a.at + a.size).toBe(true);
      }
  });

  it("predicts multiply-adds, and says what the clock says", () => {
    // each product of the forward pass has two in the backward one; rows of U are looked up
    const [cells, words] = [6 * 3 * 8 * 8 * gates, 6 * 3 * 8 * 8];
    const found = Number(/clock +([\d,]+) multiply-adds/.exec(text)![1]!.replaceAll(",", ""));
    expect(found).toBe(3 * (cells + words));
    expect(before).toContain("not run yet");
    expect(text).toMatch(/fastest run [\d.]+ ms, [\d.]+ GFLOP\/s/);
  });
});
