import { dim } from "../graph/dim.ts";
import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { between, drawn, elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";

export const sinOp: Op = elementwise({
  name: "sin",
  doc: "The sine of a, in radians.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.sin(a!),
  derivative: [(m, v, [a]) => m.mul(v, m.cos(a!))],
  picture: { derivative: [(c, [x]) => `${c} ∘ cos ${x}`] },
  latex: (a) => `\\sin ${a}`,
  samples: [{ name: "matrix", operands: [drawn([dim("row", 2), dim("column", 3)], between(-6, 6))], attributes: {} }],
});

/**
 * The sine of an angle in radians.
 *
 * @example
 * import { evaluate, item, sin, scalar } from "clew";
 * item(evaluate(sin(scalar(0)), {})); // 0
 */
export const sin: Unary = opFunction(sinOp, (a: unknown) => make(sinOp, [numeric("sin", a)], {}));
