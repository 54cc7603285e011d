// What is claimed: that numbers are derivatives of a function along a direction. The function: the loss or, of second order, its gradient.
// The numbers: what the rules derive.

import type { Environment, Node } from "../../graph/node.ts";
import { randomKey } from "../../graph/random.ts";
import { topological } from "../../graph/traverse.ts";
import { algebra as m } from "../../ops/algebra.ts";
import { forward } from "../forward.ts";
import { reverse } from "../reverse.ts";
import type { CheckedEntry } from "./report.ts";
import { around, constantsOf, given, type Point, pointOf } from "./run.ts";

/** What is moved: a parameter, an input, any node. */
export interface Target {
  readonly node: Node;
  readonly name: string;
  readonly size: number;
}

/** A line through the parameters: one element, or a random unit vector. */
export interface Direction {
  readonly element?: number;
  readonly number?: number;
  readonly vector: Float64Array;
}

type Mode = NonNullable<CheckedEntry["mode"]>;

interface Way {
  readonly mode: Mode;
  readonly nodes: readonly Node[];
}

/** Derivatives of all components along a direction; two of them when there are two ways to derive. */
export interface Derived {
  readonly mode?: Mode;
  readonly values: Float64Array;
}

/** A claim at one point. */
export interface ClaimAt {
  readonly point: Point;
  /** Absolute error of one evaluation, by component. */
  readonly noise: Float64Array;
  derived(target: number, direction: Direction): readonly Derived[];
  /** How far each of the derived numbers may be off by the rounding of its own evaluation. */
  derivedNoise(target: number, direction: Direction): readonly Float64Array[];
}

export interface Claim {
  readonly order: 1 | 2;
  /** The function: the loss, or the gradient's tensors. */
  readonly outputs: readonly Node[];
  /** What keeps its value at the point while it is differenced. */
  readonly held: ReadonlySet<Node>;
  at(point: Point): ClaimAt;
}

/** First order: the loss, and ⟨gradient, direction⟩. */
export function firstOrder(loss: Node, gradient: readonly Node[], targets: readonly Target[], environment: Environment): Claim {
  const held = constantsOf(loss);
  const nodes = targets.map((t) => t.node);
  const at = (start: Point): ClaimAt => {
    const point = pointOf([loss, ...gradient], start, environment);
    const derived = (t: number, { element, vector }: Direction): readonly Derived[] => {
      const data = point.get(gradient[t]!)!.data;
      return [{ values: Float64Array.of(element === undefined ? dot(data, vector) : data[element]!) }];
    };
    const ofGradient: Float64Array[] = [];
    const derivedNoise = (t: number, { vector }: Direction) => {
      const own = ofGradient[t] ?? noiseOf([gradient[t]!], nodes, point, environment, held);
      ofGradient[t] = own;
      return [Float64Array.of(own.reduce((sum, e, i) => sum + e * Math.abs(vector[i]!), 0))];
    };
    return { point, derived, derivedNoise, noise: noiseOf([loss], nodes, point, environment, held) };
  };
  return { order: 1, outputs: [loss], held, at };
}

/** Second order: the gradient, and ∂²loss · direction, derived forward over reverse and reverse over reverse. */
export function secondOrder(loss: Node, gradient: readonly Node[], targets: readonly Target[], environment: Environment): Claim {
  const held = constantsOf(loss);
  const nodes = targets.map((t) => t.node);
  const directions = nodes.map((n) => given(n.shape, "float"));
  const filled = (found: readonly (Node | undefined)[]) => found.map((f, i) => f ?? m.full(nodes[i]!.shape, 0));
  const forwardOver: Way = { mode: "forward over reverse", nodes: filled(forward(gradient, nodes, directions)) };
  // The Hessian is symmetric: its product with a direction is the adjoint of the gradient for that cotangent. That holds for coordinates
  // that are independent; a state and the W that made it are none.
  const independent = nodes.every((n) => !topological([n]).some((x) => x !== n && nodes.includes(x)));
  const ways: readonly Way[] = independent
    ? [forwardOver, { mode: "reverse over reverse", nodes: filled(reverse(gradient, directions, nodes)) }]
    : [forwardOver];
  const at = (start: Point): ClaimAt => {
    const point = pointOf(gradient, start, environment);
    const still = new Map(point);
    directions.forEach((d, t) => {
      const { dims, shape, data } = point.get(nodes[t]!)!;
      still.set(d, { dims, shape, data: new Float64Array(data.length) });
    });
    const all = pointOf(
      ways.flatMap((w) => w.nodes),
      still,
      environment,
    );
    const runs = directions.map((d) => ways.map((w) => ({ mode: w.mode, along: around(w.nodes, [d], all, environment, new Set()) })));
    const derived = (t: number, { vector }: Direction): readonly Derived[] =>
      runs[t]!.map(({ mode, along }) => ({ mode, values: along.run([vector]).values }));
    const derivedNoise = (t: number, { vector }: Direction) =>
      ways.map((w) => {
        const d = directions[t]!;
        const withDirection = new Map([...still, [d, { ...still.get(d)!, data: vector }] as const]);
        return noiseOf(w.nodes, [...nodes, d], pointOf(w.nodes, withDirection, environment), environment, held);
      });
    return { point, derived, derivedNoise, noise: noiseOf(gradient, nodes, point, environment, held) };
  };
  return { order: 2, outputs: gradient, held, at };
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const trials = 8;

/**
 * How far an evaluation may be off: four times the root mean square of what perturbing every operation by ±ε does (uniformly, so twice as
 * much as a rounding to nearest can), that is eight standard deviations of the true rounding error; and no less than one rounding of the
 * result itself.
 */
function noiseOf(
  outputs: readonly Node[],
  sources: readonly Node[],
  point: Point,
  environment: Environment,
  held: ReadonlySet<Node>,
): Float64Array {
  const moved = around(outputs, sources, point, environment, held);
  const exact = moved.base.values;
  const off = Array.from({ length: trials }, (_, trial) => moved.perturbed(randomKey("rounding", trial)));
  // Math.hypot: the squares of a loss of 1e200, or of 1e-200, are no numbers
  return exact.map((x, c) => Math.max(4 * (Math.hypot(...off.map((o) => o[c]! - x)) / Math.sqrt(trials)), Number.EPSILON * Math.abs(x)));
}
