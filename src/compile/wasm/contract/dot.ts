// Row dots, where sums may be split: both operands are contiguous along the terms, so each lane sums every lanes-th product, and the lanes' sums are
// added in the end, first to last. Eight columns at once share the loads of the row.

import { block, type Code, local } from "../assembler.ts";
import {
  advance,
  barrier,
  type Frame,
  gather,
  loadSome,
  point,
  scatter,
  stepping,
  times,
  transpose,
  vectors,
  walking,
  zeroVector,
} from "./emit.ts";
import type { Product } from "./product.ts";
import { parts } from "./tile.ts";

const together = 8;

export function dots(frame: Frame, p: Product, left: number, right: number, out: number): Code {
  const v = vectors[p.precision];
  const terms = p.terms[0]!.size;
  const unroll = v.lanes * 2;
  const whole = Math.floor(terms / unroll);
  const [l, r, o] = [frame.integer(), frame.integer(), frame.integer()];

  /** Some columns of one row. */
  const some = (columns: number): Code => {
    const sums = Array.from({ length: Math.ceil(columns / v.lanes) * v.lanes }, (_, j) => frame.vector(j));
    const row = frame.vector(together);
    const spare = Array.from({ length: v.lanes }, (_, j) => frame.vector(together + 1 + j));
    let barriers = 0;
    const step = (offset: number, width: number, depth: number): Code => [
      loadSome(v, l, offset, width),
      local.set(row),
      sums.slice(0, columns).map((sum, j) => {
        const other = loadSome(v, r, offset + j * p.columns.right, width);
        return [
          p.fma
            ? [local.get(row), other, local.get(sum), v.madd, local.set(sum)]
            : [local.get(sum), local.get(row), other, v.mul, v.add, local.set(sum)],
          j % 4 === 3 || j + 1 === columns ? barrier(o, barriers++, depth) : [],
        ];
      }),
    ];
    const rest: Code[] = [];
    for (let k = whole * unroll; k < terms; k += v.lanes) {
      const offset = (k - whole * unroll) * v.bytes;
      rest.push(step(offset, Math.min(v.lanes, terms - k), 0));
    }
    const moves: readonly (readonly [number, number])[] = [
      [l, unroll * v.bytes],
      [r, unroll * v.bytes],
    ];
    const finished: Code[] = [];
    for (let j = 0; j < columns; j += v.lanes) {
      const x = sums.slice(j, j + v.lanes);
      const width = Math.min(v.lanes, columns - j);
      const total = x[0]!;
      const place = j * p.columns.out;
      finished.push(
        transpose(v, x, spare),
        x.slice(1).map((part) => [local.get(total), local.get(part), v.add, local.set(total)]),
        p.accumulate ? [gather(v, o, place, p.columns.out, width), local.get(total), v.add, local.set(total)] : [],
        scatter(v, o, place, p.columns.out, width, local.get(total)),
      );
    }
    return [
      sums.map((sum) => [zeroVector, local.set(sum)]),
      block([
        times(frame, whole, [
          step(0, v.lanes, whole === 1 ? 0 : 1),
          step(v.lanes * v.bytes, v.lanes, whole === 1 ? 0 : 1),
          moves.map(([q, bytes]) => advance(q, bytes)),
        ]),
        rest,
        moves.map(([q, bytes]) => advance(q, -whole * bytes)),
      ]),
      finished,
    ];
  };
  const row: Code = parts(p.columns.size, together).map(({ count, size }) =>
    stepping(
      frame,
      count,
      [
        [r, size * p.columns.right],
        [o, size * p.columns.out],
      ],
      some(size),
    ),
  );
  return [
    point(l, left),
    walking(
      frame,
      p.rows.size,
      [
        [l, p.rows.left],
        [out, p.rows.out],
      ],
      [point(r, right), point(o, out), row],
    ),
  ];
}
