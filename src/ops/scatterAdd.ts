import { type Dim, dim, type Shape, sameShape, showShape, sizeOf } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { Node, Op, Tensor } from "../graph/node.ts";
import type { AnyWide, Ok, Result, ShapeError, ShowShape } from "../graph/types.ts";
import { given, notDim } from "./checks.ts";
import { checkIds } from "./gather.ts";
import { linear } from "./linear.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, exactly, row } from "./samples.ts";

type Attributes = { readonly axis: number; readonly into: Dim };

const scatterAddOp: Op<Attributes> = {
  name: "scatterAdd",
  doc: "Rows added into zeros, by id: the dims of ids, which stand at the axis, become `into`. The adjoint of gather.",
  infer: ([updates, ids], { axis, into }) => {
    const shape = [...updates!.shape.slice(0, axis), into, ...updates!.shape.slice(axis + ids!.shape.length)];
    const guess = { shape, dtype: "float" as const };
    const own = updates!.shape.slice(axis, axis + ids!.shape.length);
    if (ids!.dtype !== "int")
      return { code: "DTypeMismatch", message: `ids are ${ids!.dtype}, expected int`, involves: [1], guess, certain: true };
    if (updates!.dtype !== "float")
      return { code: "DTypeMismatch", message: `updates are ${updates!.dtype}, expected float`, involves: [0], guess, certain: true };
    if (sameShape(own, ids!.shape)) return guess;
    return {
      code: "DimMismatch",
      message: `the updates must start with the dims of the ids: ${showShape(updates!.shape)} and ${showShape(ids!.shape)}`,
      guess,
      certain: true,
    };
  },
  evaluate: ([updates, ids], { attributes: { axis, into }, shape }) => {
    checkIds(ids!, into.size);
    const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
    const out = new Float64Array(sizeOf(shape));
    const count = ids!.data.length;
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < count; k++) {
        const to = (o * into.size + ids!.data[k]!) * inner;
        const from = (o * count + k) * inner;
        for (let i = 0; i < inner; i++) out[to + i]! += updates!.data[from + i]!;
      }
    }
    return out;
  },
  vjp: ({ inputs: [, ids], cotangent, attributes: { axis } }, m) => [m.gather(cotangent, ids!, axis), undefined],
  jvp: linear,
  lift: ({ inputs, lifted, attributes: { axis, into }, dim: d }, m) => {
    const [updates, ids] = inputs as [Node, Node];
    if (!lifted[1]) return m.scatterAdd(updates, ids, axis + 1, into);
    const each = (i: number): Node => m.scatterAdd(lifted[0] ? m.index(updates, 0, i) : updates, m.index(ids, 0, i), axis, into);
    return m.stack(
      Array.from({ length: d.size }, (_, i) => each(i)),
      d,
    );
  },
  computation: ({ attributes: { axis } }) => ({ kind: "scatter", axis }),
  label: () => "scatter-add",
  latex: ([updates, ids]) => `\\operatorname{scatter}_{${ids}} ${updates}`,
  samples: [
    {
      name: "rows",
      operands: [drawn([dim("place", 4), column], between(-2, 2)), exactly([dim("place", 4)], [1, 0, 1, 1], "int")],
      attributes: { axis: 0, into: row },
    },
    {
      name: "columns",
      operands: [
        drawn([row, dim("time", 2), dim("place", 2)], between(-2, 2)),
        exactly([dim("time", 2), dim("place", 2)], [2, 0, 0, 1], "int"),
      ],
      attributes: { axis: 1, into: column },
    },
  ],
};

export function scatterAddNode(updates: Node, ids: Node, axis: number, into: Dim): Node {
  return make(scatterAddOp, [updates, ids], { axis, into });
}

type Scatter<A extends Shape, I extends Shape, J extends Dim> =
  AnyWide<A, I> extends true
    ? Shape
    : A extends readonly [...I, ...infer P extends Shape]
      ? readonly [J, ...P]
      : ShapeError<`scatterAdd: the updates must start with the dims of the ids: ${ShowShape<A>} and ${ShowShape<I>}`>;

interface ScatterAdd {
  <I extends Dim, P extends Shape, J extends Dim>(
    updates: Tensor<readonly [I, ...P]>,
    ids: Tensor<readonly [NoInfer<I>], "int">,
    into: J,
  ): Tensor<readonly [J, ...P]>;
  <I extends Dim, K extends Dim, P extends Shape, J extends Dim>(
    updates: Tensor<readonly [I, K, ...P]>,
    ids: Tensor<readonly [NoInfer<I>, NoInfer<K>], "int">,
    into: J,
  ): Tensor<readonly [J, ...P]>;
  <A extends Shape, I extends Shape, J extends Dim>(
    updates: Tensor<A>,
    ids: Tensor<I, "int"> & Ok<Scatter<A, I, J>>,
    into: J,
  ): Result<Scatter<A, I, J>>;
}

/** Rows [...ids, ...row] added into zeros [into, ...row], by id: what gather took out, put back. */
export const scatterAdd: ScatterAdd = opFunction(scatterAddOp, (u: unknown, i: unknown, into: Dim) => {
  const [updates, ids] = [operand("scatterAdd", u), operand("scatterAdd", i)];
  return given("scatterAdd", [updates, ids], [notDim("into", into)], () =>
    updates.shape.length < ids.shape.length
      ? failed(
          "scatterAdd",
          "RankMismatch",
          `the updates must start with the dims of the ids: ${showShape(updates.shape)} and ${showShape(ids.shape)}`,
          [updates, ids],
          undefined,
          { shape: [into] },
        )
      : scatterAddNode(updates, ids, 0, into),
  );
});
