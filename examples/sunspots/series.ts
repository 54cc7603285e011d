// The series as what a net is given, and what it is compared with.

import type { BatchFeeds, Source } from "clew";
import { randomOf } from "../harness/random.ts";

/** Sunspots as numbers of about −1 to 1. */
export const scaled = (spots: number): number => spots / 75 - 1;
export const spotsOf = (x: number): number => 75 * (x + 1);

/** Pieces of a series side by side, each with the numbers that follow one year on. */
export function pieces(series: readonly number[], starts: readonly number[], time: number): BatchFeeds {
  const batch = starts.length;
  const at = (ahead: number) =>
    Float64Array.from({ length: time * batch }, (_, i) => scaled(series[starts[i % batch]! + Math.floor(i / batch) + ahead]!));
  return { time, batch, feeds: { x: at(0), targets: at(1), lengths: new Array<number>(batch).fill(time) } };
}

/** Pieces that begin anywhere: ten batches of sixteen an epoch. */
export function piecesSource(series: readonly number[], time: number): Source {
  return (epoch, seed) => {
    const random = randomOf(seed * 7919 + epoch);
    const start = (): number => Math.floor(random() * (series.length - time));
    return Array.from({ length: 10 }, () => pieces(series, Array.from({ length: 16 }, start), time));
  };
}

/** x_t ≈ m + φ1·(x_{t−1} − m) + φ2·(x_{t−2} − m), by the Yule–Walker equations: G. U. Yule found it in 1927, of these very numbers. */
export function autoregression(series: readonly number[]): (before: number, last: number) => number {
  const mean = series.reduce((a, b) => a + b, 0) / series.length;
  const covariance = (lag: number): number =>
    series.slice(lag).reduce((sum, x, t) => sum + (x - mean) * (series[t]! - mean), 0) / series.length;
  const [r1, r2] = [covariance(1) / covariance(0), covariance(2) / covariance(0)];
  const [first, second] = [(r1 * (1 - r2)) / (1 - r1 ** 2), (r2 - r1 ** 2) / (1 - r1 ** 2)];
  return (before, last) => mean + first * (last - mean) + second * (before - mean);
}

/** Root of the mean squared error, in sunspots. */
export function errorOf(said: readonly number[], right: readonly number[]): number {
  return Math.sqrt(said.reduce((sum, x, i) => sum + (x - right[i]!) ** 2, 0) / said.length);
}
