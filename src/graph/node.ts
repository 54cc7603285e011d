// A node: an immutable record of an op, its operands and attributes, the shape and dtype that follow, and where it comes from.
// A tensor of the user's program *is* a node: using the same one twice is what sharing means.

import type { Diagnostic } from "./diagnostics.ts";
import type { Shape } from "./dim.ts";
import type { Op } from "./op.ts";
import type { Origin } from "./source.ts";

/** What an element is. Precision belongs to the engine, not to the graph. */
export type DType = "float" | "int" | "bool";

/** A tensor of a known shape: what op functions take and return. `Tensor` alone is a float tensor whose shape is known only at run time. */
export interface Tensor<S extends Shape = Shape, D extends DType = "float"> {
  readonly shape: S;
  readonly dtype: D;
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Node[];
  readonly attributes: Attributes;
  readonly origin: Origin;
  /** What is wrong with this node itself; `graph()` collects these. */
  readonly diagnostics: readonly Diagnostic[];
  /** False when the shape is a best guess after a mistake; later mistakes that rest on it are not reported. */
  readonly certain: boolean;
}

/** Any tensor. */
export type Node = Tensor<Shape, DType>;

/** What an op needs to know besides its operands: plain data (numbers, names, axes), so that it can be written to a file. */
export type Attributes = Readonly<Record<string, unknown>>;

/** A trainable tensor: a node with a name of its own and an initial value. */
export interface Parameter<S extends Shape = Shape> extends Tensor<S> {
  readonly parameter: string;
}

let created = 0;

/** How many nodes were made so far: nodes with a larger id are newer. */
export function nodesCreated(): number {
  return created;
}

class GraphNode implements Node {
  readonly id: number;
  constructor(
    readonly op: Op,
    readonly inputs: readonly Node[],
    readonly attributes: Attributes,
    readonly shape: Shape,
    readonly dtype: DType,
    readonly origin: Origin,
    readonly diagnostics: readonly Diagnostic[],
    readonly certain: boolean,
  ) {
    this.id = ++created;
  }
}

const none: readonly Diagnostic[] = [];

/** The one place where nodes come into being. */
export function createNode(
  op: Op,
  inputs: readonly Node[],
  attributes: Attributes,
  shape: Shape,
  dtype: DType,
  origin: Origin,
  diagnostics: readonly Diagnostic[] = none,
  certain = true,
): Node {
  return new GraphNode(op, inputs, attributes, shape, dtype, origin, diagnostics, certain);
}

export function isNode(value: unknown): value is Node {
  return value instanceof GraphNode;
}
