// Elementary functions over vectors: what WebAssembly has no instructions for. Each is a formula over `Vector` (vector.ts), written once for both
// precisions where the tables of coefficients are all that differs. sin, cos and pow of f32 are computed in f64, two lanes at a time, and rounded.
//
// Worst errors in ulp that scripts/ulp.ts finds, rounded up (16.8 million numbers, of f64's softplus, sin, cos and pow 2.1 million; every
// exponent, subnormal numbers and results too):
//
//          exp   log  tanh  sigmoid  softplus   sin   cos   pow
//   f32    .87   .80  1.30     1.15      1.57   .51   .51   .51
//   f64    .84   .82  1.29     1.06      1.41   .76   .77   .86
//
// Four times as many f32 find .88 for exp, .84 for log and 1.62 for softplus, and no more for sigmoid.

import type { Precision } from "../loops.ts";
import { type Code, local } from "./assembler.ts";
import { circular } from "./math/circular.ts";
import { exponential, hyperbolicTangent, logistic, softPlus } from "./math/exponential.ts";
import { logarithm } from "./math/logarithm.ts";
import { power, powerForF32 } from "./math/power.ts";
import { demoted, inLocal, print, printInPlace, Vector } from "./math/vector.ts";
import type { Module } from "./module.ts";

export type MathName = "exp" | "log" | "tanh" | "sigmoid" | "softplus" | "sin" | "cos" | "pow";

type Formula = (x: Vector) => Vector;

const formulas = {
  exp: (x) => exponential(x),
  log: logarithm,
  tanh: hyperbolicTangent,
  sigmoid: logistic,
  softplus: softPlus,
} as const satisfies { readonly [name: string]: Formula };

/**
 * A function's code in place, of the value that the code `x` leaves; `newLocal` gives the numbers of locals. For loops: the runtime takes constants out of them,
 * where each call would make them again. Undefined where the function is more than one formula.
 */
export function mathInPlace(name: MathName, precision: Precision, x: Code, newLocal: () => number): Code | undefined {
  if (!(name in formulas)) return undefined;
  const argument = newLocal();
  return [x, local.set(argument), printInPlace(formulas[name as keyof typeof formulas](inLocal(precision, argument)), newLocal)];
}

/** A function of vectors that is one formula. */
function add(module: Module, name: string, parameters: readonly Precision[], formula: (...x: readonly Vector[]) => Vector): number {
  return module.add(name, () => {
    const { code, locals } = print(formula(...parameters.map(inLocal)), parameters.length);
    return { parameters: parameters.map(() => "v128"), results: ["v128"], locals, body: code };
  });
}

/** Applies a function of f64 to both halves of vectors of f32. */
function addByHalves(module: Module, name: string, parameters: number, ofHalves: number): number {
  return add(module, name, Array(parameters).fill("f32"), (...x) => {
    const of = (half: "lower" | "upper") =>
      new Vector(
        "f64",
        x.map((x) => x.promoted(half)),
        module.call(ofHalves),
      );
    return demoted(of("lower"), of("upper"));
  });
}

/**
 * Adds the function (v128) → v128, of pow (v128, v128) → v128, to the module, once, and gives its number. Results are what `Math` has at NaN,
 * infinities and zeros (-0 included); subnormal numbers are taken and given. Every lane is computed for itself: the others do not show.
 */
export function mathFunction(module: Module, name: MathName, precision: Precision): number {
  const full = `${name}.${precision}`;
  if (name === "pow") {
    if (precision === "f64") return add(module, full, ["f64", "f64"], (x, y) => power(x!, y!));
    return addByHalves(
      module,
      full,
      2,
      add(module, "pow.f64.rough", ["f64", "f64"], (x, y) => powerForF32(x!, y!)),
    );
  }
  if (name === "sin" || name === "cos") {
    const ofF64 = circular(module, name);
    return precision === "f64" ? ofF64 : addByHalves(module, full, 1, ofF64);
  }
  return add(module, full, [precision], (x) => formulas[name](x!));
}
