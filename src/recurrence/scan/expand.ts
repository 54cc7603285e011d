// A scan written out: the graph that unroll would have made, for those who want to see steps. Pictures do; so the picture of a scan is that of
// the unrolled recurrence, derivatives included.

import { bodyOf, orderOf } from "../../graph/body.ts";
import { createNode, type Node, type Origin } from "../../graph/node.ts";
import { ambientOrigin, building, insideOf, type Step, type Unrolling } from "../../graph/source.ts";
import { type Numbered, numbered, topological } from "../../graph/traverse.ts";
import { algebra as m } from "../../ops/algebra.ts";
import { zeroOf } from "../cell.ts";
import { passOp } from "../copy.ts";
import { askedBy, type ScanAttributes, timeOf } from "./results.ts";

/** The outputs with every scan replaced by its steps. Where no scan is, nothing changes. */
export function expandScans(outputs: readonly Node[]): readonly Node[] {
  const graph = numbered([...outputs, ...forwardOf(outputs)]);
  if (!graph.order.some((n) => bodyOf(n) !== undefined)) return outputs;
  const world: World = { now: new Map(), steps: new Map(), asked: readersOf(graph.order), recurrences: new Map() };
  write(graph, world);
  return outputs.map((o) => world.now.get(o)!);
}

/** A scan of more steps stays one node: nobody would wait for it to be written out, nor would memory hold it. */
const mostSteps = 2 ** 16;

/** The graph, or one step of a scan. */
interface World {
  /** What its nodes have become. */
  readonly now: Map<Node, Node>;
  /** The steps of the scans in it. */
  readonly steps: Map<Node, readonly World[]>;
  /** For each scan, the nodes of its body that are asked for. */
  readonly asked: ReadonlyMap<Node, readonly Node[]>;
  /** Recurrences as they are after others were written out. */
  readonly recurrences: Map<Unrolling, Unrolling>;
  readonly step?: Step;
  /** Where the nodes stand from which those of a derived scan's step were derived. */
  readonly forward?: World | undefined;
  readonly outer?: World;
}

function write({ order, start }: Numbered, world: World): void {
  const { now, steps, step } = world;
  const known = new Map<Step, Step>();
  for (const [i, node] of order.entries()) {
    const first = node.inputs[0];
    if (now.has(node)) continue;
    const isScan = bodyOf(node) !== undefined;
    if (start[i] === start[i + 1] && !isScan) now.set(node, node);
    else if (isScan && timeOf(node).size <= mostSteps) {
      now.set(node, node); // its readers go to the steps
      steps.set(node, stepsOf(node, world));
    } else if (first !== undefined && steps.has(first)) now.set(node, result(node, first, world));
    else {
      const inputs = node.inputs.map((x) => now.get(x)!);
      const { origin } = node;
      const isSame = step === undefined && origin.derived === undefined && inputs.every((x, k) => x === node.inputs[k]);
      if (isSame && !isScan) now.set(node, node);
      else {
        const at = step === undefined ? origin.step : origin.step === undefined ? step : insideOf(origin.step, step, known);
        const attributes = step === undefined || node.op.atStep === undefined ? node.attributes : node.op.atStep(node.attributes, at!);
        const own = { ...originIn(world, node, at), ...(isScan ? { call: undefined } : {}) }; // a scan that stays is to be seen
        now.set(node, createNode(node.op, inputs, attributes, node.shape, node.dtype, own, node.diagnostics, node.certain));
      }
    }
  }
}

/** Instances know their template; what was derived knows the instance that it was derived from. */
function originIn(world: World, node: Node, step: Step | undefined): Origin {
  const { site, derived, call, template } = node.origin;
  if (derived === undefined) return world.step === undefined ? node.origin : { site, step, template: node };
  const { adjointOf } = derived;
  const place = (n: Node): Node => found(n, world) ?? n;
  const origin = { ...derived, of: place(derived.of), ...(adjointOf === undefined ? {} : { adjointOf: place(adjointOf) }) };
  return { site, step, call, template: world.step === undefined ? template : undefined, derived: origin };
}

function found(node: Node, world: World | undefined): Node | undefined {
  // forward nodes first: in a derived step, what it reads of them are elements of stacks
  return world && (found(node, world.forward) ?? world.now.get(node) ?? found(node, world.outer));
}

function stepsOf(scan: Node, world: World): readonly World[] {
  const { body, reverse, recurrence: given } = scan.attributes as ScanAttributes;
  const { captured, states, inputs, next } = body;
  const recurrence = moved(given, world);
  const operands = scan.inputs.map((x) => world.now.get(x)!);
  const graph = orderOf(body, [...next, ...body.outputs, ...(world.asked.get(scan) ?? [])]);
  const asked = readersOf(graph.order);
  const forward = scan.origin.derived === undefined ? undefined : stepsAlong(scan.origin.derived.of, world);
  const made: World[] = new Array(recurrence.dim.size);
  let state: readonly Node[] = operands.slice(captured.length, captured.length + states.length);
  for (let k = 0; k < made.length; k++) {
    const t = reverse ? made.length - 1 - k : k;
    const step: Step = { of: recurrence, t, outer: world.step };
    const values = new Map<Node, Node>([
      ...captured.map((c, i) => [c, operands[i]!] as const),
      ...states.map((s, i) => [s, state[i]!] as const),
    ]);
    building({ ...ambientOrigin(), site: scan.origin.site, step, call: scan.origin.call }, () => {
      for (const [i, x] of inputs.entries()) values.set(x, m.index(operands[captured.length + states.length + i]!, 0, t));
    });
    const own: World = { now: values, steps: new Map(), asked, recurrences: world.recurrences, step, forward: forward?.[t], outer: world };
    write(graph, own);
    made[t] = own;
    state = next.map((n) => values.get(n)!);
  }
  return made;
}

/** What a recurrence starts from and runs over, where that was written out too. One record for a scan and all that is derived from it. */
function moved(recurrence: Unrolling, world: World): Unrolling {
  const known = world.recurrences.get(recurrence);
  if (known !== undefined) return known;
  const place = (n: Node): Node => found(n, world) ?? n;
  const own: Unrolling = {
    ...recurrence,
    carries: recurrence.carries.map((c) => ({ ...c, from: place(c.from) })),
    inputs: recurrence.inputs.map((i) => ({ ...i, over: place(i.over) })),
    mask: recurrence.mask && place(recurrence.mask),
  };
  world.recurrences.set(recurrence, own);
  return own;
}

/** The steps of the scan from which another was derived: in the same step of the scan around both. */
function stepsAlong(scan: Node, world: World | undefined): readonly World[] | undefined {
  return world && (world.steps.get(scan) ?? stepsAlong(scan, world.forward));
}

function result(node: Node, scan: Node, world: World): Node {
  const { kind, of } = askedBy(node);
  const { body, reverse } = scan.attributes as ScanAttributes;
  const made = world.steps.get(scan)!;
  const own = originIn(world, node, world.step);
  return building({ ...ambientOrigin(), ...own, template: undefined, call: node.origin.call }, () => {
    if (kind === "stacked") {
      const parts = made.map((at) => at.now.get(of)!);
      return parts.length === 0 ? zeroOf(of, [timeOf(scan), ...of.shape]) : m.stack(parts, timeOf(scan));
    }
    const i = body.states.indexOf(of);
    const value = made.at(reverse ? 0 : -1)?.now.get(body.next[i]!) ?? world.now.get(scan.inputs[body.captured.length + i]!)!;
    // the sum over all steps is an adjoint by itself, and says of what
    return own.derived === undefined ? value : createNode(passOp, [value], {}, value.shape, value.dtype, own);
  });
}

/** What derived nodes were derived from, and that from. */
function forwardOf(outputs: readonly Node[]): readonly Node[] {
  const all = new Set<Node>();
  for (let roots = outputs; roots.length > 0; ) {
    const of = topological(roots).flatMap((n) => (n.origin.derived === undefined ? [] : [n.origin.derived.of]));
    roots = [...new Set(of)].filter((n) => !all.has(n) && n.op.leaf !== "template" && n.origin.cell === undefined);
    for (const n of roots) all.add(n);
  }
  return [...all];
}

function readersOf(order: readonly Node[]): ReadonlyMap<Node, readonly Node[]> {
  const asked = new Map<Node, Node[]>();
  for (const node of order) {
    const scan = node.inputs[0];
    if (scan === undefined || bodyOf(scan) === undefined) continue;
    const { kind, of } = askedBy(node);
    if (kind === "stacked") asked.set(scan, [...(asked.get(scan) ?? []), of]);
  }
  return asked;
}
