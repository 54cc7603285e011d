import type { Shape } from "../graph/dim.ts";
import { ill, make, opFunction } from "../graph/make.ts";
import type { DType, Op, Tensor } from "../graph/node.ts";
import { dtypes, given, notOneOf } from "./checks.ts";
import { badShape } from "./parameter.ts";

type Input = { readonly name: string; readonly shape: Shape; readonly dtype: DType };

const inputOp: Op<Input> = {
  name: "input",
  doc: "A value that is fed by name: the given shape.",
  leaf: "input",
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  evaluate: () => {
    throw new Error("inputs are fed, not evaluated");
  },
  vjp: () => [],
  jvp: () => undefined,
  lift: ({ node }) => node,
  computation: () => ({ kind: "given" }),
  label: ({ name }) => name,
  latex: (_, { name }) => name,
  samples: [],
};

type InputFunction = <const S extends Shape, const D extends DType = "float">(name: string, shape: S, dtype?: D) => Tensor<S, D>;

/**
 * A value from outside, fed by name: `feeds = { x: … }`.
 *
 * @example
 * import { dim, evaluate, input, sum } from "clew";
 * const x = input("x", [dim("word", 3)]);
 * evaluate(sum(x), { x: [1, 2, 3] }).data[0]; // 6
 */
export const input: InputFunction = opFunction(inputOp, (name: string, shape: Shape, dtype: DType = "float") => {
  const problem = badShape("input", name, shape);
  if (problem !== undefined) return ill(problem);
  return given("input", [], [notOneOf("dtype", dtype, dtypes)], () => make(inputOp, [], { name, shape, dtype }));
});
