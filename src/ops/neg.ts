import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const negOp: Op = elementwise({
  name: "neg",
  doc: "−a.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.neg(a!),
  derivative: [(m, v) => m.neg(v)],
  picture: { derivative: [(c) => `−${c}`] },
  label: "−",
  latex: (a) => `-${a}`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(-3, 3))], attributes: {} }],
});

/**
 * The negative: −a.
 *
 * @example
 * import { evaluate, item, neg, scalar } from "clew";
 * item(evaluate(neg(scalar(2)), {})); // -2
 */
export const neg: Unary = opFunction(negOp, (a: unknown) => make(negOp, [numeric("neg", a)], {}));
