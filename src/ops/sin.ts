import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const sinOp: Op = elementwise({
  name: "sin",
  doc: "The sine of a, in radians.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.sin(a!),
  derivative: [(m, v, [a]) => m.mul(v, m.cos(a!))],
  picture: { derivative: [(c, [x]) => `${c} ∘ cos ${x}`] },
  latex: (a) => `\\sin ${a}`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(-6, 6))], attributes: {} }],
});

/**
 * The sine of an angle in radians.
 *
 * @example
 * import { evaluate, item, sin, scalar } from "clew";
 * item(evaluate(sin(scalar(0)), {})); // 0
 */
export const sin: Unary = opFunction(sinOp, (a: unknown) => make(sinOp, [numeric("sin", a)], {}));
