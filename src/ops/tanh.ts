import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const tanhOp: Op = elementwise({
  name: "tanh",
  doc: "The hyperbolic tangent: odd, between −1 and 1.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.tanh(a!),
  derivative: [(m, v, _, y) => m.mul(v, m.sub(m.constant(1), m.mul(y, y)))],
  picture: { derivative: [(c, _, y) => `${c} ∘ (1 − ${y}²)`] },
  latex: (a) => `\\tanh ${a}`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(-4, 4))], attributes: {} }],
});

/**
 * The hyperbolic tangent. Its derivative 1 − tanh² is at most 1: the reason why gradients of plain RNNs fade.
 *
 * @example
 * import { evaluate, item, tanh, scalar } from "clew";
 * item(evaluate(tanh(scalar(0)), {})); // 0
 */
export const tanh: Unary = opFunction(tanhOp, (a: unknown) => make(tanhOp, [numeric("tanh", a)], {}));
