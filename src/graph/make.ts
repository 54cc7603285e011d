// Making nodes: the op's shape rule is asked, and a mistake becomes a diagnostic that the node carries. Never throws.

import type { Computation } from "./computation.ts";
import { type Code, type Diagnostic, diagnostic, type OperandNote } from "./diagnostics.ts";
import { type Shape, sameShape } from "./dim.ts";
import type { Op } from "./node.ts";
import { type Attributes, createNode, type DType, isNode, type Node, type Parameter } from "./node.ts";
import { ambientOrigin, type Step, userCalled } from "./source.ts";

/** How messages call a node: its own name, when the user gave one. */
export function nameOf(node: Node): string | undefined {
  const name = node.attributes.name;
  return typeof name === "string" ? name : undefined;
}

/** How an engine computes a node; undefined where only the reference can. */
export function computationOf(node: Node): Computation | undefined {
  return node.op.computation?.({ node, inputs: node.inputs, attributes: node.attributes });
}

export function noteOf(node: Node): OperandNote {
  return { name: nameOf(node), shape: node.shape, dtype: node.dtype };
}

/** The function that the user called to make a node: mean, not the sum that it is made of. */
export function calledName({ op, origin }: Node): string {
  const { call } = origin;
  return call === undefined || call.glue === true ? op.name : call.name;
}

/** A diagnostic about the expression that is being built right now. */
export function mistakeHere(code: Code, op: string, message: string, operands: readonly Node[], hint?: string): Diagnostic {
  const { site, step, cell, call } = ambientOrigin();
  return diagnostic({
    code,
    op: call === undefined || call.glue === true ? op : call.name, // the user wrote mean, not the sum that it is made of
    message,
    operands: operands.map(noteOf),
    hint,
    site,
    step: cell !== undefined ? `each step of ${cell.name}` : step === undefined ? undefined : `${step.of.dim.name} = ${step.t}`,
  });
}

/** A node by its op's shape rule. */
export function make<A extends Attributes>(op: Op<A>, inputs: readonly Node[], attributes: A): Node {
  const origin = ambientOrigin();
  const inferred = op.infer(inputs, attributes);
  if (!("code" in inferred)) {
    return createNode(
      op,
      inputs,
      attributes,
      inferred.shape,
      inferred.dtype,
      origin,
      undefined,
      inputs.every((i) => i.certain),
    );
  }
  const { code, message, hint, guess } = inferred;
  const involved = inferred.involves === undefined ? inputs : inferred.involves.map((i) => inputs[i]!);
  // A mistake that rests on a shape that is itself a guess is an echo of the first one.
  const reported = involved.every((i) => i.certain) ? [mistakeHere(code, op.name, message, inputs, hint)] : [];
  return createNode(op, inputs, attributes, guess.shape, guess.dtype, origin, reported, reported.length > 0 && inferred.certain === true);
}

/** The same op on other operands of the same shapes: for substitution, which need not ask the shape rule again. */
export function remake(node: Node, inputs: readonly Node[], attributes: Attributes, step?: Step): Node {
  const { site, derived } = node.origin;
  return createNode(
    node.op,
    inputs,
    attributes,
    node.shape,
    node.dtype,
    { site, derived, step, template: node },
    node.diagnostics,
    node.certain,
  );
}

/** The node itself on other operands of the same shapes: line, step, template, rule and mistakes stay. */
export function withOperands(node: Node, inputs: readonly Node[], attributes: Attributes = node.attributes): Node {
  const { op, shape, dtype, origin, diagnostics, certain } = node;
  return createNode(op, inputs, attributes, shape, dtype, origin, diagnostics, certain);
}

/** What stands where no node could be made: it carries the reason, and whatever rests on it stays silent. */
const illOp: Op = {
  name: "ill",
  doc: "Stands where an expression makes no sense; never evaluated.",
  infer: () => ({ shape: [], dtype: "float" }),
  evaluate: () => {
    throw new Error("an ill-shaped graph was evaluated");
  },
  vjp: { none: "it stands for a mistake" },
  jvp: { none: "it stands for a mistake" },
  lift: ({ node }) => node,
  label: () => "?",
  latex: () => "?",
  samples: [],
};

/** What is known of an ill node: its best-effort shape, and the nodes whose own mistakes it passes on. */
export interface IllAs {
  readonly shape?: Shape;
  readonly dtype?: DType;
  readonly rests?: readonly Node[];
  /** Whether the shape holds whatever the mistake is: then what is wrong with the node's use is a mistake of its own. */
  readonly certain?: boolean;
}

/** A node that stands for mistakes; without one of its own it stays silent, and passes on those of what it rests on. */
export function ill(problems: Diagnostic | readonly Diagnostic[] | undefined, as: IllAs = {}): Node {
  const { shape = [], dtype = "float", rests = [], certain = false } = as;
  const mistakes = problems === undefined ? [] : "code" in problems ? [problems] : problems;
  return createNode(illOp, rests, {}, shape, dtype, ambientOrigin(), mistakes, certain);
}

/** A node that rests on a mistake, and whose shape is known all the same: that of `as`. What is wrong with its use is a mistake of its own. */
export function illLike(because: Node, as: Node): Node {
  return ill(undefined, { shape: as.shape, dtype: as.dtype, rests: [because], certain: as.certain });
}

/** An operand as the user gave it: a node, or a mistake that says what was found instead. */
export function operand(op: string, value: unknown): Node {
  if (isNode(value)) return value;
  const found = value === undefined ? "undefined" : value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  return ill(
    mistakeHere("NotTensor", op, `expected a tensor, found ${found}`, [], "wrap data in constant(data, dims), a number in scalar(n)"),
  );
}

export function sameType(a: Node, b: Node): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

/** A parameter's node: it also says its name. */
export function createParameter<A extends Attributes & { readonly name: string; readonly shape: Shape }>(
  op: Op<A>,
  attributes: A,
): Parameter {
  return Object.assign(createNode(op, [], attributes, attributes.shape, "float", ambientOrigin()) as Parameter<Shape>, {
    parameter: attributes.name,
  });
}

const records = new WeakMap<object, Op>();

/** The function by which users call an op: its nodes carry their line, and it knows its record. */
export function opFunction<F extends object>(op: Op, body: (...args: never[]) => unknown): F {
  const call = userCalled<F>(body);
  records.set(call, op);
  return call;
}

/** The record of an op's function; undefined for a composite. */
export function recordOf(call: unknown): Op | undefined {
  return typeof call === "function" ? records.get(call) : undefined;
}
