// Random graphs: views of views, fused expressions, sums, products and rows by id, over empty and single dims; compiled is the reference.

import { add, compile, dim, evaluate, grad, input, mul, sum, type Tensor, tanh } from "clew";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Node } from "../../src/graph/node.ts";
import { algebra as m } from "../../src/ops/algebra.ts";
import { boundsOf, expectWithin } from "./error-bound.ts";
import { valuesOf } from "./sampled.ts";

interface Instruction {
  readonly op: number;
  readonly on: number;
  readonly and: number;
  readonly by: number;
}

let dims = 0;
const fresh = (size: number) => dim(`n${dims++}`, size);
const sizeOf = (n: Node): number => n.shape.reduce((product, d) => product * d.size, 1);

/** One more node, or none where the instruction makes no sense for its operand. */
type Step = (a: Node, b: Node, by: number) => Node | undefined;
const axisOf = (a: Node, by: number): number => by % Math.max(1, a.shape.length);
const onAxis =
  (make: (a: Node, axis: number, size: number, by: number) => Node | undefined): Step =>
  (a, _, by) => {
    const axis = axisOf(a, by);
    return a.shape.length === 0 ? undefined : make(a, axis, a.shape[axis]!.size, by);
  };

const steps: readonly Step[] = [
  (a) => m.tanh(a),
  (a) => m.sigmoid(m.neg(a)),
  (a) => m.exp(m.neg(m.abs(a))),
  (a) => m.where(m.less(a, m.constant(0.2)), m.mul(a, a), m.sub(a, m.constant(0.5))),
  (a, b) =>
    a.shape.length === b.shape.length && a.shape.every((d, i) => d === b.shape[i]) ? m.add(m.mul(a, b), a) : m.maximum(a, m.constant(0)),
  (a, _, by) =>
    m.transpose(
      a,
      [...a.shape.keys()].map((_i, i, all) => all[(i + by) % all.length]!),
    ),
  onAxis((a, axis) => m.reverse(a, axis)),
  onAxis((a, axis, size, by) => m.slice(a, axis, by % (size + 1), fresh(size - (by % (size + 1))))),
  onAxis((a, axis, size, by) => (size === 0 ? undefined : m.index(a, axis, by % size))),
  onAxis((a, axis, size, by) => m.pad(a, axis, by % 3, fresh(size + 3))),
  onAxis((a, axis) => m.sum(a, [axis])),
  onAxis((a, axis, size) => (size === 0 ? undefined : m.max(a, axis))),
  onAxis((a, axis, size) => m.concat([a, m.neg(a)], axis, fresh(2 * size))),
  onAxis((a, axis, size) => (size === 0 ? undefined : m.gather(a, m.reverse(m.iota([fresh(size)], 0), 0), axis))),
  (a) => m.reshape(a, [fresh(sizeOf(a))]),
  (a) => m.stack([a, m.tanh(a), a], fresh(3)),
  (a, _, by) => {
    const at = by % (a.shape.length + 1);
    return m.broadcast(
      a,
      [...a.shape.slice(0, at), fresh(2), ...a.shape.slice(at)],
      a.shape.map((_d, i) => (i < at ? i : i + 1)),
    );
  },
  (a, b) => {
    const pair = a.shape.flatMap((d, i) => b.shape.flatMap((e, j) => (d === e ? [[i, j] as const] : [])))[0];
    return sizeOf(a) * sizeOf(b) > 5000 ? undefined : m.contract(a, b, { summed: pair === undefined ? [] : [pair], batch: [] });
  },
];

const graphs = fc.record({
  sizes: fc.array(fc.constantFrom(0, 1, 2, 3, 7, 17), { minLength: 0, maxLength: 3 }),
  program: fc.array(fc.record({ op: fc.nat(steps.length - 1), on: fc.nat(), and: fc.nat(), by: fc.nat(20) }), {
    minLength: 1,
    maxLength: 10,
  }),
});

function built(sizes: readonly number[], program: readonly Instruction[]): { readonly x: Tensor; readonly result: Tensor } {
  const x = input("x", sizes.map(fresh)) as Tensor;
  const made: Node[] = [x];
  for (const { op, on, and, by } of program) {
    const [a, b] = [made[made.length - 1 - (on % Math.min(3, made.length))]!, made[and % made.length]!];
    const node = steps[op]!(a, b, by);
    if (node !== undefined && sizeOf(node) < 3000 && node.shape.length < 6) made.push(node);
  }
  return { x, result: made.at(-1) as Tensor };
}

it.each(["f64", "f32"] as const)("random graphs and their gradients, compiled in %s, are the reference", (precision) => {
  fc.assert(
    fc.property(graphs, ({ sizes, program }) => {
      const { x, result } = built(sizes, program);
      const outputs = { x, result, g: grad(sum(mul(result, tanh(add(result, 0.3)))) as Tensor<readonly []>, { x }, { unreached: "zero" }) };
      const feeds = { x: Float64Array.from({ length: sizeOf(x) }, (_, i) => Math.fround(Math.sin(1.7 * i + 0.4))) };
      const wanted = evaluate(outputs, feeds);
      const found = compile(outputs, { precision }).run(feeds);
      if (precision === "f32") {
        expectWithin("a graph", boundsOf(outputs, feeds, precision), valuesOf(found), valuesOf(wanted));
        return;
      }
      for (const [a, b] of [
        [found.result, wanted.result],
        [found.g.x, wanted.g.x],
      ] as const) {
        expect(a.shape).toEqual(b.shape);
        let scale = 1;
        for (const v of b.data) scale = Math.max(scale, Math.abs(v));
        for (let i = 0; i < b.data.length; i++) expect(Math.abs(a.data[i]! - b.data[i]!)).toBeLessThanOrEqual(1e-12 * scale);
      }
    }),
    { numRuns: 150, seed: 21 },
  );
});
