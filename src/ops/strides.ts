// Where an element lies: arithmetic on the sizes of a row-major array.

/** Row-major strides. */
export function strides(sizes: readonly number[]): number[] {
  const out = new Array<number>(sizes.length);
  let stride = 1;
  for (let i = sizes.length - 1; i >= 0; i--) {
    out[i] = stride;
    stride *= sizes[i]!;
  }
  return out;
}

/** Elements before, along and after an axis: an array is outer × along × inner. */
export function around(sizes: readonly number[], axis: number): { readonly outer: number; readonly along: number; readonly inner: number } {
  let outer = 1;
  let inner = 1;
  for (let i = 0; i < axis; i++) outer *= sizes[i]!;
  for (let i = axis + 1; i < sizes.length; i++) inner *= sizes[i]!;
  return { outer, along: sizes[axis]!, inner };
}

/** For every element of `sizes` in row-major order: its offset with other strides. */
export function offsets(sizes: readonly number[], by: readonly number[]): Int32Array {
  let total = 1;
  for (const s of sizes) total *= s;
  const out = new Int32Array(total);
  const at = new Array<number>(sizes.length).fill(0);
  let offset = 0;
  for (let i = 0; i < total; i++) {
    out[i] = offset;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      offset += by[axis]!;
      if (++at[axis]! < sizes[axis]!) break;
      offset -= by[axis]! * sizes[axis]!;
      at[axis] = 0;
    }
  }
  return out;
}
