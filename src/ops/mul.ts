import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Binary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, pairs } from "./samples.ts";

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
  samples: pairs(between(-3, 3), between(-3, 3)),
});

/**
 * a · b, element by element (Hadamard). Dims that one operand lacks are repeated, matched by name.
 *
 * @example
 * import { mul, evaluate, item, scalar } from "clew";
 * item(evaluate(mul(scalar(2), 3), {})); // 6
 */
export const mul: Binary<"mul"> = opFunction(mulOp, (a: unknown, b: unknown) => make(mulOp, [numeric("mul", a), numeric("mul", b)], {}));
