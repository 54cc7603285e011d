// The kernels of contractions: out[m, n] (+)= Σ_k a[m, k] · b[m?, n, k], the terms ascending.
//
//   spec ── productsOf ──►  left, right, axes sorted ── plan ──►  which operand is the left one, tile, blocks ── write ──►  functions
//
// All of them keep a tile of sums in registers while the terms go by (contract/tile.ts); they differ in where the tile reads. Small products read the
// operands where they are. Others read copies of blocks (contract/pack.ts): vectors that no load could take, or pitches that the cache cannot take. A sum
// over several blocks goes on through the memory of the result, so that its bits are those of one ascending sum. docs/engine.md has the measurements.

import type { Sums } from "../loops.ts";
import type { Panels } from "../prepack.ts";
import { type Code, i32, local, v128, when } from "./assembler.ts";
import { dots } from "./contract/dot.ts";
import { advance, Frame, point, type Steps, stepping, times, type Vectors, vectors, walking } from "./contract/emit.ts";
import { type Group, pack, packedBytes, panelBytes } from "./contract/pack.ts";
import { type Axis, type ContractSpec, count, type Product, productsOf } from "./contract/product.ts";
import { panels, parts, tile } from "./contract/tile.ts";
import type { Module } from "./module.ts";

export type { ContractSpec } from "./contract/product.ts";

// ---- plan ----

interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly terms: number;
}

interface Plan {
  readonly product: Product;
  readonly kind: "direct" | "packed" | "dots";
  /** Of a packed product: how much of each operand is copied at a time. */
  readonly block: Block;
  readonly packsLeft: boolean;
}

/** Most rows and vectors of a tile. Sums and what they are made from are to fit 16 registers; fewer than six sums would wait for each other. */
function tileOf(rows: number, columns: number, v: Vectors, turning: boolean): { readonly rows: number; readonly wide: number } {
  if (turning) return { rows, wide: rows === 1 ? (v.lanes === 4 ? 4 : 6) : rows === 2 ? 3 : 2 };
  const wide = Math.ceil(columns / v.lanes);
  if (rows === 1) return { rows, wide: 12 };
  if (rows > 3 && wide === 1) return { rows: 6, wide };
  if (rows > 3 && wide === 2) return { rows: 5, wide };
  return rows === 3 || wide === 3 || wide === 6 ? { rows: 3, wide: 3 } : { rows: 2, wide: 5 };
}

/** Panels of columns that follow each other, and how many rows a tile over them has. */
interface Strip {
  readonly count: number;
  readonly widths: readonly number[];
  readonly rows: number;
}

/** Rows of a packed left operand that stand together: tiles of two rows and of three find theirs. */
const together = 6;

/**
 * Columns dealt out to tiles. Those of five vectors are the fastest, then those of three, of two, of four: what is left over from five goes to three or
 * two. `grouped`: the left operand is packed.
 */
function stripsOf(rows: number, columns: number, v: Vectors, { turning = false, grouped = false } = {}): readonly Strip[] {
  const { rows: high, wide } = tileOf(rows, columns, v, turning);
  const whole = Math.ceil(columns / v.lanes);
  const narrow = turning || wide !== 5 || rows < 4 ? 0 : whole === 4 ? 4 : whole > 5 ? [0, 6, 2, 3, 9][whole % 5]! : 0;
  const first = Math.min(columns, (whole - narrow) * v.lanes);
  const of = (size: number, most: number, rows: number): readonly Strip[] =>
    size === 0 ? [] : panels(size, v.lanes, most).map((p) => ({ ...p, rows }));
  return [
    ...of(first, wide, high),
    ...(narrow === 2 || narrow === 4 ? of(columns - first, 2, grouped ? 3 : 5) : of(columns - first, 3, 3)),
  ];
}

const last = (p: Product): Axis => p.terms.at(-1)!;

/** Right operands that a vector load cannot take. */
const strided = (p: Product, v: Vectors): boolean => p.columns.right !== v.bytes;

/**
 * How much of the operands is copied at a time: the right block for the second cache (256 KB), with room for the left one (128 KB). Few columns leave room
 * for more terms, that is, for longer stretches of a left operand that is read where it stands.
 */
const mostOf = (columns: number, v: Vectors): Block => ({ rows: 128, columns: 1024 / v.bytes, terms: columns <= 64 ? 512 : 256 });

/** The steps from term to term fall on so few sets of the first cache (32 KB, pages of 4 KB) that it does not hold one column of them. */
function isUnlucky({ rows, columns, terms }: Product): boolean {
  const { size, left, right } = terms.at(-1)!;
  const unlucky = (stride: number): boolean => stride !== 0 && stride % 512 === 0 && size * Math.abs(stride) >= 32768;
  return rows.size >= 16 && columns.size >= 16 && (unlucky(left) || unlucky(right));
}

/** So few rows that a copy of the right operand would cost more than it saves: measured, at pitches up to which the right operand can be read as it is. */
function isSkinny({ rows, terms }: Product, v: Vectors): boolean {
  const { left, right } = terms.at(-1)!;
  const pitch = Math.abs(right);
  if (left !== v.bytes || rows.size > 32) return false;
  if (pitch % 1024 === 0) return pitch <= (rows.size <= 8 ? 2048 : 1024);
  return rows.size <= 4 || pitch <= (rows.size <= 16 ? 4096 : 2048);
}

/** The right operand is one panel for the tile, term after term with nothing in between (prepack.ts); the left one's terms stand side by side. */
function isPanel({ rows, columns, terms }: Product, v: Vectors): boolean {
  const { left, right } = terms.at(-1)!;
  const wide = Math.ceil(columns.size / v.lanes);
  return rows.size > 1 && wide <= 5 && columns.right === v.bytes && right === wide * 16 && left === v.bytes;
}

/** A panel is read where it is, so many terms at a time as the first cache holds. */
function panelled(product: Product): Plan {
  const { rows, columns, terms } = product;
  const { size } = terms.at(-1)!;
  const most = 256;
  const number = terms.length > 1 || product.accumulate || size <= 1.5 * most ? 1 : Math.ceil(size / most);
  const block = { rows: rows.size, columns: columns.size, terms: number === 1 ? size : Math.ceil(Math.ceil(size / number) / 8) * 8 };
  return { product, kind: "direct", block, packsLeft: false };
}

/** What a product costs, in vector instructions or so: enough to tell which operand should be the left one. */
function cost(p: Product): number {
  const v = vectors[p.precision];
  const wide = Math.ceil(p.columns.size / v.lanes);
  const terms = count(p.terms);
  const { size } = p.rows;
  const slow = size === 1 ? 1.5 : size === 2 ? 1.2 : 1;
  const right = strided(p, v) ? wide * terms * (last(p).right === v.bytes ? v.lanes / 2 : 6) : 0;
  const out = size * (p.columns.out === v.bytes ? wide : p.columns.size * 2);
  return count(p.outer) * (2 * slow * size * wide * terms + right + (p.accumulate ? 2 : 1) * out);
}

function planOf(spec: ContractSpec): Plan | undefined {
  const all = productsOf(spec);
  if (all === undefined) return undefined;
  const v = vectors[spec.precision];
  const product = all.reduce((best, p) => (cost(p) < cost(best) ? p : best));
  const terms = count(product.terms);
  const { rows, columns } = product;
  const inner = last(product);
  const plan = (kind: Plan["kind"], p = product): Plan => ({
    product: p,
    kind,
    block: { rows: rows.size, columns: columns.size, terms: inner.size },
    packsLeft: false,
  });
  if ((spec.sums ?? (spec.reassociate ? "split" : "ascending")) === "split" && product.terms.length === 1 && terms >= 2 * v.lanes) {
    const settled = spec.sums === "split";
    const dot = all.find(
      (p) =>
        p.rows.size <= 2 &&
        (settled || p.columns.size > 1) &&
        last(p).left === v.bytes &&
        last(p).right === v.bytes &&
        (settled || p.outer.length === product.outer.length),
    );
    if (dot !== undefined && (settled || rows.size <= 2)) return plan("dots", dot);
  }
  if (isPanel(product, v)) return panelled(product);
  const bytes = v.bytes * terms * (rows.size + columns.size);
  const small = inner.size < 8 || rows.size < 4 || (product.terms.length > 1 && inner.size < 64);
  const most = mostOf(columns.size, v);
  const big = bytes > 256 * 1024 || terms > most.terms;
  if (small || (!strided(product, v) && (isSkinny(product, v) || (!big && !isUnlucky(product))))) return plan("direct");
  const number = Math.ceil(inner.size / most.terms);
  return {
    product,
    kind: "packed",
    block: {
      rows: Math.min(rows.size, most.rows),
      columns: Math.min(columns.size, most.columns),
      terms: Math.ceil(Math.ceil(inner.size / number) / 8) * 8,
    },
    packsLeft: inner.left !== v.bytes && columns.size > 2 * v.lanes,
  };
}

// ---- panels ----

/**
 * The panels in which b is to be copied once for `uses` products, columns being one axis; undefined where that does not pay. In terms of the time of
 * one row's product: a copy takes 3, one that turns b around 5; what is gained by each row of a product was measured.
 */
export function panelsOf(spec: ContractSpec, uses: number, threads = 1): readonly Panels[] | undefined {
  const plan = planOf(spec);
  if (plan === undefined || uses === 0) return undefined;
  const v = vectors[spec.precision];
  const [rows, columns, terms] = [spec.rows, spec.columns, spec.terms].map((sizes) => sizes.reduce((a, b) => a * b, 1)) as [
    number,
    number,
    number,
  ];
  const { product, kind } = plan;
  if (terms < 8 || columns < 2 * v.lanes || spec.a.terms.at(-1) !== 1) return undefined;
  const isTurned = product.swapped || strided(product, v);
  const gains = {
    packed: 0.3,
    dots: 0.15,
    direct: isTurned ? (rows < 4 ? 1 : rows < 8 ? 0.5 : 0.2) : columns * terms * v.bytes > 32768 ? 0.18 : 0,
  };
  if (uses * rows * gains[kind] < (spec.b.columns.at(-1) === 1 ? 3 : 5)) return undefined;
  if (kind === "packed" && uses * count(product.outer) < 2) return undefined; // it makes the copy itself
  const strips = (rows <= 2 && threads > 1 ? sharedStrips(rows, columns, v, threads) : undefined) ?? stripsOf(rows, columns, v);
  return strips.map(({ count, widths }) => {
    const term = widths.length * v.lanes;
    return { count, width: widths.reduce((sum, width) => sum + width, 0), term, pitch: panelBytes(terms, term, v) / v.bytes };
  });
}

/** With so few rows threads share the columns: strips of one width, as many for each thread. Undefined where no width divides the columns so. */
function sharedStrips(rows: number, columns: number, v: Vectors, threads: number): readonly Pick<Strip, "count" | "widths">[] | undefined {
  const each = columns / v.lanes / threads; // vectors
  const { wide } = tileOf(rows, columns, v, false);
  const widest = [...Array(wide + 1).keys()].reverse().find((width) => width >= 4 && each % width === 0);
  return widest === undefined ? undefined : [{ count: (threads * each) / widest, widths: new Array<number>(widest).fill(v.lanes) }];
}

/** How the kernel of the contraction makes its sums. */
export function sumsOf(spec: ContractSpec): Sums {
  return planOf(spec)?.kind === "dots" ? "split" : "ascending";
}

// ---- scratch ----

interface Layout {
  readonly left: number;
  readonly right: number;
  readonly sums: number;
  readonly bytes: number;
}

const whole = (bytes: number): number => Math.ceil(bytes / 64) * 64;

const rightGroups = (strips: readonly Strip[], v: Vectors): readonly Group[] =>
  strips.map(({ count, widths }) => ({
    count,
    used: widths.reduce((sum, width) => sum + width, 0),
    stored: widths.length * v.lanes,
  }));

const leftGroups = (rows: number): readonly Group[] =>
  chunks(rows, together).map(({ count, size }) => ({ count, used: size, stored: size }));

/** As many of a size as there are, and what is left over. */
function chunks(size: number, of: number): readonly { readonly count: number; readonly size: number }[] {
  return [
    { count: Math.floor(size / of), size: of },
    { count: size % of === 0 ? 0 : 1, size: size % of },
  ].filter(({ count }) => count > 0);
}

/** Sums of several blocks need a place of their own when what is in the result is to be added in the end. */
const apart = ({ product, block, kind }: Plan): boolean => kind === "packed" && product.accumulate && count(product.terms) > block.terms;

function layoutOf(plan: Plan): Layout {
  if (plan.kind !== "packed") return { left: 0, right: 0, sums: 0, bytes: 0 };
  const { product, block } = plan;
  const v = vectors[product.precision];
  const strips = stripsOf(product.rows.size, block.columns, v, { grouped: plan.packsLeft });
  const left = plan.packsLeft ? whole(packedBytes(leftGroups(block.rows), block.terms, v)) : 0;
  const right = whole(packedBytes(rightGroups(strips, v), block.terms, v));
  const sums = apart(plan) ? product.rows.size * sumPitch(block.columns, v) : 0;
  return { left: 0, right: left, sums: left + right, bytes: left + right + sums };
}

const sumPitch = (columns: number, v: Vectors): number => whole(columns * v.bytes) + 64;

/** How many bytes at `spec.scratch` the kernel of the contraction uses; mostly 0. */
export function scratchBytes(spec: ContractSpec): number {
  const plan = planOf(spec);
  return plan === undefined ? 0 : layoutOf(plan).bytes;
}

// ---- functions ----

/** The number of a function (a, b, out: addresses of the first elements) → (). */
export function contractKernel(module: Module, spec: ContractSpec): number {
  const plan = planOf(spec);
  const parameters = ["i32", "i32", "i32"] as const;
  if (plan === undefined) return module.add("contract nothing", () => ({ parameters, results: [], locals: [], body: [] }));
  const scratch = layoutOf(plan).bytes === 0 ? 0 : (spec.scratch ?? fail("the contraction needs scratch memory"));
  return module.add(`contract ${JSON.stringify([plan, scratch])}`, () => {
    const frame = new Frame(3);
    const { product } = plan;
    const [left, right, out] = [product.swapped ? 1 : 0, product.swapped ? 0 : 1, 2];
    const one =
      plan.kind === "packed"
        ? packed(module, frame, plan, scratch, left, right, out)
        : plan.kind === "dots"
          ? dots(frame, product, left, right, out)
          : direct(frame, plan, left, right, out);
    const body = product.outer.reduceRight<Code>(
      (inside, axis) =>
        walking(
          frame,
          axis.size,
          [
            [left, axis.left],
            [right, axis.right],
            [out, axis.out],
          ],
          inside,
        ),
      one,
    );
    return { parameters, results: [], locals: frame.locals, body };
  });
}

function fail(message: string): never {
  throw new Error(message);
}

/** All tiles of a product whose operands are read where they stand, some terms at a time. */
function direct(frame: Frame, { product: p, block }: Plan, left: number, right: number, out: number): Code {
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

interface Tiles {
  readonly vectors: Vectors;
  readonly fma: boolean;
  readonly strips: readonly Strip[];
  readonly rows: Axis;
  readonly columns: Axis;
  readonly terms: readonly Axis[];
  readonly packedLeft: boolean;
  readonly packedRight: boolean;
  readonly resume: boolean;
  readonly accumulate: boolean;
  readonly left: number;
  readonly right: number;
  readonly out: number;
}

function tiles(frame: Frame, t: Tiles): Code {
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

/**
 * Blocks of columns, of terms, of rows, in this order from outside: the right operand's block is copied, then for each block of rows the left one's,
 * unless it is contiguous along the terms; then come the tiles of the two.
 */
function packed(module: Module, frame: Frame, plan: Plan, scratch: number, left: number, right: number, out: number): Code {
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

  const add = (name: string, of: unknown, make: (frame: Frame) => Code): Code => {
    const number = module.add(`${name} ${JSON.stringify(of)}`, () => {
      const inside = new Frame(3);
      const body = make(inside);
      return { parameters: ["i32", "i32", "i32"], results: [], locals: inside.locals, body };
    });
    return module.call(number);
  };
  const call = (code: Code, ...addresses: readonly Code[]): Code => [addresses, code];

  /** One block: its result goes to where local `o2` points. */
  const multiply = (size: Block, resume: boolean): Code => {
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
      resume,
      accumulate,
      packsLeft: plan.packsLeft,
    };
    return add("contract tiles", of, (inside) =>
      tiles(inside, {
        vectors: v,
        fma: p.fma,
        strips: of.strips,
        rows,
        columns,
        terms: [of.terms],
        packedLeft: plan.packsLeft,
        packedRight: true,
        resume,
        accumulate,
        left: 0,
        right: 1,
        out: 2,
      }),
    );
  };
  const copy = (groups: readonly Group[], terms: number, element: number, term: number): Code =>
    add("contract pack", { precision: p.precision, groups, terms, element, term }, (inside) =>
      pack(inside, { vectors: v, groups, terms, element, term }, 0, 1),
    );

  /** Some terms of a block of columns, all blocks of rows. */
  const someTerms = (columns: number, terms: number, resume: boolean): Code => [
    call(
      copy(rightGroups(strips(columns), v), terms, p.columns.right, inner.right),
      local.get(r1),
      i32.const(scratch + layout.right),
      i32.const(0),
    ),
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
            ? call(copy(leftGroups(size), terms, p.rows.left, inner.left), local.get(l), i32.const(scratch + layout.left), i32.const(0))
            : [],
          call(
            multiply({ rows: size, columns, terms }, resume),
            plan.packsLeft ? i32.const(scratch + layout.left) : local.get(l),
            i32.const(scratch + layout.right),
            local.get(o2),
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
            "contract add",
            { precision: p.precision, rows: p.rows, columns: p.columns, size: columns, pitch: sumPitch(block.columns, v) },
            (inside) => addSums(inside, p, columns, sumPitch(block.columns, v)),
          ),
          i32.const(scratch + layout.sums),
          i32.const(0),
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

/** out + the sums at local 0, to out, which local 2 points to. */
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
      [2, p.rows.out],
    ],
    [
      point(from, 0),
      point(to, 2),
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
