// The register tile: some rows of the left operand times some vectors of the right one, all of their sums kept in registers while the terms go by in
// ascending order. Each element of the result is one sum, so the bits are those of the plain loop.

import { block, type Code, local, when } from "../assembler.ts";
import {
  advance,
  at,
  barrier,
  type Frame,
  gather,
  loadSome,
  scatter,
  times,
  transpose,
  type Vectors,
  walking,
  zeroVector,
} from "./emit.ts";
import type { Axis } from "./product.ts";

export interface Tile {
  readonly vectors: Vectors;
  readonly fma: boolean;
  /** Locals that hold the addresses of the tile's first elements; they are as before when the tile is done. */
  readonly left: number;
  readonly right: number;
  readonly out: number;
  readonly rows: number;
  readonly leftRow: number;
  readonly outRow: number;
  /** How many columns each vector has; only the last may be narrow. */
  readonly widths: readonly number[];
  /** The right operand has whole vectors nevertheless: it was packed. */
  readonly padded: boolean;
  readonly rightColumn: number;
  readonly outColumn: number;
  readonly terms: readonly Pick<Axis, "size" | "left" | "right">[];
  /** Sums begin at 0, or go on from what is in `out`; or do this where the local of that number is not 0. */
  readonly resume: boolean | number;
  /** What is in `out` is added to the sums in the end. */
  readonly accumulate: boolean;
}

export function tile(frame: Frame, t: Tile): Code {
  const v = t.vectors;
  const wide = t.widths.length;
  const sum = (r: number, c: number): number => frame.vector(r * wide + c);
  const held = (i: number): number => frame.vector(t.rows * wide + i);
  const each = (make: (r: number, c: number) => Code): Code =>
    Array.from({ length: t.rows * wide }, (_, i) => make(Math.floor(i / wide), i % wide));
  const add = (r: number, c: number, left: Code, right: Code): Code =>
    t.fma
      ? [left, right, local.get(sum(r, c)), v.madd, local.set(sum(r, c))]
      : [local.get(sum(r, c)), left, right, v.mul, v.add, local.set(sum(r, c))];
  const splat = (r: number, offset: number): Code => {
    const a = at(t.left, offset + r * t.leftRow);
    return [a.address, v.splatLoad(a.offset)];
  };
  const columns = Array.from({ length: wide }, (_, c) => c);
  const rows = Array.from({ length: t.rows }, (_, r) => r);

  const few = Math.min(t.rows, wide);
  const chunk = Math.max(1, 14 - t.rows * wide - few);
  let barriers = 0;

  /** One term. What there is less of, rows or vectors, stays in registers; the other comes by and by. */
  const term = (left: number, right: number, depth: number): Code => {
    const one = held(few);
    const vectorAt = (c: number): Code =>
      gather(v, t.right, right + c * v.lanes * t.rightColumn, t.rightColumn, t.padded ? v.lanes : t.widths[c]!);
    const checked = (i: number, of: number): Code => ((i + 1) % chunk === 0 || i + 1 === of ? barrier(t.left, barriers++, depth) : []);
    if (wide <= t.rows) {
      return [
        columns.map((c) => [vectorAt(c), local.set(held(c))]),
        rows.map((r) => [
          splat(r, left),
          local.set(one),
          columns.map((c) => add(r, c, local.get(one), local.get(held(c)))),
          checked(r, t.rows),
        ]),
      ];
    }
    return [
      rows.map((r) => [splat(r, left), local.set(held(r))]),
      columns.map((c) => [vectorAt(c), local.set(one), rows.map((r) => add(r, c, local.get(held(r)), local.get(one))), checked(c, wide)]),
    ];
  };

  /** As many terms as a vector has lanes, the right operand contiguous along the terms: turned around in registers. */
  const turned = (left: number, right: number, leftTerm: number, depth: number): Code => {
    const lane = Array.from({ length: v.lanes }, (_, j) => j);
    const x = lane.map((j) => held(j));
    const spare = lane.map((j) => held(v.lanes + j));
    const single = t.rows === 1 ? lane.map((k) => held(2 * v.lanes + k)) : [];
    const element = (r: number, k: number): Code => (t.rows === 1 ? local.get(single[k]!) : splat(r, left + k * leftTerm));
    return [
      single.map((to, k) => [splat(0, left + k * leftTerm), local.set(to)]),
      columns.map((c) => [
        x.map((to, j) => [
          j < t.widths[c]! ? loadSome(v, t.right, right + (c * v.lanes + j) * t.rightColumn, v.lanes) : zeroVector,
          local.set(to),
        ]),
        transpose(v, x, spare),
        x.map((from, k) => rows.map((r) => add(r, c, element(r, k), local.get(from)))),
        barrier(t.left, barriers++, depth),
      ]),
    ];
  };

  const inner = t.terms.at(-1)!;
  const turning = t.rightColumn !== v.bytes && inner.right === v.bytes && inner.size >= v.lanes;
  const group = turning ? v.lanes : 1;
  // As many terms in a row as hide the loop's own instructions, and no more: the runtime's compiler takes its time. One row has the fewest to hide them in; tiles
  // of five vectors do most of the work, and are worth the time.
  const sumsInARow = t.fma || t.rows === 1 ? 48 : wide === 5 ? 40 : 24;
  const unroll = group * Math.max(1, Math.min(8, Math.floor(sumsInARow / (t.rows * wide * group))));
  const some = (number: number, depth: number): Code => {
    const parts: Code[] = [];
    let k = 0;
    for (; turning && k + group <= number; k += group) parts.push(turned(k * inner.left, k * inner.right, inner.left, depth));
    for (; k < number; k++) parts.push(term(k * inner.left, k * inner.right, depth));
    return parts;
  };
  const whole = Math.floor(inner.size / unroll);
  const step = [
    [t.left, unroll * inner.left],
    [t.right, unroll * inner.right],
  ] as const;
  const moved: Code = step.map(([pointer, bytes]) => advance(pointer, bytes));
  const back: Code = step.map(([pointer, bytes]) => advance(pointer, -whole * bytes));
  const innermost: Code =
    whole === 0
      ? block(some(inner.size, 0))
      : block([times(frame, whole, [some(unroll, whole === 1 ? 0 : 1), moved]), some(inner.size - whole * unroll, 0), back]);
  const sums = t.terms.slice(0, -1).reduceRight<Code>(
    (body, axis) =>
      walking(
        frame,
        axis.size,
        [
          [t.left, axis.left],
          [t.right, axis.right],
        ],
        body,
      ),
    innermost,
  );
  const place = (r: number, c: number): number => r * t.outRow + c * v.lanes * t.outColumn;
  const before = (r: number, c: number): Code => gather(v, t.out, place(r, c), t.outColumn, t.widths[c]!);
  const begin = (resume: boolean): Code => each((r, c) => [resume ? before(r, c) : zeroVector, local.set(sum(r, c))]);
  return [
    typeof t.resume === "number" ? when(local.get(t.resume), begin(true), begin(false)) : begin(t.resume),
    sums,
    each((r, c) => [
      t.accumulate ? [before(r, c), local.get(sum(r, c)), v.add, local.set(sum(r, c))] : [],
      scatter(v, t.out, place(r, c), t.outColumn, t.widths[c]!, local.get(sum(r, c))),
    ]),
  ];
}

/** Equal parts: `total` in as few parts of at most `most` as there can be, sizes differing by one at most. The larger come first. */
export function parts(total: number, most: number): readonly { readonly count: number; readonly size: number }[] {
  const number = Math.ceil(total / most);
  const size = Math.floor(total / number);
  const larger = total - size * number;
  return [
    { count: larger, size: size + 1 },
    { count: number - larger, size },
  ].filter(({ count }) => count > 0);
}

/** Columns in panels of at most `most` vectors: the widths of a panel's vectors, and how many such panels follow each other. */
export function panels(
  columns: number,
  lanes: number,
  most: number,
): readonly { readonly count: number; readonly widths: readonly number[] }[] {
  const whole = parts(Math.ceil(columns / lanes), most);
  const rest = columns % lanes;
  return whole.flatMap(({ count, size }, i) => {
    const full = new Array<number>(size).fill(lanes);
    if (rest === 0 || i < whole.length - 1) return [{ count, widths: full }];
    const narrow = { count: 1, widths: [...full.slice(1), rest] };
    return count === 1 ? [narrow] : [{ count: count - 1, widths: full }, narrow];
  });
}
