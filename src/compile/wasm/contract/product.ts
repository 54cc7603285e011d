// A contraction with its axes sorted out: out[r, c] (+)= Σ_k left[r, k] · right[c, k] for every index of the outer axes. Adjacent axes that are one in
// memory become one; axes of both operands and of the result (batched products), and whatever else is left over, are outer. Strides are in bytes.

import type { Precision, Sums } from "../../loops.ts";

/** One contraction: out[m, n] (+)= Σ_k a[m, k] · b[m?, n, k]. Strides are in elements, one for each axis. `out` overlaps neither operand. */
export interface ContractSpec {
  readonly precision: Precision;
  /** Sizes of axes. No axis: one element. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly terms: readonly number[];
  readonly a: { readonly rows: readonly number[]; readonly terms: readonly number[] };
  /** A row stride that is not 0 makes the row a batch. */
  readonly b: { readonly rows: readonly number[]; readonly columns: readonly number[]; readonly terms: readonly number[] };
  readonly out: { readonly rows: readonly number[]; readonly columns: readonly number[] };
  /** out + Σ, the sum itself begun at 0. */
  readonly accumulate: boolean;
  /** Products and sums rounded once (relaxed SIMD), where the engine that runs the module has it. */
  readonly fma: boolean;
  /** Sums may be split into partial sums; without it every element is one ascending sum. */
  readonly reassociate?: boolean;
  /** How sums are made, where that is settled: the kernel of a part of a product makes them as the whole's would. */
  readonly sums?: Sums;
  /** Address of as many bytes as `scratchBytes` says, a multiple of 16. */
  readonly scratch?: number;
}

export interface Axis {
  readonly size: number;
  readonly left: number;
  readonly right: number;
  readonly out: number;
}

export interface Product {
  readonly precision: Precision;
  readonly fma: boolean;
  readonly accumulate: boolean;
  readonly reassociate: boolean;
  readonly outer: readonly Axis[];
  /** Its stride in `right` is 0. */
  readonly rows: Axis;
  /** Its stride in `left` is 0; vectors go along it. */
  readonly columns: Axis;
  /** From the slowest to the fastest; strides in `out` are 0. At least one. */
  readonly terms: readonly Axis[];
  /** b is the left operand, not a. */
  readonly swapped: boolean;
}

/** p outside q is one axis when a step of p is `q.size` steps of q everywhere. */
const fits = (p: Axis, q: Axis): boolean => p.left === q.left * q.size && p.right === q.right * q.size && p.out === q.out * q.size;
const merged = (p: Axis, q: Axis): Axis => ({ ...q, size: p.size * q.size });

/** Terms keep their order: the sum ascends. */
function mergeTerms(axes: readonly Axis[]): readonly Axis[] {
  const done: Axis[] = [];
  for (const axis of axes) {
    const last = done.at(-1);
    if (last !== undefined && fits(last, axis)) done[done.length - 1] = merged(last, axis);
    else done.push(axis);
  }
  return done;
}

/** Axes of the result come in any order: every element is a sum of its own. */
function mergeFree(axes: readonly Axis[]): readonly Axis[] {
  for (const p of axes) {
    const q = axes.find((other) => other !== p && fits(p, other));
    if (q !== undefined) return mergeFree([...axes.filter((axis) => axis !== p && axis !== q), merged(p, q)]);
  }
  return axes;
}

/** Undefined when the result has no elements. */
export function productsOf(spec: ContractSpec): readonly Product[] | undefined {
  const bytes = spec.precision === "f32" ? 4 : 8;
  const axis = (size: number, left: number, right: number, out: number): Axis => ({
    size,
    left: left * bytes,
    right: right * bytes,
    out: out * bytes,
  });
  const all = [
    ...spec.rows.map((size, i) => axis(size, spec.a.rows[i]!, spec.b.rows[i]!, spec.out.rows[i]!)),
    ...spec.columns.map((size, i) => axis(size, 0, spec.b.columns[i]!, spec.out.columns[i]!)),
  ];
  if (all.some(({ size }) => size === 0)) return undefined;
  const free = mergeFree(all.filter(({ size }) => size !== 1));
  const sums = spec.terms.map((size, i) => axis(size, spec.a.terms[i]!, spec.b.terms[i]!, 0));
  const none = sums.some(({ size }) => size === 0);
  const mergedTerms = none ? [axis(0, 0, 0, 0)] : mergeTerms(sums.filter(({ size }) => size !== 1));
  const single = axis(1, 0, 0, 0);
  return [false, true].flatMap((swapped) => {
    const turn = (x: Axis): Axis => (swapped ? { size: x.size, left: x.right, right: x.left, out: x.out } : x);
    const axes = free.map(turn);
    const terms = (mergedTerms.length === 0 ? [single] : mergedTerms).map(turn);
    return [...axes.filter(({ left }) => left === 0), axis(1, 0, 1, 1)].map((columns): Product => {
      let rows = single;
      for (const x of axes) if (x !== columns && x.right === 0 && x.size > rows.size) rows = x;
      return {
        precision: spec.precision,
        fma: spec.fma,
        accumulate: spec.accumulate,
        reassociate: spec.reassociate === true,
        terms,
        swapped,
        rows,
        columns,
        outer: axes.filter((x) => x !== columns && x !== rows),
      };
    });
  });
}

export const count = (axes: readonly Axis[]): number => axes.reduce((product, { size }) => product * size, 1);
