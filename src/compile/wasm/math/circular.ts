// sin x and cos x. x = n·π/2 + r with |r| ≤ π/4, then the polynomials of FreeBSD msun (k_sin.c, k_cos.c; Sun Microsystems 1993) for r = high + low.
//
// Up to 2^20, n·π/2 is subtracted in four parts, of which the products with n are exact but for the last (Cody & Waite): 151 bits of π. Beyond,
// M. Payne and R. Hanek, Radian Reduction for Trigonometric Functions (1983): of x·2/π only those bits are computed that are less than 4, in whole
// numbers of 192 bits.

import { type Code, f64, f64x2, i32, i64, local, ret, type ValueType, v128, when } from "../assembler.ts";
import type { Module } from "../module.ts";
import { type Double, doubleProduct, inLocal, polynomial, print, quickTwoSum, twoSum, type Vector } from "./vector.ts";

/** π/2 in parts of 33, 33, 33 and 53 bits. */
const halfPi = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32] as const;
const halfPiDouble = { high: 1.5707963267948966, low: 6.123233995736766e-17 };

/** Beyond, n has more than 20 bits. */
const largest = 2 ** 20;

/** (sin r − r)/r³ and (cos r − 1 + r²/2)/r⁴ of r² */
const sine = [
  -0.16666666666666632, 0.00833333333332249, -0.0001984126982985795, 2.7557313707070068e-6, -2.5050760253406863e-8, 1.58969099521155e-10,
];
const cosine = [
  0.0416666666666666, -0.001388888888887411, 2.480158728947673e-5, -2.7557314351390663e-7, 2.087572321298175e-9, -1.1359647557788195e-11,
];

export type Name = "sin" | "cos";

/** x = n·π/2 + r */
interface Reduced {
  readonly n: Vector;
  readonly r: Double;
}

function reduced(x: Vector): Reduced {
  const n = x.times(2 / Math.PI).rounded();
  const first = x.minus(n.times(halfPi[0])); // exact
  const second = twoSum(first, n.times(-halfPi[1]));
  const third = twoSum(second.high, n.times(-halfPi[2]));
  return { n, r: quickTwoSum(third.high, second.low.plus(third.low.minus(n.times(halfPi[3])))) };
}

/** sin or cos of x ≥ 0 */
function ofReduced(name: Name, { n, r }: Reduced): Vector {
  const { high, low } = r;
  const z = high.times(high);
  // high + low·(1 − z/2) + high³·S
  const cube = z.times(high);
  const sin = high.minus(
    z
      .times(low.times(0.5).minus(cube.times(polynomial(z, sine.slice(1)))))
      .minus(low)
      .minus(cube.times(sine[0]!)),
  );
  // 1 − z/2 + z²·C − high·low
  const half = z.times(0.5);
  const start = half.constant(1).minus(half);
  const cos = start.plus(
    start
      .constant(1)
      .minus(start)
      .minus(half)
      .plus(z.times(z).times(polynomial(z, cosine)).minus(high.times(low))),
  );
  // cos x = sin(x + π/2). n as whole number: the last bits of n + 1.5·2^52
  const quadrant = (name === "sin" ? n : n.plus(1)).plus(1.5 * 2 ** n.shape.fraction);
  const one = n.bits(1n);
  const odd = n.bits(0n).minusBits(quadrant.and(one));
  return odd.choose(cos, sin).signedBy(quadrant.shiftedLeft(62));
}

/** The bits of 2/π behind the point, after a word of zeros. */
const twoOverPi = [
  0n,
  0xa2f9836e4e441529n,
  0xfc2757d1f534ddc0n,
  0xdb6295993c439041n,
  0xfe5163abdebbc561n,
  0xb7246e3a424dd2e0n,
  0x06492eea09d1921cn,
  0xfe1deb1cb129a73en,
  0xe88235f52ebb4484n,
  0xe99c7026b45f7e41n,
  0x3991d639835339f4n,
  0x9c845f8bbdf9283bn,
  0x1ff897ffde05980fn,
  0xef2f118b5a0a6d1fn,
  0x6d367ecf27cb09b7n,
  0x4f463f669e5fea2dn,
  0x7527bac7ebe5f17bn,
  0x3d0739f78a5292ean,
  0x6bfb5fb11f8d5d08n,
  0x56033046fc7b6babn,
];

const { get, set } = local;

/** (i32 w) → i64, word w of 2/π */
function wordOfTwoOverPi(module: Module): number {
  return module.add("twoOverPi", () => ({
    parameters: ["i32"],
    results: ["i64"],
    locals: [],
    body: [twoOverPi.map((word, w) => when([get(0), i32.const(w), i32.eq], [i64.const(word), ret])), i64.const(0n)],
  }));
}

/** (i32 p) → i64, the 64 bits of 2/π from bit p (of those with the word of zeros). */
function windowOfTwoOverPi(module: Module): number {
  return module.add("twoOverPi.window", () => {
    const word = module.call(wordOfTwoOverPi(module));
    const index: Code = [get(0), i32.const(6), i32.shrU];
    const bit: Code = [get(0), i32.const(63), i32.and, i64.extendI32U];
    return {
      parameters: ["i32"],
      results: ["i64"],
      locals: [],
      body: [
        [index, word, bit, i64.shl],
        // a shift by 64 would be one by 0
        [index, i32.const(1), i32.add, word, i64.const(1n), i64.shrU, i64.const(63n), bit, i64.sub, i64.shrU],
        i64.or,
      ],
    };
  });
}

/** (i64 a, i64 b) → i64, the upper half of their product, for a < 2^53. */
function upperProduct(module: Module): number {
  return module.add("upperProduct", () => {
    const low = (x: number): Code => [get(x), i64.const(0xffffffffn), i64.and];
    const high = (x: Code): Code => [x, i64.const(32n), i64.shrU];
    const [a, b, middle] = [0, 1, 2];
    return {
      parameters: ["i64", "i64"],
      results: ["i64"],
      locals: ["i64"],
      body: [
        [high([low(a), low(b), i64.mul]), high(get(a)), low(b), i64.mul, i64.add, set(middle)],
        [high(get(a)), high(get(b)), i64.mul],
        [high(get(middle)), i64.add],
        [high([low(a), high(get(b)), i64.mul, low(middle), i64.add]), i64.add],
      ],
    };
  });
}

/**
 * (f64 x) → (f64 n, f64 high, f64 low): x/(π/2) = n + high + low but for a multiple of 4; x ≥ 2^20. For Infinity and NaN it is any number.
 *
 * x = m·2^E with a whole m of 53 bits. F = 2/π·2^(E−2) mod 1, in 192 bits f₀ f₁ f₂, are the bits of 2/π from E − 2 on; m·F mod 1 is x/(2π) mod 1: two
 * bits of quadrant, then the fraction.
 */
function quarters(module: Module): number {
  return module.add("quarters", () => {
    const window = module.call(windowOfTwoOverPi(module));
    const upper = module.call(upperProduct(module));
    const [x, p, m, f0, f1, f2, u0, u1, u2, carry, first] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const locals: ValueType[] = ["i32", "i64", "i64", "i64", "i64", "i64", "i64", "i64", "i64", "f64"];
    const bits: Code = [get(x), i64.reinterpretF64];
    const windowAt = (offset: number): Code => [get(p), i32.const(offset), i32.add, window];
    const times = (f: number): Code => [get(m), get(f), i64.mul];
    const timesUpper = (f: number): Code => [get(m), get(f), upper];
    const withoutTwoBits = (u: number, next: number): Code => [get(u), i64.const(2n), i64.shl, get(next), i64.const(62n), i64.shrU, i64.or];
    return {
      parameters: ["f64"],
      results: ["f64", "f64", "f64"],
      locals,
      body: [
        [bits, i64.const((1n << 52n) - 1n), i64.and, i64.const(1n << 52n), i64.or, set(m)],
        // bit E − 2 behind the word of zeros; E is the exponent field less 1075
        [bits, i64.const(52n), i64.shrU, i32.wrapI64, i32.const(1075 + 2 - 64), i32.sub, set(p)],
        [windowAt(0), set(f0), windowAt(64), set(f1), windowAt(128), set(f2)],
        [times(f2), set(u2)],
        [timesUpper(f2), set(carry)],
        [times(f1), get(carry), i64.add, set(u1)],
        [times(f0), timesUpper(f1), i64.add, [get(u1), get(carry), i64.ltU, i64.extendI32U], i64.add, set(u0)],
        [withoutTwoBits(u0, u1), set(f0), withoutTwoBits(u1, u2), set(f1)],
        // as a number with sign, a fraction of one half and more is one less, in the next quadrant
        [get(u0), i64.const(62n), i64.shrU, get(f0), i64.const(63n), i64.shrU, i64.add, f64.convertI64U],
        [get(f0), f64.convertI64S, local.tee(first), f64.const(2 ** -64), f64.mul],
        // what that conversion has rounded away, and the second word
        [get(f0), get(first), i64.truncSatF64, i64.sub, f64.convertI64S, f64.const(2 ** -64), f64.mul],
        [get(f1), f64.convertI64U, f64.const(2 ** -128), f64.mul, f64.add],
      ],
    };
  });
}

/** (f64x2 x) → f64x2, for any x with |x| ≥ 2^20 or not a number; other lanes hold anything. */
function ofLarge(module: Module, name: Name): number {
  return module.add(`${name}.f64.large`, () => {
    const [x, n, high, low, one] = [0, 1, 2, 3, 4];
    const first = 5;
    const size = inLocal("f64", x).size();
    const parts = [low, high, n]; // the last result is on top
    const reduceLane = (lane: number): Code => [
      [get(x), f64x2.extractLane(lane), f64.abs, module.call(quarters(module))],
      parts.map((part) => [set(one), get(part), get(one), f64x2.replaceLane(lane), set(part)]),
    ];
    const turns = quickTwoSum(inLocal("f64", high), inLocal("f64", low));
    const angle = doubleProduct(turns, { high: size.constant(halfPiDouble.high), low: size.constant(halfPiDouble.low) });
    const r = { high: angle.high.plus(size.minus(size)), low: angle.low }; // Infinity − Infinity is NaN
    const { code, locals } = print(ofReduced(name, { n: inLocal("f64", n), r }), first);
    return {
      parameters: ["v128"],
      results: ["v128"],
      locals: ["v128", "v128", "v128", "f64", ...locals],
      body: [reduceLane(0), reduceLane(1), code],
    };
  });
}

/** (f64x2 x) → f64x2 */
export function circular(module: Module, name: Name): number {
  return module.add(`${name}.f64`, () => {
    const [x, result] = [0, 1];
    const input = inLocal("f64", x);
    const size = input.size();
    const mask = print(size.above(largest), 0).code;
    const usual = print(ofReduced(name, reduced(size)), 2);
    const signed = name === "sin" ? print(inLocal("f64", result).signedBy(input), 0).code : get(result);
    return {
      parameters: ["v128"],
      results: ["v128"],
      locals: ["v128", ...usual.locals],
      body: [
        [usual.code, set(result)],
        when([mask, v128.anyTrue], [get(x), module.call(ofLarge(module, name)), get(result), mask, v128.bitselect, set(result)]),
        signed,
      ],
    };
  });
}
