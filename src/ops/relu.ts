import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, exactly, row } from "./samples.ts";

const reluOp: Op = elementwise({
  name: "relu",
  doc: "max(a, 0).",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.maximum(a!, m.constant(0)),
  derivative: [(m, v, [a]) => m.where(m.less(m.constant(0), a!), v, m.constant(0))],
  branch: (a) => (a > 0 ? 1 : a < 0 ? -1 : 0),
  picture: { derivative: [(c, _, y) => `${c} ∘ [${y} > 0]`] },
  latex: (a) => `\\operatorname{relu} ${a}`,
  samples: [
    { name: "matrix", operands: [drawn([row, column], between(-3, 3))], attributes: {} },
    { name: "kink", operands: [exactly([column], [-1, 0, 2])], attributes: {}, kink: true },
  ],
});

/**
 * max(a, 0). Its derivative at the kink, 0, is taken as 0.
 *
 * @example
 * import { evaluate, item, relu, scalar } from "clew";
 * item(evaluate(relu(scalar(-2)), {})); // 0
 */
export const relu: Unary = opFunction(reluOp, (a: unknown) => make(reluOp, [numeric("relu", a)], {}));
