import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Comparison } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numericLike } from "./operands.ts";
import { between, column, drawn, exactly, row } from "./samples.ts";

const greaterOp: Op = elementwise({
  name: "greater",
  doc: "Whether a > b, element by element; float or int operands.",
  operands: ["number", "number"],
  result: "bool",
  formula: (m, a, b) => m.less(b!, a!),
  derivative: { none: "a comparison is a step: its derivative is zero or does not exist" },
  label: ">",
  latex: (a, b) => `${a} > ${b}`,
  samples: [
    { name: "floats", operands: [drawn([row, column], between(-3, 3)), drawn([column], between(-3, 3))], attributes: {} },
    { name: "ints", operands: [exactly([column], [1, 2, 3], "int"), exactly([column], [2, 2, 2], "int")], attributes: {} },
  ],
});

/**
 * Whether a > b, element by element. Operands are both float or both int; dims that one lacks are repeated.
 *
 * @example
 * import { greater, evaluate, item, scalar } from "clew";
 * item(evaluate(greater(scalar(2), 3), {})); // 0
 */
export const greater: Comparison<"greater"> = opFunction(greaterOp, (a: unknown, b: unknown) =>
  make(greaterOp, numericLike("greater", a, b), {}),
);
