import { type Shape, sizeOf } from "../graph/dim.ts";
import { make, opFunction } from "../graph/make.ts";
import { createNode, type Node, type Op, type Tensor } from "../graph/node.ts";
import { userCalled } from "../graph/source.ts";
import { allocate } from "../graph/value.ts";
import { given, notNumber, notShape } from "./checks.ts";
import { column, row } from "./samples.ts";

type Full = { readonly shape: Shape; readonly value: number };

const fullOp: Op<Full> = {
  name: "full",
  doc: "One number everywhere: the given shape.",
  leaf: "constant",
  infer: (_, { shape }) => ({ shape, dtype: "float" }),
  evaluate: (_, { shape, attributes }) => allocate("float", sizeOf(shape)).fill(attributes.value),
  vjp: () => [],
  jvp: () => undefined,
  lift: ({ node }) => node,
  computation: ({ attributes: { value } }) => ({ kind: "fill", value }),
  picture: { plumbing: true },
  label: ({ value }) => showNumber(value),
  latex: (_, { value }) => showNumber(value),
  samples: [{ name: "matrix", operands: [], attributes: { shape: [row, column], value: 0.5 } }],
};

function showNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

export function fullNode(shape: Shape, value: number): Node {
  return make(fullOp, [], { shape, value });
}

// Scalars are shared: a derivative uses the same few numbers at every step.
const scalars = new Map<number, Node>();

export function scalarNode(value: number): Node {
  const key = Object.is(value, -0) ? undefined : value;
  const known = key === undefined ? undefined : scalars.get(key);
  if (known !== undefined) return known;
  const made = createNode(fullOp, [], { shape: [], value }, [], "float", {});
  if (key !== undefined && scalars.size < 4096) scalars.set(key, made);
  return made;
}

/** A tensor with `value` everywhere. */
export const full: <const S extends Shape>(shape: S, value: number) => Tensor<S> = opFunction(fullOp, (shape: Shape, value: number) =>
  given("full", [], [notShape(shape), notNumber("the value", value)], () => fullNode(shape, value)),
);

/**
 * Zeros of the given shape: the usual initial state.
 *
 * @example
 * import { dim, evaluate, zeros } from "clew";
 * evaluate(zeros([dim("batch", 2)]), {}).data; // Float64Array [0, 0]
 */
export const zeros: <const S extends Shape>(shape: S) => Tensor<S> = userCalled((shape: Shape) =>
  given("zeros", [], [notShape(shape)], () => fullNode(shape, 0)),
);

/** Ones of the given shape. */
export const ones: <const S extends Shape>(shape: S) => Tensor<S> = userCalled((shape: Shape) =>
  given("ones", [], [notShape(shape)], () => fullNode(shape, 1)),
);

/** A number as a tensor without dims. */
export const scalar: (value: number) => Tensor<readonly []> = userCalled((value: number) =>
  given("scalar", [], [notNumber("a scalar", value)], () => scalarNode(value)),
);
