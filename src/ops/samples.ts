// What samples are made of: the dims of their operands, and how elements are drawn. The laws run on samples, so that those of an op should
// reach its domain, its edges and its kinks.

import { dim, type Shape } from "../graph/dim.ts";
import type { DType, Sample, SampleOperand } from "../graph/node.ts";

export const row: ReturnType<typeof dim<"row", 2>> = dim("row", 2);
export const column: ReturnType<typeof dim<"column", 3>> = dim("column", 3);
export const layer: ReturnType<typeof dim<"layer", 4>> = dim("layer", 4);

/** Operands for the laws: a shape, and how its elements are drawn. */
export function drawn(shape: Shape, draw: (u: number, index: number) => number, dtype: DType = "float"): SampleOperand {
  return { shape, draw, dtype };
}

/** Elements as given: edges of the domain, kinks. */
export function exactly(shape: Shape, data: readonly number[], dtype: DType = "float"): SampleOperand {
  return { shape, data, dtype };
}

/** Uniform between two numbers. */
export function between(low: number, high: number): (u: number) => number {
  return (u) => low + (high - low) * u;
}

/** Samples of an elementwise op of two operands: of one shape, and of all the ways in which one is repeated. */
export function pairs(a: (u: number) => number, b: (u: number) => number): readonly Sample<Record<never, never>>[] {
  return [
    { name: "same shape", operands: [drawn([row, column], a), drawn([row, column], b)], attributes: {} },
    { name: "a repeated", operands: [drawn([column], a), drawn([row, column], b)], attributes: {} },
    { name: "b repeated from the left", operands: [drawn([row, column], a), drawn([row], b)], attributes: {} },
    { name: "scalar", operands: [drawn([row, column], a), drawn([], b)], attributes: {} },
  ];
}
