import { make, operand, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Logical } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { exactly, layer } from "./samples.ts";

export const orOp: Op = elementwise({
  name: "or",
  doc: "Whether one of the two is true, or both.",
  operands: ["bool", "bool"],
  result: "bool",
  formula: (m, a, b) => m.or(a!, b!),
  derivative: { none: "truth values have no derivative" },
  label: "∨",
  latex: (a, b) => `${a} \\lor ${b}`,
  samples: [
    {
      name: "table",
      operands: [exactly([layer], [0, 0, 1, 1], "bool"), exactly([layer], [0, 1, 0, 1], "bool")],
      attributes: {},
    },
  ],
});

/**
 * Whether one of the two is true, or both, element by element. Bool operands; dims that one lacks are repeated.
 *
 * @example
 * import { or, evaluate, greater, item, less, scalar } from "clew";
 * item(evaluate(or(less(scalar(1), 2), greater(scalar(1), 2)), {})); // 1
 */
export const or: Logical<"or"> = opFunction(orOp, (a: unknown, b: unknown) => make(orOp, [operand("or", a), operand("or", b)], {}));
