// Walks over the graph. All are iterative: a graph of a million nodes must not overflow the stack.

import type { Node } from "./node.ts";

/** Nodes in topological order with their numbers: what a pass needs that keeps something for each node. */
export interface Numbered {
  /** Every node after its operands. */
  readonly order: readonly Node[];
  /** Numbers of all nodes' operands, one after the other: those of node i stand from `start[i]` up to `start[i + 1]`. */
  readonly operands: Int32Array;
  readonly start: Int32Array;
  readonly outputs: Int32Array;
}

type Scratch = { walk: number; number: number; readonly inputs: readonly Node[] };
let walks = 0;

const nothing: ReadonlySet<Node> = new Set();

/**
 * Nodes that the outputs reach, each after its operands. Operands are visited in order, so the result is deterministic. What lies behind one
 * of `variables` is not looked at.
 */
export function topological(outputs: readonly Node[], variables: ReadonlySet<Node> = nothing): readonly Node[] {
  const walk = ++walks;
  const order: Node[] = [];
  const stack: Node[] = [];
  const position: number[] = [];
  for (const output of outputs) {
    if ((output as unknown as Scratch).walk === walk) continue;
    (output as unknown as Scratch).walk = walk;
    stack.push(output);
    position.push(0);
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      const i = position[position.length - 1]!;
      if (i < node.inputs.length && (variables.size === 0 || !variables.has(node))) {
        position[position.length - 1] = i + 1;
        const next = node.inputs[i]!;
        if ((next as unknown as Scratch).walk !== walk) {
          (next as unknown as Scratch).walk = walk;
          stack.push(next);
          position.push(0);
        }
      } else {
        (node as unknown as Scratch).number = order.length;
        order.push(node);
        stack.pop();
        position.pop();
      }
    }
  }
  return order;
}

/** The same with numbers. A variable has no operands. */
export function numbered(outputs: readonly Node[], variables: ReadonlySet<Node> = nothing): Numbered {
  const order = topological(outputs, variables);
  const operandsOf = (n: Node): readonly Node[] => (variables.size > 0 && variables.has(n) ? [] : n.inputs);
  // read before any other walk: the numbers are those that it just gave
  const start = new Int32Array(order.length + 1);
  for (let i = 0; i < order.length; i++) start[i + 1] = start[i]! + operandsOf(order[i]!).length;
  const operands = new Int32Array(start[order.length]!);
  for (let i = 0, at = 0; i < order.length; i++) {
    for (const x of operandsOf(order[i]!)) operands[at++] = (x as unknown as Scratch).number;
  }
  return { order, operands, start, outputs: Int32Array.from(outputs, (o) => (o as unknown as Scratch).number) };
}

/** The nodes of `order` that depend on any of `sources` (the sources included). */
export function dependents(order: readonly Node[], sources: ReadonlySet<Node>): ReadonlySet<Node> {
  const found = new Set<Node>();
  for (const node of order) if (sources.has(node) || node.inputs.some((i) => found.has(i))) found.add(node);
  return found;
}
