// Operands as users give them: numbers become scalars, and what is wrong with operands becomes a mistake that the result carries.

import type { Code, Diagnostic } from "../graph/diagnostics.ts";
import type { Shape } from "../graph/dim.ts";
import { type IllAs, ill, mistakeHere, operand } from "../graph/make.ts";
import type { DType, Mistake, Node, Typed } from "../graph/node.ts";
import { constantNode } from "./constant.ts";
import { scalarNode } from "./full.ts";

/** A node, or a number as a scalar. */
export function numeric(op: string, value: unknown): Node {
  return typeof value === "number" ? scalarNode(value) : operand(op, value);
}

/**
 * The result of an expression that makes no sense, with its best-effort shape. Silent when the shape of an operand that the mistake is about is
 * itself a guess. It `rests` on all operands (default: those it is about), so that their own mistakes are not lost.
 */
export function failed(op: string, code: Code, message: string, operands: readonly Node[], hint: string | undefined, guess: IllAs): Node {
  const silent = !operands.every((o) => o.certain);
  const problem: Diagnostic | undefined = silent ? undefined : mistakeHere(code, op, message, operands, hint);
  return ill(problem, { rests: operands, ...guess, certain: guess.certain === true && !silent });
}

/** Two operands of one dtype, of which one may be a number: it takes the other's dtype. */
export function numericLike(op: string, a: unknown, b: unknown): readonly [Node, Node] {
  if (typeof a === "number" && typeof b !== "number") {
    const right = operand(op, b);
    return [numberLike(a, right.dtype), right];
  }
  const left = numeric(op, a);
  return [left, typeof b === "number" ? numberLike(b, left.dtype) : operand(op, b)];
}

function numberLike(value: number, dtype: DType): Node {
  return dtype === "int" && Number.isInteger(value) ? constantNode([], "int", Int32Array.of(value)) : scalarNode(value);
}

/** The result of an op that computes with one float operand. */
export function needsFloat(a: Node, shape: Shape, dtype: DType = "float"): Typed | Mistake {
  const guess = { shape, dtype };
  if (a.dtype === "float") return guess;
  return {
    code: "DTypeMismatch",
    message: `operand is ${a.dtype}, expected float`,
    hint: `cast(a, "float") changes the type`,
    guess,
    certain: true,
  };
}
