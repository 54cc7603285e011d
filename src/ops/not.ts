import type { Shape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { Op, Tensor } from "../graph/node.ts";
import { elementwise } from "./elementwise.ts";
import { exactly, row } from "./samples.ts";

export const notOp: Op = elementwise({
  name: "not",
  doc: "Whether a is false.",
  operands: ["bool"],
  result: "bool",
  formula: (m, a) => m.not(a!),
  derivative: { none: "truth values have no derivative" },
  label: "¬",
  latex: (a) => `\\lnot ${a}`,
  samples: [{ name: "table", operands: [exactly([row], [0, 1], "bool")], attributes: {} }],
});

/** Whether a is false, element by element. */
export const not: <S extends Shape>(a: Tensor<S, "bool">) => Tensor<S, "bool"> = opFunction(notOp, (a: unknown) =>
  make(notOp, [operand("not", a)], {}),
);
