// Axes as users name them, by dim or from the end, become positions.

import type { Code } from "../graph/diagnostics.ts";
import { type Dim, type Shape, sameDim, showShape } from "../graph/dim.ts";
import type { DType, Node } from "../graph/node.ts";
import { notDim } from "./checks.ts";
import { failed } from "./operands.ts";

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
