import { type Shape, sizeOf } from "../graph/dim.ts";
import { ill, make, mistakeHere, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import { allocate, type Data, flatten, misfit, type NestedArray } from "../graph/value.ts";
import { dtypes, given, notOneOf, notShape } from "./checks.ts";
import { row } from "./samples.ts";

type Constant = { readonly shape: Shape; readonly dtype: DType; readonly data: Data };

const constantOp: Op<Constant> = {
  name: "constant",
  doc: "Given numbers: the given shape.",
  leaf: "constant",
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  evaluate: (_, { attributes }) => attributes.data,
  vjp: () => [],
  jvp: () => undefined,
  lift: ({ node }) => node,
  computation: () => ({ kind: "known" }),
  label: () => "constant",
  latex: () => "c",
  samples: [{ name: "vector", operands: [], attributes: { shape: [row], dtype: "float", data: Float64Array.of(1, 2) } }],
};

export function constantNode(shape: Shape, dtype: DType, data: Data): Node {
  return make(constantOp, [], { shape, dtype, data });
}

/** Numbers that belong to the program: nested arrays or a typed array in row-major order, of the given shape. */
type ConstantFunction = <const S extends Shape, const D extends DType = "float">(data: NestedArray, shape: S, dtype?: D) => Tensor<S, D>;

/**
 * Numbers that belong to the program: nested arrays, or a typed array in row-major order, of the given shape.
 *
 * @example
 * import { constant, dim, evaluate, sum } from "clew";
 * evaluate(sum(constant([1, 2, 3], [dim("word", 3)])), {}).data[0]; // 6
 */
export const constant: ConstantFunction = opFunction(constantOp, (data: NestedArray, shape: Shape, dtype: DType = "float") =>
  given("constant", [], [notShape(shape), notOneOf("dtype", dtype, dtypes)], () => {
    const flat = flatten(data, shape);
    const wrong = typeof flat === "string" ? flat : misfit(flat, dtype);
    if (wrong !== undefined)
      return ill(mistakeHere("BadArgument", "constant", wrong, [], "nested arrays or a typed array, row-major"), { shape, dtype });
    const own = allocate(dtype, sizeOf(shape));
    own.set(flat as ArrayLike<number>);
    return constantNode(shape, dtype, own);
  }),
);
