// All tiles of a product, strip by strip: rows and columns walked so that the operand which is larger goes by once.

import type { Code } from "../assembler.ts";
import { advance, type Frame, point, type Steps, stepping, type Vectors, vectors } from "./emit.ts";
import { panelBytes } from "./pack.ts";
import { last, type Plan, strided } from "./plan.ts";
import { type Axis, count } from "./product.ts";
import { chunks, type Strip, stripsOf, together } from "./strips.ts";
import { parts, tile } from "./tile.ts";

/** All tiles of a product whose operands are read where they stand, some terms at a time. */
export function direct(frame: Frame, { product: p, block }: Plan, left: number, right: number, out: number): Code {
  const v = vectors[p.precision];
  const turning = strided(p, v);
  const some = (terms: readonly Axis[], resume: boolean): Code =>
    tiles(frame, {
      vectors: v,
      fma: p.fma,
      strips: stripsOf(p.rows.size, p.columns.size, v, { turning: turning && p.rows.size < 4 }),
      rows: p.rows,
      columns: p.columns,
      terms,
      packedLeft: false,
      packedRight: false,
      resume,
      accumulate: p.accumulate,
      left,
      right,
      out,
    });
  const inner = last(p);
  if (block.terms >= inner.size) return some(p.terms, false);
  const steps = (terms: number): Steps => [
    [left, terms * inner.left],
    [right, terms * inner.right],
  ];
  const ofSize = (size: number): readonly Axis[] => [{ ...inner, size }];
  const full = Math.floor(inner.size / block.terms);
  const rest = inner.size - full * block.terms;
  const moved = (terms: number): Code => steps(terms).map(([pointer, bytes]) => advance(pointer, bytes));
  return [
    some(ofSize(block.terms), false),
    moved(block.terms),
    stepping(frame, full - 1, steps(block.terms), some(ofSize(block.terms), true)),
    rest === 0 ? [] : some(ofSize(rest), true),
    moved(-full * block.terms),
  ];
}

export interface Tiles {
  readonly vectors: Vectors;
  readonly fma: boolean;
  readonly strips: readonly Strip[];
  readonly rows: Axis;
  readonly columns: Axis;
  readonly terms: readonly Axis[];
  readonly packedLeft: boolean;
  readonly packedRight: boolean;
  readonly resume: boolean | number;
  readonly accumulate: boolean;
  readonly left: number;
  readonly right: number;
  readonly out: number;
}

export function tiles(frame: Frame, t: Tiles): Code {
  const v = t.vectors;
  const terms = count(t.terms);
  const [l, r, o, first, start, before] = Array.from({ length: 6 }, () => frame.integer()) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const one = (size: number, widths: readonly number[], leftTerm?: number): Code => {
    const stored = widths.length * v.lanes;
    return tile(frame, {
      vectors: v,
      fma: t.fma,
      left: l,
      right: r,
      out: o,
      rows: size,
      leftRow: t.packedLeft ? v.bytes : t.rows.left,
      outRow: t.rows.out,
      widths,
      padded: t.packedRight,
      rightColumn: t.packedRight ? v.bytes : t.columns.right,
      outColumn: t.columns.out,
      terms: t.terms.map((axis) => ({
        size: axis.size,
        left: leftTerm ?? axis.left,
        right: t.packedRight ? stored * v.bytes : axis.right,
      })),
      resume: t.resume,
      accumulate: t.accumulate,
    });
  };
  const used = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width, 0);
  const rightStep = (widths: readonly number[]): number =>
    t.packedRight ? panelBytes(terms, widths.length * v.lanes, v) : used(widths) * t.columns.right;
  // All rows of a strip; the operand that is larger goes by once, the other stays in the cache.
  const strip = ({ count, widths, rows: most }: Strip): Code => {
    const along = (at: number): Steps => [
      [r, rightStep(widths)],
      [at, used(widths) * t.columns.out],
    ];
    const down = (at: number, body: (size: number, leftTerm?: number) => Code): Code =>
      t.packedLeft
        ? chunks(t.rows.size, together).map((group) => {
            const inside = parts(group.size, most).map(({ count, size }) =>
              stepping(
                frame,
                count,
                [
                  [l, size * v.bytes],
                  [at, size * t.rows.out],
                ],
                body(size, group.size * v.bytes),
              ),
            );
            return stepping(frame, group.count, [[l, panelBytes(terms, group.size, v) - group.size * v.bytes]], inside);
          })
        : parts(t.rows.size, most).map(({ count, size }) =>
            stepping(
              frame,
              count,
              [
                [l, size * t.rows.left],
                [at, size * t.rows.out],
              ],
              body(size),
            ),
          );
    if (t.columns.size >= t.rows.size) {
      const all = down(o, (size, leftTerm) => one(size, widths, leftTerm));
      return stepping(frame, count, along(first), [point(l, t.left), point(o, first), all]);
    }
    const across = (size: number, leftTerm?: number): Code => [
      point(r, start),
      point(o, first),
      stepping(frame, count, along(o), one(size, widths, leftTerm)),
    ];
    return [
      [point(l, t.left), point(start, r), point(before, first)],
      down(first, across),
      [point(first, before, count * used(widths) * t.columns.out), point(r, start, count * rightStep(widths))],
    ];
  };
  return [point(r, t.right), point(first, t.out), t.strips.map(strip)];
}
