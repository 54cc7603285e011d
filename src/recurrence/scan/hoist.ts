// What need not be done step by step is done for all steps at once. In a recurrent net that is most of the work: x_t·U of all steps is one product
// before the loop, and ∂loss/∂W = Σ_t h_{t−1}ᵀ·δ_t one after it; inside stays what carries the state.
//
//   dep(v) ⊆ {outside, slice, carry};  core(v): v reaches a carry's next value that is no sum
//   sum      a' = a + g, a used nowhere else                   taken out of the loop: a_T = a_0 + Σ_t g_t
//   before   dep ⊆ {outside, slice}, read by the core, with a product in it    lifted over time; the core reads its slices
//   after    not core                                          what it reads of the core is stacked; the rest is lifted over time
//   core     stays
//
// Only sums change their order: Σ_t of a product is one product that sums over time as well. What draws anew in every step (dropout) stays, for
// a lifted op would draw once.

import { lift } from "../../autodiff/lift.ts";
import { type Body, bodyOf, dependsOn, drawsAnew, neededFor, orderOf, readersIn, variablesOf } from "../../graph/body.ts";
import { sizeOf } from "../../graph/dim.ts";
import { computationOf, make, withOperands } from "../../graph/make.ts";
import type { Node } from "../../graph/node.ts";
import { ambientOrigin, building } from "../../graph/source.ts";
import { type Numbered, topological } from "../../graph/traverse.ts";
import { algebra as m } from "../../ops/algebra.ts";
import { askedBy, final, type ScanAttributes, stacked, timeOf } from "./results.ts";

/** What was taken out of a scan, in words. */
export interface Hoisted {
  readonly scan: Node;
  /** Nodes of the body that are computed for all steps before the loop. */
  readonly before: readonly Node[];
  /** Nodes that are computed after it. */
  readonly after: readonly Node[];
  /** Sums over all steps that became one product or one sum; and those that stayed, each with the reason. */
  readonly sums: readonly Node[];
  readonly stayed: readonly { readonly sum: Node; readonly why: string }[];
  /** Products that must stay in the loop, each with the reason. */
  readonly products: readonly { readonly product: Node; readonly why: string }[];
}

/** The same outputs, with all scans relieved of what can be done outside of them. `variables` are those of a body that the outputs stand in. */
export function hoistScans(
  outputs: readonly Node[],
  variables?: ReadonlySet<Node>,
): { readonly outputs: readonly Node[]; readonly hoisted: readonly Hoisted[] } {
  const order = topological(outputs, variables);
  const readers = readersIn(order);
  const now = new Map<Node, Node>();
  const hoisted: Hoisted[] = [];
  for (const node of order) {
    if (now.has(node)) continue;
    if (variables?.has(node) === true) {
      now.set(node, node);
      continue;
    }
    const inputs = node.inputs.map((x) => now.get(x)!);
    const same = inputs.every((x, i) => x === node.inputs[i]);
    now.set(node, same ? node : withOperands(node, inputs));
    if (bodyOf(node) === undefined) continue;
    if ((node.attributes as ScanAttributes).segments !== undefined) {
      const within = bySegment(node, inputs);
      now.set(node, within.scan);
      hoisted.push(...within.hoisted);
      continue;
    }
    const { site, step, derived } = node.origin;
    hoisted.push(building({ ...ambientOrigin(), site, step, derived }, () => relieved(node, inputs, readers.get(node) ?? [], now)));
  }
  return { outputs: outputs.map((o) => now.get(o)!), hoisted };
}

/** Of a scan over segments the scans within are relieved, for a segment's steps at once: for all steps it would need the memory that segments spare. */
function bySegment(scan: Node, operands: readonly Node[]): { readonly scan: Node; readonly hoisted: readonly Hoisted[] } {
  const body = bodyOf(scan)!;
  const roots = [...body.next, ...body.outputs];
  const { outputs, hoisted } = hoistScans(roots, variablesOf(body));
  const next = outputs.slice(0, body.next.length);
  const own: Body = { ...body, next, outputs: outputs.slice(next.length), instead: new Map(roots.map((n, i) => [n, outputs[i]!])) };
  return { scan: withOperands(scan, operands, { ...scan.attributes, body: own }), hoisted };
}

/** Puts what the readers ask for into `now`, computed with as small a loop as can be. */
function relieved(scan: Node, operands: readonly Node[], readers: readonly Node[], now: Map<Node, Node>): Hoisted {
  const { body } = scan.attributes as ScanAttributes;
  const time = timeOf(scan);
  const asked = readers.map((reader) => ({ reader, ...askedBy(reader) }));
  const graph = neededFor(body, asked);
  const adding = sumsOf(graph, body, new Set(asked.flatMap((a) => (a.kind === "stacked" ? [a.of] : []))));
  const sums = new Map([...adding].filter(([, g]) => isCheap(g)));
  const stayed = [...adding]
    .filter(([s]) => !sums.has(s))
    .map(([sum, g]) => ({ sum, why: `${g.op.name} of all steps would be larger than what it is made of` }));
  const core = coreOf(graph, body, sums);
  const value = new Map<Node, Node>([...body.captured, ...body.states, ...body.inputs].map((v, i) => [v, operands[i]!]));

  const before = sliceProducts(graph, body, core);
  const instead = new Map(body.captured.map((c) => [c, value.get(c)!]));
  const slices = new Map(body.inputs.map((x) => [x, value.get(x)!]));
  const lifted = lift(before, slices, time, orderOf(body, before), instead);
  const states = body.states.filter((s) => !sums.has(s));
  const inner: Body = {
    ...body,
    states,
    next: states.map((s) => body.next[body.states.indexOf(s)]!),
    inputs: [...body.inputs, ...before],
  };
  const inputs = [
    ...body.captured.map((c) => value.get(c)!),
    ...states.map((s) => value.get(s)!),
    ...body.inputs.map((x) => value.get(x)!),
    ...lifted,
  ];
  const loop = make(scan.op, inputs, { ...scan.attributes, body: inner });

  // all steps of a node of the body: a stack of the loop, or lifted over such
  const known = new Map(slices);
  for (const [i, n] of before.entries()) known.set(n, lifted[i]!);
  const after: Node[] = [];
  const allSteps = (nodes: readonly Node[]): readonly Node[] => {
    const stays = (n: Node): boolean => core.has(n) || body.states.includes(n);
    const boundary = orderOf({ ...body, inputs: [...body.inputs, ...before, ...graph.order.filter(stays)] }, nodes);
    for (const n of boundary.order) if (stays(n) && !known.has(n)) known.set(n, stacked(loop, n));
    for (const n of nodes) if (!known.has(n)) after.push(n);
    return lift(nodes, known, time, boundary, instead);
  };

  const done: Node[] = [];
  for (const { reader, kind, of } of asked) {
    if (kind === "stacked") now.set(reader, allSteps([of])[0]!);
    else if (sums.has(of)) {
      const first = value.get(of)!;
      const start = computationOf(first);
      const added = total(sums.get(of)!, allSteps);
      now.set(reader, start?.kind === "fill" && start.value === 0 ? added : m.add(first, added));
      done.push(of);
    } else now.set(reader, final(loop, of));
  }
  const products = [...core].filter(isProduct).flatMap((product) => {
    if (before.some((n) => orderOf(body, [n]).order.includes(product))) return [];
    return [{ product, why: "the next state depends on it" }];
  });
  return { scan, before, after, sums: done, stayed, products };
}

/** States that only add up, with what they add: s' = s + g, where s is used nowhere else. */
function sumsOf({ order, operands, start }: Numbered, body: Body, stacks: ReadonlySet<Node>): ReadonlyMap<Node, Node> {
  const uses = new Map<Node, number>();
  for (let k = 0; k < start[order.length]!; k++) {
    const x = order[operands[k]!]!;
    uses.set(x, (uses.get(x) ?? 0) + 1);
  }
  const found = new Map<Node, Node>();
  for (const [i, s] of body.states.entries()) {
    const next = body.next[i]!;
    const { inputs, op } = next;
    if (op.picture?.sum !== true || inputs.length !== 2 || inputs[0] !== s || inputs[1]!.shape.length !== s.shape.length) continue;
    if (uses.get(s) === 1 && !stacks.has(s) && !stacks.has(next) && (uses.get(next) ?? 0) === 0) found.set(s, inputs[1]!);
  }
  return found;
}

/** Nodes that must be computed within the loop: those that reach the next value of a state, and what draws anew. */
function coreOf({ order, operands, start }: Numbered, body: Body, sums: ReadonlyMap<Node, Node>): ReadonlySet<Node> {
  const marked = new Uint8Array(order.length);
  const roots = new Set(body.next.filter((_, i) => !sums.has(body.states[i]!)));
  const variables = new Set([...body.captured, ...body.states, ...body.inputs]);
  const core = new Set<Node>();
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    if (variables.has(node)) continue;
    if (roots.has(node) || drawsAnew(node)) marked[i] = 1;
    if (marked[i] === 0) continue;
    core.add(node);
    for (let k = start[i]!; k < start[i + 1]!; k++) marked[operands[k]!] = 1;
  }
  // a recurrence within the step has no value of its own, but those that its readers ask for: they are where it is
  for (const node of order) {
    const within = variables.has(node) ? undefined : node.inputs[0];
    if (within !== undefined && bodyOf(within) !== undefined && core.has(within)) core.add(node);
  }
  return core;
}

/** What the core reads that rests on slices alone, and has a product in it. Dropout stays, and what rests on it. */
function sliceProducts(graph: Numbered, body: Body, core: ReadonlySet<Node>): readonly Node[] {
  const { order, operands, start } = graph;
  const states = new Set(body.states);
  const inputs = new Set(body.inputs);
  const variables = new Set([...body.captured, ...body.states, ...body.inputs]);
  const stays = dependsOn(graph, (n) => states.has(n) || (!variables.has(n) && drawsAnew(n)));
  const moves = dependsOn(graph, (n) => inputs.has(n));
  const product = dependsOn(graph, (n) => !variables.has(n) && isProduct(n));
  const candidate = (i: number): boolean => stays[i] === 0 && moves[i] === 1 && product[i] === 1 && !variables.has(order[i]!);
  const found = new Set<Node>();
  for (const [i, node] of order.entries()) {
    if (!core.has(node) || candidate(i)) continue;
    for (let k = start[i]!; k < start[i + 1]!; k++) if (candidate(operands[k]!)) found.add(order[operands[k]!]!);
  }
  return [...found];
}

function isProduct(node: Node): boolean {
  return computationOf(node)?.kind === "contract";
}

/** Whether the terms of a sum can be formed for all steps at once without a stack that is larger than what they are made of. */
function isCheap(g: Node): boolean {
  const form = computationOf(g);
  const [a, b] = g.inputs as [Node, Node];
  if (isSum(g)) return isCheap(a) && isCheap(b);
  if (isPermutation(g) || form?.kind === "reshape") return isCheap(a);
  if (form?.kind === "contract" || (form?.kind === "reduce" && form.by === "sum") || (form?.kind === "scatter" && form.axis === 0))
    return true;
  return g.inputs.some((x) => sizeOf(x.shape) >= sizeOf(g.shape));
}

function isSum(g: Node): boolean {
  return g.op.picture?.sum === true && g.inputs.length === 2 && g.inputs.every((x) => x.shape.length === g.shape.length);
}

function isPermutation(g: Node): boolean {
  const form = computationOf(g);
  return (
    form?.kind === "view" && form.axes.length === g.shape.length && form.axes.every((x) => "axis" in x && x.start === 0 && x.step === 1)
  );
}

/** Σ_t g_t. A product that is summed over time is one product; what only changes the shape is done to the sum. */
function total(g: Node, allSteps: (nodes: readonly Node[]) => readonly Node[]): Node {
  const form = computationOf(g);
  const [a, b] = g.inputs as [Node, Node];
  if (g.op.picture?.sum === true && g.inputs.length === 2 && g.inputs.every((x) => x.shape.length === g.shape.length)) {
    return m.add(total(a, allSteps), total(b, allSteps));
  }
  const isPermutation =
    form?.kind === "view" && form.axes.length === g.shape.length && form.axes.every((x) => "axis" in x && x.start === 0);
  if (isPermutation || form?.kind === "reshape") return withOperands(g, [total(a, allSteps)]);
  if (form?.kind === "contract") {
    const [p, q] = allSteps([a, b]) as [Node, Node];
    const later = (pairs: readonly (readonly [number, number])[]) => pairs.map(([i, j]) => [i + 1, j + 1] as const);
    return m.contract(p, q, { summed: [[0, 0], ...later(form.axes.summed)], batch: later(form.axes.batch) });
  }
  if (form?.kind === "reduce" && form.by === "sum") {
    const [p] = allSteps([a]);
    return m.sum(p!, [0, ...form.axes.map((i) => i + 1)]);
  }
  if (form?.kind === "scatter" && form.axis === 0) {
    const [updates, ids] = allSteps([a, b]) as [Node, Node];
    return m.scatterAdd(updates, ids, 0, g.shape[0]!);
  }
  return m.sum(allSteps([g])[0]!, [0]);
}
