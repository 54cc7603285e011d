// The op record: everything that is known about one op, in one file. Passes ask the record (`node.op.vjp(…)`) and never name an op, so
// adding an op touches its own file and one line of ops/index.ts.

import type { Algebra, Arithmetic } from "./algebra.ts";
import type { Code } from "./diagnostics.ts";
import type { Dim, Shape } from "./dim.ts";
import type { Attributes, DType, Node } from "./node.ts";
import type { Step } from "./source.ts";
import type { Data, Value } from "./value.ts";

/** What the shape rule says of a well-shaped expression. */
export interface Typed {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What it says of an ill-shaped one: the mistake, and a best-effort shape to go on with. */
export interface Mistake {
  readonly code: Code;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Positions of the operands whose shapes this rests on (default: all). */
  readonly involves?: readonly number[];
  readonly guess: Typed;
  /** Whether the guess holds whatever the mistake was (the result of an ill-shaped matmul still has its rows and columns). */
  readonly certain?: boolean;
}

/** What evaluation knows besides operands. */
export interface Environment {
  /** Seed of initialisers and dropout. */
  readonly seed: number;
  /** Training step: dropout draws anew at each. */
  readonly trainingStep: number;
}

export interface Evaluation<A> {
  readonly attributes: A;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly environment: Environment;
}

export interface ReverseAt<A> {
  readonly node: Node;
  readonly inputs: readonly Node[];
  readonly attributes: A;
  /** ∂loss/∂node, of the node's shape. */
  readonly cotangent: Node;
  /** Which operands' cotangents will be read; others need not be built. */
  readonly wanted: readonly boolean[];
}

export interface ForwardAt<A> {
  readonly node: Node;
  readonly inputs: readonly Node[];
  readonly attributes: A;
  /** One per operand; undefined is a structural zero. At least one is there. */
  readonly tangents: readonly (Node | undefined)[];
}

export interface LiftAt<A> {
  readonly node: Node;
  /** The operands; a lifted one has `dim` as a new first dim. */
  readonly inputs: readonly Node[];
  readonly lifted: readonly boolean[];
  readonly attributes: A;
  readonly dim: Dim;
}

/** An operand of a sample: a shape, and how its elements are drawn from u ∈ [0, 1), or the elements themselves. */
export interface SampleOperand {
  readonly shape: Shape;
  readonly dtype?: DType;
  readonly draw?: (u: number, index: number) => number;
  readonly data?: readonly number[];
}

/** Operands and attributes on which the laws are checked: drawn to reach the op's domain, its edges and its kinks. */
export interface Sample<A> {
  readonly name: string;
  readonly operands: readonly SampleOperand[];
  readonly attributes: A;
  /** True where operands lie on a kink: derivatives are one-sided there, and numeric differences do not apply. */
  readonly kink?: boolean;
}

/** The reason why an op has no derivative, as a user should read it. */
export interface NoDerivative {
  readonly none: string;
}

// Attributes are checked where an op's constructor makes the node; a pass sees any op and hands its attributes back to its own record.
// biome-ignore lint/suspicious/noExplicitAny: records of all ops live in one registry
export interface Op<A extends Attributes = any> {
  readonly name: string;
  /** One sentence, with shapes by dimension name. */
  readonly doc: string;
  /** Set where the node stands for a value from outside: by what it is found. */
  readonly leaf?: "input" | "parameter" | "constant" | "template";
  /** True where differentiation takes the result as constant, whatever it depends on. */
  readonly constant?: true;
  /** The shape rule. */
  readonly infer: (inputs: readonly Node[], attributes: A) => Typed | Mistake;
  /** f64 reference: plain loops over typed arrays. */
  readonly evaluate: (inputs: readonly Value[], at: Evaluation<A>) => Data;
  /** Cotangents of the operands, given the result's; undefined is a structural zero. */
  readonly vjp: ((at: ReverseAt<A>, m: Algebra) => readonly (Node | undefined)[]) | NoDerivative;
  /** Tangent of the result, given the operands'; undefined is a structural zero. */
  readonly jvp: ((at: ForwardAt<A>, m: Algebra) => Node | undefined) | NoDerivative;
  /** The same op for a whole new leading dim of operands at once. */
  readonly lift: (at: LiftAt<A>, m: Algebra) => Node;
  /** How a sum of several results of this op is best formed (disjoint slices of one array, put back, are one concatenation). */
  readonly combine?: (terms: readonly Node[], m: Algebra) => Node | undefined;
  /** What takes the node's place outside of training. */
  readonly inference?: (node: Node, inputs: readonly Node[]) => Node;
  /** Attributes of the instance at a time step, where they depend on it. */
  readonly atStep?: (attributes: A, step: Step) => A;
  /** Which side of its kinks each element is on, where the op has kinks: a derivative holds while this does not change. */
  readonly branch?: (inputs: readonly Value[], at: Evaluation<A>) => ArrayLike<number>;
  /** For elementwise ops: the formula, over any arithmetic. */
  readonly formula?: <T>(m: Arithmetic<T>, ...operands: T[]) => T;
  /** Short text for a picture's node. */
  readonly label: (attributes: A) => string;
  /** TeX of the result from TeX of the operands. */
  readonly latex: (operands: readonly string[], attributes: A) => string;
  readonly samples: readonly Sample<A>[];
}

export function hasDerivative<F>(rule: F | NoDerivative): rule is F {
  return typeof rule === "function";
}
