// What a scan is asked for. A scan computes a state and outputs over many steps: its node stands for all of that, and other nodes ask for one
// thing each: a value of the body at every step, stacked over time, or the last value of a state. A value that nobody asks for is not kept.
//
// Derivatives ask the same way: what the backward pass needs of the forward pass (residuals) are stacks of nodes of the forward body.

import { type Body, nowIn } from "../../graph/body.ts";
import type { Dim } from "../../graph/dim.ts";
import { make } from "../../graph/make.ts";
import type { Node, Op, Results, Step } from "../../graph/node.ts";
import type { Unrolling } from "../../graph/source.ts";
import type { Checkpoint } from "../types.ts";

export type ScanAttributes = {
  readonly body: Body;
  /** The recurrence that it is, or that it was derived from. */
  readonly recurrence: Unrolling;
  /** Whether the last step is computed first. */
  readonly reverse: boolean;
  /** The step that it stands in, when it is part of a recurrence. */
  readonly outer?: Step | undefined;
  /** Whether a derivative keeps what it reads of all steps, or computes it again (segments.ts): for the compiler, which does it. */
  readonly checkpoint?: Checkpoint | undefined;
  /** The recurrence of which its steps are segments: in each, scans run over the segment's own steps. */
  readonly segments?: Unrolling | undefined;
  /** Of segments that are reversed by a plan (revolve.ts): how many slots there are for the states before them. */
  readonly slots?: number | undefined;
  /** It makes some of the steps of a recurrence: those from `from`, or those of the segment that it stands in. */
  readonly part?: { readonly of: Unrolling; readonly from: number; readonly ofSegment: boolean } | undefined;
};

/** `of` is a node of the body: its values at all steps, or, of a state, the last one. */
type Asked = { readonly of: Node };

/** Hands a cotangent, a tangent or a lifted result to the scan, or to one of its readers: see `several`. */
const reader = (name: string, doc: string, shape: (of: Node, scan: Node) => Node["shape"], label: (of: string) => string): Op<Asked> => ({
  name,
  doc,
  infer: ([scan], { of }) => ({ shape: shape(of, scan!), dtype: of.dtype }),
  evaluate: ([scan], { attributes }) => (scan!.data as unknown as Results).get(attributes)!,
  vjp: ({ node, cotangent }) => [several([node], [cotangent])],
  jvp: ({ node, tangents: [given] }) => given && resultFor(node, given),
  lift: ({ node, inputs: [given] }) => resultFor(node, given!)!,
  label: ({ of }) => label(of.op.label(of.attributes)),
  latex: ([scan]) => scan!,
  samples: [],
});

export const stackedOp: Op<Asked> = reader(
  "stacked",
  "A value of the body of a scan at every step, along a new first dim.",
  (of, scan) => [timeOf(scan), ...of.shape],
  (of) => `${of} of all steps`,
);

export const finalOp: Op<Asked> = reader(
  "final",
  "The value of a state of a scan after the last step that is made.",
  (of) => of.shape,
  (of) => `last ${of}`,
);

export function timeOf(scan: Node): Dim {
  return (scan.attributes as ScanAttributes).recurrence.dim as Dim;
}

/** The node of the body whose values a reader of the scan asks for: for `final`, a state. */
export function askedBy(node: Node): { readonly kind: "stacked" | "final"; readonly of: Node } {
  const { of } = node.attributes as Asked;
  return node.op === finalOp ? { kind: "final", of } : { kind: "stacked", of: nowIn(node.inputs[0]!.attributes.body as Body, of) };
}

export function stacked(scan: Node, of: Node): Node {
  return make(stackedOp, [scan], { of });
}

export function final(scan: Node, state: Node): Node {
  return make(finalOp, [scan], { of: state });
}

/** Stands, while a transform runs, for what belongs to several readers of one scan: the readers, and for each a node. Never evaluated. */
const severalOp: Op<{ readonly readers: readonly Node[] }> = {
  name: "several",
  doc: "What belongs to the readers of one scan.",
  infer: () => ({ shape: [], dtype: "float" }),
  evaluate: () => {
    throw new Error("stands for several nodes, and was evaluated");
  },
  vjp: { none: "it stands for several nodes" },
  jvp: { none: "it stands for several nodes" },
  lift: ({ node }) => node,
  combine: (terms) =>
    several(
      terms.flatMap((t) => (t.attributes as { readonly readers: readonly Node[] }).readers),
      terms.flatMap((t) => t.inputs),
    ),
  label: () => "several",
  latex: () => "",
  samples: [],
};

export function several(readers: readonly Node[], nodes: readonly Node[]): Node {
  return make(severalOp, nodes, { readers });
}

/** The readers and their nodes. */
export function partsOf(all: Node): readonly { readonly reader: Node; readonly node: Node }[] {
  const { readers } = all.attributes as { readonly readers: readonly Node[] };
  return readers.map((r, i) => ({ reader: r, node: all.inputs[i]! }));
}

function resultFor(node: Node, all: Node): Node | undefined {
  return partsOf(all).find((p) => p.reader === node)?.node;
}
