// out[i] = value(i), elements in any order: axes are walked in the order in which they lie in `out`, and those that all places permit are made one. One of
// them is cut into vectors.

import type { MapStatement, Precision } from "../loops.ts";
import { type Axis, axesKey, Body, Cursors, type Kernel, merged, nest } from "./address.ts";
import { cut, overLanes } from "./address-vectors.ts";
import type { Code } from "./assembler.ts";
import { Vertices, verticesKey } from "./expression.ts";
import { type Lanes, VectorCode } from "./expression-code.ts";
import type { Module } from "./module.ts";

export function mapKernel(module: Module, { sizes, out, value }: MapStatement, precision: Precision): Kernel {
  const cursors = new Cursors(sizes, precision);
  const vertices = new Vertices(cursors);
  const root = vertices.as(out.buffer.dtype, vertices.of(value));
  const pointer = cursors.pointer(out);
  const all = cursors.axes(sizes.map((_, i) => i));
  const step = (a: Axis): number => Math.abs(a.steps[pointer]!);
  const axes = merged([...all].sort((a, b) => step(b) - step(a)));
  const { outer, lanes } = cut(axes, cursors, precision, new Set([pointer]));
  const name = `map ${precision} ${axesKey([...outer, lanes])} ${verticesKey(vertices)} ${root}>${pointer}`;
  const made = module.add(name, () => {
    const body = new Body(cursors.count.pointers, cursors.count.counters);
    const vector = new VectorCode(module, precision, vertices.list, cursors, body);
    const fixed = vector.fixed(root, lanes);
    const one = (at: Lanes): Code => vector.store(pointer, out.buffer.dtype, at, vector.value(root, at, new Set(fixed.known)));
    const inner = overLanes(vector, lanes, precision, (list) => list.map(one));
    const walk = nest(body, outer, { code: [fixed.code, inner.code], moved: inner.moved });
    return { parameters: cursors.places.map(() => "i32"), results: [], locals: body.locals, body: walk.code };
  });
  return { function: made, places: cursors.places };
}
