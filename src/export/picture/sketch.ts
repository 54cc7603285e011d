// A sketch: what a view is drawn from. Vertices are ops, wires their operands; what only moves data (plumbing) and what unroll built around
// the cell (glue) is already left out: wires go through it. The folded view's vertices are a cell's template, the unrolled view's its instances.

import type { Call, Node, Step, Unrolling } from "../../graph/node.ts";

export interface Vertex {
  readonly node: Node;
  readonly wires: readonly Wire[];
  /** For the unrolled view: the time step in which it stands. */
  readonly slot?: Slot | undefined;
  /** What is drawn in one column and row of the unrolled view: all instances of one template node. */
  readonly thread: Node;
  /** The unrolling whose cell it belongs to. */
  readonly cell?: Unrolling | undefined;
  /** A state or an input of a step, by name, with its index. */
  readonly name?: string | undefined;
  readonly state?: true | undefined;
  /** A state's name without its index. */
  readonly base?: string | undefined;
  /** Stands for a state or an input in the folded cell. */
  readonly placeholder?: "state" | "input" | undefined;
  /** The call of a composite that it belongs to, one key for each call and step. */
  readonly group?: { readonly key: string; readonly call: Call } | undefined;
  /** The user's name, when it is an output of the graph. */
  readonly output?: string | undefined;
  /** Stands for several steps that are not shown. */
  readonly ellipsis?: true | undefined;
}

export interface Wire {
  readonly from: Vertex;
  /** Position of the operand; −1 for what is no operand of the op (a mask). */
  readonly at: number;
  /** Comes from the step before. */
  readonly back?: true | undefined;
  readonly note?: string | undefined;
  readonly kind?: "mask" | undefined;
}

/** A time step that is shown; steps of one dim and index are one slot, whatever unrolling they belong to. */
export interface Slot {
  readonly dim: string;
  readonly size: number;
  readonly t: number;
  /** Stands for several steps that are not shown. */
  readonly until?: number | undefined;
}

export interface Sketch {
  readonly vertices: readonly Vertex[];
  readonly unrollings: readonly Unrolling[];
}

/** The template node that a node is an instance of, or the node itself. */
export function rootOf(node: Node): Node {
  let at = node;
  while (at.origin.template !== undefined) at = at.origin.template;
  return at;
}

export function outermost(step: Step): Step {
  let at = step;
  while (at.outer !== undefined) at = at.outer;
  return at;
}

/** Made by unroll itself, around the cell. */
export function isGlue(node: Node): boolean {
  return node.op.leaf !== "template" && rootOf(node).origin.call?.glue === true;
}

/** Left out of every picture. */
export function isPlumbing(node: Node): boolean {
  return node.op.picture?.plumbing === true || isGlue(node);
}

/** A selection by mask stands for what it selects in real steps. */
function selected(glue: Node): Node | undefined {
  const at = rootOf(glue).origin.call?.selects;
  return at === undefined ? undefined : glue.inputs[at];
}

/** The nodes that an operand's value comes from, through plumbing and glue. */
export function sourcesOf(operand: Node): readonly Node[] {
  if (!isPlumbing(operand)) return [operand];
  const found = new Set<Node>();
  const seen = new Set<Node>();
  const stack = [operand];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    if (!isPlumbing(node)) {
      found.add(node);
      continue;
    }
    const own = selected(node);
    const at = node.op.picture?.takes?.(node.attributes);
    const stacked = node.inputs[0];
    if (own !== undefined) stack.push(own);
    else if (at !== undefined && stacked?.op.picture?.stacks === true) stack.push(stacked.inputs[at]!);
    else for (let i = node.inputs.length - 1; i >= 0; i--) stack.push(node.inputs[i]!);
  }
  return [...found];
}

/** Sources of an operand as pictures show them: of a step's own kind when there are such, for masks lead to everything around a cell. */
export function shownSources(operand: Node, consumer: Step | undefined): readonly Node[] {
  const all = sourcesOf(operand);
  if (all.length < 2 || !isPlumbing(operand)) return all;
  const inSteps = all.filter((n) => n.origin.step !== undefined);
  if (inSteps.length === 0) return all;
  if (consumer === undefined) return inSteps;
  const now = outermost(consumer);
  const same = inSteps.filter((n) => outermost(n.origin.step!).t === now.t && outermost(n.origin.step!).of.dim.name === now.of.dim.name);
  return same.length > 0 ? same : inSteps;
}

/** All unrollings that nodes belong to, in the order of the nodes. */
export function unrollingsOf(nodes: readonly Node[]): readonly Unrolling[] {
  const found = new Set<Unrolling>();
  for (const node of nodes) for (let s = node.origin.step; s !== undefined; s = s.outer) found.add(s.of);
  // in the order in which the user made them
  return [...found].sort((a, b) => (a.template[0]?.id ?? 0) - (b.template[0]?.id ?? 0));
}

/** The composite's call that a node was made in; one key for each instance of it. */
export function groupOf(node: Node, keys: Map<object, number>): Vertex["group"] {
  const call = rootOf(node).origin.call;
  if (call === undefined || call.glue) return undefined;
  const number = (o: object): number => {
    if (!keys.has(o)) keys.set(o, keys.size);
    return keys.get(o)!;
  };
  let key = `${number(call)}`;
  for (let s = node.origin.step; s !== undefined; s = s.outer) key += `/${number(s.of)}:${s.t}`;
  return { key, call };
}
