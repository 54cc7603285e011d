import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Binary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, pairs } from "./samples.ts";

export const divOp: Op = elementwise({
  name: "div",
  doc: "a / b.",
  operands: ["float", "float"],
  result: "float",
  formula: (m, a, b) => m.div(a!, b!),
  derivative: [(m, v, [, b]) => m.div(v, b!), (m, v, [, b], y) => m.neg(m.div(m.mul(v, y), b!))],
  picture: { derivative: [(c, [, b]) => `${c} ÷ ${b}`, (c, [, b], y) => `−${c} ∘ ${y} ÷ ${b}`] },
  label: "÷",
  latex: (a, b) => `\\frac{${a}}{${b}}`,
  samples: pairs(between(-3, 3), between(0.5, 3)),
});

/**
 * a / b. Dims that one operand lacks are repeated, matched by name.
 *
 * @example
 * import { div, evaluate, item, scalar } from "clew";
 * item(evaluate(div(scalar(6), 3), {})); // 2
 */
export const div: Binary<"div"> = opFunction(divOp, (a: unknown, b: unknown) => make(divOp, [numeric("div", a), numeric("div", b)], {}));
