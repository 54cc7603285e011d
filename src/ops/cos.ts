import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const cosOp: Op = elementwise({
  name: "cos",
  doc: "The cosine of a, in radians.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.cos(a!),
  derivative: [(m, v, [a]) => m.neg(m.mul(v, m.sin(a!)))],
  picture: { derivative: [(c, [x]) => `−${c} ∘ sin ${x}`] },
  latex: (a) => `\\cos ${a}`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(-6, 6))], attributes: {} }],
});

/**
 * The cosine of an angle in radians.
 *
 * @example
 * import { evaluate, item, cos, scalar } from "clew";
 * item(evaluate(cos(scalar(0)), {})); // 1
 */
export const cos: Unary = opFunction(cosOp, (a: unknown) => make(cosOp, [numeric("cos", a)], {}));
