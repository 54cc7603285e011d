// Reductions. Two ways to use vectors, neither of which changes the order in which an element's terms are added: across results, where each lane is a sum
// of its own; or along the last reduced axis, where values are computed by vectors and then added one after the other. Where sums may be split, each lane
// has a partial sum of its own there, too.

import type { Place, Precision, ReduceStatement, Sums } from "../loops.ts";
import { type Axis, axesKey, Body, Cursors, type Kernel, merged, move, nest, product, type Walk } from "./address.ts";
import { atOnce, cut, elementCost, overLanes } from "./address-vectors.ts";
import { type Code, f32, f32x4, f64, f64x2, i8x16, i32, i32x4, local, v128, when } from "./assembler.ts";
import { Vertices, verticesKey } from "./expression.ts";
import { type Lanes, VectorCode } from "./expression-code.ts";
import type { Module } from "./module.ts";

export interface Rounding {
  readonly precision: Precision;
  /** Sums may be split into partial sums. */
  readonly reassociate?: boolean;
}

/** How the kernel of a statement makes its sums. */
export function sumsOf(statement: ReduceStatement, rounding: Rounding): Sums {
  const { split, across } = planOf(statement, rounding);
  return split && !across ? "split" : "ascending";
}

function planOf({ by, kept, reduced, out, value, sums }: ReduceStatement, { precision, reassociate = false }: Rounding) {
  const cursors = new Cursors([...kept, ...reduced], precision);
  const vertices = new Vertices(cursors);
  const root = vertices.as("float", vertices.of(value));
  const pointer = cursors.pointer({ ...out, strides: [...out.strides, ...reduced.map(() => 0)] });
  const counts = reduced.map((_, i) => (by === "argmax" ? product(reduced.slice(i + 1)) : 0));
  const position = cursors.counter([...kept.map(() => 0), ...counts]);
  const step = (a: Axis): number => Math.abs(a.steps[pointer]!);
  const results = [...cursors.axes(kept.map((_, i) => i))].sort((a, b) => step(b) - step(a));
  const { outer, lanes } = cut(merged(results), cursors, precision, new Set([pointer]));
  const terms = merged(cursors.axes(reduced.map((_, i) => kept.length + i)));
  const last = terms.at(-1);
  const split = by === "sum" && (sums === undefined ? reassociate : sums === "split");
  // along: additions wait for each other, when they may not be split
  const across =
    last === undefined ||
    (!(split && sums === "split") && // a part of a sum that is split is split, too
      elementCost(lanes, cursors, precision, new Set()) <= elementCost(last, cursors, precision, new Set()) + (split ? 0 : 1.5));
  return { cursors, vertices, root, pointer, position, outer, lanes, terms, last, split, across };
}

export function reduceKernel(module: Module, statement: ReduceStatement, rounding: Rounding): Kernel {
  const { precision } = rounding;
  const { by, out } = statement;
  const { cursors, vertices, root, pointer, position, outer, lanes, terms, last, split, across } = planOf(statement, rounding);
  const name = [
    `${split && !across ? "partial " : ""}${by} ${precision} ${axesKey(outer)}|${axesKey([lanes])}|${axesKey(terms)}`,
    `${verticesKey(vertices)} ${root}>${out.buffer.dtype}${pointer}`,
  ].join(" ");
  const made = module.add(name, () => {
    const body = new Body(cursors.count.pointers, cursors.count.counters);
    const vector = new VectorCode(module, precision, vertices.list, cursors, body);
    const reducing: Reducing = { by, precision, vector, root, pointer, position, out, cursors, lanes, terms };
    const walk = nest(body, outer, across ? acrossLanes(reducing) : split ? partialSums(reducing, last!) : alongLanes(reducing, last!));
    return { parameters: cursors.places.map(() => "i32"), results: [], locals: body.locals, body: walk.code };
  });
  return { function: made, places: cursors.places };
}

interface Reducing {
  readonly by: ReduceStatement["by"];
  readonly precision: Precision;
  readonly vector: VectorCode;
  readonly root: number;
  readonly pointer: number;
  /** Counts terms. */
  readonly position: number;
  readonly out: Place;
  readonly cursors: Cursors;
  /** The kept axis along which the lanes of a vector lie. */
  readonly lanes: Axis;
  readonly terms: readonly Axis[];
}

const first = (by: ReduceStatement["by"]): number => (by === "sum" ? 0 : Number.NEGATIVE_INFINITY);

/** Stores a result that stands in vectors: the sum or the largest, or where that is. */
function stored({ by, vector, pointer, out }: Reducing, lanes: Lanes, best: Code, at: Code): Code {
  const to = out.buffer.dtype;
  return vector.store(
    pointer,
    to,
    lanes,
    by === "argmax" ? vector.operations.cast(at, "int", to) : vector.operations.cast(best, "float", to),
  );
}

function acrossLanes(reducing: Reducing): Walk {
  const { by, precision, vector, root, position, cursors, lanes, terms } = reducing;
  const { body } = vector;
  const f = precision === "f32" ? f32x4 : f64x2;
  const homes = Array.from({ length: atOnce }, () => ({ best: body.local("v128"), at: body.local("v128") }));
  const [x, larger] = [body.local("v128"), body.local("v128")];
  const term = (here: Lanes, i: number): Code => {
    const { best, at } = homes[i]!;
    const value = vector.value(root, here, new Set());
    if (by === "sum") return [local.get(best), value, f.add, local.set(best)];
    // larger, or the first NaN
    const above: Code = [local.get(x), local.get(best), f.gt];
    const nan: Code = [local.get(x), local.get(x), f.ne, local.get(best), local.get(best), f.eq, v128.and];
    const pick = (a: Code, b: number, mask: Code): Code => [a, local.get(b), mask, v128.bitselect, local.set(b)];
    return [
      [value, local.set(x), above, nan, v128.or, local.set(larger)],
      by === "argmax" ? pick(vector.count(position, here), at, vector.operations.narrowed(local.get(larger))) : [],
      pick(local.get(x), best, local.get(larger)),
    ];
  };
  const still = cursors.point.steps;
  return overLanes(vector, lanes, precision, (list) => {
    const begin = list.map((_, i) => [
      [vector.operations.constant(first(by), "float"), local.set(homes[i]!.best)],
      [vector.operations.constant(0, "int"), local.set(homes[i]!.at)],
    ]);
    const walk = nest(body, terms, { code: list.map(term), moved: still });
    const end = list.map((here, i) => stored(reducing, here, local.get(homes[i]!.best), local.get(homes[i]!.at)));
    return [begin, walk.code, move(walk.moved, still), end];
  });
}

function alongLanes(reducing: Reducing, last: Axis): Walk {
  const { by, precision, vector, root, position, cursors, lanes, terms } = reducing;
  const { body } = vector;
  const [s, f] = precision === "f32" ? ([f32, f32x4] as const) : ([f64, f64x2] as const);
  const [best, x, at, v] = [body.local(precision), body.local(precision), body.local("i32"), body.local("v128")];
  const counter = cursors.number(position);
  const term = (here: Lanes, lane: number): Code => {
    const element: Code = [local.get(v), f.extractLane(lane)];
    if (by === "sum") return [local.get(best), element, s.add, local.set(best)];
    const above: Code = [element, local.tee(x), local.get(best), s.gt];
    const nan: Code = [local.get(x), local.get(x), s.ne, local.get(best), local.get(best), s.eq, i32.and];
    const number: Code = [local.get(counter), i32.const((here.first + lane) * last.steps[counter]!), i32.add];
    return when([above, nan, i32.or], [local.get(x), local.set(best), by === "argmax" ? [number, local.set(at)] : []]);
  };
  const fixed = vector.fixed(root, last);
  const inner = overLanes(vector, last, precision, (list) =>
    list.map((here) => [
      [vector.value(root, here, new Set(fixed.known)), local.set(v)],
      Array.from({ length: here.count }, (_, lane) => term(here, lane)),
    ]),
  );
  const walk = nest(body, terms.slice(0, -1), { code: [fixed.code, inner.code], moved: inner.moved });
  const still = cursors.point.steps;
  const one: Lanes = { axis: lanes, first: 0, count: 1 };
  const code = [
    [s.const(first(by)), local.set(best), i32.const(0), local.set(at)],
    [walk.code, move(walk.moved, still)],
    stored(reducing, one, [local.get(best), f.splat], [local.get(at), i32x4.splat]),
  ];
  return nest(body, [lanes], { code, moved: still });
}

/** A sum of partial sums: one in each lane of several vectors, added in pairs in the end. */
function partialSums(reducing: Reducing, last: Axis): Walk {
  const { precision, vector, root, cursors, lanes, terms } = reducing;
  const { body } = vector;
  const f = precision === "f32" ? f32x4 : f64x2;
  const sums = Array.from({ length: atOnce }, () => body.local("v128"));
  const fixed = vector.fixed(root, last);
  // as many at once whatever there is to compute: which terms a partial sum has must not depend on it
  const inner = overLanes(
    vector,
    last,
    precision,
    (list) =>
      list.map((here, i) => [
        [local.get(sums[i]!), vector.value(root, here, new Set(fixed.known)), vector.filled(here), f.add],
        local.set(sums[i]!),
      ]),
    atOnce,
  );
  const walk = nest(body, terms.slice(0, -1), { code: [fixed.code, inner.code], moved: inner.moved });
  const pair = (a: number, b: number): Code => [local.get(sums[a]!), local.get(sums[b]!), f.add];
  /** Added to what stands `by` bytes higher. */
  const folded = (by: number): Code => {
    const higher = Array.from({ length: 16 }, (_, i) => (i + by) % 16);
    return [local.tee(sums[0]!), local.get(sums[0]!), local.get(sums[0]!), i8x16.shuffle(higher), f.add];
  };
  const still = cursors.point.steps;
  const code = [
    sums.map((sum) => [vector.operations.constant(0, "float"), local.set(sum)]),
    [walk.code, move(walk.moved, still)],
    [pair(0, 1), pair(2, 3), f.add, folded(8), precision === "f32" ? folded(4) : [], local.set(sums[0]!)],
    stored(reducing, { axis: lanes, first: 0, count: 1 }, local.get(sums[0]!), []),
  ];
  return nest(body, [lanes], { code, moved: still });
}
