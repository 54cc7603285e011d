// A shared parameter, untied: every use of W reads a copy of its own. A copy is a node that has W's value (the identity of W), no new
// parameter: W is initialised and fed as before and the loss keeps its bits, while ordinary reverse mode with respect to the copies
// gives the term of every use. A recurrent net is a deep feed-forward net whose layers share W; untied, it is drawn as one.

import { ill, make, mistakeHere, nameOf, withOperands } from "../graph/make.ts";
import { isNode, type Node, type Tensor } from "../graph/node.ts";
import { ambientOrigin, building, type Step, userCalled } from "../graph/source.ts";
import { topological } from "../graph/traverse.ts";
import { isTreeOfNodes, mapNodes, nodesOf, rebuild, type Tree } from "../graph/tree.ts";
import { copyOp } from "./copy.ts";

/** One use of the parameter, and the copy that it now reads. */
export interface Copy<W = Tensor> {
  /** `W@3`: the use at step 3; a second use within the step is `W@3#2`, a use outside every recurrence `W@outside`. */
  readonly name: string;
  /** Has W's value. Differentiate by it to get the term of this use. */
  readonly node: W;
  /** The time step of the use; undefined outside every recurrence. Of nested recurrences the outermost. */
  readonly step: number | undefined;
}

export interface Untied<O, W> {
  /** The outputs as they were given, with copies in the place of W. */
  readonly outputs: O;
  /** By time step, within a step in the order of the cell; uses outside every recurrence come last. */
  readonly copies: readonly Copy<W>[];
}

/**
 * Gives each use of a shared node (a parameter, as a rule) its own copy, so that the gradient by a copy is the term of that use alone.
 *
 * The copies are nodes that read `of`, not parameters: feeds, seeds and the loss stay what they were. Outputs that do not use it come back as they are.
 *
 * @example
 * import { add, constantly, dim, evaluate, grad, input, item, mul, parameter, unroll, untie, zeros } from "clew";
 * const x = input("x", [dim("time", 3)]), w = parameter("w", [], constantly(2));
 * const { final } = unroll((s, x_t) => { const next = add(mul(s, w), x_t); return { state: next, output: next }; }, { over: x, from: zeros([]) });
 * const { outputs: loss, copies } = untie(final, w); // ((0·w@0 + x_0)·w@1 + x_1)·w@2 + x_2
 * copies.map((c) => c.name); // ["w@0", "w@1", "w@2"]
 * item(evaluate(grad(loss, copies[1]!.node), { x: [5, 0, 0] })); // 10
 */
export const untie: <const O, W extends Tensor>(outputs: O, of: W) => Untied<O, Tensor<W["shape"]>> = userCalled(
  (outputs: unknown, of: unknown) => {
    if (!isTreeOfNodes(outputs) || !isNode(of)) {
      const problem = mistakeHere("NotTensor", "untie", "expected tensors, and the tensor that they share", [], "untie(loss, W)");
      return {
        outputs: isTreeOfNodes(outputs)
          ? mapNodes(outputs, (o) => ill(problem, { shape: o.shape, dtype: o.dtype, rests: [o] }))
          : ill(problem),
        copies: [],
      };
    }
    const { roots, copies } = untieNodes(nodesOf(outputs), of);
    return { outputs: rebuild(outputs as Tree<Node>, isNode, roots), copies };
  },
);

/** A copy with the whole path of its step, outermost first. */
export interface Use extends Copy<Node> {
  readonly path: readonly Step[];
}

/** The same over a list of outputs. */
export function untieNodes(outputs: readonly Node[], of: Node): { readonly roots: readonly Node[]; readonly copies: readonly Use[] } {
  const order = topological(outputs);
  const uses = order.flatMap((by) => by.inputs.flatMap((x, position) => (x === of ? [{ by, position, path: stepPath(by) }] : [])));
  const positionOf = (node: Node): number => (node.origin.template ?? node).id;
  uses.sort((a, b) => byPath(a.path, b.path) || positionOf(a.by) - positionOf(b.by) || a.position - b.position);
  const taken = new Map<string, number>();
  const copies: Use[] = [];
  const copyAt = new Map<Node, Map<number, Node>>();
  for (const { by, position, path } of uses) {
    const at = `${nameOf(of) ?? of.op.name}@${path.length === 0 ? "outside" : path.map((s) => s.t).join(".")}`;
    const count = (taken.get(at) ?? 0) + 1;
    taken.set(at, count);
    const name = count === 1 ? at : `${at}#${count}`;
    const node = building({ ...ambientOrigin(), step: by.origin.step }, () => make(copyOp, [of], { name }));
    copies.push({ name, node, step: path[0]?.t, path });
    const positions = copyAt.get(by) ?? new Map<number, Node>();
    copyAt.set(by, positions.set(position, node));
  }
  const result = new Map<Node, Node>();
  for (const node of order) {
    const own = copyAt.get(node);
    const inputs = node.inputs.map((x, i) => own?.get(i) ?? result.get(x)!);
    result.set(node, inputs.every((x, i) => x === node.inputs[i]) ? node : withOperands(node, inputs));
  }
  return { roots: outputs.map((o) => result.get(o)!), copies };
}

/** Steps that a node belongs to, outermost first. */
function stepPath(node: Node): readonly Step[] {
  const path: Step[] = [];
  for (let s = node.origin.step; s !== undefined; s = s.outer) path.push(s);
  return path.reverse();
}

/** By step, outermost first; what is in no recurrence comes last. Unrollings in the order in which they were made. */
function byPath(a: readonly Step[], b: readonly Step[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i]!, b[i]!];
    const made = (s: Step): number => s.of.template[0]?.id ?? 0;
    const difference = x.of === y.of ? x.t - y.t : made(x) - made(y);
    if (difference !== 0) return difference;
  }
  return b.length - a.length;
}
