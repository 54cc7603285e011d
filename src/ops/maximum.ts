import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Binary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, exactly, pairs } from "./samples.ts";
import { whereLarger } from "./tie.ts";

export const maximumOp: Op = elementwise({
  name: "maximum",
  doc: "The larger of a and b.",
  operands: ["float", "float"],
  result: "float",
  formula: (m, a, b) => m.maximum(a!, b!),
  derivative: [(m, v, [a, b]) => whereLarger(m, v, a!, b!), (m, v, [a, b]) => whereLarger(m, v, b!, a!)],
  branch: (a, b) => Math.sign(a - b),
  label: "max",
  latex: (a, b) => `\\max(${a}, ${b})`,
  samples: [
    ...pairs(between(-3, 3), between(-3, 3)),
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
