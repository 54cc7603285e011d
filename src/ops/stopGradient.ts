import type { Shape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import { between, column, drawn, row } from "./samples.ts";

const stopGradientOp: Op<Record<never, never>> = {
  name: "stopGradient",
  doc: "a itself, which counts as constant when differentiated.",
  constant: true,
  infer: ([a]) => ({ shape: a!.shape, dtype: a!.dtype }),
  evaluate: ([a]) => a!.data,
  vjp: () => [undefined],
  jvp: () => undefined,
  lift: ({ inputs }) => make(stopGradientOp, inputs, {}),
  computation: () => ({ kind: "elementwise", formula: (_, a) => a! }),
  label: () => "stop gradient",
  latex: ([a]) => `\\operatorname{stop}(${a})`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(-2, 2))], attributes: {} }],
};

export function stopGradientNode(a: Node): Node {
  return make(stopGradientOp, [a], {});
}

/** The same value, which counts as constant when differentiated. Numeric checks hold it at its value, too. */
export const stopGradient: <S extends Shape, D extends DType>(a: Tensor<S, D>) => Tensor<S, D> = opFunction(stopGradientOp, (a: unknown) =>
  stopGradientNode(operand("stopGradient", a)),
);
