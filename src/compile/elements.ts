// Where the elements of a node are: in memory, or in an expression that its readers take over. What the parts of a lowering have in common stands
// here, too.

import type { Computation } from "../graph/computation.ts";
import { alignment } from "../graph/dim.ts";
import { computationOf } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import type { Data } from "../graph/value.ts";
import { as, expressions } from "./expressions.ts";
import type { Buffer, Expression, Loop, Place, Statement } from "./loops.ts";
import { type AxisMap, composed, count, identityMap, over, rowMajor, sizesOf, wholeOf } from "./places.ts";

/** What the parts of a lowering have in common. */
export interface Program {
  readonly buffers: Buffer[];
  /** Numbers that stand in a buffer from the start. */
  readonly constants: Map<Buffer, Data>;
  /** Keys of dropout, one for each step: written before each run. */
  readonly keys: { readonly buffer: Buffer; readonly keyAt: (seed: number, trainingStep: number) => Int32Array }[];
  /** Nodes whose ids may be out of range; a fault is a place in this list, from 1. */
  readonly faults: Node[];
  /** How a node with a body is lowered (scan.ts). */
  readonly withBody: (node: Node, readers: readonly Node[], scope: Scope) => void;
}

/** A graph, or one step of a scan, while it is lowered. */
export interface Scope {
  readonly program: Program;
  readonly statements: Statement[];
  readonly places: Map<Node, Place>;
  /** Variables of a body whose value is no place but a number or a position outside. */
  readonly aliases: Map<Node, Node>;
  /** Where a result is to be stored, when that is not a buffer of its own. */
  readonly wanted: Map<Node, Place>;
  readonly outer?: Scope;
  /** The steps around, outermost first: of a time loop, or one step of an unrolled recurrence. */
  readonly path: readonly (Loop | number)[];
}

/** Where an expression stands: its scope, the rank of its statement's index space, and what it has computed already. */
interface At {
  readonly scope: Scope;
  readonly rank: number;
  readonly known: Map<string, Expression>;
}

export function newBuffer({ buffers }: Program, dtype: Buffer["dtype"], size: number, life: Buffer["life"], label: string): Buffer {
  const buffer: Buffer = { id: buffers.length, dtype, size, life, label };
  buffers.push(buffer);
  return buffer;
}

/** A buffer of its own for what is otherwise an expression. */
export function copied(node: Node, scope: Scope): Place {
  const sizes = sizesOf(node);
  const out = wholeOf(newBuffer(scope.program, node.dtype, count(sizes), "temporary", node.op.label(node.attributes)), sizes);
  scope.statements.push({ kind: "map", sizes, out, value: elementsOf(node, identityMap(sizes.length), fresh(scope, sizes.length)) });
  return out;
}

/** Where a result is stored: where it is wanted, or in a buffer of its own. */
export function storage(node: Node, scope: Scope): Place {
  const sizes = sizesOf(node);
  const made =
    scope.wanted.get(node) ??
    wholeOf(newBuffer(scope.program, node.dtype, count(sizes), "temporary", node.op.label(node.attributes)), sizes);
  scope.places.set(node, made);
  return made;
}

/** The place of an operand that is read in place. */
export function placeOf(node: Node, scope: Scope): Place {
  const known = scope.places.get(node);
  if (known !== undefined) return known;
  const made = copied(node, scope); // a number, or a view of one
  scope.places.set(node, made);
  return made;
}

export function number(value: number, dtype: Expression["dtype"]): Expression {
  return { kind: "constant", value, dtype };
}

export function fresh(scope: Scope, rank: number): At {
  return { scope, rank, known: new Map() };
}

/** The elements of a tensor as an expression over the index space of a statement. */
export function elementsOf(node: Node, map: AxisMap, at: At): Expression {
  // the same tensor looked at in the same way is computed once
  const key = `${node.id}:${map.map((m) => ("at" in m ? `@${m.at}` : `${m.axis}+${m.start}*${m.step}`)).join()}`;
  const before = at.known.get(key);
  if (before !== undefined) return before;
  const made = freshValue(node, map, at);
  at.known.set(key, made);
  return made;
}

function freshValue(node: Node, map: AxisMap, at: At): Expression {
  const { scope } = at;
  const from = scope.places.get(node);
  if (from !== undefined) return { kind: "load", from: over(from, map, at.rank), dtype: node.dtype };
  const alias = scope.aliases.get(node);
  return alias === undefined ? computed(node, computationOf(node)!, map, at) : elementsOf(alias, map, { ...at, scope: scope.outer! });
}

export function computed(node: Node, computation: Computation, map: AxisMap, at: At): Expression {
  switch (computation.kind) {
    case "fill":
      return number(computation.value, node.dtype);
    case "position": {
      const along = map[computation.axis]!;
      if ("at" in along) return number(along.at, "int");
      const index: Expression = { kind: "index", axis: along.axis, dtype: "int" };
      const turned = along.step === 1 ? index : expressions.neg(index);
      return along.start === 0 ? turned : expressions.add(turned, number(along.start, "int"));
    }
    case "elementwise": {
      const operands = node.inputs.map((x) => {
        const axes = x.shape.length === node.shape.length ? identityMap(x.shape.length) : aligned(x, node);
        return elementsOf(x, composed(axes, map), at);
      });
      return as(computation.formula(expressions, ...operands), node.dtype);
    }
    case "convert":
      return { kind: "cast", operand: elementsOf(node.inputs[0]!, map, at), dtype: computation.to };
    case "view":
      return elementsOf(node.inputs[0]!, composed(computation.axes, map), at);
    case "drop": {
      const { program, path } = at.scope;
      const loops = path.filter((p): p is Loop => typeof p !== "number");
      const strides = rowMajor(loops.map((l) => l.steps));
      const from: Place = {
        buffer: keysOf(computation, program, path),
        offset: 0,
        strides: [],
        times: loops.map((loop, i) => ({ loop, stride: strides[i]! })),
      };
      // stored, so the index space is the result's own
      const factor: Expression = {
        kind: "dropout",
        rate: computation.rate,
        key: from,
        first: 0,
        number: rowMajor(sizesOf(node)),
        dtype: "float",
      };
      // what is dropped is 0, were it NaN or infinity before
      const isDropped = expressions.equal(factor, expressions.constant(0));
      return expressions.where(isDropped, expressions.constant(0), expressions.mul(elementsOf(node.inputs[0]!, map, at), factor));
    }
    default:
      throw new Error(`${node.op.name}: ${computation.kind} is no expression`);
  }
}

/** Where an operand's axes stand in the result that it broadcasts to. */
function aligned(operand: Node, result: Node): AxisMap {
  return (alignment(operand.shape, result.shape) ?? []).map((axis) => ({ axis, start: 0, step: 1 }));
}

/** Which step of its recurrence each round of a loop is: one of a segment goes on from the segments before. */
function stepsOf(path: readonly (Loop | number)[], rounds: readonly number[]): readonly number[] {
  const steps: number[] = [];
  for (const [i, p] of path.entries()) {
    if (typeof p === "number") steps.push(p);
    else steps.push((p.from ?? 0) + (p.ofSegment === true ? steps.pop()! * p.steps : 0) + rounds[i]!);
  }
  return steps;
}

/** The keys of a dropout's draws, one for each round of the loops around it. */
function keysOf({ key }: Computation & { readonly kind: "drop" }, program: Program, path: readonly (Loop | number)[]): Buffer {
  const sizes = path.flatMap((p) => (typeof p === "number" ? [] : [p.steps]));
  const buffer = newBuffer(program, "int", count(sizes), "input", "keys of dropout");
  const keyAt = (seed: number, trainingStep: number): Int32Array =>
    Int32Array.from({ length: count(sizes) }, (_, round) => {
      let rest = round;
      const rounds = [...path].reverse().map((p) => {
        if (typeof p === "number") return p;
        const t = rest % p.steps;
        rest = Math.floor(rest / p.steps);
        return t;
      });
      return key(seed, trainingStep, stepsOf(path, rounds.reverse()));
    });
  program.keys.push({ buffer, keyAt });
  return buffer;
}
