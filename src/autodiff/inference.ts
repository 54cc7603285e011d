// The graph as it is used when training is over: each op is asked for its inference form.

import { ill, mistakeHere, withOperands } from "../graph/make.ts";
import { createNode, isNode, type Node } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { type Step, type Unrolling, userCalled } from "../graph/source.ts";
import { topological } from "../graph/traverse.ts";
import { isTreeOfNodes, nodesOf, rebuild, type Tree } from "../graph/tree.ts";

/**
 * What the outputs are outside of training: dropout is gone.
 *
 * @example
 * import { dim, dropout, evaluate, inference, input } from "clew";
 * const x = input("x", [dim("word", 2)]);
 * evaluate(inference(dropout(x, 0.5, "x")), { x: [1, 2] }).data; // Float64Array [1, 2]
 */
export const inference: <const O>(outputs: O) => O = userCalled((outputs: unknown) => {
  if (!isTreeOfNodes(outputs)) {
    const found = `expected a tensor or a record of tensors, found ${shown(outputs)}`;
    return ill(mistakeHere("NotTensor", "inference", found, [], "inference({ predictions })"));
  }
  const result = replacing(nodesOf(outputs), (node, inputs) => node.op.inference?.(node, inputs));
  return rebuild(
    outputs as Tree<Node>,
    isNode,
    nodesOf(outputs).map((n) => result.get(n)!),
  );
});

/** What takes a node's place, given its operands as they are now; undefined when it stays what it is. */
export type Replacement = (node: Node, inputs: readonly Node[]) => Node | undefined;

/** What every node that the outputs reach has become; recurrences know of it. */
export function replacing(outputs: readonly Node[], instead: Replacement): ReadonlyMap<Node, Node> {
  const reached = topological(outputs);
  const recurrences = new Set(reached.flatMap(recurrencesOf));
  const order = topological([...reached, ...[...recurrences].flatMap(aroundOf)]);
  // a recurrence knows what it runs over; where that changes, all its steps have to know
  const moved = new Map<Unrolling, Unrolling>();
  for (;;) {
    const result = replaced(order, moved, instead);
    const changed = (n: Node): boolean => result.get(n) !== n;
    const more = [...recurrences].filter((r) => !moved.has(r) && aroundOf(r).some(changed));
    if (more.length > 0) {
      for (const r of more) moved.set(r, { ...r });
      continue;
    }
    const now = (n: Node): Node => result.get(n)!;
    for (const [was, is] of moved) {
      const carries = was.carries.map((c) => ({ ...c, from: now(c.from) }));
      const inputs = was.inputs.map((i) => ({ ...i, over: now(i.over) }));
      Object.assign(is, { carries, inputs, mask: was.mask && now(was.mask) }); // before anyone else sees them
    }
    return result;
  }
}

function replaced(order: readonly Node[], moved: ReadonlyMap<Unrolling, Unrolling>, instead: Replacement): ReadonlyMap<Node, Node> {
  const result = new Map<Node, Node>();
  const steps = new Map<Step, Step>();
  const stepNow = (step: Step): Step => {
    const known = steps.get(step);
    if (known !== undefined) return known;
    const outer = step.outer && stepNow(step.outer);
    const of = moved.get(step.of) ?? step.of;
    const now = of === step.of && outer === step.outer ? step : { of, t: step.t, outer };
    steps.set(step, now);
    return now;
  };
  for (const node of order) {
    const inputs = node.inputs.map((i) => result.get(i)!);
    const changed = inputs.some((x, i) => x !== node.inputs[i]);
    const inferred = instead(node, inputs) ?? (changed ? withOperands(node, inputs) : node);
    const { op, attributes, shape, dtype, origin, diagnostics, certain } = inferred;
    const step = origin.step && stepNow(origin.step);
    const recurrence = moved.get(attributes.recurrence as Unrolling);
    if (inputs.includes(inferred) || (step === origin.step && recurrence === undefined)) result.set(node, inferred);
    else {
      const own = recurrence === undefined ? attributes : { ...attributes, recurrence };
      result.set(node, createNode(op, inferred.inputs, own, shape, dtype, { ...origin, step }, diagnostics, certain));
    }
  }
  return result;
}

/** The recurrences that a node is part of, or is. */
function recurrencesOf({ origin, attributes }: Node): readonly Unrolling[] {
  const found: Unrolling[] = attributes.recurrence === undefined ? [] : [attributes.recurrence as Unrolling];
  for (let step = origin.step; step !== undefined; step = step.outer) found.push(step.of);
  return found;
}

/** What a recurrence starts from and runs over. */
function aroundOf({ carries, inputs, mask }: Unrolling): readonly Node[] {
  return [...carries.map((c) => c.from), ...inputs.map((i) => i.over), ...(mask === undefined ? [] : [mask])];
}
