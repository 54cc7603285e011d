// The body of a recurrence: one step, as a function that is written as a piece of graph. Some of its nodes are variables (the state before the
// step, the step's part of an input, a value from outside that all steps share): a variable is a name, and what a node that serves as one was
// computed from is not looked at. That is why an outer node (W) is its own variable, and why the derivative of a step may take a node of
// the step as a variable without copying anything.
//
// A node with a body (a scan) keeps it in `attributes.body`; its operands are the values of the captured nodes, then the first states, then
// the inputs, in the order of the body's lists.

import type { Node, Step } from "./node.ts";
import { type Numbered, numbered } from "./traverse.ts";
import { Fault } from "./value.ts";

export interface Body {
  /** Values from outside, the same in every step. */
  readonly captured: readonly Node[];
  /** The state before the step. */
  readonly states: readonly Node[];
  /** The step's part of each input. */
  readonly inputs: readonly Node[];
  /** The state after the step, one for each state: nodes that are computed here, all different. */
  readonly next: readonly Node[];
  /** What the recurrence was made for, besides: nodes that are computed here. Any other node of the body may be asked for as well. */
  readonly outputs: readonly Node[];
  /** What stands for a node of the body that was rewritten (dropout taken out): results are asked for by the nodes of the first body. */
  readonly instead?: ReadonlyMap<Node, Node>;
}

export function bodyOf(node: Node): Body | undefined {
  return node.attributes.body as Body | undefined;
}

export function variablesOf({ captured, states, inputs }: Body): ReadonlySet<Node> {
  return new Set([...captured, ...states, ...inputs]);
}

/** What a node of the body as it was first is now. */
export function nowIn(body: Body, node: Node): Node {
  return body.instead?.get(node) ?? node;
}

/** The nodes of the body that `targets` need, each after its operands; variables have none. */
export function orderOf(body: Body, targets: readonly Node[] = [...body.next, ...body.outputs]): Numbered {
  return numbered(targets, variablesOf(body));
}

/** The nodes of the body that are needed for what is asked: a state that is read needs its next one. */
export function neededFor(body: Body, asked: readonly { readonly of: Node }[]): Numbered {
  const targets = new Set(asked.map((a) => a.of));
  for (;;) {
    const before = targets.size;
    const graph = orderOf(body, [...targets]);
    const present = new Set(graph.order);
    for (const [i, s] of body.states.entries()) if (present.has(s)) targets.add(body.next[i]!);
    if (targets.size === before) return graph;
  }
}

/** Which nodes of an order depend on any of `sources` (the sources included), by number. */
export function dependsOn({ order, operands, start }: Numbered, isSource: (node: Node) => boolean): Uint8Array {
  const found = new Uint8Array(order.length);
  for (let i = 0; i < order.length; i++) {
    if (isSource(order[i]!)) found[i] = 1;
    for (let k = start[i]!; k < start[i + 1]!; k++) if (found[operands[k]!] === 1) found[i] = 1;
  }
  return found;
}

/** Whether a node draws anew in every step of a recurrence (dropout), itself or in its body. */
export function drawsAnew(node: Node): boolean {
  const body = bodyOf(node);
  return body === undefined ? node.op.atStep !== undefined : orderOf(body).order.some(drawsAnew);
}

/** The nodes of a graph that read a node with several results: what it is asked for. */
export type Readers = ReadonlyMap<Node, readonly Node[]>;

export function readersIn(nodes: readonly Node[]): Readers {
  const found = new Map<Node, Node[]>();
  for (const node of nodes) {
    for (const x of node.inputs) {
      if (bodyOf(x) === undefined) continue;
      const known = found.get(x);
      if (known === undefined) found.set(x, [node]);
      else if (!known.includes(node)) known.push(node);
    }
  }
  return found;
}

/** A mistake that showed in the values of a body: at which of its nodes, at which step. */
export class FaultInBody extends Fault {
  constructor(
    { code, message, hint }: Fault,
    readonly node: Node,
    readonly step: Step,
  ) {
    super(code, message, hint);
  }
}
