import { make, opFunction } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import type { Binary } from "../graph/types.ts";
import { elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";
import { between, pairs } from "./samples.ts";

export const subOp: Op = elementwise({
  name: "sub",
  doc: "a − b.",
  operands: ["float", "float"],
  result: "float",
  formula: (m, a, b) => m.sub(a!, b!),
  derivative: [(_, v) => v, (m, v) => m.neg(v)],
  picture: { derivative: [(c) => c, (c) => `−${c}`] },
  label: "−",
  latex: (a, b) => `${a} - ${b}`,
  samples: pairs(between(-3, 3), between(-3, 3)),
});

/**
 * a − b. Dims that one operand lacks are repeated, matched by name.
 *
 * @example
 * import { sub, evaluate, item, scalar } from "clew";
 * item(evaluate(sub(scalar(2), 3), {})); // -1
 */
export const sub: Binary<"sub"> = opFunction(subOp, (a: unknown, b: unknown) => make(subOp, [numeric("sub", a), numeric("sub", b)], {}));
