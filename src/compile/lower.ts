// From a graph to a loop program: each stored result becomes the statements that compute it; the others become part of their readers' expressions.

import { bodyOf } from "../graph/body.ts";
import type { AlongAxis, Computation } from "../graph/computation.ts";
import { alignment } from "../graph/dim.ts";
import type { Node } from "../graph/node.ts";
import type { Numbered } from "../graph/traverse.ts";
import type { Data } from "../graph/value.ts";
import { stored } from "./decide.ts";
import { expressions } from "./expressions.ts";
import type { Buffer, Expression, Loop, Place, Statement } from "./loops.ts";
import { type AxisMap, composed, count, identityMap, isRowMajor, over, rowMajor, sizesOf, wholeOf } from "./places.ts";

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

export function computationOf(node: Node): Computation | undefined {
  return node.op.computation?.({ node, inputs: node.inputs, attributes: node.attributes });
}

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

function copied(node: Node, scope: Scope): Place {
  const sizes = sizesOf(node);
  const out = wholeOf(newBuffer(scope.program, node.dtype, count(sizes), "temporary", node.op.label(node.attributes)), sizes);
  scope.statements.push({ kind: "map", sizes, out, value: elementsOf(node, identityMap(sizes.length), fresh(scope, sizes.length)) });
  return out;
}

/** Where a result is stored: where it is wanted, or in a buffer of its own. */
function storage(node: Node, scope: Scope): Place {
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

function store(node: Node, scope: Scope): void {
  const computation = computationOf(node)!;
  const sizes = sizesOf(node);
  const rank = sizes.length;
  const push = (s: Statement): void => {
    scope.statements.push(s);
  };
  const [a, b] = node.inputs as [Node, Node];
  if (computation.kind === "known") {
    const buffer = newBuffer(scope.program, node.dtype, count(sizes), "constant", node.op.label(node.attributes));
    scope.program.constants.set(buffer, node.op.evaluate([], evaluation(node)) as Data);
    scope.places.set(node, wholeOf(buffer, sizes));
    return;
  }
  if (computation.kind === "reduce") {
    const reducedAxes = computation.axes;
    const keptAxes = a.shape.map((_, i) => i).filter((i) => !reducedAxes.includes(i));
    const map = a.shape.map((_, i): AlongAxis => {
      const at = keptAxes.indexOf(i);
      return { axis: at >= 0 ? at : keptAxes.length + reducedAxes.indexOf(i), start: 0, step: 1 };
    });
    const value = elementsOf(a, map, fresh(scope, map.length));
    const of = (axes: readonly number[]) => axes.map((i) => a.shape[i]!.size);
    push({ kind: "reduce", by: computation.by, kept: of(keptAxes), reduced: of(reducedAxes), out: storage(node, scope), value });
    return;
  }
  if (computation.kind === "contract") {
    const { summed, batch } = computation.axes;
    const [pa, pb] = [placeOf(a, scope), placeOf(b, scope)];
    const rowAxes = a.shape.map((_, i) => i).filter((i) => !summed.some(([x]) => x === i));
    const columnAxes = b.shape.map((_, i) => i).filter((i) => ![...summed, ...batch].some(([, y]) => y === i));
    const [rows, columns] = [rowAxes.map((i) => a.shape[i]!.size), columnAxes.map((i) => b.shape[i]!.size)];
    const terms = summed.map(([x]) => a.shape[x]!.size);
    const pairOf = (row: number): number | undefined => batch.find(([x]) => x === row)?.[1];
    push({
      kind: "contract",
      rows,
      columns,
      terms,
      a: { ...pa, strides: [...rowAxes, ...summed.map(([x]) => x)].map((i) => pa.strides[i]!) },
      b: {
        ...pb,
        strides: [
          ...rowAxes.map((i) => (pairOf(i) === undefined ? 0 : pb.strides[pairOf(i)!]!)),
          ...[...columnAxes, ...summed.map(([, y]) => y)].map((i) => pb.strides[i]!),
        ],
      },
      out: storage(node, scope),
      accumulate: false,
    });
    return;
  }
  if (computation.kind === "gather" || computation.kind === "scatter") {
    const { axis } = computation;
    const ids = placeOf(b, scope);
    const idSizes = sizesOf(b);
    const fault = scope.program.faults.push(node);
    const rows = placeOf(a, scope);
    const out = storage(node, scope);
    const without = (place: Place): Place => ({ ...place, strides: place.strides.filter((_, i) => i !== axis) });
    const [table, tablePlace] = computation.kind === "gather" ? [a, rows] : [node, out];
    const common = {
      outer: sizesOf(table).slice(0, axis),
      ids: idSizes,
      inner: sizesOf(table).slice(axis + 1),
      along: table.shape[axis]!.size,
      stride: tablePlace.strides[axis]!,
      at: ids,
      fault,
    };
    if (computation.kind === "gather") push({ kind: "gather", ...common, table: without(rows), out });
    else {
      push({ kind: "map", sizes, out, value: number(0, "float") });
      push({ kind: "scatter", ...common, updates: rows, out: without(out) });
    }
    return;
  }
  if (computation.kind === "oneHot") {
    const size = sizes[rank - 1]!;
    const ids = placeOf(a, scope);
    const nothing = wholeOf(newBuffer(scope.program, "float", size, "temporary", "zeros"), [size]);
    const aside = wholeOf(newBuffer(scope.program, "float", count(sizesOf(a)), "temporary", "checked"), sizesOf(a));
    push({ kind: "map", sizes: [size], out: nothing, value: number(0, "float") });
    const fault = scope.program.faults.push(node);
    push({
      kind: "gather",
      outer: [],
      ids: sizesOf(a),
      inner: [],
      along: size,
      stride: 1,
      table: { ...nothing, strides: [] },
      at: ids,
      out: aside,
      fault,
    });
    const id: Expression = { kind: "load", from: over(ids, identityMap(rank - 1), rank), dtype: "int" };
    const hit = expressions.equal(id, { kind: "index", axis: rank - 1, dtype: "int" });
    push({ kind: "map", sizes, out: storage(node, scope), value: expressions.where(hit, number(1, "float"), number(0, "float")) });
    return;
  }
  if (computation.kind === "assemble") {
    const out = storage(node, scope);
    if (!computation.covers) push({ kind: "map", sizes, out, value: number(0, node.dtype) });
    for (const [p, part] of node.inputs.entries()) {
      const strides = new Array<number>(part.shape.length).fill(0);
      let { offset } = out;
      computation.parts[p]!.forEach((at, i) => {
        if ("at" in at) offset += at.at * out.strides[i]!;
        else {
          offset += at.start * out.strides[i]!;
          strides[at.axis] = out.strides[i]!;
        }
      });
      push({
        kind: "map",
        sizes: sizesOf(part),
        out: { ...out, offset, strides },
        value: elementsOf(part, identityMap(part.shape.length), fresh(scope, part.shape.length)),
      });
    }
    return;
  }
  if (computation.kind === "reshape") {
    const own = sizesOf(a);
    const out = { ...storage(node, scope), strides: rowMajor(own) };
    push({ kind: "map", sizes: own, out, value: elementsOf(a, identityMap(own.length), fresh(scope, own.length)) });
    return;
  }
  const value = computed(node, computation, identityMap(rank), fresh(scope, rank));
  push({ kind: "map", sizes, out: storage(node, scope), value });
}

function evaluation(node: Node) {
  const { attributes, shape, dtype } = node;
  return { attributes, shape, dtype, environment: { seed: 0, trainingStep: 0 }, readers: [] };
}

function number(value: number, dtype: Expression["dtype"]): Expression {
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

function computed(node: Node, computation: Computation, map: AxisMap, at: At): Expression {
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
      return computation.formula(expressions, ...operands);
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
      const factor: Expression = { kind: "dropout", rate: computation.rate, key: from, number: rowMajor(sizesOf(node)), dtype: "float" };
      return expressions.mul(elementsOf(node.inputs[0]!, map, at), factor);
    }
    default:
      throw new Error(`${node.op.name}: ${computation.kind} is no expression`);
  }
}

/** Where an operand's axes stand in the result that it broadcasts to. */
function aligned(operand: Node, result: Node): AxisMap {
  return (alignment(operand.shape, result.shape) ?? []).map((axis) => ({ axis, start: 0, step: 1 }));
}

/** The keys of a dropout's draws, one for each round of the loops around it. */
function keysOf({ key }: Computation & { readonly kind: "drop" }, program: Program, path: readonly (Loop | number)[]): Buffer {
  const sizes = path.flatMap((p) => (typeof p === "number" ? [] : [p.steps]));
  const buffer = newBuffer(program, "int", count(sizes), "input", "keys of dropout");
  const keyAt = (seed: number, trainingStep: number): Int32Array =>
    Int32Array.from({ length: count(sizes) }, (_, round) => {
      let rest = round;
      const steps = [...path].reverse().map((p) => {
        if (typeof p === "number") return p;
        const t = rest % p.steps;
        rest = Math.floor(rest / p.steps);
        return t;
      });
      return key(seed, trainingStep, steps.reverse());
    });
  program.keys.push({ buffer, keyAt });
  return buffer;
}
