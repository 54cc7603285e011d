// The statements that compute a stored result, by the form of its computation.

import type { AlongAxis, Computation } from "../graph/computation.ts";
import { otherAxes } from "../graph/dim.ts";
import { computationOf } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import type { Data } from "../graph/value.ts";
import { computed, elementsOf, fresh, newBuffer, number, placeOf, type Scope, storage } from "./elements.ts";
import { expressions } from "./expressions.ts";
import type { Expression, Place } from "./loops.ts";
import { count, identityMap, over, rowMajor, sizesOf, wholeOf } from "./places.ts";

type Kind = Computation["kind"];
type Store<K extends Kind> = (node: Node, computation: Computation & { readonly kind: K }, scope: Scope) => void;

export function store(node: Node, scope: Scope): void {
  const computation = computationOf(node)!;
  (stores[computation.kind] as Store<Kind>)(node, computation, scope);
}

/** What is an expression, element by element. */
const elementwise: Store<"fill" | "position" | "elementwise" | "convert" | "view" | "drop"> = (node, computation, scope) => {
  const sizes = sizesOf(node);
  const value = computed(node, computation, identityMap(sizes.length), fresh(scope, sizes.length));
  scope.statements.push({ kind: "map", sizes, out: storage(node, scope), value });
};

const known: Store<"known"> = (node, _, scope) => {
  const { attributes, shape, dtype } = node;
  const buffer = newBuffer(scope.program, dtype, count(sizesOf(node)), "constant", node.op.label(attributes));
  const data = node.op.evaluate([], { attributes, shape, dtype, environment: { seed: 0, trainingStep: 0 }, readers: [] });
  scope.program.constants.set(buffer, data as Data);
  scope.places.set(node, wholeOf(buffer, sizesOf(node)));
};

const reshape: Store<"reshape"> = (node, _, scope) => {
  const a = node.inputs[0]!;
  const sizes = sizesOf(a);
  const value = elementsOf(a, identityMap(sizes.length), fresh(scope, sizes.length));
  scope.statements.push({ kind: "map", sizes, out: { ...storage(node, scope), strides: rowMajor(sizes) }, value });
};

const reduce: Store<"reduce"> = (node, { by, axes }, scope) => {
  const a = node.inputs[0]!;
  const kept = otherAxes(a.shape.length, axes);
  const map = a.shape.map((_, i): AlongAxis => {
    const at = kept.indexOf(i);
    return { axis: at >= 0 ? at : kept.length + axes.indexOf(i), start: 0, step: 1 };
  });
  const value = elementsOf(a, map, fresh(scope, map.length));
  const sizes = sizesOf(a);
  const of = (list: readonly number[]): readonly number[] => list.map((i) => sizes[i]!);
  scope.statements.push({ kind: "reduce", by, kept: of(kept), reduced: of(axes), out: storage(node, scope), value });
};

const contract: Store<"contract"> = (node, { axes: { summed, batch } }, scope) => {
  const [a, b] = node.inputs as [Node, Node];
  const [pa, pb] = [placeOf(a, scope), placeOf(b, scope)];
  const rows = otherAxes(
    a.shape.length,
    summed.map(([x]) => x),
  );
  const columns = otherAxes(
    b.shape.length,
    [...summed, ...batch].map(([, y]) => y),
  );
  const size = (of: Node, axes: readonly number[]): readonly number[] => axes.map((i) => of.shape[i]!.size);
  const paired = new Map(batch);
  const strideOfRow = (row: number): number => (paired.has(row) ? pb.strides[paired.get(row)!]! : 0);
  scope.statements.push({
    kind: "contract",
    rows: size(a, rows),
    columns: size(b, columns),
    terms: summed.map(([x]) => a.shape[x]!.size),
    a: { ...pa, strides: [...rows, ...summed.map(([x]) => x)].map((i) => pa.strides[i]!) },
    b: { ...pb, strides: [...rows.map(strideOfRow), ...[...columns, ...summed.map(([, y]) => y)].map((i) => pb.strides[i]!)] },
    out: storage(node, scope),
    accumulate: false,
  });
};

/** A row of `table` for each id: where they are, and which ids there may be. */
function rowsOf(node: Node, table: Node, rows: Place, axis: number, scope: Scope) {
  const ids = node.inputs[1]!;
  const sizes = sizesOf(table);
  return {
    outer: sizes.slice(0, axis),
    ids: sizesOf(ids),
    inner: sizes.slice(axis + 1),
    along: sizes[axis]!,
    stride: rows.strides[axis]!,
    at: placeOf(ids, scope),
    fault: scope.program.faults.push(node),
  };
}

const without = (place: Place, axis: number): Place => ({ ...place, strides: place.strides.filter((_, i) => i !== axis) });

const gather: Store<"gather"> = (node, { axis }, scope) => {
  const table = placeOf(node.inputs[0]!, scope);
  const rows = rowsOf(node, node.inputs[0]!, table, axis, scope);
  scope.statements.push({ kind: "gather", ...rows, table: without(table, axis), out: storage(node, scope) });
};

const scatter: Store<"scatter"> = (node, { axis }, scope) => {
  const updates = placeOf(node.inputs[0]!, scope);
  const out = storage(node, scope);
  const rows = rowsOf(node, node, out, axis, scope);
  scope.statements.push({ kind: "map", sizes: sizesOf(node), out, value: number(0, "float") });
  scope.statements.push({ kind: "scatter", ...rows, updates, out: without(out, axis) });
};

/** 1 where the position is the id. That the ids are in range is seen by looking them up. */
const oneHot: Store<"oneHot"> = (node, _, scope) => {
  const ids = node.inputs[0]!;
  const sizes = sizesOf(node);
  const rank = sizes.length;
  const along = sizes[rank - 1]!;
  const at = placeOf(ids, scope);
  const temporary = (size: number, label: string): Place => wholeOf(newBuffer(scope.program, "float", size, "temporary", label), [size]);
  const zeros = temporary(along, "zeros");
  const checked = { ...temporary(count(sizesOf(ids)), "checked"), strides: rowMajor(sizesOf(ids)) };
  scope.statements.push({ kind: "map", sizes: [along], out: zeros, value: number(0, "float") });
  scope.statements.push({
    kind: "gather",
    outer: [],
    ids: sizesOf(ids),
    inner: [],
    along,
    stride: 1,
    table: { ...zeros, strides: [] },
    at,
    out: checked,
    fault: scope.program.faults.push(node),
  });
  const id: Expression = { kind: "load", from: over(at, identityMap(rank - 1), rank), dtype: "int" };
  const value = expressions.where(
    expressions.equal(id, { kind: "index", axis: rank - 1, dtype: "int" }),
    number(1, "float"),
    number(0, "float"),
  );
  scope.statements.push({ kind: "map", sizes, out: storage(node, scope), value });
};

const assemble: Store<"assemble"> = (node, { parts, covers }, scope) => {
  const out = storage(node, scope);
  if (!covers) scope.statements.push({ kind: "map", sizes: sizesOf(node), out, value: number(0, node.dtype) });
  for (const [p, part] of node.inputs.entries()) {
    const sizes = sizesOf(part);
    const strides = new Array<number>(sizes.length).fill(0);
    let { offset } = out;
    for (const [i, at] of parts[p]!.entries()) {
      const stride = out.strides[i]!;
      offset += ("at" in at ? at.at : at.start) * stride;
      if ("axis" in at) strides[at.axis] = stride;
    }
    const value = elementsOf(part, identityMap(sizes.length), fresh(scope, sizes.length));
    scope.statements.push({ kind: "map", sizes, out: { ...out, offset, strides }, value });
  }
};

const given: Store<"given"> = (node) => {
  throw new Error(`${node.op.name} has no place`);
};

const stores: { readonly [K in Kind]: Store<K> } = {
  given,
  known,
  fill: elementwise,
  position: elementwise,
  elementwise,
  convert: elementwise,
  view: elementwise,
  drop: elementwise,
  reshape,
  assemble,
  reduce,
  contract,
  gather,
  scatter,
  oneHot,
};
