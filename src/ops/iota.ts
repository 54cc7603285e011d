import { type Dim, type Shape, sizeOf } from "../graph/dim.ts";
import { make, opFunction } from "../graph/make.ts";
import type { Node, Op, Tensor } from "../graph/node.ts";
import { given, notDim } from "./checks.ts";
import { column, row } from "./samples.ts";
import { around } from "./strides.ts";

type Attributes = { readonly shape: Shape; readonly axis: number };

const iotaOp: Op<Attributes> = {
  name: "iota",
  doc: "Positions along an axis: 0, 1, 2, …, int.",
  leaf: "constant",
  infer: (_, { shape }) => ({ shape, dtype: "int" }),
  evaluate: (_, { attributes: { shape, axis } }) => {
    const { along, inner } = around(
      shape.map((d) => d.size),
      axis,
    );
    return Int32Array.from({ length: sizeOf(shape) }, (_, i) => Math.floor(i / inner) % along);
  },
  vjp: () => [],
  jvp: () => undefined,
  lift: ({ node }) => node,
  computation: ({ attributes: { axis } }) => ({ kind: "position", axis }),
  picture: { plumbing: true },
  label: () => "0, 1, 2, …",
  latex: () => "(0, 1, \\dots)",
  samples: [{ name: "columns", operands: [], attributes: { shape: [row, column], axis: 1 } }],
};

export function iotaNode(shape: Shape, axis: number): Node {
  return make(iotaOp, [], { shape, axis });
}

/** Positions along a dim: 0, 1, 2, …, as ints. */
export const iota: <D extends Dim>(along: D) => Tensor<readonly [D], "int"> = opFunction(iotaOp, (along: Dim) =>
  given("iota", [], [notDim("what it runs along", along)], () => iotaNode([along], 0)),
);
