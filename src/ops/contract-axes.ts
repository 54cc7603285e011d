// The axes of a contraction: which are left, and how the two derivatives, which are contractions themselves, pair theirs.

import type { ContractAxes } from "../graph/algebra.ts";
import { otherAxes, type Shape } from "../graph/dim.ts";

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

export function layoutOf(axes: ContractAxes, rankA: number, rankB: number): Layout {
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
export function kept(rank: number, pairs: ContractAxes["summed"], side: 0 | 1): readonly number[] {
  return otherAxes(
    rank,
    pairs.map((p) => p[side]),
  );
}

export function resultShape(a: Shape, b: Shape, axes: ContractAxes): Shape {
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
