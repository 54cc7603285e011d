// The data: a node, its op, and where it comes from. These three records know each other, so they stand in one file.
//
// A node is an immutable record of an op, its operands and attributes, and the shape and dtype that follow. A tensor of the user's program *is* a
// node: using the same one twice is what sharing means.

import type { Algebra, Arithmetic } from "./algebra.ts";
import type { Computation } from "./computation.ts";
import type { Code, Diagnostic } from "./diagnostics.ts";
import type { Dim, Shape } from "./dim.ts";
import type { Site } from "./site.ts";
import type { Data, DType, Value } from "./value.ts";

export type { DType } from "./value.ts";

// ---- nodes ----

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

/** The value that a tensor evaluates to. */
export type ValueOf<T> = T extends Tensor<infer S, infer D> ? Value<S, D> : never;

let created = 0;

/** How many nodes were made so far: nodes with a larger id are newer. */
export function nodesCreated(): number {
  return created;
}

class GraphNode implements Node {
  readonly id: number;
  // Scratch of a walk over the graph (traverse.ts): the walk that saw the node last, and the number that it gave it. A set of a million
  // nodes costs more than the walk; nothing outside a single walk reads these.
  walk = 0;
  number = 0;
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

// ---- where a node comes from ----

// Everything that Clew can explain (pictures, equations, errors, folding) comes from four facts that every node carries: the user's source line,
// the time step it belongs to, the template node that it is an instance of, and, for a derived node, the forward node and the rule that made it.

/** The instance of a cell that a node belongs to: step `t` of the unrolling `of`, inside `outer` when unrollings are nested. */
export interface Step {
  readonly of: Unrolling;
  readonly t: number;
  readonly outer?: Step | undefined;
}

/** One call of `unroll`: what its steps have in common. */
export interface Unrolling {
  /** The dim that is unrolled (`time`). */
  readonly dim: { readonly name: string; readonly size: number };
  /** Nodes of the template, in creation order: the cell as the user wrote it. */
  readonly template: readonly Node[];
  /** Template state → template next state, in the order of the state's leaves: the recurrent edges of the folded picture; and the first state. */
  readonly carries: readonly { readonly state: Node; readonly next: Node; readonly from: Node }[];
  /** Template input, and what it is a step of. */
  readonly inputs: readonly { readonly input: Node; readonly over: Node }[];
  /** Which steps are real. */
  readonly mask?: Node | undefined;
  readonly reverse: boolean;
}

/** Why a derived node exists: which rule, applied to which forward node, made it. */
export interface Derivation {
  readonly of: Node;
  /** The differentiation that made it. */
  readonly pass: Pass;
  /** `∂tanh` (reverse), `d tanh` (forward), `Σ` (a sum of adjoints), `seed`. */
  readonly rule: string;
  /** The forward node whose adjoint (∂loss/∂node) this node is, or contributes to. */
  adjointOf?: Node;
}

/** One run of a differentiation over a graph. */
export interface Pass {
  /** Later ones have larger numbers. */
  readonly number: number;
  /** Reverse mode runs against time, where what it differentiates runs with it. */
  readonly reverse: boolean;
}

export interface Origin {
  readonly site?: Site | undefined;
  readonly step?: Step | undefined;
  readonly template?: Node | undefined;
  readonly derived?: Derivation | undefined;
  /** The dim whose cell is being read right now: set on template nodes. */
  readonly cell?: { readonly name: string } | undefined;
  /** The user's call that made this node among others: one object for each call. */
  readonly call?: Call | undefined;
}

/** A call of a composite (`softmaxCrossEntropy`): pictures show the nodes of one call as one box. */
export interface Call {
  readonly name: string;
  /** True for what `unroll` adds around the cell (taking x apart, stacking outputs, masks): pictures leave it out. */
  readonly glue?: true;
  /** The operand that the node equals in real steps, for a selection by mask. */
  readonly selects?: number;
}

// ---- ops ----

// The op record: everything that is known about one op, in one file. Passes ask the record (`node.op.vjp(…)`) and never name an op, so
// adding an op touches its own file and one line of ops/index.ts.

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
  /** Stands between a node of a body and its value, at every step: to look at it, to perturb it, to put another in its place. */
  readonly inBody?: (node: Node, operands: readonly Value[], compute: () => Data) => Data;
}

export interface Evaluation<A> {
  readonly attributes: A;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly environment: Environment;
  /** For a node with several results: the nodes that read it, each asking for one of them. */
  readonly readers: readonly Node[];
}

/** Several results: by the attributes of the node that asks for one. */
export type Results = ReadonlyMap<Attributes, Data>;

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
  /** As in Evaluation. */
  readonly readers: readonly Node[];
}

export interface LiftAt<A> {
  readonly node: Node;
  /** The operands; a lifted one has `dim` as a new first dim. */
  readonly inputs: readonly Node[];
  readonly lifted: readonly boolean[];
  readonly attributes: A;
  readonly dim: Dim;
  /** As in Evaluation. */
  readonly readers: readonly Node[];
}

export interface ComputationAt<A> {
  readonly node: Node;
  readonly inputs: readonly Node[];
  readonly attributes: A;
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

/** What a picture of the graph may do with an op, said by the op: pictures know none by name. */
export interface Picture<A> {
  /** Moves or repeats elements, or is a number written down: pictures leave it out, and arrows go through it. */
  readonly plumbing?: true;
  /** Which element of its operand's first axis the result is, for plumbing that takes one out of a stack. */
  readonly takes?: (attributes: A) => number | undefined;
  /** Operand i is element i of the result's first axis. */
  readonly stacks?: true;
  /** A product of two operands: with a parameter as one, it may be drawn as an arrow of the other that bears the parameter's name. */
  readonly product?: true;
  /** The sum of its operands: their arrows may end where the sum goes. */
  readonly sum?: true;
  /** For each operand: its cotangent, from the result's, as a reader of formulas would write it (`δ ∘ (1 − h²)`). The same text back: passed on unchanged. */
  readonly derivative?: readonly ((cotangent: string, operands: readonly string[], result: string) => string)[];
}

// Attributes are checked where an op's constructor makes the node; a pass sees any op and hands its attributes back to its own record.
// biome-ignore lint/suspicious/noExplicitAny: records of all ops live in one registry
export interface Op<A extends Attributes = any> {
  readonly name: string;
  /** One sentence, with shapes by dimension name. */
  readonly doc: string;
  /** Set where the node stands for a value from outside: by what it is found. */
  readonly leaf?: "input" | "parameter" | "constant" | "template";
  /** Of a leaf: whether its value can be computed without fail, so that it may be when it is first wanted. */
  readonly certain?: (attributes: A) => boolean;
  /** True where differentiation takes the result as constant, whatever it depends on. */
  readonly constant?: true;
  /** The shape rule. */
  readonly infer: (inputs: readonly Node[], attributes: A) => Typed | Mistake;
  /** f64 reference: plain loops over typed arrays. */
  readonly evaluate: (inputs: readonly Value[], at: Evaluation<A>) => Data | Results;
  /** Cotangents of the operands, given the result's; undefined is a structural zero. */
  readonly vjp: ((at: ReverseAt<A>, m: Algebra<Node>) => readonly (Node | undefined)[]) | NoDerivative;
  /** Tangent of the result, given the operands'; undefined is a structural zero. */
  readonly jvp: ((at: ForwardAt<A>, m: Algebra<Node>) => Node | undefined) | NoDerivative;
  /** The same op for a whole new leading dim of operands at once. */
  readonly lift: (at: LiftAt<A>, m: Algebra<Node>) => Node;
  /** How a sum of several results of this op is best formed (disjoint slices of one array, put back, are one concatenation). */
  readonly combine?: (terms: readonly Node[], m: Algebra<Node>) => Node | undefined;
  /** How an engine computes it; without it (an op of the user's that is no formula) only the reference can. */
  readonly computation?: (at: ComputationAt<A>) => Computation;
  /** What takes the node's place outside of training. */
  readonly inference?: (node: Node, inputs: readonly Node[]) => Node;
  /** Attributes of the instance at a time step, where they depend on it. */
  readonly atStep?: (attributes: A, step: Step) => A;
  /** Which side of its kinks each element is on, where the op has kinks: a derivative holds while this does not change. */
  readonly branch?: (inputs: readonly Value[], at: Evaluation<A>) => ArrayLike<number>;
  /** For elementwise ops: the formula, over any arithmetic. */
  readonly formula?: <T>(m: Arithmetic<T>, ...operands: T[]) => T;
  /** How pictures show it, where a box with its label is not best. */
  readonly picture?: Picture<A>;
  /** Short text for a picture's node. */
  readonly label: (attributes: A) => string;
  /** TeX of the result from TeX of the operands. */
  readonly latex: (operands: readonly string[], attributes: A) => string;
  readonly samples: readonly Sample<A>[];
}

export function hasDerivative<F>(rule: F | NoDerivative): rule is F {
  return typeof rule === "function";
}
