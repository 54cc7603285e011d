// Walks over the graph. All are iterative: a graph of a million nodes must not overflow the stack.

import type { Node } from "./node.ts";

/** Nodes that the outputs reach, each after its operands. Operands are visited in order, so the result is deterministic. */
export function topological(outputs: readonly Node[]): readonly Node[] {
  const order: Node[] = [];
  const done = new Set<Node>();
  const stack: Node[] = [];
  const position: number[] = [];
  for (const output of outputs) {
    if (done.has(output)) continue;
    stack.push(output);
    position.push(0);
    done.add(output);
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      const i = position[position.length - 1]!;
      if (i < node.inputs.length) {
        position[position.length - 1] = i + 1;
        const next = node.inputs[i]!;
        if (!done.has(next)) {
          done.add(next);
          stack.push(next);
          position.push(0);
        }
      } else {
        order.push(node);
        stack.pop();
        position.pop();
      }
    }
  }
  return order;
}

/** The nodes of `order` that depend on any of `sources` (the sources included). */
export function dependents(order: readonly Node[], sources: ReadonlySet<Node>): ReadonlySet<Node> {
  const found = new Set<Node>();
  for (const node of order) if (sources.has(node) || node.inputs.some((i) => found.has(i))) found.add(node);
  return found;
}

/**
 * Rebuilds the outputs with some nodes replaced; what does not depend on a replaced node is kept as it is.
 * `rebuild` makes the new node from the old one and its new operands.
 */
export function substitute(
  outputs: readonly Node[],
  replaced: ReadonlyMap<Node, Node>,
  rebuild: (node: Node, inputs: readonly Node[]) => Node,
): readonly Node[] {
  const result = new Map<Node, Node>();
  for (const node of topological(outputs)) {
    const given = replaced.get(node);
    if (given !== undefined) {
      result.set(node, given);
      continue;
    }
    let changed = false;
    const inputs = node.inputs.map((i) => {
      const now = result.get(i)!;
      if (now !== i) changed = true;
      return now;
    });
    result.set(node, changed ? rebuild(node, inputs) : node);
  }
  return outputs.map((o) => result.get(o)!);
}
