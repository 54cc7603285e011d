import type { ContractAxes } from "../graph/algebra.ts";
import { type Dim, otherAxes, type Shape, sameDim, showShape, sizeOf } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { Node, Op, Tensor } from "../graph/node.ts";
import type { AnyWide, CertainCount, Count, IsAny, Minus, Ok, Once, Result, Same, ShapeError, ShowDim, ShowShape } from "../graph/types.ts";
import { axisOf } from "./axes.ts";
import { given, notDim } from "./checks.ts";
import { kept, layoutOf, resultShape } from "./contract-axes.ts";
import { product } from "./contract-kernel.ts";
import { failed } from "./operands.ts";
import { between, column, drawn, layer, row } from "./samples.ts";
import { offsets, strides } from "./strides.ts";

// The product primitive: StableHLO's dot_general, but that batch dims keep their place among a's.
export const contractOp: Op<ContractAxes> = {
  name: "contract",
  doc: "Sums products over paired axes; other paired axes are batch. Result: a's axes that are left, then b's free ones.",
  infer: ([a, b], axes) => {
    const guess = { shape: resultShape(a!.shape, b!.shape, axes), dtype: "float" as const };
    for (const pairs of [axes.summed, axes.batch]) {
      for (const [i, j] of pairs) {
        const [x, y] = [a!.shape[i]!, b!.shape[j]!];
        if (x.size === y.size) continue;
        return { code: "DimMismatch", message: `${x.name}=${x.size} cannot be paired with ${y.name}=${y.size}`, guess, certain: true };
      }
    }
    const wrong = a!.dtype !== "float" ? 0 : b!.dtype !== "float" ? 1 : undefined;
    if (wrong === undefined) return guess;
    return {
      code: "DTypeMismatch",
      message: `operand ${wrong + 1} is ${[a!, b!][wrong]!.dtype}, expected float`,
      hint: `cast(a, "float") changes the type`,
      guess,
      certain: true,
    };
  },
  evaluate: ([a, b], { attributes, shape }) => {
    const { rows: m, columns: n } = layoutOf(attributes, a!.shape.length, b!.shape.length);
    const [sa, sb] = [strides(a!.shape), strides(b!.shape)];
    const pick = (by: readonly number[], axes: readonly number[]) => axes.map((i) => by[i]!);
    const batchStride = new Map(attributes.batch.map(([i, j]) => [i, sb[j]!]));
    const rows = pick(a!.shape, m);
    const rowA = offsets(rows, pick(sa, m));
    const rowB = offsets(
      rows,
      m.map((i) => batchStride.get(i) ?? 0),
    );
    const columnB = offsets(pick(b!.shape, n), pick(sb, n));
    const termSizes = attributes.summed.map(([i]) => a!.shape[i]!);
    const termA = offsets(
      termSizes,
      attributes.summed.map(([i]) => sa[i]!),
    );
    const termB = offsets(
      termSizes,
      attributes.summed.map(([, j]) => sb[j]!),
    );
    const out = new Float64Array(sizeOf(shape));
    product(out, a!.data as Float64Array, b!.data as Float64Array, rowA, rowB, columnB, termA, termB);
    return out;
  },
  vjp: ({ inputs, cotangent, attributes, wanted }, m) => {
    const [a, b] = inputs as [Node, Node];
    const [ofA, ofB] = layoutOf(attributes, a.shape.length, b.shape.length).cotangents;
    return [
      wanted[0] ? m.transpose(m.contract(cotangent, b, ofA.axes), ofA.order) : undefined,
      wanted[1] ? m.transpose(m.contract(a, cotangent, ofB.axes), ofB.order) : undefined,
    ];
  },
  jvp: ({ inputs, tangents, attributes }, m) => {
    const [a, b] = inputs as [Node, Node];
    const left = tangents[0] === undefined ? undefined : m.contract(tangents[0], b, attributes);
    const right = tangents[1] === undefined ? undefined : m.contract(a, tangents[1], attributes);
    return left === undefined ? right : right === undefined ? left : m.add(left, right);
  },
  lift: ({ inputs, lifted, attributes }, m) => {
    const [a, b] = inputs as [Node, Node];
    const [da, db] = lifted.map(Number) as [number, number];
    const shifted = (pairs: ContractAxes["summed"]) => pairs.map(([i, j]) => [i + da, j + db] as const);
    const batch = shifted(attributes.batch);
    const product = m.contract(a, b, { summed: shifted(attributes.summed), batch: da && db ? [[0, 0] as const, ...batch] : batch });
    if (da === 1) return product;
    // only b is lifted: its new dim comes first among b's free dims, behind a's
    const at = kept(a.shape.length, attributes.summed, 0).length;
    return m.transpose(product, [at, ...otherAxes(product.shape.length, [at])]);
  },
  picture: { product: true, derivative: [(c, [, b]) => `${c} · ${b}ᵀ`, (c, [a]) => `${a}ᵀ · ${c}`] },
  computation: ({ attributes }) => ({ kind: "contract", axes: attributes }),
  label: () => "·",
  latex: ([a, b]) => `${a} ${b}`,
  samples: [
    {
      name: "matrices",
      operands: [drawn([row, column], between(-1, 1)), drawn([column, layer], between(-1, 1))],
      attributes: { summed: [[1, 0]], batch: [] },
    },
    {
      name: "batch of vectors",
      operands: [drawn([row, column], between(-1, 1)), drawn([row, column, layer], between(-1, 1))],
      attributes: { summed: [[1, 1]], batch: [[0, 0]] },
    },
    {
      name: "batch behind",
      operands: [drawn([column, row], between(-1, 1)), drawn([layer, row, column], between(-1, 1))],
      attributes: { summed: [[0, 2]], batch: [[1, 1]] },
    },
    {
      name: "two summed",
      operands: [drawn([row, column], between(-1, 1)), drawn([column, row, layer], between(-1, 1))],
      attributes: {
        summed: [
          [0, 1],
          [1, 0],
        ],
        batch: [],
      },
    },
    { name: "outer", operands: [drawn([row], between(-1, 1)), drawn([column], between(-1, 1))], attributes: { summed: [], batch: [] } },
  ],
};

export function contractNode(a: Node, b: Node, axes: ContractAxes): Node {
  return make(contractOp, [a, b], axes);
}

type Contracted<A extends Shape, B extends Shape, K> =
  AnyWide<A, B> extends true ? Shape : readonly [...Minus<A, readonly [K & Dim]>, ...Minus<Minus<B, readonly [K & Dim]>, A>];

type Contract<A extends Shape, B extends Shape, K extends Dim> =
  AnyWide<A, B> extends true
    ? Shape
    : [Count<A, K>, Count<B, K>] extends [1, 1]
      ? BatchFault<A, B, K> extends infer M extends string
        ? ShapeError<M>
        : Contracted<A, B, K>
      : ShapeError<`contract: ${ShowDim<K>} must occur once in each of ${ShowShape<A>} and ${ShowShape<B>}`>;

/** Whether a has D's name with another size. */
type OtherSize<A extends Shape, D> = A extends readonly [infer H, ...infer R extends Shape]
  ? IsAny<H> extends true
    ? OtherSize<R, D>
    : [H, D] extends [Dim<infer N>, Dim<infer M>]
      ? [Same<N, M>, Same<H, D>] extends [true, false]
        ? ShowDim<H>
        : OtherSize<R, D>
      : false
  : false;
/** What is wrong with the dims that both have beside K: they are batch dims, so their sizes agree and each occurs once. */
type BatchFault<A extends Shape, B extends Shape, K, Rest extends Shape = B> = Rest extends readonly [infer H, ...infer R extends Shape]
  ? [IsAny<H>] extends [true]
    ? BatchFault<A, B, K, R>
    : Same<H, K> extends true
      ? BatchFault<A, B, K, R>
      : OtherSize<A, H> extends infer E extends string
        ? `contract: ${E} on the left, ${ShowDim<H>} on the right: ${ShowShape<A>} and ${ShowShape<B>}`
        : [CertainCount<A, H>, CertainCount<B, H>] extends [0, number] | [1, 1]
          ? BatchFault<A, B, K, R>
          : `contract: ${ShowDim<H>} is in both operands, and twice in one: ${ShowShape<A>} and ${ShowShape<B>}`
  : 0;
type Batched<A extends Shape, B extends Shape, K> = [BatchFault<A, B, K>] extends [string]
  ? ShapeError<BatchFault<A, B, K> & string>
  : unknown;

interface ContractFunction {
  // K is a dim of both: that it occurs once in each, and which dims are batch dims, is left to the graph where it cannot be known.
  <A extends Shape, B extends Shape, K extends NoInfer<A>[number] & NoInfer<B>[number]>(
    a: Tensor<A>,
    b: Tensor<B>,
    over: K & Once<"contract", A, K> & Once<"contract", B, K> & Batched<A, B, K>,
  ): Tensor<Contracted<A, B, K>>;
  <A extends Shape, B extends Shape, K extends Dim>(a: Tensor<A>, b: Tensor<B>, over: K & Ok<Contract<A, B, K>>): Result<Contract<A, B, K>>;
}

/**
 * Σ over a dim that occurs once in each; other dims that both have are batch dims. The result: a's rest, then b's rest.
 *
 * @example
 * import { contract, dim, evaluate, input } from "clew";
 * const time = dim("time", 2), hidden = dim("hidden", 2);
 * const states = input("states", [time, hidden]), query = input("query", [hidden]);
 * evaluate(contract(states, query, hidden), { states: [[1, 2], [3, 4]], query: [1, 1] }).data; // Float64Array [3, 7]
 */
export const contract: ContractFunction = opFunction(contractOp, (left: unknown, right: unknown, over: Dim) => {
  const [a, b] = [operand("contract", left), operand("contract", right)];
  return given("contract", [a, b], [notDim("what is summed over", over)], () => contractOver(a, b, over));
});

function contractOver(a: Node, b: Node, over: Dim): Node {
  const guess = {
    shape: [
      ...a.shape.filter((d) => d.name !== over.name),
      ...b.shape.filter((d) => d.name !== over.name && !a.shape.some((e) => e.name === d.name)),
    ],
  };
  const found = [axisOf("contract", a, over), axisOf("contract", b, over)] as const;
  for (const [i, f] of found.entries()) {
    if (typeof f !== "number")
      return failed(
        "contract",
        f.code,
        `${over.name}=${over.size} must occur once in each of ${showShape(a.shape)} and ${showShape(b.shape)}`,
        [a, b],
        `${i === 0 ? "left" : "right"} operand: ${f.message}`,
        guess,
      );
  }
  const batch: [number, number][] = [];
  for (const [i, d] of a.shape.entries()) {
    if (i === found[0]) continue;
    const at = b.shape.flatMap((e, j) => (e.name === d.name && j !== found[1] ? [j] : []));
    if (at.length === 0) continue;
    if (at.length > 1 || a.shape.filter((e) => e.name === d.name).length > 1) {
      return failed(
        "contract",
        "AmbiguousDim",
        `${d.name}=${d.size} is in both operands, and twice in one: ${showShape(a.shape)} and ${showShape(b.shape)}`,
        [a, b],
        "rename one",
        guess,
      );
    }
    if (!sameDim(d, b.shape[at[0]!]!)) {
      return failed(
        "contract",
        "DimMismatch",
        `${d.name}=${d.size} on the left, ${d.name}=${b.shape[at[0]!]!.size} on the right: ${showShape(a.shape)} and ${showShape(b.shape)}`,
        [a, b],
        undefined,
        guess,
      );
    }
    batch.push([i, at[0]!]);
  }
  return contractNode(a, b, { summed: [[found[0] as number, found[1] as number]], batch });
}
