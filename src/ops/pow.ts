import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Binary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const powOp: Op = elementwise({
  name: "pow",
  doc: "a^b for a > 0, or any a when b is a constant.",
  operands: ["float", "float"],
  result: "float",
  formula: (m, a, b) => m.pow(a!, b!),
  derivative: [
    (m, v, [a, b]) => m.mul(v, m.mul(b!, m.pow(a!, m.sub(b!, m.constant(1))))),
    (m, v, [a], y) =>
      m.mul(v, m.where(m.equal(a!, m.constant(0)), m.constant(0), m.mul(y, m.log(m.where(m.equal(a!, m.constant(0)), m.constant(1), a!))))),
  ],
  label: "^",
  latex: (a, b) => `{${a}}^{${b}}`,
  samples: [
    { name: "same shape", operands: [drawn([row, column], between(0.2, 3)), drawn([row, column], between(-2, 3))], attributes: {} },
    { name: "a repeated", operands: [drawn([column], between(0.2, 3)), drawn([row, column], between(-2, 3))], attributes: {} },
    { name: "b repeated from the left", operands: [drawn([row, column], between(0.2, 3)), drawn([row], between(-2, 3))], attributes: {} },
    { name: "scalar", operands: [drawn([row, column], between(0.2, 3)), drawn([], between(-2, 3))], attributes: {} },
  ],
});

/**
 * a to the power of b. The derivative by b needs a ≥ 0; by a, at 0, it is 0 for b > 1. Dims that one operand lacks are repeated, matched by name.
 *
 * @example
 * import { pow, evaluate, item, scalar } from "clew";
 * item(evaluate(pow(scalar(2), 3), {})); // 8
 */
export const pow: Binary<"pow"> = opFunction(powOp, (a: unknown, b: unknown) => make(powOp, [numeric("pow", a), numeric("pow", b)], {}));
