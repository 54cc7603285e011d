// The f64 loops of a contraction: strides and offsets are all that they know of axes.

/** The distance between neighbours, when it is the same everywhere. */
function spacing(offsets: Int32Array): number | undefined {
  const step = offsets.length > 1 ? offsets[1]! - offsets[0]! : 1;
  for (let i = 2; i < offsets.length; i++) if (offsets[i]! - offsets[i - 1]! !== step) return undefined;
  return step;
}

/** out[m, n] = Σ_k a[m, k] · b[m, k, n], k ascending, from 0. */
export function product(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  rowA: Int32Array,
  rowB: Int32Array,
  columnB: Int32Array,
  termA: Int32Array,
  termB: Int32Array,
): void {
  const [stepA, stepB, stepN] = [spacing(termA), spacing(termB), spacing(columnB)];
  if (stepA !== undefined && stepB !== undefined && stepN !== undefined) {
    for (let m = 0; m < rowA.length; m++)
      regularRow(out, m * columnB.length, columnB.length, a, rowA[m]!, stepA, b, rowB[m]!, stepB, stepN, termA.length);
    return;
  }
  const columns = columnB.length;
  for (let m = 0; m < rowA.length; m++) {
    for (let n = 0; n < columns; n++) {
      const start = rowB[m]! + columnB[n]!;
      let total = 0;
      for (let k = 0; k < termA.length; k++) total += a[rowA[m]! + termA[k]!]! * b[start + termB[k]!]!;
      out[m * columns + n] = total;
    }
  }
}

/** A vector times a matrix, both evenly spaced: eight columns at a time, so that each element of a is read once for all of them. */
function regularRow(
  out: Float64Array,
  to: number,
  columns: number,
  a: Float64Array,
  fromA: number,
  stepA: number,
  b: Float64Array,
  fromB: number,
  stepB: number,
  stepN: number,
  terms: number,
): void {
  let n = 0;
  for (; n + 8 <= columns; n += 8) {
    let [t0, t1, t2, t3, t4, t5, t6, t7] = [0, 0, 0, 0, 0, 0, 0, 0];
    let i = fromA;
    let j = fromB + n * stepN;
    for (let k = 0; k < terms; k++) {
      const x = a[i]!;
      t0 += x * b[j]!;
      t1 += x * b[j + stepN]!;
      t2 += x * b[j + 2 * stepN]!;
      t3 += x * b[j + 3 * stepN]!;
      t4 += x * b[j + 4 * stepN]!;
      t5 += x * b[j + 5 * stepN]!;
      t6 += x * b[j + 6 * stepN]!;
      t7 += x * b[j + 7 * stepN]!;
      i += stepA;
      j += stepB;
    }
    const at = to + n;
    out[at] = t0;
    out[at + 1] = t1;
    out[at + 2] = t2;
    out[at + 3] = t3;
    out[at + 4] = t4;
    out[at + 5] = t5;
    out[at + 6] = t6;
    out[at + 7] = t7;
  }
  for (; n < columns; n++) {
    let total = 0;
    let i = fromA;
    let j = fromB + n * stepN;
    for (let k = 0; k < terms; k++) {
      total += a[i]! * b[j]!;
      i += stepA;
      j += stepB;
    }
    out[to + n] = total;
  }
}
