// Reverse mode: the thread followed back. Given a graph and cotangents of its outputs, each node, in reverse topological order, asks its
// op how the cotangent passes to its operands. What comes out is a graph again: shared, drawn, differentiated like any other.

import type { Node } from "../graph/node.ts";
import { hasDerivative } from "../graph/op.ts";
import { nodesCreated } from "../graph/node.ts";
import { ambientOrigin, building, type Derivation, type Step } from "../graph/source.ts";
import { topological } from "../graph/traverse.ts";
import { algebra as m } from "../ops/algebra.ts";

/** ∂(Σ ⟨outputs, cotangents⟩)/∂w for every w of `wrt`; undefined where nothing reaches (a structural zero). */
export function reverse(
  outputs: readonly Node[],
  cotangents: readonly (Node | undefined)[],
  wrt: readonly Node[],
): readonly (Node | undefined)[] {
  const order = topological(outputs);
  const active = activeNodes(order, wrt);
  const contributions = new Map<Node, Contribution[]>();
  const give = (to: Node, cotangent: Node, by: Node | undefined) => {
    const list = contributions.get(to);
    if (list === undefined) contributions.set(to, [{ cotangent, by }]);
    else list.push({ cotangent, by });
  };
  outputs.forEach((o, i) => {
    const c = cotangents[i];
    if (c !== undefined && active.has(o)) give(o, c, undefined);
  });
  const adjoints = new Map<Node, Node>();
  // reverse topological order: every adjoint is complete before it is read
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    const given = contributions.get(node);
    if (given === undefined) continue;
    contributions.delete(node);
    const cotangent = total(node, given);
    adjoints.set(node, cotangent);
    const { vjp } = node.op;
    if (node.inputs.length === 0 || !hasDerivative(vjp)) continue;
    const wanted = node.inputs.map((x) => active.has(x));
    if (!wanted.includes(true)) continue;
    const before = nodesCreated();
    const passed = derived(node, `∂${node.op.name}`, () =>
      vjp({ node, inputs: node.inputs, attributes: node.attributes, cotangent, wanted }, m),
    );
    passed.forEach((c, k) => {
      if (c === undefined || !wanted[k]) return;
      const to = node.inputs[k]!;
      give(to, c, node);
      if (c.id > before) adjointOf(c, to);
    });
  }
  return wrt.map((w) => adjoints.get(w));
}

/** Float nodes that lie on a differentiable path from any of `wrt`. */
export function activeNodes(order: readonly Node[], wrt: readonly Node[]): ReadonlySet<Node> {
  const sources = new Set(wrt);
  const active = new Set<Node>();
  for (const node of order) {
    if (sources.has(node)) active.add(node);
    else if (node.dtype === "float" && node.op.constant !== true && hasDerivative(node.op.vjp) && node.inputs.some((i) => active.has(i)))
      active.add(node);
  }
  return active;
}

interface Contribution {
  readonly cotangent: Node;
  /** The node through which it came; undefined for a seed. */
  readonly by: Node | undefined;
}

/** Nodes made meanwhile are derived from `of`: they take over its line and its time step. */
export function derived<A>(of: Node, rule: string, build: () => A): A {
  const { site, step } = of.origin;
  const { site: ours, cell } = ambientOrigin();
  return building({ site: site ?? ours, step, cell, derived: { of, rule } }, build);
}

/** A new derived node is the adjoint of `of` (or a term of it): said before anyone else sees the node. */
function adjointOf(node: Node, of: Node): void {
  const own = node.origin.derived as Derivation;
  (node as { origin: Node["origin"] }).origin = { ...node.origin, derived: { ...own, adjointOf: of } };
}

/**
 * The sum of all contributions to a node's adjoint, in one fixed order: what came from other time steps first, each step's contributions
 * summed before (in the order of the template) and the steps folded as the derivative runs; then what came from outside; then
 * the node's own step. A scan's derivative sums in the same order: that is why both give the same bits.
 */
function total(node: Node, contributions: readonly Contribution[]): Node {
  if (contributions.length === 1) return contributions[0]!.cotangent;
  return derived(node, "Σ", () => {
    const before = nodesCreated();
    const sum = sumTerms(bracketed(contributions, stepPath(node), 0));
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

/** Outermost step first. */
function stepPath(node: Node | undefined): readonly Step[] {
  const path: Step[] = [];
  for (let s = node?.origin.step; s !== undefined; s = s.outer) path.push(s);
  return path.reverse();
}

/** Terms in the order of the rule above; each is one step's sum, or a single contribution. */
function bracketed(contributions: readonly Contribution[], own: readonly Step[], depth: number): readonly Node[] {
  const inSteps = new Map<Step["of"], Map<number, Contribution[]>>();
  const outside: Contribution[] = [];
  const ownStep: Contribution[] = [];
  for (const c of contributions) {
    const at = stepPath(c.by)[depth];
    const mine = own[depth];
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
  for (const [unrolling, steps] of inSteps) {
    const order = [...steps.keys()].sort((a, b) => (unrolling.reverse ? a - b : b - a));
    for (const t of order) {
      const inside = bracketed(steps.get(t)!, [], depth + 1);
      // pieces of one array that are put together at the end are not added step by step
      if (inside.every((n) => n.op.combine !== undefined)) terms.push(...inside);
      else terms.push(sumTerms(inside));
    }
  }
  terms.push(...inTemplateOrder(outside).map((c) => c.cotangent));
  if (own[depth] !== undefined && ownStep.some((c) => stepPath(c.by)[depth + 1] !== undefined))
    terms.push(...bracketed(ownStep, own, depth + 1));
  else terms.push(...inTemplateOrder(ownStep).map((c) => c.cotangent));
  return terms;
}

function inTemplateOrder(list: readonly Contribution[]): readonly Contribution[] {
  const position = (c: Contribution) => (c.by?.origin.template ?? c.by)?.id ?? Number.POSITIVE_INFINITY;
  return [...list].sort((a, b) => position(a) - position(b));
}
