// Reverse mode: the thread followed back. Given a graph and cotangents of its outputs, each node, in reverse topological order, asks its
// op how the cotangent passes to its operands. What comes out is a graph again: shared, drawn, differentiated like any other.

import type { Node } from "../graph/node.ts";
import { hasDerivative, nodesCreated, type Op } from "../graph/node.ts";
import { ambientOrigin, building, type Derivation, type Step } from "../graph/source.ts";
import { type Numbered, numbered } from "../graph/traverse.ts";
import { algebra as m } from "../ops/algebra.ts";

/** ∂(Σ ⟨outputs, cotangents⟩)/∂w for every w of `wrt`; undefined where nothing reaches (a structural zero). */
export function reverse(
  outputs: readonly Node[],
  cotangents: readonly (Node | undefined)[],
  wrt: readonly Node[],
  graph: Numbered = numbered(outputs),
): readonly (Node | undefined)[] {
  const { order, operands, start } = graph;
  const active = activeNodes(graph, wrt);
  const given: (Contribution[] | undefined)[] = new Array(order.length);
  const give = (to: number, cotangent: Node, by: Node | undefined) => {
    const list = given[to];
    if (list === undefined) given[to] = [{ cotangent, by }];
    else list.push({ cotangent, by });
  };
  outputs.forEach((_, i) => {
    const c = cotangents[i];
    if (c !== undefined && active[graph.outputs[i]!] === 1) give(graph.outputs[i]!, c, undefined);
  });
  const asked = new Set(wrt);
  const adjoints = new Map<Node, Node>();
  // reverse topological order: every adjoint is complete before it is read
  for (let i = order.length - 1; i >= 0; i--) {
    const contributions = given[i];
    if (contributions === undefined) continue;
    given[i] = undefined;
    const node = order[i]!;
    const cotangent = total(node, contributions);
    if (asked.has(node)) adjoints.set(node, cotangent);
    const { vjp } = node.op;
    if (!hasDerivative(vjp)) continue;
    const { inputs, attributes } = node;
    const from = start[i]!;
    const wanted: boolean[] = new Array(inputs.length);
    let any = false;
    for (let k = 0; k < inputs.length; k++) {
      wanted[k] = active[operands[from + k]!] === 1;
      any ||= wanted[k]!;
    }
    if (!any) continue;
    const before = nodesCreated();
    const passed = derived(node, ruleOf(node.op), () => vjp({ node, inputs, attributes, cotangent, wanted }, m));
    for (let k = 0; k < passed.length; k++) {
      const c = passed[k];
      if (c === undefined || !wanted[k]) continue;
      give(operands[from + k]!, c, node);
      if (c.id > before) adjointOf(c, inputs[k]!);
    }
  }
  return wrt.map((w) => adjoints.get(w));
}

/** 1 for float nodes that lie on a differentiable path from any of `wrt`, by number. */
export function activeNodes({ order, operands, start }: Numbered, wrt: readonly Node[]): Uint8Array {
  const sources = new Set(wrt);
  const active = new Uint8Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const node = order[i]!;
    if (sources.has(node)) active[i] = 1;
    else if (node.dtype === "float" && node.op.constant !== true && hasDerivative(node.op.vjp)) {
      for (let k = start[i]!; k < start[i + 1]!; k++) if (active[operands[k]!] === 1) active[i] = 1;
    }
  }
  return active;
}

interface Contribution {
  readonly cotangent: Node;
  /** The node through which it came; undefined for a seed. */
  readonly by: Node | undefined;
}

const rules = new WeakMap<Op, string>();

function ruleOf(op: Op): string {
  const known = rules.get(op);
  if (known !== undefined) return known;
  const rule = `∂${op.name}`;
  rules.set(op, rule);
  return rule;
}

/** Nodes made meanwhile are derived from `of`: they take over its line and its time step. */
export function derived<A>(of: Node, rule: string, build: () => A): A {
  const { site, step } = of.origin;
  const { site: ours, cell } = ambientOrigin();
  return building({ site: site ?? ours, step, template: undefined, cell, derived: { of, rule } }, build);
}

/** A new derived node is the adjoint of `of` (or a term of it): said before anyone else sees the node. */
function adjointOf(node: Node, of: Node): void {
  const { site, step, template, cell, derived: own, call } = node.origin;
  const derivation: Derivation = { of: own!.of, rule: own!.rule, adjointOf: of };
  (node as { origin: Node["origin"] }).origin = { site, step, template, cell, derived: derivation, call };
}

/**
 * The sum of all contributions to a node's adjoint, in one fixed order: what came from other time steps first, each step's contributions
 * summed before (in the order of the template), the steps folded as the derivative runs, and each recurrence on its own; then what came
 * from outside; then the node's own step. A scan's derivative sums in the same order: that is why both give the same bits.
 */
function total(node: Node, contributions: readonly Contribution[]): Node {
  if (contributions.length === 1) return contributions[0]!.cotangent;
  return derived(node, "Σ", () => {
    const before = nodesCreated();
    const sum = sumTerms(bracketed(contributions, node.origin.step, 0));
    if (sum.id > before) adjointOf(sum, node);
    return sum;
  });
}

/** A sum of terms: those that know a better way to be put together are combined, the others added in order. */
export function sumTerms(terms: readonly Node[]): Node {
  const rest: Node[] = [];
  const groups = new Map<unknown, Node[]>();
  for (const t of terms) {
    const group = t.op.combine === undefined ? undefined : groups.get(t.op);
    if (t.op.combine === undefined) rest.push(t);
    else if (group === undefined) groups.set(t.op, [t]);
    else group.push(t);
  }
  for (const group of groups.values()) {
    const combined = group.length === 1 ? group[0] : group[0]!.op.combine!(group, m);
    if (combined === undefined) rest.push(...group);
    else rest.push(combined);
  }
  return rest.reduce((a, b) => m.add(a, b));
}

/** The step that a node belongs to at a depth of nesting, the outermost first. */
function stepAt(step: Step | undefined, depth: number): Step | undefined {
  let levels = 0;
  for (let s = step; s !== undefined; s = s.outer) levels++;
  let at = step;
  for (let up = levels - 1 - depth; up > 0; up--) at = at!.outer;
  return depth < levels ? at : undefined;
}

/** Terms in the order of the rule above; each is one step's sum, or a single contribution. `own` is the node's step, outermost at depth 0. */
function bracketed(contributions: readonly Contribution[], own: Step | undefined, depth: number): readonly Node[] {
  const inSteps = new Map<Step["of"], Map<number, Contribution[]>>();
  const outside: Contribution[] = [];
  const ownStep: Contribution[] = [];
  const mine = stepAt(own, depth);
  for (const c of contributions) {
    const at = stepAt(c.by?.origin.step, depth);
    if (at === undefined) (mine === undefined ? ownStep : outside).push(c);
    else if (mine !== undefined && mine.of === at.of && mine.t === at.t) ownStep.push(c);
    else {
      const steps = inSteps.get(at.of) ?? new Map<number, Contribution[]>();
      inSteps.set(at.of, steps);
      const list = steps.get(at.t);
      if (list === undefined) steps.set(at.t, [c]);
      else list.push(c);
    }
  }
  const terms: Node[] = [];
  // one sum for each unrolling, the older first: a scan gives one contribution, too
  const unrollings = [...inSteps].sort(([a], [b]) => (a.template[0]?.id ?? 0) - (b.template[0]?.id ?? 0));
  for (const [unrolling, steps] of unrollings) {
    const order = [...steps.keys()].sort((a, b) => (unrolling.reverse ? a - b : b - a));
    const folded: Node[] = [];
    for (const t of order) {
      const here = steps.get(t)!;
      pushSum(folded, here.length === 1 ? [here[0]!.cotangent] : bracketed(here, undefined, depth + 1));
    }
    pushSum(terms, folded);
  }
  for (const c of inTemplateOrder(outside)) terms.push(c.cotangent);
  if (mine !== undefined && ownStep.some((c) => stepAt(c.by?.origin.step, depth + 1) !== undefined))
    terms.push(...bracketed(ownStep, own, depth + 1));
  else for (const c of inTemplateOrder(ownStep)) terms.push(c.cotangent);
  return terms;
}

/** Adds the sum of `parts` to `terms`; pieces of one array, which are put together at the end, go one by one. */
function pushSum(terms: Node[], parts: readonly Node[]): void {
  if (parts.every((n) => n.op.combine !== undefined)) terms.push(...parts);
  else terms.push(sumTerms(parts));
}

function inTemplateOrder(list: readonly Contribution[]): readonly Contribution[] {
  if (list.length < 2) return list;
  const position = (c: Contribution) => (c.by?.origin.template ?? c.by)?.id ?? Number.POSITIVE_INFINITY;
  return [...list].sort((a, b) => position(a) - position(b));
}
