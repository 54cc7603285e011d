// Gradient flow in numbers: how much of ∂E/∂h reaches each step, the Jacobians that carry it, the bound of the textbook, and a verdict. The graph
// of what is asked is built here; the doors evaluate it and hand the values back to `read`.

import { dim, freshDim } from "../graph/dim.ts";
import { mistakesIn } from "../graph/graph.ts";
import { ill, mistakeHere } from "../graph/make.ts";
import { hasDerivative, isNode, type Node, type Tensor } from "../graph/node.ts";
import { userCalled } from "../graph/source.ts";
import { topological } from "../graph/traverse.ts";
import { isTreeOfNodes } from "../graph/tree.ts";
import type { Value } from "../graph/value.ts";
import { algebra as m } from "../ops/algebra.ts";
import { columns, floatLeaves, gradientsOfRows, normOf, rowsOf } from "./contributions.ts";
import { identityOf, isComplete, type JacobianNorm, jacobianBetween, layoutOf, type Matrix, normsOf, productOf } from "./jacobians.ts";
import { singularValues } from "./singular.ts";
import { type CutStates, cutStates, outermost } from "./states.ts";
import type { AnyTree } from "./types.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** What `unroll` gives as `steps`: each step's whole state is what is looked at. */
export type Steps = readonly { readonly state: AnyTree }[];

export interface JacobianOptions {
  /** Which sequence of the batch, by its position. Default 0. */
  readonly sequence?: number;
}

export interface FlowOptions {
  /** One sequence of the batch, by its position. Default: gradients of the whole batch, Jacobians of its first sequence. */
  readonly sequence?: number;
  /** The recurrent weights [hidden, hidden] of a plain cell, h_t = φ(… + h_{t−1}·W): adds the bound ‖W‖·max|φ′|. */
  readonly of?: Tensor;
  /** What a step is called in the verdict, in the plural. Default "steps". */
  readonly unit?: string;
}

export interface GradientFlow {
  /** [k]: ‖∂E/∂h_k‖, in the order of time. For a loss per step: of the one that was made last. */
  readonly gradient: readonly number[];
  /** [k]: the same as a share of that at the step nearest to the loss. */
  readonly share: readonly number[];
  /** [t][k]: ‖∂E_t/∂h_k‖ for every loss E_t; one row for one loss. */
  readonly table: readonly (readonly number[])[];
  /** [k]: norms of ∂h_last/∂h_k, the matrix that carries the signal from the last state back to the one after step k. */
  readonly jacobians: readonly JacobianNorm[];
  /** Of a plain cell: ‖W‖₂ · max|φ′| bounds ‖∂h_{k+1}/∂h_k‖₂; its powers bound the products. */
  readonly bound: { readonly weights: number; readonly slope: number; readonly perStep: number } | undefined;
  readonly verdict: Verdict;
}

/** [t][k]: norms of ∂h_t/∂h_k; undefined where k comes after t. */
export type JacobianTable = readonly (readonly (JacobianNorm | undefined)[])[];

type Values = Readonly<Record<string, Value>>;

/** What is to be evaluated, and what its values say. */
export interface Plan<A> {
  readonly outputs: Readonly<Record<string, Node>>;
  readonly read: (values: Values) => A;
}

/** The plan of `gradientFlow`. */
export const flowPlan: (loss: Tensor, steps: Steps, options?: FlowOptions) => Plan<GradientFlow> = userCalled(
  (loss: unknown, steps: unknown, options: FlowOptions = {}) => {
    const thread = threadOf("gradientFlow", [loss], steps, options.sequence);
    if ("failed" in thread) return mistaken(thread.failed);
    const { states, reversed, carried } = thread;
    const order = topological([loss as Node]);
    const time = thread.time;
    const axis = (loss as Node).shape.findIndex((d) => d.name === time?.name && d.size === states.length);
    const { rows, t } = rowsOf(thread.roots[0]!, axis, order);
    const gradients = gradientsOfRows(rows, carried.flat(), t);
    let next = 0;
    const norms = states.map((leaves) => normOf(leaves.map((leaf) => ofSequence(gradients[next++]!, leaf, options.sequence))));
    const k = freshDim("k", states.length, [[t], ...order.map((n) => n.shape)]);
    const matrices = stepMatrices(thread, options.sequence ?? 0);
    const bound = boundOf(thread, options);
    return {
      // the loss is there so that whatever it is fed with is fed to something
      outputs: { loss: loss as Node, signal: columns(norms, k, [t]), ...matrices.outputs, ...bound.outputs },
      read: (values: Values): GradientFlow => {
        const table = rowsOfValue(values.signal!);
        const gradient = table[reversed ? 0 : table.length - 1] ?? [];
        const nearest = reversed ? 0 : gradient.length - 1;
        const whole = gradient[nearest] || Math.max(0, ...gradient);
        const share = gradient.map((g) => (whole === 0 ? 0 : g / whole));
        const jacobians = products(matrices.read(values), states.length - 1).map(normsOf);
        return {
          gradient,
          share,
          table,
          jacobians: reversed ? jacobians.reverse() : jacobians,
          bound: bound.read(values),
          verdict: verdictOf(reversed ? share : [...share].reverse(), options.unit),
        };
      },
    };
  },
);

/** The plan of `jacobianNorms`. */
export const jacobianPlan: (steps: Steps, options?: JacobianOptions) => Plan<JacobianTable> = userCalled(
  (steps: unknown, { sequence = 0 }: JacobianOptions = {}) => {
    const thread = threadOf("jacobianNorms", [], steps, sequence);
    if ("failed" in thread) return mistaken(thread.failed);
    const { outputs, read } = stepMatrices(thread, sequence);
    return {
      outputs: { ...Object.fromEntries(thread.states.flat().map((s, i) => [`state${i}`, s])), ...outputs },
      read: (values: Values) => {
        const n = thread.states.length;
        const matrices = read(values);
        const table = Array.from({ length: n }, () => new Array<JacobianNorm | undefined>(n).fill(undefined));
        const at = (i: number): number => (thread.reversed ? n - 1 - i : i);
        for (let i = 0; i < n; i++) for (const [j, product] of products(matrices, i).entries()) table[at(i)]![at(j)] = normsOf(product);
        return table;
      },
    };
  },
);

/** States in the order of time; the order in which they were made is the opposite when the recurrence runs in reverse. */
interface Thread extends CutStates {
  readonly states: readonly (readonly Node[])[];
  readonly reversed: boolean;
  readonly time: { readonly name: string; readonly size: number } | undefined;
}

function threadOf(
  verb: string,
  losses: readonly unknown[],
  steps: unknown,
  sequence: number | undefined,
): Thread | { readonly failed: Node } {
  const given = Array.isArray(steps)
    ? steps.map((s) => (typeof s === "object" && s !== null ? (s as { state?: unknown }).state : undefined))
    : [];
  const wrong = (code: "NotTensor" | "BadArgument", message: string, hint?: string) => ({
    failed: ill(mistakeHere(code, verb, message, [], hint)),
  });
  if (!Array.isArray(steps) || !given.every(isTreeOfNodes) || !losses.every(isNode)) {
    const hint = losses.length > 0 ? `${verb}(loss, steps, feeds)` : `${verb}(steps, feeds)`;
    return wrong("NotTensor", "expected tensors, and the steps that unroll(…) gives", `const { steps } = unroll(…); ${hint}`);
  }
  const states = given.map(floatLeaves);
  const bad = mistakesIn(topological([...(losses as Node[]), ...states.flat()]));
  if (bad.length > 0) return { failed: ill(undefined, { rests: [...(losses as Node[]), ...states.flat()] }) };
  if (states.some((s) => s.length === 0)) return wrong("NotTensor", "a state without float tensors carries no gradient");
  const of = states
    .flat()
    .map((n) => outermost(n.origin.step)?.of)
    .find((o) => o !== undefined);
  const reversed = of?.reverse ?? false;
  const made = reversed ? [...states].reverse() : states;
  if (made.length > 2 && !isComplete(made.at(-1)!, made.at(-2)!, made.at(-3)!))
    return wrong(
      "BadArgument",
      "these states are not all that the cell carries from step to step",
      "give the steps of unroll(…) as they are",
    );
  const { batch } = layoutOf(states[0] ?? []);
  const sequences = batch.reduce((n, d) => n * d.size, 1);
  if (sequence !== undefined && !(Number.isInteger(sequence) && sequence >= 0 && sequence < sequences))
    return wrong("BadArgument", `there is no sequence ${sequence}`, `0 … ${sequences - 1}`);
  return { states, reversed, time: of?.dim, ...cutStates(losses as Node[], states) };
}

function mistaken<A>(failed: Node): Plan<A> {
  return { outputs: { failed }, read: () => undefined as A };
}

/** What belongs to one sequence of [t, ...batch, feature]. */
function ofSequence(gradient: Node, leaf: Node, sequence: number | undefined): Node {
  const rank = leaf.shape.length;
  if (sequence === undefined || rank < 2) return gradient;
  const sequences = leaf.shape.slice(0, -1).reduce((n, d) => n * d.size, 1);
  const flat = m.reshape(gradient, [gradient.shape[0]!, dim("sequence", sequences), leaf.shape.at(-1)!]);
  return m.index(flat, 1, sequence);
}

/** ∂h_{i+1}/∂h_i of one sequence, in the order in which the states were made. */
function stepMatrices({ made: inTime, carried, reversed }: Thread, sequence: number): Plan<readonly Matrix[]> {
  const [made, from] = reversed ? [[...inTime].reverse(), [...carried].reverse()] : [inTime, carried];
  if (made.length < 2) return { outputs: {}, read: () => [] };
  const steps = made.slice(1).map((to, i) => jacobianBetween(to, from[i]!));
  const { size } = layoutOf(made[0]!);
  return {
    outputs: Object.fromEntries(steps.map((node, i) => [`jacobian${i}`, node])),
    read: (values) =>
      steps.map((_, i) => ({
        size,
        data: (values[`jacobian${i}`]!.data as Float64Array).slice(sequence * size * size, (sequence + 1) * size * size),
      })),
  };
}

/** ∂h_last/∂h_k for every k ≤ last: J_{last−1} · … · J_k, the identity for k = last. */
function products(steps: readonly Matrix[], last: number): readonly Matrix[] {
  if (last < 0) return [];
  const found = new Array<Matrix>(last + 1);
  let product = identityOf(steps[0]?.size ?? 1);
  for (let k = last; k >= 0; k--) {
    found[k] = product;
    if (k > 0) product = productOf(product, steps[k - 1]!);
  }
  return found;
}

/**
 * ‖W‖₂ · max|φ′| where the state is φ(a), elementwise, and ∂a_t/∂h_{t−1} = Wᵀ: what makes a cell plain is tried on the numbers.
 * Source: R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks (2013), 2.1.
 */
function boundOf({ states, reversed }: Thread, { of: W, sequence = 0 }: FlowOptions): Plan<GradientFlow["bound"]> {
  const none: Plan<GradientFlow["bound"]> = { outputs: {}, read: () => undefined };
  const made = reversed ? [...states].reverse() : states;
  const last = made.at(-1)?.[0];
  const before = made.at(-2);
  if (W === undefined || last === undefined || before === undefined) return none;
  const plain = made.every((s) => s.length === 1 && s[0]!.op.formula !== undefined && s[0]!.inputs.length === 1);
  if (!plain || W.shape.length !== 2) return none;
  const slopes = made.flatMap(([h]) => {
    const { op, inputs, attributes } = h!;
    if (!hasDerivative(op.vjp)) return [];
    const slope = op.vjp({ node: h!, inputs, attributes, cotangent: m.full(h!.shape, 1), wanted: [true] }, m)[0];
    return slope === undefined ? [] : [slope];
  });
  const { size } = layoutOf([last]);
  return {
    outputs: {
      weights: W,
      recurrent: jacobianBetween([last.inputs[0]!], before),
      ...Object.fromEntries(slopes.map((s, i) => [`slope${i}`, s])),
    },
    read: (values) => {
      const weights = values.weights!.data;
      const recurrent = values.recurrent!.data.slice(sequence * size * size, (sequence + 1) * size * size);
      const isPlain = weights.length === size * size && recurrent.every((x, i) => x === weights[(i % size) * size + Math.floor(i / size)]!);
      if (!isPlain) return undefined;
      let slope = 0;
      for (let i = 0; i < slopes.length; i++) for (const x of values[`slope${i}`]!.data) slope = Math.max(slope, Math.abs(x));
      const norm = singularValues(weights, size, size)[0] ?? 0;
      return { weights: norm, slope, perStep: norm * slope };
    },
  };
}

function rowsOfValue({ shape, data }: Value): readonly (readonly number[])[] {
  const [rows, width] = shape as [number, number];
  return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));
}
