import { type Dim, dim, type Shape, sizeOf } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { Node, Op, Tensor } from "../graph/node.ts";
import { given, notDim } from "./checks.ts";
import { checkIds } from "./gather.ts";
import { exactly } from "./samples.ts";

type Attributes = { readonly of: Dim };

const oneHotOp: Op<Attributes> = {
  name: "oneHot",
  doc: "1 at the id, 0 elsewhere: the dims of ids, then `of`.",
  infer: ([ids], { of }) => {
    const guess = { shape: [...ids!.shape, of], dtype: "float" as const };
    return ids!.dtype === "int"
      ? guess
      : { code: "DTypeMismatch", message: `ids are ${ids!.dtype}, expected int`, hint: `input("ids", [...], "int")`, guess, certain: true };
  },
  evaluate: ([ids], { attributes: { of }, shape }) => {
    checkIds(ids!, of.size);
    const out = new Float64Array(sizeOf(shape));
    for (let i = 0; i < ids!.data.length; i++) out[i * of.size + ids!.data[i]!] = 1;
    return out;
  },
  vjp: { none: "an id is a whole number: it does not vary smoothly" },
  jvp: { none: "an id is a whole number: it does not vary smoothly" },
  lift: ({ inputs, attributes }) => make(oneHotOp, inputs, attributes),
  computation: () => ({ kind: "oneHot" }),
  label: () => "one-hot",
  latex: ([ids]) => `e_{${ids}}`,
  samples: [{ name: "labels", operands: [exactly([dim("batch", 3)], [2, 0, 1], "int")], attributes: { of: dim("label", 3) } }],
};

export function oneHotNode(ids: Node, of: Dim): Node {
  return make(oneHotOp, [ids], { of });
}

/** 1 at the id, 0 elsewhere: the dims of ids, then `of`. An id out of range is reported when the graph runs. */
export const oneHot: <S extends Shape, D extends Dim>(ids: Tensor<S, "int">, of: D) => Tensor<readonly [...S, D]> = opFunction(
  oneHotOp,
  (value: unknown, of: Dim) => {
    const ids = operand("oneHot", value);
    return given("oneHot", [ids], [notDim("what the ids are of", of)], () => oneHotNode(ids, of));
  },
);
