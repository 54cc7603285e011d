import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Binary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, pairs } from "./samples.ts";

// By a: b·a^(b−1), which would be 0·∞ where both are 0, though a^0 is constant. Every derivative by a lowers b by 1, so those of a^2 come to
// that, too. By b: a^b·log a, which would be 0·∞ where a is 0. There a is replaced by 1, which makes the product 0: choosing 0 for the product
// would keep the ∞ out of this derivative, and let it into the next one.
export const powOp: Op = elementwise({
  name: "pow",
  doc: "a^b for a > 0, or any a when b is a constant.",
  operands: ["float", "float"],
  result: "float",
  formula: (m, a, b) => m.pow(a!, b!),
  derivative: [
    (m, v, [a, b]) => {
      const bothZero = m.and(m.equal(a!, m.constant(0)), m.equal(b!, m.constant(0)));
      return m.mul(v, m.mul(b!, m.pow(m.where(bothZero, m.constant(1), a!), m.sub(b!, m.constant(1)))));
    },
    (m, v, [a], y) => m.mul(v, m.mul(y, m.log(m.where(m.equal(a!, m.constant(0)), m.constant(1), a!)))),
  ],
  label: "^",
  latex: (a, b) => `{${a}}^{${b}}`,
  samples: pairs(between(0.2, 3), between(-2, 3)),
});

/**
 * a to the power of b. The derivative by a holds at a = 0, too; that by b needs a ≥ 0, and counts as 0 at a = 0. Dims that one operand lacks are
 * repeated, matched by name.
 *
 * @example
 * import { pow, evaluate, item, scalar } from "clew";
 * item(evaluate(pow(scalar(2), 3), {})); // 8
 */
export const pow: Binary<"pow"> = opFunction(powOp, (a: unknown, b: unknown) => make(powOp, [numeric("pow", a), numeric("pow", b)], {}));
