// Rows by id: copied out of a table, or added into one. All ids are looked at before anything is moved; the function's result says whether one is out of
// range. The row that an id picks is a cursor of its own, set anew for each id.

import type { GatherStatement, Place, Precision, ScatterStatement } from "../loops.ts";
import { type Axis, axesKey, Body, bytesOf, Cursors, type Kernel, merged, move, nest } from "./address.ts";
import { cut, overLanes } from "./address-vectors.ts";
import { type Code, i32, local, ret, when } from "./assembler.ts";
import { Vertices, verticesKey } from "./expression.ts";
import { VectorCode } from "./expression-code.ts";
import type { Module } from "./module.ts";

/** out[o, k, i] = table[o, ids[k], i] */
export function gatherKernel(module: Module, statement: GatherStatement, precision: Precision): Kernel {
  return rowsKernel(module, statement, statement.table, statement.out, precision);
}

/** out[o, ids[k], i] += updates[o, k, i] */
export function scatterKernel(module: Module, statement: ScatterStatement, precision: Precision): Kernel {
  return rowsKernel(module, statement, statement.out, statement.updates, precision);
}

/** `rows` is what ids pick rows of; `list` has a row for every id. */
function rowsKernel(module: Module, s: GatherStatement | ScatterStatement, rows: Place, list: Place, precision: Precision): Kernel {
  const { outer, ids, inner } = s;
  const none = (sizes: readonly number[]): number[] => sizes.map(() => 0);
  const cursors = new Cursors([...outer, ...ids, ...inner], precision);
  const dtype = rows.buffer.dtype === "bool" ? "int" : rows.buffer.dtype; // truth values are kept as whole numbers
  const size = bytesOf(dtype, precision);
  const [ofOuter, ofInner] = [rows.strides.slice(0, outer.length), rows.strides.slice(outer.length)];
  const table = cursors.pointer({ ...rows, strides: [...ofOuter, ...none(ids), ...none(inner)] });
  const at = cursors.pointer({ ...s.at, strides: [...none(outer), ...s.at.strides, ...none(inner)] });
  const listed = cursors.pointer(list);
  const row = cursors.counter([...none(outer), ...none(ids), ...ofInner.map((x) => x * size)]);

  const vertices = new Vertices(cursors);
  const load = (pointer: number): number => vertices.add({ kind: "load", dtype, pointer });
  const [value, to] = s.kind === "gather" ? [load(row), listed] : [vertices.operation("add", [load(row), load(listed)], dtype), row];

  const numbers = [...outer, ...ids, ...inner].map((_, i) => i);
  const [o, k] = [outer.length, outer.length + ids.length];
  const lists = merged(cursors.axes(numbers.slice(o, k)));
  const around = [...merged(cursors.axes(numbers.slice(0, o))), ...lists];
  const step = (a: Axis): number => Math.abs(a.steps[cursors.number(to)]!);
  const within = merged(cursors.axes(numbers.slice(k)).sort((a, b) => step(b) - step(a)));
  const { outer: between, lanes } = cut(within, cursors, precision, new Set([cursors.number(to)]));

  const name = [
    `${s.kind} ${precision} ${s.along}*${s.stride} ${axesKey(around)}|${lists.length}|${axesKey([...between, lanes])}`,
    `${verticesKey(vertices)} ${value}>${to} ${table},${at}`,
  ].join(" ");
  const made = module.add(name, () => {
    const body = new Body(cursors.count.pointers, cursors.count.counters);
    const vector = new VectorCode(module, precision, vertices.list, cursors, body);
    const still = cursors.point.steps;

    const outside: Code = [local.get(at), i32.load(), i32.const(s.along), i32.geU];
    const idsOnly = lists.map((a) => ({ ...a, steps: a.steps.map((x, c) => (c === at ? x : 0)) }));
    const check = nest(body, idsOnly, { code: when(outside, [i32.const(1), ret]), moved: still });

    const pick: Code = [local.get(table), local.get(at), i32.load(), i32.const(s.stride * size), i32.mul, i32.add];
    const copy = overLanes(vector, lanes, precision, (pieces) =>
      pieces.map((here) => vector.store(to, dtype, here, vector.value(value, here, new Set()))),
    );
    const moveRow = nest(body, between, copy);
    const all = nest(body, around, { code: [pick, local.set(cursors.number(row)), moveRow.code], moved: moveRow.moved });
    const code: Code = [check.code, move(check.moved, still), all.code, i32.const(0)];
    return { parameters: cursors.places.map(() => "i32"), results: ["i32"], locals: body.locals, body: code };
  });
  return { function: made, places: cursors.places };
}
