// What the run says of its figures: a loss with its floor, shares beside a verdict, words that were never seen, and that it goes on.

import type { EpochEvent, StepEvent } from "clew";
import { describe, expect, test, vi } from "vitest";
import { lookedInto, questionsOf } from "../../examples/sentiment/ask.ts";
import { lossFloor } from "../../examples/sentiment/floor.ts";
import { drawGraph } from "../../examples/sentiment/report/pictures.ts";
import { hundredths } from "../../examples/sentiment/shares.ts";
import { phraseTask } from "../../examples/sentiment/task.ts";
import { proved, terminal, unknownWords } from "../../examples/sentiment/terminal.ts";
import { verdictOf } from "../../src/recurrence/verdict.ts";
import { file, phrases } from "./report-fixture.ts";

describe("the floor of a loss at every word", () => {
  test("is the entropy of the label given the words so far", () => {
    expect(lossFloor([])).toBe(0);
    // after the first word even odds, after the second all is said
    expect(
      lossFloor([
        { ids: [2, 3], label: 0 },
        { ids: [2, 4], label: 1 },
      ]),
    ).toBeCloseTo(Math.LN2 / 2, 15);
    // 3 of 4 that begin with 2 are 1
    const quarter = -(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75));
    expect(lossFloor([0, 1, 1, 1].map((label) => ({ ids: [2], label })))).toBeCloseTo(quarter, 15);
  });

  test("of the built-in phrases is no less than the loss of the best answers, and no answers do better", () => {
    const { training } = phraseTask(1);
    const floor = lossFloor(training);
    expect(floor).toBeGreaterThan(0.5);
    expect(floor).toBeLessThan(Math.LN2);
    // by counting again, in another way: for each word, how often its beginning has the label that it has
    const beginnings = training.flatMap(({ ids, label }) =>
      Array.from(ids, (_, t) => ({
        words: Array.from(ids)
          .slice(0, t + 1)
          .join(),
        label,
      })),
    );
    const counts = new Map<string, number>();
    const count = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const { words, label } of beginnings) for (const key of [words, `${words}/${label}`]) count(key);
    const share = ({ words, label }: (typeof beginnings)[number]): number => counts.get(`${words}/${label}`)! / counts.get(words)!;
    const mean = beginnings.reduce((sum, b) => sum - Math.log(share(b)), 0) / beginnings.length;
    expect(floor).toBeCloseTo(mean, 12);
  });
});

describe("a share beside a verdict", () => {
  test.each([
    [0.00999, 1, "0.999"],
    [0.0099999, 0, "0.99999"],
    [0.0104, 0, "1"],
    [0.01, 1, "1.0"],
    [0.497, 0, "49.7"],
    [0.5, 0, "50"],
    [1, 0, "100"],
    [1.999, 0, "199.9"],
    [0, 1, "0.0"],
  ])("%d with %i digits is %s %%", (share, digits, text) => {
    expect(hundredths(share, digits)).toBe(text);
  });

  test("never says the contrary", () => {
    for (const t of [0.01, 0.5, 2, 100])
      for (const by of [1e-2, 1e-3, 1e-4, 1e-6, 1e-9])
        for (const share of [t * (1 - by), t, t * (1 + by)]) {
          for (const digits of [0, 1]) expect([share, Number(hundredths(share, digits)) < 100 * t]).toEqual([share, share < t]);
          const shown = Number(hundredths(share, 0)) / 100;
          if (t === 0.01) expect(verdictOf([1, shown]).kind === "vanishes").toBe(verdictOf([1, share]).kind === "vanishes");
        }
  });
});

describe("words that training never showed", () => {
  const phrase = phraseTask(1);
  test("leave nothing to be right or wrong about", () => {
    const unknown = { ...phrase.vocabulary, unknown: (text: string) => (text.includes("good") ? ["good"] : []) };
    const expected = questionsOf({ ...phrase, vocabulary: unknown }, []).map((q) => q.expected);
    expect(expected).toEqual([undefined, "negative", undefined, "positive"]);
  });
  test("are not looked into", () => {
    expect(lookedInto(phrase)).toEqual({ text: "This movie is not good", label: 0 });
    const vocabulary = { ...phrase.vocabulary, unknown: (text: string) => (/good|great/.test(text) ? ["good"] : []) };
    const i = phrase.heldOutTexts.findIndex((text) => !/good|great/.test(text));
    expect(lookedInto({ ...phrase, vocabulary })).toEqual({ text: phrase.heldOutTexts[i], label: phrase.heldOut[i]!.label });
  });
  test("are told apart from rare ones", () => {
    expect(unknownWords({ neverSeen: [], tooRare: [] })).toEqual([]);
    expect(unknownWords({ neverSeen: ["good"], tooRare: [] })).toEqual(["word never seen: good"]);
    expect(unknownWords({ neverSeen: ["a", "b"], tooRare: ["c"] })).toEqual(["words never seen: a, b", "word too rarely seen: c"]);
  });
});

test("pictures show the net that answers: no dropout, and each step's input", async () => {
  const { folded, unrolled, backward } = await drawGraph(file);
  for (const svg of [folded, unrolled, backward]) expect(svg).not.toContain("dropout");
  expect(unrolled).toContain("x₀");
  expect(unrolled).toContain("x₄");
});

test("where no terminal listens, a line comes every few seconds", () => {
  vi.useFakeTimers();
  const lines: { readonly at: number; readonly text: string }[] = [];
  const { training } = terminal({ write: (text) => lines.push({ at: Date.now(), text }) });
  const start = Date.now();
  const view = training("1 train", 3);
  const progress = { epochs: 3, stepsPerSecond: 10, secondsLeft: 60, loss: 0.5, metric: 0.5 };
  for (let epoch = 0, step = 0; epoch < 3; epoch++) {
    for (let i = 0; i < 300; i++) {
      vi.advanceTimersByTime(100);
      view.listen({ kind: "step", epoch, step: ++step, steps: 900, ...progress } satisfies StepEvent);
    }
    view.listen({
      kind: "epoch",
      epoch,
      step,
      steps: 900,
      ...progress,
      validation: undefined,
      parameters: () => ({}),
      best: { epoch, value: 0.5, parameters: () => ({}) },
      improved: true,
      stopped: false,
    } satisfies EpochEvent);
  }
  for (let i = 0; i < 100; i++) {
    vi.advanceTimersByTime(100);
    view.going(`held-out sentences: ${i} of 100`);
  }
  vi.useRealTimers();
  const times = [start, ...lines.map(({ at }) => at), start + 100_000];
  for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeLessThanOrEqual(4000);
  expect(lines.length).toBeLessThan(50);
  expect(lines.some(({ text }) => /epoch 2\/3, 50 %/.test(text))).toBe(true);
});

test("a gradient check that fails says why", () => {
  const { gradientCheck } = phrases;
  expect(proved(gradientCheck)).toEqual([expect.stringMatching(/^2 prove .* PASS$/)]);
  const reasons = ["E[1,2] derived 1, numeric 2: relative error 5.0e-1, tolerance 1e-7", "V could not be measured"];
  expect(proved({ ...gradientCheck, verdict: "fail", reasons })).toEqual([
    expect.stringMatching(/^2 prove .* FAIL$/),
    ...reasons.map((reason) => `   ${reason}`),
  ]);
});
