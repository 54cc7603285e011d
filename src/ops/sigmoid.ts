import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const sigmoidOp: Op = elementwise({
  name: "sigmoid",
  doc: "The logistic function 1 / (1 + e^−a).",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.sigmoid(a!),
  derivative: [(m, v, _, y) => m.mul(v, m.mul(y, m.sub(m.constant(1), y)))],
  picture: { derivative: [(c, _, y) => `${c} ∘ ${y}(1 − ${y})`] },
  label: "σ",
  latex: (a) => `\\sigma ${a}`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(-6, 6))], attributes: {} }],
});

/**
 * The logistic function 1 / (1 + e^−a), between 0 and 1: what gates are made of. No overflow at either end.
 *
 * @example
 * import { evaluate, item, sigmoid, scalar } from "clew";
 * item(evaluate(sigmoid(scalar(0)), {})); // 0.5
 */
export const sigmoid: Unary = opFunction(sigmoidOp, (a: unknown) => make(sigmoidOp, [numeric("sigmoid", a)], {}));
