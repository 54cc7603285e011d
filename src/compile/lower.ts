// From a graph to a loop program: each stored result becomes the statements that compute it; the others become part of their readers' expressions.

import { bodyOf } from "../graph/body.ts";
import { computationOf } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import type { Numbered } from "../graph/traverse.ts";
import { stored } from "./decide.ts";
import { copied, type Scope } from "./elements.ts";
import { isRowMajor, over, rowMajor, sizesOf } from "./places.ts";
import { store } from "./store.ts";

/** Lowers the nodes of a graph in order; results in `wanted` are stored, and have a place afterwards. */
export function lower(graph: Numbered, scope: Scope, wanted: ReadonlySet<Node>): void {
  const isBound = (n: Node): boolean => scope.places.has(n) || scope.aliases.has(n);
  const isStored = stored(graph, computationOf, isBound, new Set([...wanted, ...scope.wanted.keys()]));
  const readers = new Map<Node, Node[]>();
  for (const n of graph.order) {
    const scan = isBound(n) ? undefined : n.inputs[0];
    if (scan === undefined || bodyOf(scan) === undefined) continue;
    readers.set(scan, [...(readers.get(scan) ?? []), n]);
  }
  for (const [i, node] of graph.order.entries()) {
    if (isBound(node)) continue;
    if (bodyOf(node) !== undefined) scope.program.withBody(node, readers.get(node) ?? [], scope);
    else if (isStored[i] === 1) store(node, scope);
    else place(node, scope);
  }
}

/** A view of what has a place has one itself. */
function place(node: Node, scope: Scope): void {
  const computation = computationOf(node);
  if (computation?.kind === "view") {
    const from = scope.places.get(node.inputs[0]!);
    if (from !== undefined) scope.places.set(node, over(from, computation.axes, node.shape.length));
  } else if (computation?.kind === "reshape") {
    const operand = node.inputs[0]!;
    const from = scope.places.get(operand);
    const sizes = sizesOf(operand);
    const whole = from !== undefined && isRowMajor(from, sizes) ? from : copied(operand, scope);
    scope.places.set(node, { ...whole, strides: rowMajor(sizesOf(node)) });
  }
}
