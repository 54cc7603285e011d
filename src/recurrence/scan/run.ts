// The reference of a scan: the body, step by step. Only what is asked for is kept, and only what that needs is computed.

import { type Body, dependsOn, drawsAnew, FaultInBody, neededFor, readersIn } from "../../graph/body.ts";
import { sizeOf } from "../../graph/dim.ts";
import type { Attributes, Environment, Evaluation, Node, Results } from "../../graph/node.ts";
import { insideOf, type Step } from "../../graph/source.ts";
import type { Numbered } from "../../graph/traverse.ts";
import { allocate, type Data, Fault, makeValue, type Value } from "../../graph/value.ts";
import { askedBy, type ScanAttributes } from "./results.ts";

export function runScan(operands: readonly Value[], at: Evaluation<ScanAttributes>): Results {
  const { attributes, readers, environment } = at;
  const { body, recurrence, reverse } = attributes;
  const { captured, states, inputs, next } = body;
  const steps = recurrence.dim.size;
  const given = new Map(captured.map((c, i) => [c, operands[i]!]));
  const first = states.map((_, i) => operands[captured.length + i]!);
  const over = inputs.map((_, i) => operands[captured.length + states.length + i]!);

  const { asked, order, number, nodes } = planFor(body, readers);
  const values: Value[] = new Array(order.length);
  const results = new Map<Attributes, Data>();

  const stacks = asked.flatMap(({ key, kind, of }) => {
    if (kind === "final") return [];
    const size = sizeOf(of.shape);
    const input = inputs.indexOf(of);
    const stack = input >= 0 ? (over[input]!.data as Data) : allocate(of.dtype, steps * size);
    results.set(key, stack);
    return input >= 0 ? [] : [{ at: number.get(of)!, size, stack }];
  });
  const slices = inputs.flatMap((x, i) =>
    number.has(x) ? [{ at: number.get(x)!, of: x, size: sizeOf(x.shape), data: over[i]!.data }] : [],
  );
  const carried = states.flatMap((s, i) => (number.has(s) ? [{ at: number.get(s)!, next: number.get(next[i]!)!, first: first[i]! }] : []));
  const state = carried.map((c) => c.first);

  const compute = ({ node, operands: from, readers: own, draws }: Planned, step: Step | undefined): Value => {
    const ready = from.map((o) => values[o]!);
    const attributes = draws && step !== undefined ? node.op.atStep!(node.attributes, stepOf(node, step)) : node.attributes;
    const { shape, dtype } = node;
    const evaluated = (): Data => node.op.evaluate(ready, { attributes, shape, dtype, environment, readers: own }) as Data;
    return makeValue(shape, environment.inBody === undefined ? evaluated() : environment.inBody(node, ready, evaluated));
  };
  for (const [i, plan] of nodes.entries()) {
    const value = given.get(plan.node);
    if (value !== undefined) values[i] = value;
    else if (plan.fixed) values[i] = compute(plan, undefined);
  }
  const moving = [...nodes.entries()].filter(([, plan]) => plan.moves);
  for (let k = 0; k < steps; k++) {
    const t = reverse ? steps - 1 - k : k;
    const step = stepAt(attributes, t);
    for (const { at: i, of, size, data } of slices) values[i] = makeValue(of.shape, data.subarray(t * size, (t + 1) * size) as Data);
    for (const [c, { at: i }] of carried.entries()) values[i] = state[c]!;
    for (const [i, plan] of moving) {
      try {
        values[i] = compute(plan, step);
      } catch (e) {
        throw e instanceof Fault && !(e instanceof FaultInBody) ? new FaultInBody(e, plan.node, stepOf(plan.node, step)) : e;
      }
    }
    for (const { at: i, size, stack } of stacks) stack.set(values[i]!.data as Data, t * size);
    for (const [c, { next: i }] of carried.entries()) state[c] = values[i]!;
  }
  for (const { key, kind, of } of asked) {
    if (kind === "final") results.set(key, state[carried.findIndex((c) => c.at === number.get(of))]!.data as Data);
  }
  return results;
}

/** A step, as dropout knows it: of a part of a recurrence, the step of the whole. */
function stepAt({ recurrence, outer, part }: ScanAttributes, t: number): Step {
  if (part === undefined) return { of: recurrence, t, outer };
  if (!part.ofSegment) return { of: part.of, t: part.from + t, outer };
  return { of: part.of, t: part.from + outer!.t * recurrence.dim.size + t, outer: outer!.outer };
}

/** The step of a node of the body, which may stand in steps of a recurrence that is unrolled within the cell. */
function stepOf(node: Node, step: Step): Step {
  return node.origin.step === undefined ? step : insideOf(node.origin.step, step, new Map());
}

/** Which side of its kinks every element of every node of the body is on, at every step. */
export function branchesOfScan(operands: readonly Value[], at: Evaluation<ScanAttributes>): Float64Array {
  const found: ArrayLike<number>[] = [];
  const around = at.environment.inBody;
  const inBody: Environment["inBody"] = (node, ready, compute) => {
    const data = around === undefined ? compute() : around(node, ready, compute);
    const { branch } = node.op;
    const { attributes, shape, dtype } = node;
    if (branch !== undefined) found.push(branch(ready, { attributes, shape, dtype, environment: at.environment, readers: [] }));
    else if (node.dtype !== "float") found.push(data);
    return data;
  };
  runScan(operands, { ...at, environment: { ...at.environment, inBody } });
  const all = new Float64Array(found.reduce((n, part) => n + part.length, 0));
  let from = 0;
  for (const part of found) {
    all.set(part, from);
    from += part.length;
  }
  return all;
}

interface Plan {
  readonly readers: readonly Node[];
  readonly asked: readonly { readonly key: Attributes; readonly kind: "stacked" | "final"; readonly of: Node }[];
  readonly order: readonly Node[];
  readonly number: ReadonlyMap<Node, number>;
  readonly nodes: readonly Planned[];
}

const plans = new WeakMap<Body, Plan>();

/** The plan for a body and what is asked of it; kept, for a scan within a scan is run at every step. */
function planFor(body: Body, readers: readonly Node[]): Plan {
  const known = plans.get(body);
  if (known !== undefined && known.readers.length === readers.length && readers.every((r, i) => r === known.readers[i])) return known;
  const asked = readers.map((r) => ({ key: r.attributes, ...askedBy(r) }));
  const graph = neededFor(body, asked);
  const { order } = graph;
  const plan: Plan = { readers, asked, order, number: new Map(order.map((n, i) => [n, i])), nodes: planOf(graph, body) };
  plans.set(body, plan);
  return plan;
}

interface Planned {
  readonly node: Node;
  readonly operands: readonly number[];
  readonly readers: readonly Node[];
  /** Its attributes depend on the step. */
  readonly draws: boolean;
  /** It is computed anew in every step. */
  readonly moves: boolean;
  /** It is the same in every step, and no variable. */
  readonly fixed: boolean;
}

function planOf(graph: Numbered, body: Body): readonly Planned[] {
  const { order, operands, start } = graph;
  const variables = new Set([...body.captured, ...body.states, ...body.inputs]);
  const changing = new Set([...body.states, ...body.inputs]);
  const drawing = new Set(order.filter((n) => !variables.has(n) && drawsAnew(n)));
  const varies = dependsOn(graph, (n) => changing.has(n) || drawing.has(n));
  const readers = readersIn(order.filter((n) => !variables.has(n)));
  return order.map((node, i) => ({
    node,
    operands: [...operands.subarray(start[i]!, start[i + 1]!)],
    readers: readers.get(node) ?? [],
    draws: node.op.atStep !== undefined,
    moves: varies[i] === 1 && !variables.has(node),
    fixed: varies[i] === 0 && !variables.has(node),
  }));
}
