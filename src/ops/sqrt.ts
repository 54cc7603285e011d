import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const sqrtOp: Op = elementwise({
  name: "sqrt",
  doc: "The square root of a ≥ 0.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.sqrt(a!),
  derivative: [(m, v, _, y) => m.div(v, m.mul(m.constant(2), y))],
  picture: { derivative: [(c, _, y) => `${c} ÷ 2${y}`] },
  label: "√",
  latex: (a) => `\\sqrt{${a}}`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(0.1, 5))], attributes: {} }],
});

/**
 * The square root. NaN below 0; the derivative is infinite at 0.
 *
 * @example
 * import { evaluate, item, sqrt, scalar } from "clew";
 * item(evaluate(sqrt(scalar(9)), {})); // 3
 */
export const sqrt: Unary = opFunction(sqrtOp, (a: unknown) => make(sqrtOp, [numeric("sqrt", a)], {}));
