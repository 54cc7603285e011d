// The graph as it is used when training is over: each op is asked for its inference form.

import { ill, mistakeHere, withOperands } from "../graph/make.ts";
import { isNode, type Node } from "../graph/node.ts";
import { userCalled } from "../graph/source.ts";
import { topological } from "../graph/traverse.ts";
import { isTreeOfNodes, nodesOf, rebuild, type Tree } from "../graph/tree.ts";
import { shown } from "../ops/checks.ts";

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
  const result = new Map<Node, Node>();
  for (const node of topological(nodesOf(outputs))) {
    const inputs = node.inputs.map((i) => result.get(i)!);
    const changed = inputs.some((x, i) => x !== node.inputs[i]);
    result.set(node, node.op.inference?.(node, inputs) ?? (changed ? withOperands(node, inputs) : node));
  }
  return rebuild(
    outputs as Tree<Node>,
    isNode,
    nodesOf(outputs).map((n) => result.get(n)!),
  );
});
