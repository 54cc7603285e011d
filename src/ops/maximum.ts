import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Binary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, exactly, row } from "./samples.ts";

export const maximumOp: Op = elementwise({
  name: "maximum",
  doc: "The larger of a and b.",
  operands: ["float", "float"],
  result: "float",
  formula: (m, a, b) => m.maximum(a!, b!),
  derivative: [
    (m, v, [a, b]) => m.where(m.less(b!, a!), v, m.where(m.equal(a!, b!), m.mul(v, m.constant(0.5)), m.constant(0))),
    (m, v, [a, b]) => m.where(m.less(a!, b!), v, m.where(m.equal(a!, b!), m.mul(v, m.constant(0.5)), m.constant(0))),
  ],
  branch: (a, b) => Math.sign(a - b),
  label: "max",
  latex: (a, b) => `\\max(${a}, ${b})`,
  samples: [
    { name: "same shape", operands: [drawn([row, column], between(-3, 3)), drawn([row, column], between(-3, 3))], attributes: {} },
    { name: "a repeated", operands: [drawn([column], between(-3, 3)), drawn([row, column], between(-3, 3))], attributes: {} },
    { name: "b repeated from the left", operands: [drawn([row, column], between(-3, 3)), drawn([row], between(-3, 3))], attributes: {} },
    { name: "scalar", operands: [drawn([row, column], between(-3, 3)), drawn([], between(-3, 3))], attributes: {} },
    { name: "kink", operands: [exactly([column], [-1, 0, 2]), exactly([column], [-1, 1, 2])], attributes: {}, kink: true },
  ],
});

/**
 * The larger of a and b; at the kink a = b each has half of the derivative. Dims that one operand lacks are repeated, matched by name.
 *
 * @example
 * import { maximum, evaluate, item, scalar } from "clew";
 * item(evaluate(maximum(scalar(2), 3), {})); // 3
 */
export const maximum: Binary<"maximum"> = opFunction(maximumOp, (a: unknown, b: unknown) =>
  make(maximumOp, [numeric("maximum", a), numeric("maximum", b)], {}),
);
