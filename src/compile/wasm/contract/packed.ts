// A product whose operands are copied, block by block, so that tiles read them one vector after the other.

import { type Code, i32, local, v128, when } from "../assembler.ts";
import type { Module } from "../module.ts";
import { advance, Frame, point, stepping, times, vectors, walking } from "./emit.ts";
import { type Group, pack } from "./pack.ts";
import { apart, type Block, last, layoutOf, leftGroups, type Plan, rightGroups, sumPitch } from "./plan.ts";
import type { Axis, Product } from "./product.ts";
import { chunks, type Strip, stripsOf } from "./strips.ts";
import { tiles } from "./tiles.ts";

/**
 * Blocks of columns, of terms, of rows, in this order from outside: the right operand's block is copied, then for each block of rows the left one's,
 * unless it is contiguous along the terms; then come the tiles of the two.
 */
export function packed(module: Module, frame: Frame, plan: Plan, scratch: number, left: number, right: number, out: number): Code {
  const { product: p, block } = plan;
  const v = vectors[p.precision];
  const layout = layoutOf(plan);
  const strips = (columns: number): readonly Strip[] => stripsOf(p.rows.size, columns, v, { grouped: plan.packsLeft });
  const inner = last(p);
  const separate = apart(plan);
  const [l, r, o, l1, r1, o1, o2] = Array.from({ length: 7 }, () => frame.integer()) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];

  const add = (parameters: number, name: string, of: unknown, make: (frame: Frame) => Code): Code => {
    const number = module.add(`${name} ${JSON.stringify(of)}`, () => {
      const inside = new Frame(parameters);
      const body = make(inside);
      return { parameters: Array.from({ length: parameters }, () => "i32" as const), results: [], locals: inside.locals, body };
    });
    return module.call(number);
  };
  const call = (code: Code, ...given: readonly Code[]): Code => [given, code];
  /** Whether the sums of a block go on from one slice of the terms to the next. */
  const goesOn = p.terms.length > 1 || inner.size > block.terms;

  /** One block: its result goes to where local `o2` points. */
  const multiply = (size: Block): Code => {
    const rows: Axis = { ...p.rows, size: size.rows, ...(separate ? { out: sumPitch(block.columns, v) } : {}) };
    const columns: Axis = { ...p.columns, size: size.columns, ...(separate ? { out: v.bytes } : {}) };
    const accumulate = p.accumulate && !separate;
    const of = {
      precision: p.precision,
      fma: p.fma,
      strips: strips(size.columns),
      rows,
      columns,
      terms: { ...inner, size: size.terms },
      goesOn,
      accumulate,
      packsLeft: plan.packsLeft,
    };
    return add(goesOn ? 4 : 3, "contract tiles", of, (inside) =>
      tiles(inside, {
        vectors: v,
        fma: p.fma,
        strips: of.strips,
        rows,
        columns,
        terms: [of.terms],
        packedLeft: plan.packsLeft,
        packedRight: true,
        resume: goesOn ? 3 : false,
        accumulate,
        left: 0,
        right: 1,
        out: 2,
      }),
    );
  };
  const copy = (groups: readonly Group[], terms: number, element: number, term: number): Code =>
    add(2, "contract pack", { precision: p.precision, groups, terms, element, term }, (inside) =>
      pack(inside, { vectors: v, groups, terms, element, term }, 0, 1),
    );

  /** Some terms of a block of columns, all blocks of rows. `resume`: they are not the first. */
  const someTerms = (columns: number, terms: number, resume: boolean): Code => [
    call(copy(rightGroups(strips(columns), v), terms, p.columns.right, inner.right), local.get(r1), i32.const(scratch + layout.right)),
    point(l, l1),
    separate ? [i32.const(scratch + layout.sums), local.set(o2)] : point(o2, o1),
    chunks(p.rows.size, block.rows).map(({ count, size }) =>
      stepping(
        frame,
        count,
        [
          [l, size * p.rows.left],
          [o2, size * (separate ? sumPitch(block.columns, v) : p.rows.out)],
        ],
        [
          plan.packsLeft
            ? call(copy(leftGroups(size), terms, p.rows.left, inner.left), local.get(l), i32.const(scratch + layout.left))
            : [],
          call(
            multiply({ rows: size, columns, terms }),
            plan.packsLeft ? i32.const(scratch + layout.left) : local.get(l),
            i32.const(scratch + layout.right),
            local.get(o2),
            goesOn ? i32.const(resume ? 1 : 0) : [],
          ),
        ],
      ),
    ),
    advance(l1, terms * inner.left),
    advance(r1, terms * inner.right),
  ];

  /** All terms of a block of columns; the first terms begin the sums. */
  const allTerms = (columns: number): Code => {
    const slices = chunks(inner.size, block.terms);
    const [head, ...tail] = slices as [(typeof slices)[number], ...typeof slices];
    const rest = (resumed: boolean): Code => [
      times(frame, head.count - (resumed ? 0 : 1), someTerms(columns, head.size, true)),
      tail.map(({ count, size }) => times(frame, count, someTerms(columns, size, true))),
      advance(l1, -inner.size * inner.left),
      advance(r1, -inner.size * inner.right),
    ];
    const first: Code = [someTerms(columns, head.size, false), rest(false)];
    const slow = p.terms.slice(0, -1);
    if (slow.length === 0) return first;
    // The slower axes of the terms: every round but the first one goes on.
    const begun = frame.integer();
    const round: Code = when(local.get(begun), rest(true), [first, i32.const(1), local.set(begun)]);
    return [
      i32.const(0),
      local.set(begun),
      slow.reduceRight<Code>(
        (body, axis) =>
          walking(
            frame,
            axis.size,
            [
              [l1, axis.left],
              [r1, axis.right],
            ],
            body,
          ),
        round,
      ),
    ];
  };

  const finish = (columns: number): Code =>
    separate
      ? call(
          add(
            2,
            "contract add",
            { precision: p.precision, rows: p.rows, columns: p.columns, size: columns, pitch: sumPitch(block.columns, v) },
            (inside) => addSums(inside, p, columns, sumPitch(block.columns, v)),
          ),
          i32.const(scratch + layout.sums),
          local.get(o),
        )
      : [];

  return [
    point(r, right),
    point(o, out),
    chunks(p.columns.size, block.columns).map(({ count, size }) =>
      stepping(
        frame,
        count,
        [
          [r, size * p.columns.right],
          [o, size * p.columns.out],
        ],
        [point(l1, left), point(r1, r), point(o1, o), allTerms(size), finish(size)],
      ),
    ),
  ];
}

/** out + the sums at local 0, to out, which local 1 points to. */
function addSums(frame: Frame, p: Product, columns: number, pitch: number): Code {
  const v = vectors[p.precision];
  const [from, to] = [frame.integer(), frame.integer()];
  const vector = p.columns.out === v.bytes;
  const full = vector ? Math.floor(columns / v.lanes) : 0;
  const one: Code = [local.get(to), local.get(to), v.load(0), local.get(from), v.load(0), v.scalarAdd, v.store(0)];
  const four: Code = [local.get(to), local.get(to), v128.load(), local.get(from), v128.load(), v.add, v128.store()];
  return stepping(
    frame,
    p.rows.size,
    [
      [0, pitch],
      [1, p.rows.out],
    ],
    [
      point(from, 0),
      point(to, 1),
      stepping(
        frame,
        full,
        [
          [from, 16],
          [to, 16],
        ],
        four,
      ),
      stepping(
        frame,
        columns - full * v.lanes,
        [
          [from, v.bytes],
          [to, p.columns.out],
        ],
        one,
      ),
    ],
  );
}
