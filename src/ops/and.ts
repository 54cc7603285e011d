import { make, operand, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Logical } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { exactly, layer } from "./samples.ts";

export const andOp: Op = elementwise({
  name: "and",
  doc: "Whether both are true.",
  operands: ["bool", "bool"],
  result: "bool",
  formula: (m, a, b) => m.and(a!, b!),
  derivative: { none: "truth values have no derivative" },
  label: "∧",
  latex: (a, b) => `${a} \\land ${b}`,
  samples: [
    {
      name: "table",
      operands: [exactly([layer], [0, 0, 1, 1], "bool"), exactly([layer], [0, 1, 0, 1], "bool")],
      attributes: {},
    },
  ],
});

/**
 * Whether both are true, element by element. Bool operands; dims that one lacks are repeated.
 *
 * @example
 * import { and, evaluate, greater, item, less, scalar } from "clew";
 * item(evaluate(and(less(scalar(1), 2), greater(scalar(1), 2)), {})); // 0
 */
export const and: Logical<"and"> = opFunction(andOp, (a: unknown, b: unknown) => make(andOp, [operand("and", a), operand("and", b)], {}));
