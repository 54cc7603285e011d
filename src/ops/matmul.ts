import { type Dim, dim, type Shape, sameDim, showShape } from "../graph/dim.ts";
import { operand } from "../graph/make.ts";
import type { Tensor } from "../graph/node.ts";
import { userCalled } from "../graph/source.ts";
import type { AnyWide, Ok, Result, ShapeError, ShowShape } from "../graph/types.ts";
import { contractNode } from "./contract.ts";
import { failed } from "./operands.ts";

type MatMul<A extends Shape, B extends Shape> =
  AnyWide<A, B> extends true
    ? Shape
    : A extends readonly [...infer I extends Shape, infer K1 extends Dim]
      ? B extends readonly [infer K2 extends Dim, infer N extends Dim]
        ? [K1, K2] extends [infer X, infer Y]
          ? X extends Y
            ? readonly [...I, N]
            : Y extends X
              ? readonly [...I, N]
              : ShapeError<`matmul: inner dimensions differ: ${ShowShape<A>} · ${ShowShape<B>}`>
          : never
        : ShapeError<`matmul: right operand must be a matrix: ${ShowShape<B>}`>
      : ShapeError<`matmul: left operand is a scalar`>;

interface MatMulFunction {
  <I extends Shape, K extends Dim, N extends Dim>(
    a: Tensor<readonly [...I, K]>,
    b: Tensor<readonly [NoInfer<K>, N]>,
  ): Tensor<readonly [...I, N]>;
  <A extends Shape, B extends Shape>(a: Tensor<A>, b: Tensor<B> & Ok<MatMul<A, B>>): Result<MatMul<A, B>>;
}

/**
 * The product of a's last dim with the rows of a matrix: [..., k] · [k, n] gives [..., n].
 *
 * @example
 * import { dim, evaluate, input, matmul } from "clew";
 * const word = dim("word", 2), hidden = dim("hidden", 2);
 * const x = input("x", [word]), U = input("U", [word, hidden]);
 * evaluate(matmul(x, U), { x: [1, 10], U: [[1, 2], [3, 4]] }).data; // Float64Array [31, 42]
 */
export const matmul: MatMulFunction = userCalled((left: unknown, right: unknown) => {
  const [a, b] = [operand("matmul", left), operand("matmul", right)];
  const last = a.shape.at(-1);
  const shape = [...a.shape.slice(0, -1), b.shape.at(-1) ?? dim("?", 1)];
  if (last === undefined) return failed("matmul", "RankMismatch", "left operand is a scalar", [a], undefined, { shape, rests: [a, b] });
  if (b.shape.length !== 2) {
    return failed(
      "matmul",
      "RankMismatch",
      `right operand must be a matrix: ${showShape(b.shape)}`,
      [b],
      "contract(a, b, dim) sums over a dim of any two tensors",
      { shape, rests: [a, b] },
    );
  }
  if (!sameDim(last, b.shape[0]!)) {
    const turned = sameDim(last, b.shape[1]!)
      ? "transpose the right operand"
      : "the last dim of the left operand must be the first of the right one";
    return failed("matmul", "DimMismatch", `inner dimensions differ: ${showShape(a.shape)} · ${showShape(b.shape)}`, [a, b], turned, {
      shape,
      certain: true,
    });
  }
  const odd = [a, b].findIndex((x) => x.dtype !== "float");
  if (odd >= 0) {
    const hint = `cast(a, "float") changes the type`;
    return failed("matmul", "DTypeMismatch", `operand ${odd + 1} is ${[a, b][odd]!.dtype}, expected float`, [a, b], hint, {
      shape,
      certain: true,
    });
  }
  return contractNode(a, b, { summed: [[a.shape.length - 1, 0]], batch: [] });
});
