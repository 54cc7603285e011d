// Trees of nodes: states, outputs and gradients are a node or a record of them, to any depth; functions over them keep the shape.

import { isNode, type Node } from "./node.ts";
import { shown } from "./options.ts";

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
  return oddIn(tree) === undefined;
}

/** Records within records: nobody writes more by hand, and walks over trees call themselves. */
const deepest = 1000;

/** Where a tree is none, and why: `encoder.W is an array`; at its root, with the empty path. Undefined for a tree. */
export function oddIn(tree: unknown): { readonly path: string; readonly is: string } | undefined {
  const above = new Set<unknown>();
  const walk = (t: unknown, path: string): { readonly path: string; readonly is: string } | undefined => {
    if (isNode(t)) return undefined;
    if (!isPlain(t)) return { path, is: shown(t) };
    if (above.has(t)) return { path, is: "a record that holds itself" };
    if (above.size >= deepest) return { path: path.split(".").slice(0, 3).concat("…").join("."), is: `more than ${deepest} records deep` };
    above.add(t);
    for (const [name, u] of Object.entries(t)) {
      const odd = walk(u, path === "" ? name : `${path}.${name}`);
      if (odd !== undefined) return odd;
    }
    above.delete(t);
    return undefined;
  };
  return walk(tree, "");
}

/** A record, of whichever realm: no array, no Map, no instance of a class. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
