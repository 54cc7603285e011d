// The leaves of a state as independent coordinates. An LSTM's h_t is computed from its c_t: plain reverse mode counts what flows back through
// h_t in c_t's adjoint again. What a state *carries* is asked here, so everything behind step t reads a copy of each leaf of its
// state, and the way from leaf to leaf within the step does not go through the copies.

import { make, withOperands } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { ambientOrigin, building, type Step } from "../graph/source.ts";
import { topological } from "../graph/traverse.ts";
import { copyOp } from "./copy.ts";

export interface CutStates {
  readonly roots: readonly Node[];
  /** Each step's leaves as they are computed, from the copies of the step before. */
  readonly made: readonly (readonly Node[])[];
  /** What later steps, outputs and losses read of them: differentiate by these. */
  readonly carried: readonly (readonly Node[])[];
}

export function cutStates(roots: readonly Node[], states: readonly (readonly Node[])[]): CutStates {
  // a single tensor is no ancestor of itself: nothing to cut
  if (states.every((leaves) => leaves.length < 2)) return { roots, made: states, carried: states };
  const within = new Map<Node, Set<Node>>();
  for (const leaves of states) for (const [leaf, users] of usesWithinStep(leaves)) within.set(leaf, users);
  const known = new Map<Node, Node>();
  const copies = new Map<Node, Node>();
  for (const node of topological([...roots, ...states.flat()])) {
    const inputs = node.inputs.map((x) => (within.get(x)?.has(node) ? undefined : copies.get(x)) ?? known.get(x)!);
    const rebuilt = inputs.every((x, i) => x === node.inputs[i]) ? node : withOperands(node, inputs);
    known.set(node, rebuilt);
    if (within.has(node)) {
      const origin = { ...ambientOrigin(), step: node.origin.step };
      copies.set(
        node,
        building(origin, () => make(copyOp, [rebuilt], { name: "state" })),
      );
    }
  }
  const carriedAs = (n: Node): Node => copies.get(n) ?? known.get(n)!;
  return {
    roots: roots.map(carriedAs),
    made: states.map((leaves) => leaves.map((l) => known.get(l)!)),
    carried: states.map((leaves) => leaves.map(carriedAs)),
  };
}

/** For every leaf: the nodes of its own step that use it on the way to another leaf of the same state. */
function usesWithinStep(leaves: readonly Node[]): ReadonlyMap<Node, Set<Node>> {
  const found = new Map<Node, Set<Node>>(leaves.map((l) => [l, new Set<Node>()]));
  for (const leaf of leaves) {
    const own = outermost(leaf.origin.step);
    const seen = new Set<Node>([leaf]);
    const looking = [leaf];
    while (looking.length > 0) {
      const node = looking.pop()!;
      for (const x of node.inputs) {
        found.get(x)?.add(node);
        const at = outermost(x.origin.step);
        // from leaf to leaf the way never leaves the step
        if (own === undefined || at?.of !== own.of || at.t !== own.t || seen.has(x)) continue;
        seen.add(x);
        looking.push(x);
      }
    }
  }
  return found;
}

export function outermost(step: Step | undefined): Step | undefined {
  let at = step;
  while (at?.outer !== undefined) at = at.outer;
  return at;
}
