// Elementwise ops: the result has the largest operand's shape, the others are repeated along the dims that they lack.
//
// Such an op is written once, as a formula over any arithmetic; its derivative with respect to one operand is a diagonal matrix, given as
// the function that multiplies a vector v by it. A diagonal matrix is its own transpose, so the same function serves reverse mode
// (v = cotangent) and forward mode (v = tangent).

import type { Algebra, Arithmetic } from "../graph/algebra.ts";
import { alignment, otherAxes, type Shape, showShape, sizeOf } from "../graph/dim.ts";
import { make } from "../graph/make.ts";
import type { DType, Mistake, NoDerivative, Node, Op, Sample, Typed } from "../graph/node.ts";
import { allocate, type Data, type Value } from "../graph/value.ts";
import { type Column, columns } from "./columns.ts";
import { offsets, strides } from "./strides.ts";

/** v ↦ diag(∂y/∂x_i)·v; undefined where the derivative is zero everywhere it exists. */
export type Diagonal = (m: Arithmetic<Node>, v: Node, x: readonly Node[], y: Node) => Node | undefined;

export interface ElementwiseRecord {
  readonly name: string;
  readonly doc: string;
  /** Dtypes of the operands; "number" is float or int, the same for all of them; "any" also bool. */
  readonly operands: readonly (DType | "number" | "any" | "same")[];
  /** Dtype of the result; "same" is that of the operands so marked. */
  readonly result: DType | "same";
  readonly formula: <T>(m: Arithmetic<T>, ...operands: T[]) => T;
  /** One for each operand; undefined for an operand that is no float. */
  readonly derivative: readonly (Diagonal | undefined)[] | NoDerivative;
  readonly branch?: (...operands: number[]) => number;
  readonly inference?: Op["inference"];
  readonly picture?: Op["picture"];
  readonly label?: string;
  readonly latex: (...operands: readonly string[]) => string;
  readonly samples: readonly Sample<Record<never, never>>[];
}

export function elementwise(record: ElementwiseRecord): Op<Record<never, never>> {
  const { name, doc, formula, derivative, branch, latex, samples } = record;
  const smooth = "none" in derivative ? undefined : derivative;
  return {
    name,
    doc,
    formula,
    samples,
    ...(record.inference === undefined ? {} : { inference: record.inference }),
    ...(record.picture === undefined ? {} : { picture: record.picture }),
    computation: () => ({ kind: "elementwise", formula }),
    label: () => record.label ?? name,
    latex: (operands) => latex(...operands),
    infer: (inputs) => inferElementwise(record, inputs),
    evaluate: (inputs, { shape, dtype }) => {
      const size = sizeOf(shape);
      return stored(formula(columns, ...inputs.map((x) => columnOf(x, shape, size))), dtype, size);
    },
    vjp:
      smooth === undefined
        ? (derivative as NoDerivative)
        : ({ node, inputs, cotangent, wanted }, m) =>
            inputs.map((x, i) => {
              const product = wanted[i] ? smooth[i]?.(m, cotangent, inputs, node) : undefined;
              return product === undefined ? undefined : sumTo(m, product, x.shape);
            }),
    jvp:
      smooth === undefined
        ? (derivative as NoDerivative)
        : ({ node, inputs, tangents }, m) => {
            let total: Node | undefined;
            tangents.forEach((t, i) => {
              const product = t === undefined ? undefined : smooth[i]?.(m, broadcastLike(m, t, node.shape), inputs, node);
              if (product !== undefined) total = total === undefined ? product : m.add(total, product);
            });
            return total;
          },
    lift: ({ node, inputs, lifted, attributes, dim }, m) => {
      // Every lifted operand is brought to full rank: [dim, hidden] beside an unlifted [batch, hidden] would not broadcast.
      const full: Shape = [dim, ...node.shape];
      const operands = inputs.map((x, i) => (lifted[i] ? spread(m, x, full) : x));
      return make(node.op, operands, attributes);
    },
    ...(branch === undefined ? {} : { branch: (inputs, { shape }) => branchesOf(branch, inputs, shape) }),
  };
}

/** A value as an operand of array arithmetic: its elements in the order of `shape`, or the one element that stands for all. */
function columnOf(value: Value, shape: Shape, size: number): Column {
  const { data } = value;
  if (data.length !== size && data.length !== 1) return repeated(value, shape);
  return data instanceof Float64Array ? data : new Float64Array(data);
}

function branchesOf(branch: (...x: number[]) => number, inputs: readonly Value[], shape: Shape): Int32Array {
  const size = sizeOf(shape);
  const operands = inputs.map((x) => columnOf(x, shape, size));
  return Int32Array.from({ length: size }, (_, i) => branch(...operands.map((x) => x[x.length === size ? i : 0]!)));
}

/** The result as it is kept: of the op's dtype, all elements written out, an array of its own. */
function stored(column: Column, dtype: DType, size: number): Data {
  if (dtype === "float" && column.length === size) return column;
  const out = allocate(dtype, size);
  if (column.length === size) out.set(column);
  else out.fill(column[0]!);
  return out;
}

/** a, whose first dim is the lifted one, repeated to the full lifted shape. */
function spread(m: Algebra<Node>, a: Node, full: Shape): Node {
  if (a.shape.length === full.length) return a;
  const axes = alignment(a.shape.slice(1), full.slice(1)) ?? [];
  return m.broadcast(a, full, [0, ...axes.map((x) => x + 1)]);
}

/** Sums away the dims that broadcasting had repeated: the adjoint of broadcasting. */
function sumTo(m: Algebra<Node>, a: Node, shape: Shape): Node {
  if (a.shape.length === shape.length) return a;
  return m.sum(a, otherAxes(a.shape.length, alignment(shape, a.shape) ?? []));
}

/** Repeats a to the shape that it broadcasts to. */
function broadcastLike(m: Algebra<Node>, a: Node, shape: Shape): Node {
  if (a.shape.length === shape.length) return a;
  return m.broadcast(a, shape, alignment(a.shape, shape) ?? []);
}

/** The shape that all operands broadcast to, or undefined. */
export function joined(shapes: readonly Shape[]): Shape | undefined {
  let large = shapes[0] ?? [];
  for (const s of shapes) if (s.length > large.length) large = s;
  return shapes.every((s) => s === large || s.length === 0 || alignment(s, large) !== undefined) ? large : undefined;
}

function inferElementwise(record: ElementwiseRecord, inputs: readonly Node[]): Typed | Mistake {
  const marked = record.operands.findIndex((want) => want === "number" || want === "same" || want === "any");
  const common = inputs[marked]?.dtype ?? "float";
  const dtype = record.result === "same" ? common : record.result;
  const largest = inputs.reduce((a, b) => (b.shape.length > a.shape.length ? b : a));
  const shape = joined(inputs.map((i) => i.shape));
  const guess = { shape: shape ?? largest.shape, dtype };
  if (shape === undefined) {
    return {
      code: "BroadcastMismatch",
      message: `shapes do not broadcast: ${inputs.map((i) => showShape(i.shape)).join(" and ")}`,
      hint: broadcastHint(inputs),
      guess,
    };
  }
  for (const [i, x] of inputs.entries()) {
    const want = record.operands[i]!;
    const fits =
      want === "any" || want === "same"
        ? x.dtype === common
        : want === "number"
          ? x.dtype === common && common !== "bool"
          : x.dtype === want;
    if (!fits) {
      const expected =
        want === "number" || want === "any" || want === "same" ? (common === "bool" && want === "number" ? "float" : common) : want;
      return {
        code: "DTypeMismatch",
        message: `operand ${i + 1} is ${x.dtype}, expected ${expected}`,
        hint: `cast(a, "${expected}") changes the type`,
        involves: [i],
        guess,
        certain: true,
      };
    }
  }
  return guess;
}

function broadcastHint(inputs: readonly Node[]): string {
  const [a, b] = inputs.map((i) => i.shape) as [Shape, Shape];
  for (const d of a) {
    const e = b?.find((x) => x.name === d.name && x.size !== d.size);
    if (e !== undefined) return `"${d.name}" is ${d.size} on one side and ${e.size} on the other`;
  }
  const [large, small] = (b?.length ?? 0) > a.length ? [b, a] : [a, b];
  if (small?.every((d) => large.some((e) => e.name === d.name && e.size === d.size))) {
    return "the dims are there, in another order: transpose one of them";
  }
  return "the smaller operand's dims must be among the larger's, in the same order; rename(a, from, to) changes a dim's name";
}

/** Elements of `value` in the order of `shape`, repeated where the value lacks a dim. */
function repeated(value: Value, shape: Shape): Column {
  const { data } = value;
  const axes = axesIn(value, shape);
  const out = new Float64Array(sizeOf(shape));
  if (axes.every((axis, i) => axis === axes[0]! + i)) {
    // the value's dims stand together: it is repeated as a whole, and so is each of its elements
    const inner = sizeOf(shape.slice(axes.at(-1)! + 1));
    for (let at = 0; at < out.length; ) {
      for (let i = 0; i < data.length; i++) {
        const x = data[i]!;
        for (const end = at + inner; at < end; at++) out[at] = x;
      }
    }
    return out;
  }
  const own = strides(value.shape);
  const by = new Array<number>(shape.length).fill(0);
  axes.forEach((axis, i) => {
    by[axis] = own[i]!;
  });
  const from = offsets(
    shape.map((d) => d.size),
    by,
  );
  for (let i = 0; i < out.length; i++) out[i] = data[from[i]!]!;
  return out;
}

/** Where a value's dims stand in a shape that it broadcasts to: matched from the right. */
function axesIn(value: Value, shape: Shape): readonly number[] {
  const axes = new Array<number>(value.shape.length);
  let j = shape.length - 1;
  for (let i = axes.length - 1; i >= 0; i--) {
    while (shape[j]!.name !== value.dims[i] || shape[j]!.size !== value.shape[i]) j--;
    axes[i] = j--;
  }
  return axes;
}
