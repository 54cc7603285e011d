import { type Dim, dim, replaced, type Shape, sameShape, showShape, sizeOf } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { DType, Node, Op, Tensor } from "../graph/node.ts";
import { userCalled } from "../graph/source.ts";
import type { AtAxis, AxisName, DimAt, Ok, Once, Result, SameShape, SameSize, ShowDim, ShowShape, Unless } from "../graph/types.ts";
import { withAxis } from "./axes.ts";
import { given, notDim, notShape } from "./checks.ts";
import { linear } from "./linear.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

type Attributes = { readonly shape: Shape };

const reshapeOp: Op<Attributes> = {
  name: "reshape",
  doc: "The same elements in row-major order, with other dims.",
  infer: ([a], { shape }) => {
    const guess = { shape, dtype: a!.dtype };
    if (sizeOf(shape) === sizeOf(a!.shape)) return guess;
    return {
      code: "DimMismatch",
      message: `${sizeOf(a!.shape)} elements ${showShape(a!.shape)} do not fill ${sizeOf(shape)} ${showShape(shape)}`,
      hint: "a reshape keeps the number of elements",
      guess,
      certain: true,
    };
  },
  evaluate: ([a]) => a!.data,
  vjp: ({ inputs, cotangent }, m) => [m.reshape(cotangent, inputs[0]!.shape)],
  jvp: linear,
  lift: (at, m) => m.reshape(at.inputs[0]!, [at.dim, ...at.attributes.shape]),
  computation: () => ({ kind: "reshape" }),
  picture: { plumbing: true, derivative: [(c) => c] },
  label: ({ shape }) => `[${shape.map((d) => d.name).join(", ")}]`,
  latex: ([a]) => a!,
  samples: [{ name: "matrix to vector", operands: [drawn([row, column], between(-2, 2))], attributes: { shape: [dim("all", 6)] } }],
};

export function reshapeNode(a: Node, shape: Shape): Node {
  return sameShape(a.shape, shape) ? a : make(reshapeOp, [a], { shape });
}

/** The same elements in row-major order, with other dims: as many elements. */
export const reshape: <A extends Shape, const S extends Shape, D extends DType>(a: Tensor<A, D>, to: S) => Tensor<S, D> = opFunction(
  reshapeOp,
  (value: unknown, to: Shape) => {
    const a = operand("reshape", value);
    return given("reshape", [a], [notShape(to)], () => make(reshapeOp, [a], { shape: to }));
  },
);

type Resized<K, J> = `rename: ${ShowDim<K>} cannot become ${ShowDim<J>}: sizes differ`;

interface Rename {
  <P extends Shape, E extends Dim, K extends NoInfer<E> | -1, J extends Dim, D extends DType>(
    a: Tensor<readonly [...P, E], D>,
    from: K & Once<"rename", readonly [...P, E], K>,
    to: J & Unless<SameSize<E, J>, Resized<E, J>>,
  ): Tensor<readonly [...P, J], D>;
  <E extends Dim, P extends Shape, K extends NoInfer<E>, J extends Dim, D extends DType>(
    a: Tensor<readonly [E, ...P], D>,
    from: K & Once<"rename", readonly [E, ...P], K>,
    to: J & Unless<SameSize<E, J>, Resized<E, J>>,
  ): Tensor<readonly [J, ...P], D>;
  <A extends Shape, K extends AxisName, J extends Dim, D extends DType>(
    a: Tensor<A, D>,
    from: K & Ok<AtAxis<"rename", A, K, readonly []>>,
    to: J & Unless<SameSize<DimAt<A, K>, J>, Resized<DimAt<A, K>, J>>,
  ): Result<AtAxis<"rename", A, K, readonly [J]>, D>;
}

/** Another name for a dim of the same size: for two uses of one dim in a shape, or to make two tensors agree. */
export const rename: Rename = userCalled((value: unknown, from: unknown, to: Dim) => {
  const a = operand("rename", value);
  const build = (axis: number): Node => {
    if (a.shape[axis]!.size !== to.size) {
      const shape = replaced(a.shape, axis, [to]);
      return failed(
        "rename",
        "DimMismatch",
        `${a.shape[axis]!.name}=${a.shape[axis]!.size} cannot become ${to.name}=${to.size}: sizes differ`,
        [a],
        "slice or pad changes a size",
        {
          shape,
          dtype: a.dtype,
          certain: true,
        },
      );
    }
    return reshapeNode(a, replaced(a.shape, axis, [to]));
  };
  return given("rename", [a], [notDim("the new dim", to)], () => withAxis("rename", a, from, a.shape, build));
});

/** Asserts a shape: for the compiler at once, and checked when the graph is built. */
export const shaped: <A extends Shape, const S extends Shape, D extends DType>(
  a: Tensor<A, D>,
  shape: S & Unless<SameShape<A, S>, `shaped: expected ${ShowShape<S>}, found ${ShowShape<A>}`>,
) => Tensor<S, D> = userCalled((value: unknown, shape: Shape) => {
  const a = operand("shaped", value);
  return given("shaped", [a], [notShape(shape)], () =>
    sameShape(a.shape, shape)
      ? a
      : failed("shaped", "DimMismatch", `expected ${showShape(shape)}, found ${showShape(a.shape)}`, [a], undefined, {
          shape,
          dtype: a.dtype,
          certain: true,
        }),
  );
});
