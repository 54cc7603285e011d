// Evaluation for numeric differences: all values at a point once, then, for each move of a parameter, only what depends on it. What
// differentiation takes as constant (stopGradient) keeps its value at the point: the numeric derivative is of the function that was
// differentiated.

import { evaluateNode } from "../../evaluate/evaluate.ts";
import { type Readers, readersIn } from "../../graph/body.ts";
import type { Shape } from "../../graph/dim.ts";
import { make } from "../../graph/make.ts";
import type { DType, Environment, Evaluation, Node, Op, Typed } from "../../graph/node.ts";
import { uniformAt } from "../../graph/random.ts";
import { topological } from "../../graph/traverse.ts";
import { type Data, Fault, type Value } from "../../graph/value.ts";

/** Stands for a value that is always given: a copy of a parameter, a direction. */
const givenOp: Op = {
  name: "given",
  doc: "A value from outside.",
  leaf: "input",
  infer: (_, attributes) => attributes as Typed,
  evaluate: () => {
    throw new Error("a given value is missing");
  },
  vjp: () => [],
  jvp: () => undefined,
  lift: ({ node }) => node,
  label: () => "given",
  latex: () => "g",
  samples: [],
};

export function given(shape: Shape, dtype: DType): Node {
  return make(givenOp, [], { shape, dtype });
}

/** The values of every node that the outputs reach. */
export type Point = ReadonlyMap<Node, Value>;

/** Values of `outputs` and of all that they rest on; what is `given` is not computed. */
export function pointOf(outputs: readonly Node[], given: Point, environment: Environment): Point {
  const values = new Map(given);
  const order = topological(outputs);
  const readers = readersIn(order);
  for (const node of order) {
    // a node with several results is asked anew: these outputs may ask for others
    if (values.has(node) && !readers.has(node)) continue;
    const operands = node.inputs.map((i) => values.get(i)!);
    values.set(node, evaluateNode(node, operands, environment, readers.get(node)));
  }
  return values;
}

/** Which side of its kinks every element is on: a derivative holds while this does not change. One array for each branching node. */
export type Signature = readonly ArrayLike<number>[];

export interface Run {
  /** The outputs' elements, one after the other. */
  readonly values: Float64Array;
  readonly finite: boolean;
  readonly signature: Signature;
}

/** The outputs as a function of the values of some nodes, around a point. */
export interface Around {
  /** At the point itself. */
  readonly base: Run;
  /** With other data for the sources, in their order. */
  run(data: readonly Data[]): Run;
  /** The outputs when every operation is off by about one rounding: how exact an evaluation is. */
  perturbed(key: number): Float64Array;
  /** The first node, in topological order, by which two signatures differ. */
  difference(a: Signature, b: Signature): Node | undefined;
}

export function around(
  outputs: readonly Node[],
  sources: readonly Node[],
  point: Point,
  given: Environment,
  held: ReadonlySet<Node>,
): Around {
  const inside = insideBodies();
  const environment: Environment = { ...given, inBody: inside.inBody };
  const affected = movedBy(outputs, sources, held);
  const readers = readersIn(topological(outputs));
  const branching = affected.filter((n) => n.op.branch !== undefined || n.dtype !== "float");
  const slot = new Map<Node, number>();
  for (const n of [...sources, ...affected]) slot.set(n, slot.size);
  const now: (Value | undefined)[] = new Array(slot.size);
  const current = (n: Node): Value => {
    const s = slot.get(n);
    return (s === undefined ? undefined : now[s]) ?? point.get(n)!;
  };
  const plans = affected.map((node) => ({ node, at: atOf(node, environment, readers), slot: slot.get(node)!, like: point.get(node)! }));
  const branchOf = (node: Node): ArrayLike<number> =>
    node.op.branch === undefined ? current(node).data : node.op.branch(node.inputs.map(current), atOf(node, environment, readers));
  const result = (finite: boolean): Run => {
    const parts = outputs.map((o) => current(o).data);
    const values = new Float64Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of parts) {
      values.set(p, at);
      at += p.length;
    }
    return { values, finite: finite && values.every(Number.isFinite), signature: branching.map(branchOf) };
  };
  const start = (data: readonly Data[], alter?: (data: Data) => Data) => {
    now.fill(undefined);
    inside.start(alter);
    sources.forEach((s, i) => {
      const { dims, shape } = point.get(s)!;
      now[i] = { dims, shape, data: data[i] as never };
    });
  };
  const baseData = sources.map((s) => point.get(s)!.data as Data);

  const run = (data: readonly Data[]): Run => {
    start(data);
    try {
      for (const { node, at, slot, like } of plans) {
        const { dims, shape } = like;
        now[slot] = { dims, shape, data: node.op.evaluate(node.inputs.map(current), at) as never };
      }
    } catch (e) {
      // an index that left its range on the way: the function ends here, as it does where a logarithm's operand turns negative
      if (!(e instanceof Fault)) throw e;
      return { values: new Float64Array(0), finite: false, signature: [] };
    }
    return result(true);
  };

  // Monte Carlo arithmetic (Parker, 1997): every result of an operation is replaced by x·(1 + ξε), ξ uniform in [−1, 1]. It asks no
  // derivative rule, so a wrong one cannot make the estimate, and with it what is excused, larger.
  const perturbed = (key: number): Float64Array => {
    let counter = 0;
    const noisy = (data: Data): Data => {
      if (!(data instanceof Float64Array)) return data;
      return data.map((x) => x * (1 + Number.EPSILON * (2 * uniformAt(key, counter++) - 1)));
    };
    start(baseData.map(noisy), noisy);
    for (const { node, at, slot, like } of plans) {
      // truth values and whole numbers stay: a comparison that flips is a kink, not a rounding
      if (node.dtype !== "float") continue;
      const { dims, shape } = like;
      now[slot] = { dims, shape, data: noisy(node.op.evaluate(node.inputs.map(current), at) as Data) as never };
    }
    return result(true).values;
  };

  const difference = (a: Signature, b: Signature): Node | undefined => branching.find((_, i) => !same(a[i], b[i]));
  return { base: run(baseData), run, perturbed, difference };
}

/**
 * The nodes of bodies are evaluated where one does not see them. There, too, what counts as constant keeps the values that it had at the point
 * (those of the first run), step by step; and results can be altered.
 */
function insideBodies(): { readonly inBody: NonNullable<Environment["inBody"]>; readonly start: (alter?: (data: Data) => Data) => void } {
  const kept = new Map<Node, Data[]>();
  let runs = 0;
  let seen = new Map<Node, number>();
  let alter: ((data: Data) => Data) | undefined;
  return {
    start: (by) => {
      runs++;
      seen = new Map();
      alter = by;
    },
    inBody: (node, _, compute) => {
      let data: Data | undefined;
      if (node.op.constant === true) {
        const time = seen.get(node) ?? 0;
        seen.set(node, time + 1);
        const values = kept.get(node) ?? [];
        kept.set(node, values);
        if (runs === 1) values.push(compute());
        data = values[time];
      }
      data ??= compute();
      return alter === undefined || !(data instanceof Float64Array) ? data : alter(data);
    },
  };
}

function atOf(node: Node, environment: Environment, readers: Readers): Evaluation<Node["attributes"]> {
  const { attributes, shape, dtype } = node;
  return { attributes, shape, dtype, environment, readers: readers.get(node) ?? [] };
}

function same(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The nodes of a loss that count as constant when it is differentiated. */
export function constantsOf(loss: Node): ReadonlySet<Node> {
  return new Set(topological([loss]).filter((n) => n.op.constant === true));
}

/** Nodes, in topological order, through which the sources move the outputs; what is held stops the way. */
export function movedBy(outputs: readonly Node[], sources: readonly Node[], held: ReadonlySet<Node>): readonly Node[] {
  const order = topological(outputs);
  const own = new Set(sources);
  const moved = new Set<Node>(sources);
  for (const n of order) if (!own.has(n) && !held.has(n) && n.inputs.some((i) => moved.has(i))) moved.add(n);
  const read = new Set<Node>(outputs);
  for (let i = order.length - 1; i >= 0; i--) {
    const n = order[i]!;
    if (read.has(n) && moved.has(n) && !own.has(n)) for (const x of n.inputs) read.add(x);
  }
  return order.filter((n) => moved.has(n) && read.has(n) && !own.has(n));
}
