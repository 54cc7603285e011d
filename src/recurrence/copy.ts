// Nodes that have another node's value: they give one use of it a place of its own in the graph.

import type { Op } from "../graph/node.ts";
import { elementwise } from "../ops/elementwise.ts";

/** The operand itself: the record that these ops have in common. */
export const identity: Op = elementwise({
  name: "copy",
  doc: "The operand itself: one use of a shared node, told apart from the others.",
  operands: ["same"],
  result: "same",
  formula: (_, a) => a,
  derivative: [(_, v) => v],
  latex: (a) => a!,
  samples: [],
}) as Op;

/** A copy with a name of its own, which pictures show. */
export const copyOp: Op = {
  ...identity,
  label: ({ name }: { readonly name: string }) => name,
  latex: (_, { name }: { readonly name: string }) => name,
};

/** A copy that is there for the order of sums alone: pictures leave it out. */
export const passOp: Op = { ...identity, name: "pass", picture: { plumbing: true } };
