// What stands at the edges of floating point: ±0, subnormal numbers, the largest, infinities and NaN, as inputs of every op; and axes of every length, so
// that vectors are filled by any number of elements. Compiled programs give what the reference gives, NaN, infinities and the signs of zeros included.

import {
  argmax,
  cast,
  compile,
  concat,
  contract,
  dim,
  evaluate,
  gather,
  input,
  less,
  max,
  mul,
  not,
  oneHot,
  pad,
  reverse,
  scan,
  scatterAdd,
  sum,
  type Tensor,
  tanh,
  transpose,
  where,
} from "clew";
import { describe, expect, it } from "vitest";
import { registry } from "../../src/ops/registry.ts";
import { boundsOf, expectWithin } from "./error-bound.ts";
import { sampled, valuesOf } from "./sampled.ts";

const { MAX_VALUE, MIN_VALUE, NaN: none, POSITIVE_INFINITY: infinity } = Number;
const sizes = [
  0,
  1,
  0.5,
  1 / 3,
  88,
  104,
  745,
  1e-8,
  1e-40,
  2 ** -149,
  MIN_VALUE,
  2 ** -1022,
  3e38,
  1e200,
  MAX_VALUE,
  2 ** 31,
  2 ** 53,
  infinity,
];
const special = [...sizes, ...sizes.map((x) => -x), none];

/** Finite numbers nearly; NaN, infinities and zeros with their signs exactly. */
function same(label: string, found: ArrayLike<number>, wanted: ArrayLike<number>, scale: number): void {
  for (let i = 0; i < wanted.length; i++) {
    const [x, y] = [found[i]!, wanted[i]!];
    if (Object.is(x, y) || Math.abs(x - y) <= 1e-12 * Math.max(Math.abs(y), scale) + 4 * MIN_VALUE) continue;
    expect(`${label}[${i}] = ${Object.is(x, -0) ? "-0" : x}`).toBe(`${label}[${i}] = ${Object.is(y, -0) ? "-0" : y}`);
  }
}

describe("every op, of every sample, on special numbers", () => {
  const cases = registry.flatMap((op) => op.samples.map((sample) => ({ name: `${op.name}: ${sample.name}`, op, sample })));
  it.each(cases.filter(({ op, sample }) => sampled(op, sample).floats.length > 0))("$name", ({ op, sample }) => {
    const { outputs, feeds, floats } = sampled(op, sample);
    const f64 = compile(outputs, { precision: "f64", seed: 2 });
    const f32 = compile(outputs, { precision: "f32", seed: 2 });
    // every number meets every other one in some round
    for (let round = 0; round < special.length; round++) {
      const fed = { ...feeds };
      for (const [k, name] of floats.entries())
        fed[name] = Float64Array.from(feeds[name]!, (_, i) => special[(i * (k === 0 ? 1 : 5) + k * 3 + round * (k + 1)) % special.length]!);
      const wanted = valuesOf(evaluate(outputs, fed, { nan: "allow", seed: 2 }));
      const found = valuesOf(f64.run(fed, { nan: "allow" }));
      for (const [i, value] of wanted.entries()) same(`${op.name} ${i}`, found[i]!.data, value.data, 0);
      expectWithin(op.name, boundsOf(outputs, fed, "f32", { seed: 2 }), valuesOf(f32.run(fed, { nan: "allow" })), wanted);
    }
  });
});

describe.each(Array.from({ length: 18 }, (_, n) => n))("axes of %i elements", (n) => {
  const [a, b, three] = [dim("a", n), dim("b", 5), dim("three", 3)];
  const x = input("x", [a]);
  const wide = input("wide", [b, a]);
  const long = input("long", [a, b]);
  const ids = input("ids", [a], "int");
  const few = input("few", [b], "int");
  const flags = input("flags", [a], "bool");
  const numbers = input("numbers", [b, a], "int");
  const truths = input("truths", [b, a], "bool");
  const gathered = <T extends Tensor<readonly [typeof b, typeof a], "float" | "int" | "bool">>(of: T) =>
    gather(of as never, few, b) as unknown as T;
  const square = contract(long, wide, b);
  const kinds = {
    maps: [tanh(x), not(flags), cast(x, "int"), cast(ids, "float"), cast(ids, "bool"), where(flags, x, mul(x, 2)), less(x, 0.1)],
    views: [
      reverse(wide, a),
      mul(reverse(x, a), x),
      concat([x, a], [reverse(x, a), a], dim("twice", 2 * n)),
      pad(x, a, dim("more", n + 3), 2),
    ],
    // along the axis, and across it
    sums: [sum(x), sum(wide, a), sum(long, a), sum(long, b), sum(cast(flags, "float"))],
    largest: n === 0 ? [] : [max(wide, a), max(long, a), argmax(wide, a), argmax(long, a), argmax(long, b), max(long, b)],
    // as rows, columns, terms and batch
    products: [
      square,
      contract(x, long, a),
      contract(wide, x, a),
      contract(wide, long, a),
      contract(x, square, a),
      mul(transpose(long), wide),
    ],
    rows: [gathered(wide), gathered(numbers), gathered(truths), gather(long as never, ids, a), oneHot(ids, dim("labels", Math.max(n, 1)))],
    added: [scatterAdd(wide, few, three), scatterAdd(long, ids, dim("labels", Math.max(n, 1)))],
    loops: [
      scan((h, u: typeof x) => ({ state: tanh(mul(h, u)), output: mul(h, 2) }), { over: wide, from: x }),
      scan((h, u: Tensor<readonly [typeof b]>) => ({ state: tanh(mul(h, u)), output: mul(h, 2) }), { over: long, from: input("h", [b]) }),
    ].map(({ outputs, final }) => [outputs, final]),
  };
  const outputs = Object.fromEntries(Object.entries(kinds).flatMap(([kind, list]) => list.flat().map((node, i) => [`${kind}${i}`, node])));
  const wave = (size: number, by: number): Float64Array => Float64Array.from({ length: size }, (_, i) => Math.fround(Math.sin(by * i + 1)));
  const whole = (size: number, below: number): Int32Array => Int32Array.from({ length: size }, (_, i) => (i * 7 + 2) % Math.max(1, below));
  const feeds = {
    ...{ x: wave(n, 1.1), wide: wave(5 * n, 1.7), long: wave(5 * n, 2.3), h: wave(5, 3), ids: whole(n, n), few: whole(5, 3) },
    ...{ flags: whole(n, 2), numbers: whole(5 * n, 1000), truths: whole(5 * n, 2) },
  };

  it.each(["f64", "f32"] as const)("%s: every kind of statement, on every dtype", (precision) => {
    const found = valuesOf(compile(outputs, { precision }).run(feeds));
    expectWithin(`${n}`, boundsOf(outputs, feeds, precision), found, valuesOf(evaluate(outputs, feeds)));
  });
});
