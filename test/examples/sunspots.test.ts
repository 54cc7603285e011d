import { expect, test } from "vitest";
import sunspotsExample from "../../examples/sunspots/main.ts";
import { autoregression, errorOf, pieces, scaled, spotsOf } from "../../examples/sunspots/series.ts";
import { firstYear, sunspots } from "../../examples/sunspots/years.ts";
import { small } from "./small.ts";

test("the series is whole: 309 years, the great maxima and the quiet years where they were", () => {
  expect(sunspots).toHaveLength(2008 - firstYear + 1);
  const of = (year: number): number => sunspots[year - firstYear]!;
  expect([1700, 1778, 1810, 1913, 1957, 2008].map(of)).toEqual([5, 154.4, 0, 1.4, 190.2, 2.9]);
  expect(Math.max(...sunspots)).toBe(of(1957));
});

test("a piece's targets are its numbers, one year on", () => {
  const { feeds } = pieces([1, 2, 3, 4, 5], [0, 2], 2);
  expect([...(feeds["x" as string] as Float64Array)].map(spotsOf).map(Math.round)).toEqual([1, 3, 2, 4]);
  expect([...(feeds["targets" as string] as Float64Array)].map(spotsOf).map(Math.round)).toEqual([2, 4, 3, 5]);
  expect(spotsOf(scaled(42))).toBeCloseTo(42, 12);
});

test("an autoregression finds the coefficients of a series that is one", () => {
  // without noise x_t = 2·cos(ω)·x_{t−1} − x_{t−2}; the estimate's bias falls with the number of periods
  const omega = (2 * Math.PI) / 11;
  const wave = Array.from({ length: 11 * 200 }, (_, t) => Math.cos(omega * t));
  const next = autoregression(wave);
  const foreseen = wave.slice(2).map((_, i) => next(wave[i]!, wave[i + 1]!));
  expect(errorOf(foreseen, wave.slice(2))).toBeLessThan(0.01);
});

test("years are foreseen better than by the year before, about as well as by Yule's autoregression, after a small training", async () => {
  const { metrics } = await small("sunspots", sunspotsExample, "folded");
  const { error, errorOfAutoregression, errorOfPersistence, continued } = metrics as {
    readonly error: number;
    readonly errorOfAutoregression: number;
    readonly errorOfPersistence: number;
    readonly continued: readonly number[];
  };
  expect(errorOfAutoregression).toBeLessThan(errorOfPersistence);
  expect(error).toBeLessThan(errorOfAutoregression * 1.1); // a quarter of the training; the whole one is well below
  expect(continued).toHaveLength(22);
}, 60_000);
