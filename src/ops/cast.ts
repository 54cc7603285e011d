import type { Shape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import { allocate } from "../graph/value.ts";
import { dtypes, given, notOneOf } from "./checks.ts";
import { column, drawn, exactly, row } from "./samples.ts";

type Attributes = { readonly to: DType };

/** Conversions to float: what they start from has no derivative, and none is asked for. */
const castOp: Op<Attributes> = {
  name: "cast",
  doc: "Another dtype: float to int drops the fraction, anything but 0 is true.",
  infer: ([a], { to }) => ({ shape: a!.shape, dtype: to }),
  evaluate: ([a], { attributes: { to } }) => {
    const out = allocate(to, a!.data.length);
    if (to === "bool") for (let i = 0; i < out.length; i++) out[i] = a!.data[i] === 0 ? 0 : 1;
    else out.set(a!.data);
    return out;
  },
  vjp: { none: "a conversion to or from whole numbers or truth values is a step" },
  jvp: { none: "a conversion to or from whole numbers or truth values is a step" },
  lift: ({ inputs, attributes }) => make(castOp, inputs, attributes),
  computation: ({ attributes: { to } }) => ({ kind: "convert", to }),
  picture: { plumbing: true, derivative: [(c) => c] },
  label: ({ to }) => `to ${to}`,
  latex: ([a], { to }) => `\\operatorname{${to}} ${a}`,
  samples: [
    { name: "bool to float", operands: [exactly([row], [1, 0], "bool")], attributes: { to: "float" } },
    { name: "int to float", operands: [exactly([row], [3, -4], "int")], attributes: { to: "float" } },
    { name: "float to int", operands: [drawn([column], (u) => 6 * u - 3)], attributes: { to: "int" } },
  ],
};

export function castNode(a: Node, to: DType): Node {
  return a.dtype === to ? a : make(castOp, [a], { to });
}

/** Another dtype: float to int drops the fraction; to bool, anything but 0 is true; from bool, true is 1. */
export const cast: <S extends Shape, const D extends DType>(a: Tensor<S, DType>, to: D) => Tensor<S, D> = opFunction(
  castOp,
  (value: unknown, to: DType) => {
    const a = operand("cast", value);
    return given("cast", [a], [notOneOf("dtype", to, dtypes)], () => castNode(a, to));
  },
);
