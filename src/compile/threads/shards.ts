// A statement's share of one thread: the same statement over a stretch of one axis of its index space. Elements of a result are independent of each
// other, so any axis of the result may be cut; sums are never cut, and are made in the same order whoever makes them: bits do not depend on the
// number of threads.

import type { ContractStatement, Expression, ForStatement, GatherStatement, Place, ScatterStatement, Statement } from "../loops.ts";
import { count } from "../places.ts";

/** A statement that is no time loop. */
export type Leaf = Exclude<Statement, ForStatement>;

/** A place over the whole index space of its statement, and over further axes that are walked for each element. */
export interface Access {
  readonly place: Place;
  readonly write: boolean;
  /** Sizes and strides of axes beside those of the index space. */
  readonly beside: readonly { readonly size: number; readonly stride: number }[];
}

/** Sizes of the index space: for a sum of products rows, columns, terms; for rows by id outer, ids, inner. */
export function spaceOf(s: Leaf): readonly number[] {
  switch (s.kind) {
    case "map":
      return s.sizes;
    case "reduce":
      return [...s.kept, ...s.reduced];
    case "contract":
      return [...s.rows, ...s.columns, ...s.terms];
    case "gather":
    case "scatter":
      return [...s.outer, ...s.ids, ...s.inner];
  }
}

/** Axes along which the work may be cut. */
export function axesOf(s: Leaf): readonly number[] {
  const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
  switch (s.kind) {
    case "map":
      return upTo(s.sizes.length);
    case "reduce":
      return upTo(s.kept.length);
    case "contract":
      return upTo(s.rows.length + s.columns.length);
    case "gather":
      return upTo(s.outer.length + s.ids.length + s.inner.length);
    case "scatter": // rows of the same id are added up in order
      return upTo(s.outer.length + s.ids.length + s.inner.length).filter((i) => i < s.outer.length || i >= s.outer.length + s.ids.length);
  }
}

/** What a statement reads and writes, all places over its index space. */
export function accessesOf(s: Leaf): readonly Access[] {
  const whole = spaceOf(s).length;
  const spread = (place: Place, from: readonly number[]): Place => {
    const strides = new Array<number>(whole).fill(0);
    for (const [i, axis] of from.entries()) strides[axis] = place.strides[i]!;
    return { ...place, strides };
  };
  const list = (from: number, n: number): readonly number[] => Array.from({ length: n }, (_, i) => from + i);
  const access = (place: Place, write: boolean, beside: Access["beside"] = []): Access => ({ place, write, beside });
  switch (s.kind) {
    case "map":
      return [access(s.out, true), ...loadsOf(s.value).map((p) => access(spread(p, list(0, p.strides.length)), false))];
    case "reduce":
      return [
        access(spread(s.out, list(0, s.kept.length)), true),
        ...loadsOf(s.value).map((p) => access(spread(p, list(0, p.strides.length)), false)),
      ];
    case "contract": {
      const { rows, columns, terms } = axesOfContract(s);
      const out = spread(s.out, [...rows, ...columns]);
      return [
        access(out, true),
        ...(s.accumulate ? [access(out, false)] : []),
        access(spread(s.a, [...rows, ...terms]), false),
        access(spread(s.b, [...rows, ...columns, ...terms]), false),
      ];
    }
    case "gather":
    case "scatter": {
      const { outer, ids, inner } = axesOfRows(s);
      const rows = [{ size: s.along, stride: s.stride }];
      const at = access(spread(s.at, ids), false);
      if (s.kind === "gather")
        return [access(spread(s.out, [...outer, ...ids, ...inner]), true), at, access(spread(s.table, [...outer, ...inner]), false, rows)];
      const out = spread(s.out, [...outer, ...inner]);
      return [access(out, true, rows), access(out, false, rows), at, access(spread(s.updates, [...outer, ...ids, ...inner]), false)];
    }
  }
}

/** The statement for the indices from `from` up to `to` of an axis. */
export function shareOf<S extends Leaf>(s: S, axis: number, from: number, to: number): S {
  const cutSizes = (sizes: readonly number[], at: number): readonly number[] => sizes.map((n, i) => (i === at ? to - from : n));
  const moved = (place: Place, at: number): Place =>
    at < 0 || at >= place.strides.length ? place : { ...place, offset: place.offset + from * place.strides[at]! };
  const share = (): Leaf => {
    switch (s.kind) {
      case "map":
        return { ...s, sizes: cutSizes(s.sizes, axis), out: moved(s.out, axis), value: movedValue(s.value, axis, from) };
      case "reduce":
        return { ...s, kept: cutSizes(s.kept, axis), out: moved(s.out, axis), value: movedValue(s.value, axis, from) };
      case "contract": {
        const { rows } = s;
        const isRow = axis < rows.length;
        return {
          ...s,
          rows: isRow ? cutSizes(rows, axis) : rows,
          columns: isRow ? s.columns : cutSizes(s.columns, axis - rows.length),
          a: isRow ? moved(s.a, axis) : s.a,
          b: moved(s.b, axis),
          out: moved(s.out, axis),
        };
      }
      case "gather":
      case "scatter": {
        const [o, k] = [s.outer.length, s.outer.length + s.ids.length];
        const sizes = {
          outer: cutSizes(s.outer, axis),
          ids: cutSizes(s.ids, axis - o),
          inner: cutSizes(s.inner, axis - k),
        };
        const at = axis >= o && axis < k ? moved(s.at, axis - o) : s.at;
        const ofRows = axis < o ? axis : axis >= k ? axis - s.ids.length : -1; // outer, then inner
        return s.kind === "gather"
          ? { ...s, ...sizes, at, table: moved(s.table, ofRows), out: moved(s.out, axis) }
          : { ...s, ...sizes, at, out: moved(s.out, ofRows), updates: moved(s.updates, axis) };
      }
    }
  };
  return share() as S;
}

/** The boundaries at which an axis of `size` elements is cut for so many threads: whole vectors, and lines of the cache, where there are enough. */
export function cutsOf(size: number, threads: number): readonly number[] {
  const grain = size >= 32 * threads ? 16 : size >= 8 * threads ? 4 : 1;
  return Array.from({ length: threads + 1 }, (_, i) =>
    Math.min(size, i === threads ? size : Math.round((size * i) / threads / grain) * grain),
  );
}

/** Nanoseconds that a statement takes on one thread, roughly. */
export function costOf(s: Leaf): number {
  const elements = count(spaceOf(s));
  switch (s.kind) {
    case "contract":
      return 0.05 * elements;
    case "gather":
    case "scatter":
      return 0.3 * elements;
    case "map":
    case "reduce":
      return weightOf(s.value) * elements;
  }
}

const slow: ReadonlySet<string> = new Set(["pow", "exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus"]);

function weightOf(value: Expression): number {
  let weight = 0.2;
  walk(value, (e) => {
    weight += e.kind === "dropout" ? 2 : e.kind === "operation" && slow.has(e.name) ? 1.5 : 0.1;
  });
  return weight;
}

function loadsOf(value: Expression): readonly Place[] {
  const places: Place[] = [];
  walk(value, (e) => {
    if (e.kind === "load") places.push(e.from);
    else if (e.kind === "dropout") places.push(e.key);
  });
  return places;
}

/** Every part of an expression, once. */
function walk(value: Expression, see: (e: Expression) => void): void {
  const seen = new Set<Expression>();
  const within = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    see(e);
    if (e.kind === "cast") within(e.operand);
    else if (e.kind === "operation") for (const o of e.operands) within(o);
  };
  within(value);
}

/** The value at an index that is counted from `from`. */
function movedValue(value: Expression, axis: number, from: number): Expression {
  if (from === 0) return value;
  const known = new Map<Expression, Expression>();
  const place = (p: Place): Place => (axis < p.strides.length ? { ...p, offset: p.offset + from * p.strides[axis]! } : p);
  const within = (e: Expression): Expression => {
    const before = known.get(e);
    if (before !== undefined) return before;
    const made = moved(e);
    known.set(e, made);
    return made;
  };
  const moved = (e: Expression): Expression => {
    switch (e.kind) {
      case "load":
        return { ...e, from: place(e.from) };
      case "constant":
        return e;
      case "index":
        return e.axis === axis
          ? { kind: "operation", name: "add", operands: [e, { kind: "constant", value: from, dtype: "int" }], dtype: "int" }
          : e;
      case "operation":
        return { ...e, operands: e.operands.map(within) };
      case "cast":
        return { ...e, operand: within(e.operand) };
      case "dropout":
        return { ...e, first: e.first + from * (e.number[axis] ?? 0), key: place(e.key) };
    }
  };
  return within(value);
}

const axesFrom = (lists: readonly (readonly number[])[]): readonly (readonly number[])[] => {
  let next = 0;
  return lists.map((list) => list.map(() => next++));
};

function axesOfContract(s: ContractStatement) {
  const [rows, columns, terms] = axesFrom([s.rows, s.columns, s.terms]) as [readonly number[], readonly number[], readonly number[]];
  return { rows, columns, terms };
}

function axesOfRows(s: GatherStatement | ScatterStatement) {
  const [outer, ids, inner] = axesFrom([s.outer, s.ids, s.inner]) as [readonly number[], readonly number[], readonly number[]];
  return { outer, ids, inner };
}
