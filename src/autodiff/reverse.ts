// Reverse mode: the thread followed back. Given a graph and cotangents of its outputs, each node, in reverse topological order, asks its
// op how the cotangent passes to its operands. What comes out is a graph again: shared, drawn, differentiated like any other.

import { hasDerivative, type Node, nodesCreated, type Op } from "../graph/node.ts";
import { ambientOrigin, building, type Derivation } from "../graph/source.ts";
import { type Numbered, numbered } from "../graph/traverse.ts";
import { algebra as m } from "../ops/algebra.ts";
import { type Contribution, sumTerms, termsOf } from "./bracket.ts";
import { currentPass, inPass } from "./pass.ts";

/** ∂(Σ ⟨outputs, cotangents⟩)/∂w for every w of `wrt`; undefined where nothing reaches (a structural zero). */
export function reverse(
  outputs: readonly Node[],
  cotangents: readonly (Node | undefined)[],
  wrt: readonly Node[],
  graph: Numbered = numbered(outputs),
): readonly (Node | undefined)[] {
  return inPass("reverse", () => followed(outputs, cotangents, wrt, graph));
}

function followed(
  outputs: readonly Node[],
  cotangents: readonly (Node | undefined)[],
  wrt: readonly Node[],
  graph: Numbered,
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
    if (from === start[i + 1]) continue; // a leaf, or a variable of a body
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
  return building({ site: site ?? ours, step, template: undefined, cell, derived: { of, rule, pass: currentPass() } }, build);
}

/** A new derived node is the adjoint of `of` (or a term of it): said before anyone else sees the node. */
function adjointOf(node: Node, of: Node): void {
  const { site, step, template, cell, derived: own, call } = node.origin;
  const derivation: Derivation = { of: own!.of, rule: own!.rule, pass: own!.pass, adjointOf: of };
  (node as { origin: Node["origin"] }).origin = { site, step, template, cell, derived: derivation, call };
}

/** The sum of all contributions to a node's adjoint, in one fixed order (bracket.ts). */
function total(node: Node, contributions: readonly Contribution[]): Node {
  if (contributions.length === 1) return contributions[0]!.cotangent;
  return derived(node, "Σ", () => {
    const before = nodesCreated();
    const sum = sumTerms(termsOf(node, contributions));
    if (sum.id > before) adjointOf(sum, node);
    return sum;
  });
}
