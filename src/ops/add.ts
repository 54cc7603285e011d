import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Binary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, pairs } from "./samples.ts";

export const addOp: Op = elementwise({
  name: "add",
  doc: "a + b.",
  operands: ["float", "float"],
  result: "float",
  formula: (m, a, b) => m.add(a!, b!),
  derivative: [(_, v) => v, (_, v) => v],
  picture: { sum: true, derivative: [(c) => c, (c) => c] },
  label: "+",
  latex: (a, b) => `${a} + ${b}`,
  samples: pairs(between(-3, 3), between(-3, 3)),
});

/**
 * a + b. Dims that one operand lacks are repeated, matched by name.
 *
 * @example
 * import { add, evaluate, item, scalar } from "clew";
 * item(evaluate(add(scalar(2), 3), {})); // 5
 */
export const add: Binary<"add"> = opFunction(addOp, (a: unknown, b: unknown) => make(addOp, [numeric("add", a), numeric("add", b)], {}));
