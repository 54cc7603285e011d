import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, exactly, row } from "./samples.ts";

export const absOp: Op = elementwise({
  name: "abs",
  doc: "The absolute value.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.abs(a!),
  derivative: [(m, v, [a]) => m.mul(v, m.sign(a!))],
  branch: (a) => Math.sign(a),
  picture: { derivative: [(c, [x]) => `${c} ∘ sign ${x}`] },
  label: "|·|",
  latex: (a) => `|${a}|`,
  samples: [
    { name: "matrix", operands: [drawn([row, column], between(-3, 3))], attributes: {} },
    { name: "kink", operands: [exactly([column], [-1, 0, 2])], attributes: {}, kink: true },
  ],
});

/**
 * The absolute value. Its derivative at the kink, 0, is taken as 0.
 *
 * @example
 * import { evaluate, item, abs, scalar } from "clew";
 * item(evaluate(abs(scalar(-2)), {})); // 2
 */
export const abs: Unary = opFunction(absOp, (a: unknown) => make(absOp, [numeric("abs", a)], {}));
