// The engine's elementary functions against Math and against double numbers. scripts/ulp.ts does the same over many more inputs.

import { expect, test } from "vitest";
import { bounds, error, kernel, names, plain, random, worst } from "../../scripts/ulp.ts";
import { type MathName, mathFunction } from "../../src/compile/wasm/math.ts";
import { Module } from "../../src/compile/wasm/module.ts";

const precisions = ["f32", "f64"] as const;
const all = names.flatMap((name) => precisions.map((precision) => ({ name, precision })));

test.each(all)("$name $precision: worst error", ({ name, precision }) => {
  const { ulp, x, y } = worst(name, precision, precision === "f32" ? 1 << 20 : 1 << 16);
  expect(ulp, `at ${x}, ${y}`).toBeLessThanOrEqual(bounds[name][precision]);
});

const { NaN: none, POSITIVE_INFINITY: infinity, MAX_VALUE, MIN_VALUE } = Number;
const ends = [
  0,
  1,
  2,
  3,
  0.5,
  2.5,
  1e-40,
  2 ** -149,
  1e-38,
  3e38,
  2 ** 24 + 2,
  1e17,
  88.5,
  103.9,
  709.7,
  745,
  MIN_VALUE,
  MAX_VALUE,
  infinity,
];
const special = [...ends, ...ends.map((x) => -x), none, 1 - 2 ** -53, 1 + 2 ** -52];

/** f of all of these. */
function results(name: MathName, precision: "f32" | "f64", xs: readonly number[], ys: readonly number[] = xs): number[] {
  const { x, y, out, run } = kernel(name, precision);
  x.set(xs);
  y.set(ys);
  run(xs.length);
  return Array.from(out.subarray(0, xs.length));
}

test.each(all)("$name $precision: zeros, infinities, NaN, subnormal and large numbers as Math has them", ({ name, precision }) => {
  const round = precision === "f32" ? Math.fround : (x: number) => x;
  const seconds = name === "pow" ? special : [0];
  const pairs = special.flatMap((x) => seconds.map((y) => [round(x), round(y)] as const));
  const got = results(
    name,
    precision,
    pairs.map(([x]) => x),
    pairs.map(([, y]) => y),
  );
  pairs.forEach(([x, y], i) => {
    const expected = round(plain[name](x, y));
    const exact = expected === 0 || !Number.isFinite(expected);
    if (exact) expect(got[i], `${x}, ${y}`).toBe(expected);
    else expect(error(name, precision, got[i]!, x, y), `${x}, ${y}: ${got[i]}`).toBeLessThanOrEqual(bounds[name][precision]);
  });
});

test("results round to subnormal numbers, and out of range where they should", () => {
  expect(results("exp", "f32", [-103.97, -103.98, 88.72283, 88.7229])).toEqual([2 ** -149, 0, expect.closeTo(3.4028e38, -35), infinity]);
  expect(results("exp", "f64", [-745.13, -745.14, 709.78, 709.79])).toEqual([MIN_VALUE, 0, expect.closeTo(1.7928e308, -304), infinity]);
  expect(results("log", "f64", [MIN_VALUE, -MIN_VALUE])).toEqual([Math.log(MIN_VALUE), none]);
  expect(results("pow", "f64", [2, 2, -2, 0.5], [-1074, -1075, -1075, 1074])).toEqual([MIN_VALUE, 0, -0, MIN_VALUE]);
});

// x near a multiple of π/2 leaves few bits of the remainder. The last is the nearest of all f64 (J.-M. Muller, Elementary Functions, 3rd ed., ch. 11).
test.each(["sin", "cos"] as const)("%s f64: next to multiples of π/2", (name) => {
  const multiples = Array.from({ length: 2000 }, (_, k) => (Math.PI / 2) * (k * k * (k % 5)));
  const angles = [...multiples, 6381956970095103 * 2 ** 797];
  results(name, "f64", angles).forEach((got, i) => {
    expect(error(name, "f64", got, angles[i]!, 0), `${angles[i]}`).toBeLessThanOrEqual(bounds[name].f64);
  });
  if (name === "cos") expect(results(name, "f64", angles).at(-1)).toBe(-4.687165924254628e-19);
});

test.each(all)("$name $precision: an element's result depends on no other lane", ({ name, precision }) => {
  const next = random(7);
  const xs = Array.from({ length: 301 }, () => special[next() % special.length]! * (next() / 2 ** 31)).concat(special);
  const ys = xs.map(() => special[next() % special.length]!);
  const straight = results(name, precision, xs, ys);
  const reversed = (of: readonly number[]) => [...of].reverse();
  expect(reversed(results(name, precision, reversed(xs), reversed(ys)))).toEqual(straight);
  // alone among others: NaN, and an angle that is reduced in whole numbers
  for (const other of [none, 1e30]) {
    const among = (of: readonly number[]) => of.flatMap((x) => [other, other, x, other, other]);
    expect(results(name, precision, among(xs), among(ys)).filter((_, i) => i % 5 === 2)).toEqual(straight);
  }
});

test("a function is added to a module once", () => {
  const module = new Module();
  for (const { name, precision } of all) {
    expect(mathFunction(module, name, precision)).toBe(mathFunction(module, name, precision));
  }
});
