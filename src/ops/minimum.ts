import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Binary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, exactly, pairs } from "./samples.ts";
import { whereLarger } from "./tie.ts";

export const minimumOp: Op = elementwise({
  name: "minimum",
  doc: "The smaller of a and b.",
  operands: ["float", "float"],
  result: "float",
  formula: (m, a, b) => m.minimum(a!, b!),
  derivative: [(m, v, [a, b]) => whereLarger(m, v, b!, a!), (m, v, [a, b]) => whereLarger(m, v, a!, b!)],
  branch: (a, b) => Math.sign(a - b),
  label: "min",
  latex: (a, b) => `\\min(${a}, ${b})`,
  samples: [
    ...pairs(between(-3, 3), between(-3, 3)),
    { name: "kink", operands: [exactly([column], [-1, 0, 2]), exactly([column], [-1, 1, 2])], attributes: {}, kink: true },
  ],
});

/**
 * The smaller of a and b; at the kink a = b each has half of the derivative. Dims that one operand lacks are repeated, matched by name.
 *
 * @example
 * import { minimum, evaluate, item, scalar } from "clew";
 * item(evaluate(minimum(scalar(2), 3), {})); // 2
 */
export const minimum: Binary<"minimum"> = opFunction(minimumOp, (a: unknown, b: unknown) =>
  make(minimumOp, [numeric("minimum", a), numeric("minimum", b)], {}),
);
