// What is said of a picture, by rule, from its pixels alone: so every caption can be checked.
//
// With ink p(x, y), x to the right and y downwards, and its central moments μ_ab = Σ p·(x − x̄)^a·(y − ȳ)^b:
//   weight  Σ p, the ink in pixels: 128 or more is bold, 76 or less is thin
//   slant   −μ_11 / μ_02, by how many pixels a stroke leans to the right for each that it rises: 0.35 or more is slanted
//   width   √((μ_20 − μ_11² / μ_02) / μ_02), the spread across over the spread along, without the slant: 0.40 or less is narrow, 0.84 or more is wide
// The bounds cut off about the outer quarter of the digits. Moments do not change when a picture is moved.

import type { Digit } from "./digits.ts";
import { side } from "./digits.ts";

export const names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** Word by id; 0 is both where a caption starts and where it ends. */
export const words: readonly string[] = ["<end>", "a", "bold", "thin", "slanted", "narrow", "wide", ...names];

/** The longest caption, its end included: a bold slanted wide seven <end>. */
export const longest = 6;

export interface Measures {
  readonly weight: number;
  readonly slant: number;
  readonly width: number;
}

export function measured(pixels: ArrayLike<number>): Measures {
  const sum = (of: (x: number, y: number) => number): number => {
    let total = 0;
    for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) total += pixels[y * side + x]! * of(x, y);
    return total;
  };
  const weight = sum(() => 1);
  const [x0, y0] = [sum((x) => x) / weight, sum((_, y) => y) / weight];
  const [across, both, along] = [sum((x) => (x - x0) ** 2), sum((x, y) => (x - x0) * (y - y0)), sum((_, y) => (y - y0) ** 2)];
  return { weight, slant: -both / along, width: Math.sqrt((across - both ** 2 / along) / along) };
}

export function captionOf({ digit, pixels }: Digit): string {
  const { weight, slant, width } = measured(pixels);
  const said = [
    "a",
    weight >= 128 ? "bold" : weight <= 76 ? "thin" : "",
    slant >= 0.35 ? "slanted" : "",
    width <= 0.4 ? "narrow" : width >= 0.84 ? "wide" : "",
    names[digit]!,
  ];
  return said.filter((word) => word !== "").join(" ");
}

/** The words' ids, and the end. */
export function encoded(caption: string): readonly number[] {
  return [...caption.split(" ").map((word) => words.indexOf(word)), 0];
}

/** Up to the end. */
export function decoded(ids: readonly number[]): string {
  const end = ids.indexOf(0);
  return ids
    .slice(0, end < 0 ? ids.length : end)
    .map((id) => words[id])
    .join(" ");
}
