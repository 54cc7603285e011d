// A whole graph as a loop program: inputs and parameters have their buffers, outputs are stored.

import type { Graph } from "../graph/graph.ts";
import { nameOf } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { numbered } from "../graph/traverse.ts";
import { nodesOf } from "../graph/tree.ts";
import { newBuffer, type Program, type Scope } from "./elements.ts";
import type { Place } from "./loops.ts";
import { lower } from "./lower.ts";
import { count, sizesOf, wholeOf } from "./places.ts";
import { lowerScan } from "./scan.ts";

/** `roots` are the graph's outputs, relieved of what hoisting took out of scans. */
export function loopsOf(g: Graph<unknown>, roots: readonly Node[] = nodesOf(g.outputs)): Scope {
  const program: Program = { buffers: [], constants: new Map(), keys: [], faults: [], withBody: lowerScan };
  const places = new Map<Node, Place>();
  for (const [list, life] of [
    [g.inputs, "input"],
    [g.parameters, "parameter"],
  ] as const) {
    for (const n of list) places.set(n, wholeOf(newBuffer(program, n.dtype, count(sizesOf(n)), life, nameOf(n)!), sizesOf(n)));
  }
  const scope: Scope = { program, statements: [], places, aliases: new Map(), wanted: new Map(), path: [] };
  lower(numbered(roots), scope, new Set(roots));
  return scope;
}
