// Random cells: directed acyclic graphs of ops over two states, an input and what stands outside. A state may be passed on as it is, swapped
// with the other, or replaced by the input; an output may be the state before the step.

import {
  add,
  concat,
  dim,
  index,
  input,
  less,
  matmul,
  maximum,
  mul,
  parameter,
  type Shape,
  sigmoid,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  tanh,
  where,
  zeros,
} from "clew";
import fc from "fast-check";

export const batch = dim("batch", 2);
export const hidden = dim("hidden", 3);
const [one, two] = [dim("one", 1), dim("two", 2)];
export const parameters = {
  W: parameter("W", [hidden, hidden]) as Tensor,
  U: parameter("U", [hidden, hidden]) as Tensor,
  b: parameter("b", [hidden]) as Tensor,
};
const { W, U, b } = parameters;

type H = Tensor<readonly [typeof batch, typeof hidden]>;
export type State = { readonly h: Tensor; readonly c: Tensor };
export type Outer = { readonly h0: Tensor; readonly x: Tensor };

/** An expression over what the cell has: operands by position among all that was made before. */
interface Instruction {
  readonly op: number;
  readonly operands: readonly [number, number];
}
export interface CellPlan {
  readonly program: readonly Instruction[];
  /** Which results are the two states, and the two outputs. */
  readonly results: readonly [number, number, number, number];
}

const cellOps: readonly ((x: Tensor, y: Tensor, outer: Outer) => Tensor)[] = [
  (x, y) => mul(add(x, y), 0.5) as Tensor,
  (x, y) => mul(sub(x, y), 0.5) as Tensor,
  (x, y) => mul(x, tanh(y)) as Tensor,
  (x) => tanh(x),
  (x) => sigmoid(x),
  (x) => matmul(tanh(x), W) as Tensor,
  (x) => matmul(tanh(x), U) as Tensor,
  (x) => mul(add(x, b), 0.5) as Tensor,
  (x, y) => maximum(x, y) as Tensor,
  (x, y) => where(less(x, y), sigmoid(x), y) as Tensor,
  (x) => softmax(x, -1) as Tensor,
  (x) => concat([slice(x as H, hidden, two, 1), two], [slice(x as H, hidden, one, 0), one], hidden) as Tensor,
  // the first state, and a step of the input, read from outside
  (x, _, { h0 }) => mul(x, h0) as Tensor,
  (x, _, { x: all }) => mul(x, tanh(index(all as never, all.shape[0] as never, 0) as Tensor)) as Tensor,
];

export const plans: fc.Arbitrary<CellPlan> = fc.record({
  program: fc.array(fc.record({ op: fc.nat(cellOps.length - 1), operands: fc.tuple(fc.nat(), fc.nat()) }), { minLength: 0, maxLength: 9 }),
  results: fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()),
});

export type RandomCell = (s: State, x: Tensor) => { readonly state: State; readonly output: { readonly p: Tensor; readonly q: Tensor } };

export function cellOf({ program, results }: CellPlan, outer: Outer): RandomCell {
  return ({ h, c }, x) => {
    const made: Tensor[] = [h, c, x];
    for (const { op, operands } of program) {
      const [p, q] = operands.map((o) => made[o % made.length]!) as [Tensor, Tensor];
      made.push(cellOps[op]!(p, q, outer));
    }
    const [nextH, nextC, p, q] = results.map((r) => made[made.length - 1 - (r % made.length)]!) as [Tensor, Tensor, Tensor, Tensor];
    return { state: { h: nextH, c: nextC }, output: { p, q } };
  };
}

export function inputsFor(steps: number, seed: number) {
  const time = dim("time", steps);
  const x = input("x", [time, batch, hidden]) as Tensor;
  const h0 = input("h0", [batch, hidden]) as Tensor;
  const first: State = { h: h0, c: seed % 3 === 0 ? h0 : (zeros([batch, hidden]) as Tensor) };
  const wave = (n: number, phase: number) => Float64Array.from({ length: n }, (_, i) => Math.sin(1.3 * i + phase + seed));
  return { time, x, h0, first, feeds: { x: wave(steps * 6, 0), h0: wave(6, 2), W: wave(9, 1), U: wave(9, 4), b: wave(3, 5) } };
}

export interface Run {
  readonly outputs: { readonly p: Tensor; readonly q: Tensor };
  readonly final: State;
}

/** A loss that depends on everything, each element with its own weight; outputs and states are used more than once. */
export function lossOf({ outputs: { p, q }, final }: Run): Tensor<readonly []> {
  const weighted = (a: Tensor, by: number) => sum(mul(a, tanh(add(mul(a, by), 0.3))));
  const parts = [weighted(p, 0.7), weighted(q, -0.4), weighted(final.h, -0.2), weighted(final.c, 1.1), sum(mul(p, q))];
  return parts.reduce((a, part) => add(a, part)) as Tensor<readonly []>;
}

export type Mask = Tensor<Shape, "bool">;
