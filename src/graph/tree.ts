// Trees of nodes: states, outputs and gradients are a node or a record of them, to any depth; functions over them keep the shape.

import { isNode, type Node } from "./node.ts";

/** A leaf, or a record of trees. */
export type Tree<L> = L | { readonly [name: string]: Tree<L> };

/** Records are visited in the order of their keys as written. */
export function leaves<L>(tree: Tree<L>, isLeaf: (t: unknown) => t is L): readonly L[] {
  if (isLeaf(tree)) return [tree];
  return Object.values(tree as Record<string, Tree<L>>).flatMap((t) => leaves(t, isLeaf));
}

/** Paths of the leaves, as `h`, `encoder.W`; the empty string for a tree that is a leaf. */
export function paths<L>(tree: Tree<L>, isLeaf: (t: unknown) => t is L, prefix = ""): readonly string[] {
  if (isLeaf(tree)) return [prefix];
  return Object.entries(tree as Record<string, Tree<L>>).flatMap(([k, t]) => paths(t, isLeaf, prefix === "" ? k : `${prefix}.${k}`));
}

/** Same records, other leaves: `values` in the order of `leaves`. */
export function rebuild<L, M>(tree: Tree<L>, isLeaf: (t: unknown) => t is L, values: readonly M[]): Tree<M> {
  let next = 0;
  const walk = (t: Tree<L>): Tree<M> => {
    if (isLeaf(t)) return values[next++]!;
    return Object.fromEntries(Object.entries(t as Record<string, Tree<L>>).map(([k, u]) => [k, walk(u)]));
  };
  return walk(tree);
}

export function nodesOf(tree: unknown): readonly Node[] {
  return leaves(tree as Tree<Node>, isNode);
}

export function mapNodes<M>(tree: unknown, f: (node: Node, index: number) => M): Tree<M> {
  return rebuild(tree as Tree<Node>, isNode, nodesOf(tree).map(f));
}

/** True for a node or a record (of records) of nodes, and nothing else. */
export function isTreeOfNodes(tree: unknown): boolean {
  if (isNode(tree)) return true;
  if (typeof tree !== "object" || tree === null) return false;
  const prototype: object | null = Object.getPrototypeOf(tree);
  // a record, of whichever realm: no array, no Map, no instance of a class
  if (prototype !== null && (Object.getPrototypeOf(prototype) !== null || Array.isArray(tree))) return false;
  return Object.values(tree).every(isTreeOfNodes);
}
