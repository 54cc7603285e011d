// How a contraction is done: which operand is the left one, whether operands are read where they stand or copied in blocks, and how large these are; what
// was measured stands in docs/engine.md. The rest of the room writes what is decided here.

import type { Sums } from "../../loops.ts";
import type { Panels } from "../../prepack.ts";
import { type Vectors, vectors } from "./emit.ts";
import { type Group, packedBytes, panelBytes } from "./pack.ts";
import { type Axis, type ContractSpec, count, type Product, productsOf } from "./product.ts";
import { chunks, type Strip, sharedStrips, stripsOf, together } from "./strips.ts";

export interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly terms: number;
}

export interface Plan {
  readonly product: Product;
  readonly kind: "direct" | "packed" | "dots";
  /** Of a packed product: how much of each operand is copied at a time. */
  readonly block: Block;
  readonly packsLeft: boolean;
}

export const last = (p: Product): Axis => p.terms.at(-1)!;

/** Right operands that a vector load cannot take. */
export const strided = (p: Product, v: Vectors): boolean => p.columns.right !== v.bytes;

/**
 * How much of the operands is copied at a time: the right block for the second cache (256 KB, of f64 128), with room for the left one (128 KB), and of each
 * what one row of tiles reads for the first. Few columns leave room for more terms, that is, for longer stretches of a left operand that is read where it stands.
 */
const mostOf = (columns: number, v: Vectors): Block => ({
  rows: 128,
  columns: 1024 / v.bytes,
  terms: columns <= 64 ? 512 : 1024 / v.bytes,
});

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

/** Undefined where nothing is to be done. */
export function planOf(spec: ContractSpec): Plan | undefined {
  const all = productsOf(spec);
  if (all === undefined) return undefined;
  const v = vectors[spec.precision];
  const costs = all.map(cost);
  const product = all[costs.indexOf(Math.min(...costs))]!;
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
 * one row's product: a copy takes 3, one that turns b around 5 (2 of a few KB); what is gained by each row of a product was measured.
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
  const isSmall = columns * terms * v.bytes <= 8192;
  const copy = spec.b.columns.at(-1) === 1 ? 3 : isSmall ? 2 : 5;
  if (uses * rows * gains[kind] < copy) return undefined;
  if (kind === "packed" && uses * count(product.outer) < 2) return undefined; // it makes the copy itself
  const strips = (rows <= 2 && threads > 1 ? sharedStrips(rows, columns, v, threads) : undefined) ?? stripsOf(rows, columns, v);
  return strips.map(({ count, widths }) => {
    const term = widths.length * v.lanes;
    return { count, width: widths.reduce((sum, width) => sum + width, 0), term, pitch: panelBytes(terms, term, v) / v.bytes };
  });
}

/** How the kernel of the contraction makes its sums. */
export function sumsOf(spec: ContractSpec): Sums {
  return planOf(spec)?.kind === "dots" ? "split" : "ascending";
}

// ---- scratch memory ----

interface Layout {
  readonly left: number;
  readonly right: number;
  readonly sums: number;
  readonly bytes: number;
}

const whole = (bytes: number): number => Math.ceil(bytes / 64) * 64;

export const rightGroups = (strips: readonly Strip[], v: Vectors): readonly Group[] =>
  strips.map(({ count, widths }) => ({
    count,
    used: widths.reduce((sum, width) => sum + width, 0),
    stored: widths.length * v.lanes,
  }));

export const leftGroups = (rows: number): readonly Group[] =>
  chunks(rows, together).map(({ count, size }) => ({ count, used: size, stored: size }));

/** Sums of several blocks need a place of their own when what is in the result is to be added in the end. */
export const apart = ({ product, block, kind }: Plan): boolean =>
  kind === "packed" && product.accumulate && count(product.terms) > block.terms;

export function layoutOf(plan: Plan): Layout {
  if (plan.kind !== "packed") return { left: 0, right: 0, sums: 0, bytes: 0 };
  const { product, block } = plan;
  const v = vectors[product.precision];
  const strips = stripsOf(product.rows.size, block.columns, v, { grouped: plan.packsLeft });
  const left = plan.packsLeft ? whole(packedBytes(leftGroups(block.rows), block.terms, v)) : 0;
  const right = whole(packedBytes(rightGroups(strips, v), block.terms, v));
  const sums = apart(plan) ? product.rows.size * sumPitch(block.columns, v) : 0;
  return { left: 0, right: left, sums: left + right, bytes: left + right + sums };
}

export const sumPitch = (columns: number, v: Vectors): number => whole(columns * v.bytes) + 64;

/** How many bytes at `spec.scratch` the kernel of the contraction uses; mostly 0. */
export function scratchBytes(spec: ContractSpec): number {
  const plan = planOf(spec);
  return plan === undefined ? 0 : layoutOf(plan).bytes;
}
