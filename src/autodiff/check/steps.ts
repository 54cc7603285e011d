// Which time step an error is made at. A parameter is read at every step; here each step reads a copy of its own, so that one step's reading
// can be moved, and differentiated, while the others rest. The terms of all steps add up to the whole derivative.

import type { Environment } from "../../graph/node.ts";
import { createNode, type Node } from "../../graph/node.ts";
import { showStep } from "../../graph/source.ts";
import { topological } from "../../graph/traverse.ts";
import type { Data } from "../../graph/value.ts";
import { algebra as m } from "../../ops/algebra.ts";
import { reverse } from "../reverse.ts";
import type { StepContribution } from "./report.ts";
import { around, constantsOf, given, movedBy, type Point, pointOf } from "./run.ts";

/** The loss with the parameter untied: for every step that reads it (or what was made of it outside of steps), copies of what is read. */
interface Untied {
  readonly loss: Node;
  readonly held: ReadonlySet<Node>;
  /** By step; "" is what reads it outside of steps. Each copy with the node that it stands for. */
  readonly copies: ReadonlyMap<string, ReadonlyMap<Node, Node>>;
}

function untied(loss: Node, parameter: Node): Untied {
  const order = topological([loss]);
  const moved = new Set([parameter, ...movedBy([loss], [parameter], constantsOf(loss))]);
  // what is made of the parameter alone, before any step: all steps share it
  const before = new Set<Node>([parameter]);
  for (const n of order) {
    if (before.has(n) || !moved.has(n) || n.origin.step !== undefined) continue;
    if (n.inputs.every((i) => !moved.has(i) || before.has(i))) before.add(n);
  }
  const copies = new Map<string, Map<Node, Node>>();
  const copyOf = (of: Node, step: string): Node => {
    const own = copies.get(step) ?? new Map<Node, Node>();
    copies.set(step, own);
    const copy = own.get(of) ?? given(of.shape, of.dtype);
    own.set(of, copy);
    return copy;
  };
  const result = new Map<Node, Node>();
  for (const n of order) {
    if (before.has(n)) continue;
    const step = showStep(n.origin.step) ?? "";
    const inputs = n.inputs.map((i) => (before.has(i) && i.dtype === "float" ? copyOf(i, step) : (result.get(i) ?? i)));
    // the origin stays whole: a rule may ask at which step it is
    const same = inputs.every((x, i) => x === n.inputs[i]);
    result.set(n, same ? n : createNode(n.op, inputs, n.attributes, n.shape, n.dtype, n.origin, n.diagnostics, n.certain));
  }
  const taken = result.get(loss) ?? loss;
  return { loss: taken, held: constantsOf(taken), copies };
}

/** The entry's derivative along `direction`, step by step, derived and numeric (a central difference with step h). */
export function stepContributions(
  loss: Node,
  parameter: Node,
  direction: Float64Array,
  h: number,
  point: Point,
  environment: Environment,
): readonly StepContribution[] {
  const { loss: taken, copies, held } = untied(loss, parameter);
  if (copies.size === 0 || (copies.size === 1 && copies.has(""))) return [];
  const read = [...new Set([...copies.values()].flatMap((own) => [...own.keys()]))];
  const shared = around(read, [parameter], point, environment, held);
  const base = point.get(parameter)!.data as Float64Array;
  const split = (values: Float64Array): ReadonlyMap<Node, Data> => {
    let at = 0;
    return new Map(
      read.map((n) => {
        const size = point.get(n)!.data.length;
        at += size;
        return [n, values.subarray(at - size, at)];
      }),
    );
  };
  const reads = (s: number) => split(shared.run([base.map((x, i) => x + s * direction[i]!)]).values);
  const steps = [2 * h, h, -h, -2 * h] as const;
  const moved = new Map(steps.map((s) => [s, reads(s)]));
  const start = new Map(point);
  for (const own of copies.values()) for (const [of, copy] of own) start.set(copy, point.get(of)!);
  const at = pointOf([taken], start, environment);
  const contributions: StepContribution[] = [];
  for (const [step, own] of copies) {
    const nodes = [...own.values()];
    const one = around([taken], nodes, at, environment, held);
    const f = (s: (typeof steps)[number]): number => one.run([...own.keys()].map((of) => moved.get(s)!.get(of)!)).values[0] ?? Number.NaN;
    const [f2, f1, g1, g2] = steps.map(f) as [number, number, number, number];
    const numeric = slope(f2, f1, g1, g2, h);
    const adjoints = reverse([taken], [m.constant(1)], nodes);
    const values = pointOf(
      adjoints.filter((a) => a !== undefined),
      at,
      environment,
    );
    let derived = 0;
    [...own.keys()].forEach((of, i) => {
      const a = adjoints[i];
      if (a === undefined) return;
      const data = values.get(a)!.data;
      const [a2, a1, b1, b2] = steps.map((s) => moved.get(s)!.get(of)!) as [Data, Data, Data, Data];
      data.forEach((x, k) => {
        derived += x * slope(a2[k]!, a1[k]!, b1[k]!, b2[k]!, h);
      });
    });
    contributions.push({ step, derived, numeric, absoluteError: Math.abs(derived - numeric) });
  }
  return contributions;
}

/** The central difference of fourth order, from the values at 2h, h, −h, −2h. */
function slope(a2: number, a1: number, b1: number, b2: number, h: number): number {
  return (8 * (a1 - b1) - (a2 - b2)) / (12 * h);
}
