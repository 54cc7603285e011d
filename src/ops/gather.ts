import { type Dim, dim, otherAxes, replaced, type Shape, sizeOf } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import { OutOfRange } from "../graph/range.ts";
import type { AtAxis, AxisName, Ok, Once, Result } from "../graph/types.ts";
import { allocate, type Value } from "../graph/value.ts";
import { withAxis } from "./axes.ts";
import { linear } from "./linear.ts";
import { between, column, drawn, exactly, row } from "./samples.ts";
import { around } from "./strides.ts";

type Attributes = { readonly axis: number };

const gatherOp: Op<Attributes> = {
  name: "gather",
  doc: "Rows of a table along an axis, by id: the dims of ids take the axis' place. Embedding lookup.",
  infer: ([table, ids], { axis }) => {
    const guess = { shape: replaced(table!.shape, axis, ids!.shape), dtype: table!.dtype };
    if (ids!.dtype === "int") return guess;
    return {
      code: "DTypeMismatch",
      message: `ids are ${ids!.dtype}, expected int`,
      hint: `input("ids", [...], "int")`,
      involves: [1],
      guess,
      certain: true,
    };
  },
  evaluate: ([table, ids], { attributes: { axis }, shape, dtype }) => {
    const { outer, along, inner } = around(table!.shape, axis);
    checkIds(ids!, along);
    const count = ids!.data.length;
    const out = allocate(dtype, sizeOf(shape));
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < count; k++) {
        const from = (o * along + ids!.data[k]!) * inner;
        out.set(table!.data.subarray(from, from + inner), (o * count + k) * inner);
      }
    }
    return out;
  },
  vjp: ({ inputs: [table, ids], cotangent, attributes: { axis } }, m) => [
    m.scatterAdd(cotangent, ids!, axis, table!.shape[axis]!),
    undefined,
  ],
  jvp: linear,
  lift: ({ inputs, lifted, attributes: { axis }, dim: d }, m) => {
    const [table, ids] = inputs as [Node, Node];
    if (!lifted[1]) return m.gather(table, ids, axis + 1);
    if (!lifted[0]) {
      const rows = m.gather(table, ids, axis); // the lifted dim came in the axis' place: bring it to the front
      return m.transpose(rows, [axis, ...otherAxes(rows.shape.length, [axis])]);
    }
    return m.stack(
      Array.from({ length: d.size }, (_, i) => m.gather(m.index(table, 0, i), m.index(ids, 0, i), axis)),
      d,
    );
  },
  computation: ({ attributes: { axis } }) => ({ kind: "gather", axis }),
  picture: { derivative: [(c, [, ids]) => `${c} at ${ids}`] },
  label: () => "gather",
  latex: ([table, ids]) => `${table}[${ids}]`,
  samples: [
    {
      name: "rows",
      operands: [drawn([row, column], between(-2, 2)), exactly([dim("place", 4)], [1, 0, 1, 1], "int")],
      attributes: { axis: 0 },
    },
    {
      name: "columns by a matrix of ids",
      operands: [drawn([row, column], between(-2, 2)), exactly([dim("time", 2), dim("place", 2)], [2, 0, 0, 1], "int")],
      attributes: { axis: 1 },
    },
  ],
};

/** Ids are checked when they are used: they come from data. */
export function checkIds(ids: Value, size: number): void {
  for (let i = 0; i < ids.data.length; i++) {
    const id = ids.data[i]!;
    if (!(id >= 0 && id < size)) throw new OutOfRange(ids, i, size);
  }
}

export function gatherNode(table: Node, ids: Node, axis: number): Node {
  return make(gatherOp, [table, ids], { axis });
}

interface Gather {
  <E extends Dim, P extends Shape, I extends Shape, K extends NoInfer<E>, D extends DType>(
    table: Tensor<readonly [E, ...P], D>,
    ids: Tensor<I, "int">,
    of: K & Once<"gather", readonly [E, ...P], K>,
  ): Tensor<readonly [...I, ...P], D>;
  <A extends Shape, K extends AxisName, I extends Shape, D extends DType>(
    table: Tensor<A, D>,
    ids: Tensor<I, "int">,
    of: K & Ok<AtAxis<"gather", A, K, readonly []>>,
  ): Result<AtAxis<"gather", A, K, I>, D>;
}

/**
 * Rows of a table, by id: the dims of ids take the place of dim `of`. An id out of range is reported when the graph runs.
 *
 * @example
 * import { dim, evaluate, gather, input } from "clew";
 * const word = dim("word", 2), E = input("E", [word, dim("vector", 2)]), ids = input("ids", [dim("time", 3)], "int");
 * evaluate(gather(E, ids, word), { E: [[1, 2], [3, 4]], ids: [1, 1, 0] }).data; // Float64Array [3, 4, 3, 4, 1, 2]
 */
export const gather: Gather = opFunction(gatherOp, (t: unknown, i: unknown, of: unknown) => {
  const [table, ids] = [operand("gather", t), operand("gather", i)];
  return withAxis("gather", table, of, table.shape, (axis) => gatherNode(table, ids, axis), table.dtype, [table, ids]);
});
