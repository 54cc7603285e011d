// What op functions do with their arguments: numbers become scalars, axes named by a dim become positions, and what cannot be resolved
// becomes a mistake that the result carries.

import type { Code, Diagnostic } from "../graph/diagnostics.ts";
import { type Dim, type Shape, sameDim, showShape } from "../graph/dim.ts";
import { ill, mistakeHere, operand } from "../graph/make.ts";
import type { Mistake, Typed } from "../graph/node.ts";
import { createNode, type DType, type Node } from "../graph/node.ts";
import { ambientOrigin } from "../graph/source.ts";
import { notDim } from "./arguments.ts";
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
export function failed(
  op: string,
  code: Code,
  message: string,
  operands: readonly Node[],
  hint: string | undefined,
  guess: { readonly shape: Shape; readonly dtype?: DType; readonly certain?: boolean; readonly rests?: readonly Node[] },
): Node {
  const { shape, dtype = "float", certain = false, rests = operands } = guess;
  const silent = !operands.every((o) => o.certain);
  const problem: Diagnostic | undefined = silent ? undefined : mistakeHere(code, op, message, operands, hint);
  const node = ill(problem, shape, dtype, rests);
  if (!certain || problem === undefined) return node;
  return createNode(node.op, node.inputs, node.attributes, shape, dtype, ambientOrigin(), node.diagnostics, true);
}

/** The position of an axis: by dim, or from the end (−1 is the last); or why there is none. */
export function axisOf(
  op: string,
  a: Node,
  axis: unknown,
): number | { readonly code: Code; readonly message: string; readonly hint?: string } {
  const { shape } = a;
  if (typeof axis === "number") {
    if (Number.isInteger(axis) && axis < 0 && axis >= -shape.length) return shape.length + axis;
    return {
      code: "MissingDim",
      message: `no axis ${axis} in ${showShape(shape)}`,
      hint: "an axis is a dim, or a position from the end: -1 is the last",
    };
  }
  const wrong = notDim("an axis", axis);
  if (wrong !== undefined) return { code: "BadArgument", message: wrong, hint: `${op}(a, hidden) or ${op}(a, -1)` };
  const d = axis as Dim;
  const at = shape.flatMap((s, i) => (sameDim(s, d) ? [i] : []));
  if (at.length === 1) return at[0]!;
  if (at.length > 1) {
    return {
      code: "AmbiguousDim",
      message: `${d.name}=${d.size} occurs twice in ${showShape(shape)}`,
      hint: "use -1, or rename one: rename(a, from, to)",
    };
  }
  const other = shape.find((s) => s.name === d.name);
  return {
    code: "MissingDim",
    message: `no dimension ${d.name}=${d.size} in ${showShape(shape)}`,
    hint:
      other === undefined
        ? `it has ${shape.length === 0 ? "none: it is a scalar" : shape.map((s) => s.name).join(", ")}`
        : `"${d.name}" is ${other.size} there`,
  };
}

/** Runs `build` on the axis' position, or gives the failed expression. */
export function withAxis(
  op: string,
  a: Node,
  axis: unknown,
  guess: Shape,
  build: (position: number) => Node,
  dtype?: DType,
  rests: readonly Node[] = [a],
): Node {
  const found = axisOf(op, a, axis);
  if (typeof found === "number") return build(found);
  return failed(op, found.code, found.message, [a], found.hint, { shape: guess, dtype: dtype ?? a.dtype, rests });
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
