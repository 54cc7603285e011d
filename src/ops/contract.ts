import type { ContractAxes } from "../graph/algebra.ts";
import { type Dim, dim, type Shape, sameDim, showShape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { Node, Op, Tensor } from "../graph/node.ts";
import { userCalled } from "../graph/source.ts";
import type { AnyWide, CertainCount, Count, IsAny, Minus, Ok, Once, Result, Same, ShapeError, ShowDim, ShowShape } from "../graph/types.ts";
import { given, notDim } from "./arguments.ts";
import { between, drawn } from "./elementwise.ts";
import { axisOf, failed } from "./operands.ts";
import { column, layer, offsets, row, strides } from "./structural.ts";

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
    const out = new Float64Array(shape.reduce((size, d) => size * d.size, 1));
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
    const others = product.shape.map((_, i) => i).filter((i) => i !== at);
    return m.transpose(product, [at, ...others]);
  },
  picture: { product: true, derivative: [(c, [, b]) => `${c} · ${b}ᵀ`, (c, [a]) => `${a}ᵀ · ${c}`] },
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

/** What follows from paired axes for operands of given ranks. */
interface Layout {
  readonly ranks: readonly [a: number, b: number];
  /** a's axes that are left. */
  readonly rows: readonly number[];
  /** b's axes that are neither summed nor batch. */
  readonly columns: readonly number[];
  /** How the cotangents of a and b are contracted, and the order in which their axes are to be put. */
  readonly cotangents: readonly [a: Turned, b: Turned];
}

interface Turned {
  readonly axes: ContractAxes;
  readonly order: readonly number[];
}

// Instances of one node of a cell share their attributes: what follows from them is found once for all time steps.
const layouts = new WeakMap<ContractAxes, Layout>();

function layoutOf(axes: ContractAxes, rankA: number, rankB: number): Layout {
  const known = layouts.get(axes);
  if (known !== undefined && known.ranks[0] === rankA && known.ranks[1] === rankB) return known;
  const rows = kept(rankA, axes.summed, 0);
  const columns = kept(rankB, [...axes.summed, ...axes.batch], 1);
  const cotangents = [cotangentOfA(axes, rankA, rows, columns), cotangentOfB(axes, rankB, rows, columns)] as const;
  const layout: Layout = { ranks: [rankA, rankB], rows, columns, cotangents };
  layouts.set(axes, layout);
  return layout;
}

/** Axes that no pair names. */
function kept(rank: number, pairs: ContractAxes["summed"], side: 0 | 1): readonly number[] {
  const gone = new Set(pairs.map((p) => p[side]));
  return Array.from({ length: rank }, (_, i) => i).filter((i) => !gone.has(i));
}

function resultShape(a: Shape, b: Shape, axes: ContractAxes): Shape {
  const { rows, columns } = layoutOf(axes, a.length, b.length);
  return [...rows.map((i) => a[i]!), ...columns.map((j) => b[j]!)];
}

/** Σ over the cotangent's axes that came from b: what is left are a's kept axes, then b's summed ones, to be put in a's order. */
function cotangentOfA({ summed, batch }: ContractAxes, rank: number, rows: readonly number[], columns: readonly number[]): Turned {
  const axes = {
    summed: columns.map((j, i) => [rows.length + i, j] as const),
    batch: batch.map(([i, j]) => [rows.indexOf(i), j] as const),
  };
  // product's axes: rows of a, then b's summed axes in b's order
  const tail = summed.map(([i, j]) => ({ i, j })).sort((x, y) => x.j - y.j);
  const from = [...rows, ...tail.map((p) => p.i)];
  return { axes, order: Array.from({ length: rank }, (_, i) => from.indexOf(i)) };
}

/** aᵀ · cotangent: batch and summed axes of a first, then b's free ones, to be put in b's order. */
function cotangentOfB({ summed, batch }: ContractAxes, rank: number, rows: readonly number[], columns: readonly number[]): Turned {
  const batched = new Set(batch.map(([i]) => i));
  const axes = {
    summed: rows.flatMap((i, at) => (batched.has(i) ? [] : [[i, at] as const])),
    batch: batch.map(([i]) => [i, rows.indexOf(i)] as const),
  };
  // product's axes: a's batch and summed axes in a's order, then b's free axes
  const pairs = [...summed, ...batch].map(([i, j]) => ({ i, j })).sort((x, y) => x.i - y.i);
  const from = [...pairs.map((p) => p.j), ...columns];
  return { axes, order: Array.from({ length: rank }, (_, j) => from.indexOf(j)) };
}

/** The distance between neighbours, when it is the same everywhere. */
function spacing(offsets: Int32Array): number | undefined {
  const step = offsets.length > 1 ? offsets[1]! - offsets[0]! : 1;
  for (let i = 2; i < offsets.length; i++) if (offsets[i]! - offsets[i - 1]! !== step) return undefined;
  return step;
}

/** out[m, n] = Σ_k a[m, k] · b[m, k, n], k ascending, from 0. */
function product(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  rowA: Int32Array,
  rowB: Int32Array,
  columnB: Int32Array,
  termA: Int32Array,
  termB: Int32Array,
): void {
  const [stepA, stepB, stepN] = [spacing(termA), spacing(termB), spacing(columnB)];
  if (stepA !== undefined && stepB !== undefined && stepN !== undefined) {
    for (let m = 0; m < rowA.length; m++)
      regularRow(out, m * columnB.length, columnB.length, a, rowA[m]!, stepA, b, rowB[m]!, stepB, stepN, termA.length);
    return;
  }
  const columns = columnB.length;
  for (let m = 0; m < rowA.length; m++) {
    for (let n = 0; n < columns; n++) {
      const start = rowB[m]! + columnB[n]!;
      let total = 0;
      for (let k = 0; k < termA.length; k++) total += a[rowA[m]! + termA[k]!]! * b[start + termB[k]!]!;
      out[m * columns + n] = total;
    }
  }
}

/** A vector times a matrix, both evenly spaced: eight columns at a time, so that each element of a is read once for all of them. */
function regularRow(
  out: Float64Array,
  to: number,
  columns: number,
  a: Float64Array,
  fromA: number,
  stepA: number,
  b: Float64Array,
  fromB: number,
  stepB: number,
  stepN: number,
  terms: number,
): void {
  let n = 0;
  for (; n + 8 <= columns; n += 8) {
    let [t0, t1, t2, t3, t4, t5, t6, t7] = [0, 0, 0, 0, 0, 0, 0, 0];
    let i = fromA;
    let j = fromB + n * stepN;
    for (let k = 0; k < terms; k++) {
      const x = a[i]!;
      t0 += x * b[j]!;
      t1 += x * b[j + stepN]!;
      t2 += x * b[j + 2 * stepN]!;
      t3 += x * b[j + 3 * stepN]!;
      t4 += x * b[j + 4 * stepN]!;
      t5 += x * b[j + 5 * stepN]!;
      t6 += x * b[j + 6 * stepN]!;
      t7 += x * b[j + 7 * stepN]!;
      i += stepA;
      j += stepB;
    }
    const at = to + n;
    out[at] = t0;
    out[at + 1] = t1;
    out[at + 2] = t2;
    out[at + 3] = t3;
    out[at + 4] = t4;
    out[at + 5] = t5;
    out[at + 6] = t6;
    out[at + 7] = t7;
  }
  for (; n < columns; n++) {
    let total = 0;
    let i = fromA;
    let j = fromB + n * stepN;
    for (let k = 0; k < terms; k++) {
      total += a[i]! * b[j]!;
      i += stepA;
      j += stepB;
    }
    out[to + n] = total;
  }
}

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
