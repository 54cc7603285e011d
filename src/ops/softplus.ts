import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const softplusOp: Op = elementwise({
  name: "softplus",
  doc: "log(1 + e^a), a smooth relu.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.softplus(a!),
  derivative: [(m, v, [a]) => m.mul(v, m.sigmoid(a!))],
  picture: { derivative: [(c, [x]) => `${c} ∘ σ(${x})`] },
  latex: (a) => `\\operatorname{softplus} ${a}`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(-6, 6))], attributes: {} }],
});

/**
 * log(1 + e^a), a smooth relu; its derivative is the sigmoid. No overflow.
 *
 * @example
 * import { evaluate, item, softplus, scalar } from "clew";
 * item(evaluate(softplus(scalar(0)), {})); // Math.LN2
 */
export const softplus: Unary = opFunction(softplusOp, (a: unknown) => make(softplusOp, [numeric("softplus", a)], {}));
