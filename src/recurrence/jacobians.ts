// ∂h_{k+1}/∂h_k, the matrices whose products carry the gradient back in time. What a state is made of is all that a cell carries, so
// ∂h_t/∂h_k is the product of the matrices in between, for any cell: an LSTM's state is the pair (h, c).

import { reverseLifted } from "../autodiff/lift.ts";
import { dim, freshDim, type Shape, sameShape } from "../graph/dim.ts";
import type { Node } from "../graph/node.ts";
import { topological } from "../graph/traverse.ts";
import { algebra as m } from "../ops/algebra.ts";
import { singularValues } from "./singular.ts";

/** How the leaves of a state are read as vectors: dims that count sequences, and each leaf's number of features. */
export interface Layout {
  readonly batch: Shape;
  readonly features: readonly number[];
  readonly size: number;
}

/** All but the last dim are batch, where the leaves agree on them; otherwise the whole state is one vector. */
export function layoutOf(leaves: readonly Node[]): Layout {
  const batch = leaves[0]?.shape.slice(0, -1) ?? [];
  const alike = leaves.every((l) => l.shape.length > 0 && sameShape(l.shape.slice(0, -1), batch));
  const sizes = leaves.map((l) => (alike ? l.shape.at(-1)!.size : l.shape.reduce((n, d) => n * d.size, 1)));
  return { batch: alike ? batch : [], features: sizes, size: sizes.reduce((a, b) => a + b, 0) };
}

/**
 * ∂to/∂from [...batch, out, in], for leaves of one layout. One backward pass, lifted over the features of `to`; a unit cotangent is given to
 * all sequences of a batch at once, which is right as long as no sequence depends on another.
 */
export function jacobianBetween(to: readonly Node[], from: readonly Node[]): Node {
  const [rows, columns] = [layoutOf(to), layoutOf(from)];
  const shapes = topological([...to, ...from]).map((n) => n.shape);
  const out = freshDim("out", rows.size, shapes);
  let first = 0;
  const bases = to.map((leaf, i) => {
    const shape = [out, ...rows.batch, dim("feature", rows.features[i]!)];
    const row = m.cast(m.iota(shape, 0), "float");
    const feature = m.add(m.cast(m.iota(shape, shape.length - 1), "float"), m.constant(first));
    first += rows.features[i]!;
    return m.reshape(m.cast(m.equal(row, feature), "float"), [out, ...leaf.shape]);
  });
  const parts = reverseLifted(to, bases, from, out).map((part, i) =>
    m.reshape(part, [out, ...columns.batch, dim("feature", columns.features[i]!)]),
  );
  const into = freshDim("in", columns.size, shapes);
  const whole = m.concat(parts, columns.batch.length + 1, into);
  const batch = columns.batch.map((_, i) => i + 1);
  return m.transpose(whole, [...batch, 0, batch.length + 1]);
}

/** True when the later state depends on `before` only through `between`: then Jacobians of single steps may be multiplied. */
export function isComplete(later: readonly Node[], between: readonly Node[], before: readonly Node[]): boolean {
  const seen = new Set<Node>(between);
  const looking = [...later];
  while (looking.length > 0) {
    const node = looking.pop()!;
    if (seen.has(node)) continue;
    if (before.includes(node)) return false;
    seen.add(node);
    looking.push(...node.inputs);
  }
  return true;
}

/** One matrix by its numbers: row-major, out × in. */
export interface Matrix {
  readonly size: number;
  readonly data: Float64Array;
}

export interface JacobianNorm {
  /** ‖·‖₂, the largest singular value: by how much a gradient can grow at most on its way from t to k. */
  readonly spectral: number;
  readonly frobenius: number;
  /** Largest first. */
  readonly singularValues: readonly number[];
}

export function productOf(a: Matrix, b: Matrix): Matrix {
  const n = a.size;
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = a.data[i * n + k]!;
      for (let j = 0; j < n; j++) data[i * n + j]! += x * b.data[k * n + j]!;
    }
  }
  return { size: n, data };
}

export function identityOf(size: number): Matrix {
  const data = new Float64Array(size * size);
  for (let i = 0; i < size; i++) data[i * size + i] = 1;
  return { size, data };
}

export function normsOf({ size, data }: Matrix): JacobianNorm {
  const values = singularValues(data, size, size);
  let squares = 0;
  for (const x of data) squares += x * x;
  return { spectral: values[0] ?? 0, frobenius: Math.sqrt(squares), singularValues: [...values] };
}
