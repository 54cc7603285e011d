import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Binary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

export const mulOp: Op = elementwise({
  name: "mul",
  doc: "a · b, element by element (Hadamard).",
  operands: ["float", "float"],
  result: "float",
  formula: (m, a, b) => m.mul(a!, b!),
  derivative: [(m, v, [, b]) => m.mul(v, b!), (m, v, [a]) => m.mul(v, a!)],
  picture: { derivative: [(c, [, b]) => `${c} ∘ ${b}`, (c, [a]) => `${c} ∘ ${a}`] },
  label: "∘",
  latex: (a, b) => `${a} \\circ ${b}`,
  samples: [
    { name: "same shape", operands: [drawn([row, column], between(-3, 3)), drawn([row, column], between(-3, 3))], attributes: {} },
    { name: "a repeated", operands: [drawn([column], between(-3, 3)), drawn([row, column], between(-3, 3))], attributes: {} },
    { name: "b repeated from the left", operands: [drawn([row, column], between(-3, 3)), drawn([row], between(-3, 3))], attributes: {} },
    { name: "scalar", operands: [drawn([row, column], between(-3, 3)), drawn([], between(-3, 3))], attributes: {} },
  ],
});

/**
 * a · b, element by element (Hadamard). Dims that one operand lacks are repeated, matched by name.
 *
 * @example
 * import { mul, evaluate, item, scalar } from "clew";
 * item(evaluate(mul(scalar(2), 3), {})); // 6
 */
export const mul: Binary<"mul"> = opFunction(mulOp, (a: unknown, b: unknown) => make(mulOp, [numeric("mul", a), numeric("mul", b)], {}));
