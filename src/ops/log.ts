import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const logOp: Op = elementwise({
  name: "log",
  doc: "The natural logarithm of a > 0.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.log(a!),
  derivative: [(m, v, [a]) => m.div(v, a!)],
  picture: { derivative: [(c, [x]) => `${c} ÷ ${x}`] },
  latex: (a) => `\\log ${a}`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(0.1, 5))], attributes: {} }],
});

/**
 * The natural logarithm. −∞ at 0, NaN below.
 *
 * @example
 * import { evaluate, item, log, scalar } from "clew";
 * item(evaluate(log(scalar(1)), {})); // 0
 */
export const log: Unary = opFunction(logOp, (a: unknown) => make(logOp, [numeric("log", a)], {}));
