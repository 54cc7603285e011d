// The plan of a reversal: carried out it reverses every step from the right state, in as few advances as any plan can.

import { describe, expect, it } from "vitest";
import { leastAdvances, reach, revolve } from "../../src/recurrence/scan/revolve.ts";

/** The least over all plans: split anywhere, keep the state there, reverse what is behind it, then what is before. */
function byTrial(most: number, slots: number): readonly (readonly number[])[] {
  const t: number[][] = [];
  for (let s = 0; s <= slots; s++) {
    t[s] = [0, 0];
    for (let l = 2; l <= most; l++) {
      t[s]![l] = s === 0 ? Number.POSITIVE_INFINITY : (l * (l - 1)) / 2; // from the one slot, again and again
      if (s > 1) for (let m = 1; m < l; m++) t[s]![l] = Math.min(t[s]![l]!, m + t[s - 1]![l - m]! + t[s]![m]!);
    }
  }
  return t;
}

/** Does what the plan says with states that are numbers; how often it advanced, the first way there included. */
function carriedOut(steps: number, slots: number): number {
  const { kept, rounds, advances } = revolve(steps, slots);
  const memory = new Map<number, number>();
  for (const [state, slot] of kept) memory.set(slot, state);
  let current = steps - 1;
  let advanced = steps - 1;
  const reversed: number[] = [];
  for (const { restore, advance, keep, reverse } of rounds) {
    if (restore !== undefined) current = memory.get(restore)!;
    if (advance !== undefined) {
      expect([steps, slots, advance[0]]).toEqual([steps, slots, current]);
      advanced += advance[1] - advance[0];
      [, current] = advance;
    }
    if (keep !== undefined) memory.set(keep, current);
    if (reverse !== undefined) {
      expect(current).toBe(reverse);
      reversed.push(reverse);
    }
  }
  expect(Math.max(...memory.keys())).toBeLessThan(slots);
  expect(reversed).toEqual(Array.from({ length: steps }, (_, i) => steps - 1 - i));
  expect(advances).toBe(advanced - (steps - 1));
  return advanced;
}

describe("Revolve", () => {
  it("advances as little as the best of all plans, which is what the formula says", () => {
    const best = byTrial(60, 12);
    for (let slots = 1; slots <= 12; slots++)
      for (let steps = 1; steps <= 60; steps++) {
        expect([steps, slots, leastAdvances(steps, slots)]).toEqual([steps, slots, best[slots]![steps]!]);
        expect([steps, slots, carriedOut(steps, slots)]).toEqual([steps, slots, best[slots]![steps]!]);
      }
  });

  it("of long sequences too", () => {
    for (const [steps, slots] of [
      [10_000, 66],
      [10_000, 40],
      [1000, 3],
      [997, 997],
    ] as const)
      expect(carriedOut(steps, slots)).toBe(leastAdvances(steps, slots));
    // as many steps as slots: every state is kept, none is made again
    expect(leastAdvances(997, 997)).toBe(996);
  });

  it("reaches C(s + r, s) steps", () => {
    expect([reach(3, 2), reach(10, 0), reach(66, 2), reach(4, -1)]).toEqual([10, 1, 2278, 0]);
  });
});
