import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const expOp: Op = elementwise({
  name: "exp",
  doc: "e^a.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.exp(a!),
  derivative: [(m, v, _, y) => m.mul(v, y)],
  picture: { derivative: [(c, _, y) => `${c} ∘ ${y}`] },
  latex: (a) => `\\exp ${a}`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(-3, 3))], attributes: {} }],
});

/**
 * The exponential: e^a.
 *
 * @example
 * import { evaluate, item, exp, scalar } from "clew";
 * item(evaluate(exp(scalar(0)), {})); // 1
 */
export const exp: Unary = opFunction(expOp, (a: unknown) => make(expOp, [numeric("exp", a)], {}));
