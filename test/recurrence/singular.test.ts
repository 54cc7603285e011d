import { describe, expect, it } from "vitest";
import { singularValues } from "../../src/recurrence/singular.ts";

describe("singular values", () => {
  it.each([
    ["a diagonal, in order and without signs", [3, 0, 0, -4], 2, 2, [4, 3]],
    ["a rotation", [Math.cos(1), -Math.sin(1), Math.sin(1), Math.cos(1)], 2, 2, [1, 1]],
    ["rank one", [1, 2, 2, 4], 2, 2, [5, 0]],
    ["more rows than columns", [1, 0, 0, 2, 0, 0], 3, 2, [2, 1]],
    ["more columns than rows", [1, 0, 0, 0, 2, 0], 2, 3, [2, 1]],
    ["zeros", [0, 0, 0, 0], 2, 2, [0, 0]],
    ["squares that overflow", [3e200, 0, 0, 4e200], 2, 2, [4e200, 3e200]],
    ["squares that vanish", [3e-200, 0, 0, 4e-200], 2, 2, [4e-200, 3e-200]],
    ["one number", [-7], 1, 1, [7]],
    ["none", [], 0, 0, []],
    ["what is not finite", [1, Number.NaN, 0, 1], 2, 2, [Number.NaN, Number.NaN]],
    ["infinity", [Number.POSITIVE_INFINITY], 1, 1, [Number.NaN]],
  ] as const)("%s", (_, matrix, rows, columns, wanted) => {
    const found = singularValues(matrix, rows, columns);
    expect(found.length).toBe(wanted.length);
    wanted.forEach((w, i) => {
      if (Number.isNaN(w)) expect(found[i]).toBeNaN();
      else expect(Math.abs(found[i]! - w)).toBeLessThanOrEqual(1e-14 * Math.max(...wanted));
    });
  });

  it("of the Hilbert matrix, small ones too", () => {
    // condition 5e5; values by 50-digit arithmetic
    const hilbert = Array.from({ length: 16 }, (_, i) => 1 / (Math.floor(i / 4) + (i % 4) + 1));
    const wanted = [1.5002142800592426, 0.16914122022144992, 0.006738273605760748, 9.670230402258691e-5];
    singularValues(hilbert, 4, 4).forEach((v, i) => {
      expect(Math.abs(v - wanted[i]!)).toBeLessThanOrEqual(1e-15 * wanted[0]!);
    });
  });

  it("their squares add up to the squares of the elements", () => {
    const matrix = Array.from({ length: 400 }, (_, i) => Math.sin(i * i));
    const values = singularValues(matrix, 20, 20);
    expect(Math.hypot(...values)).toBeCloseTo(Math.hypot(...matrix), 13);
    expect([...values]).toEqual([...values].sort((a, b) => b - a));
  });
});
