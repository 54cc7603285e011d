import { make, operand, opFunction } from "../graph/make.ts";
import type { Node, Op } from "../graph/node.ts";
import type { Where } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numericLike } from "./operands.ts";
import { between, column, drawn, exactly, row } from "./samples.ts";

// The side that was not chosen gets a zero that is selected, not multiplied: 0·∞ would be NaN.
export const whereOp: Op = elementwise({
  name: "where",
  doc: "a where the condition holds, b elsewhere.",
  operands: ["bool", "same", "same"],
  result: "same",
  formula: (m, c, a, b) => m.where(c!, a!, b!),
  derivative: [undefined, (m, v, [c]) => m.where(c!, v, m.constant(0)), (m, v, [c]) => m.where(c!, m.constant(0), v)],
  latex: (c, a, b) => `\\begin{cases}${a} & ${c} \\\\ ${b} & \\text{else}\\end{cases}`,
  samples: [
    {
      name: "mask of rows",
      operands: [exactly([row], [1, 0], "bool"), drawn([row, column], between(-3, 3)), drawn([row, column], between(-3, 3))],
      attributes: {},
    },
    {
      name: "scalar other",
      operands: [exactly([row, column], [1, 0, 0, 1, 1, 0], "bool"), drawn([row, column], between(-3, 3)), drawn([], between(-3, 3))],
      attributes: {},
    },
    {
      name: "ints",
      operands: [exactly([column], [1, 0, 1], "bool"), exactly([column], [1, 2, 3], "int"), exactly([column], [7, 8, 9], "int")],
      attributes: {},
    },
  ],
});

/**
 * a where the condition holds, b elsewhere; a and b have one dtype. What is not chosen gets no gradient, and no NaN passes from it.
 *
 * @example
 * import { evaluate, item, less, scalar, where } from "clew";
 * item(evaluate(where(less(scalar(1), 2), 10, 20), {})); // 10
 */
export const where: Where = opFunction(
  whereOp,
  (condition: unknown, a: unknown, b: unknown): Node => make(whereOp, [operand("where", condition), ...numericLike("where", a, b)], {}),
);
