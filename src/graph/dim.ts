// A dimension has a name and a size. Shapes are tuples of dimensions, and everything in Clew that speaks of an axis speaks of its name:
// broadcasting, contraction, error messages, pictures.

/**
 * A named dimension. Two dims are the same when name and size are the same.
 *
 * For the compiler sizes are *consistent*, not equal: `sized` is a method, so its parameter is compared bivariantly, and
 * `8 ~ number ~ 9` holds while `8 ~ 9` does not (gradual typing). It exists for the types alone.
 */
export interface Dim<N extends string = string, S extends number = number> {
  readonly name: N;
  readonly size: number;
  sized(size: S): void;
}

/** A tuple of named dimensions, outermost first (row-major). `[]` is a scalar. */
export type Shape = readonly Dim[];

class NamedDim implements Dim {
  constructor(
    readonly name: string,
    readonly size: number,
  ) {}
  sized(): void {}
  toString(): string {
    return `${this.name}=${this.size}`;
  }
}

/**
 * Makes a dimension.
 *
 * A size that is not a whole number ≥ 0 is reported by `graph()` and the verbs, at the first node that uses the dim.
 *
 * @example
 * import { dim } from "clew";
 * const hidden = dim("hidden", 16);
 * hidden.size; // 16
 */
export function dim<const N extends string, const S extends number>(name: N, size: S): Dim<N, S> {
  return new NamedDim(name, size) as unknown as Dim<N, S>;
}

export function sameDim(a: Dim, b: Dim): boolean {
  return a === b || (a.name === b.name && a.size === b.size);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a === b || (a.length === b.length && a.every((d, i) => sameDim(d, b[i]!)));
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let n = 1;
  for (const d of shape) n *= d.size;
  return n;
}

/** `[batch=8, hidden=16]`, as every message and picture writes it. */
export function showShape(shape: Shape): string {
  return `[${shape.map((d) => `${d.name}=${d.size}`).join(", ")}]`;
}

/** The axes of an array of that rank which are not among `axes`, in order. */
export function otherAxes(rank: number, axes: readonly number[]): readonly number[] {
  const others: number[] = [];
  for (let i = 0; i < rank; i++) if (!axes.includes(i)) others.push(i);
  return others;
}

/** The shape with other dims in an axis' place. */
export function replaced(shape: Shape, axis: number, by: Shape): Shape {
  return [...shape.slice(0, axis), ...by, ...shape.slice(axis + 1)];
}

/** A dim of that size whose name no dim of `shapes` has: for an axis that a transform adds. */
export function freshDim(stem: string, size: number, shapes: readonly Shape[]): Dim {
  const taken = new Set<string>();
  for (const shape of shapes) for (const d of shape) taken.add(d.name);
  let name = stem;
  while (taken.has(name)) name += "'";
  return dim(name, size);
}

/**
 * Where each dim of `small` stands in `large`, when `small` is an ordered subset of `large`, matched by name and size from the
 * right; `undefined` when it is not. The whole of Clew's broadcasting rule.
 */
export function alignment(small: Shape, large: Shape): readonly number[] | undefined {
  const axes: number[] = new Array(small.length);
  let j = large.length - 1;
  for (let i = small.length - 1; i >= 0; i--) {
    while (j >= 0 && !sameDim(small[i]!, large[j]!)) j--;
    if (j < 0) return undefined;
    axes[i] = j--;
  }
  return axes;
}
