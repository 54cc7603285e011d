// Which results are stored, and which are computed where they are read. A result that is read once, element by element, need not exist: it becomes
// part of its reader's expression (fusion). One that several read, or whose reader wants it in memory (a product), or that a larger result repeats,
// is stored.

import { bodyOf } from "../graph/body.ts";
import type { Computation } from "../graph/computation.ts";
import type { Node } from "../graph/node.ts";
import type { Numbered } from "../graph/traverse.ts";
import { count, sizesOf } from "./places.ts";

export type ComputationOf = (node: Node) => Computation | undefined;

/** A fused expression has no more operations than this: kernels stay small, for the runtime compiles them one by one. */
const largest = 40;

/** These change where elements are looked for. */
const views: ReadonlySet<Computation["kind"]> = new Set(["view", "reshape"] as const);
/** These are as cheap to compute as to load. */
const numbers: ReadonlySet<Computation["kind"]> = new Set(["fill", "position"] as const);
/** These can be part of an expression. */
const fusible: ReadonlySet<Computation["kind"]> = new Set(["elementwise", "convert"] as const);

/** What of a graph (or of a body) is stored, by number. `wanted` are results that must be; what is bound has its place already. */
export function stored(
  graph: Numbered,
  computation: ComputationOf,
  isBound: (node: Node) => boolean,
  wanted: ReadonlySet<Node>,
): Uint8Array {
  const { order, operands, start } = graph;
  const reads = new Float64Array(order.length);
  const isStored = new Uint8Array(order.length);
  const inMemory = new Uint8Array(order.length);
  // readers before what they read
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    const kind = isBound(node) ? undefined : computation(node)?.kind;
    const size = count(sizesOf(node));
    if (kind !== undefined && kind !== "given") {
      const inMind = wanted.has(node) || (inMemory[i] === 1 && !views.has(kind));
      const often = reads[i]! > 1 && !views.has(kind) && !numbers.has(kind);
      if (inMind || often || !(views.has(kind) || numbers.has(kind) || fusible.has(kind))) isStored[i] = 1;
    }
    const each = isStored[i] === 1 || bodyOf(node) !== undefined ? 1 : reads[i]!;
    for (let k = start[i]!; k < start[i + 1]!; k++) {
      const o = operands[k]!;
      const position = k - start[i]!;
      reads[o]! += each;
      // what is repeated is computed once, but for numbers
      const isNumber = numbers.has(isBound(order[o]!) ? "given" : (computation(order[o]!)?.kind ?? "given"));
      const repeats = (kind === "elementwise" || kind === "view") && !isNumber && count(sizesOf(order[o]!)) < size;
      if (repeats || needsMemory(node, kind, position) || (isStored[i] === 0 && inMemory[i] === 1)) inMemory[o] = 1;
    }
  }
  const operationsIn = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) {
    if (start[i] === start[i + 1] || isStored[i] === 1) continue;
    const kind = computation(order[i]!)?.kind;
    const isView = kind !== undefined && views.has(kind);
    let total = isView ? 0 : 1;
    for (let k = start[i]!; k < start[i + 1]!; k++) if (isStored[operands[k]!] === 0) total += operationsIn[operands[k]!]!;
    operationsIn[i] = total;
    if (total > largest && !isView) isStored[i] = 1;
  }
  return isStored;
}

/** Whether a reader wants an operand in memory, rather than as an expression. */
function needsMemory(reader: Node, kind: Computation["kind"] | undefined, position: number): boolean {
  const body = bodyOf(reader);
  // first states are copied; what is captured, and inputs, are read in place
  if (body !== undefined) return position < body.captured.length || position >= body.captured.length + body.states.length;
  return kind === "contract" || kind === "gather" || kind === "scatter" || kind === "reshape" || kind === "oneHot";
}
