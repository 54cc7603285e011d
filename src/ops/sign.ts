import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Unary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, exactly, row } from "./samples.ts";

export const signOp: Op = elementwise({
  name: "sign",
  doc: "−1, 0 or 1.",
  operands: ["float"],
  result: "float",
  formula: (m, a) => m.sign(a!),
  derivative: [() => undefined],
  branch: (a) => Math.sign(a),
  latex: (a) => `\\operatorname{sign} ${a}`,
  samples: [
    { name: "matrix", operands: [drawn([row, column], between(-3, 3))], attributes: {} },
    { name: "kink", operands: [exactly([column], [-1, 0, 2])], attributes: {}, kink: true },
  ],
});

/**
 * The sign: −1, 0 or 1. Its derivative is 0 wherever there is one.
 *
 * @example
 * import { evaluate, item, sign, scalar } from "clew";
 * item(evaluate(sign(scalar(-2)), {})); // -1
 */
export const sign: Unary = opFunction(signOp, (a: unknown) => make(signOp, [numeric("sign", a)], {}));
