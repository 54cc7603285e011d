// Singular values by one-sided Jacobi rotations: pairs of columns are rotated until all are orthogonal; their lengths are the
// singular values. Slow beside bidiagonalisation and accurate to the last bits, small values included.
// Source: Demmel & Veselić, "Jacobi's method is more accurate than QR", SIAM J. Matrix Anal. 13 (1992); G. Golub & C. Van Loan, 8.6.3.

/** Singular values, largest first, of a matrix [rows, columns] in row-major order; all NaN when an element is not finite. */
export function singularValues(matrix: ArrayLike<number>, rows: number, columns: number): Float64Array {
  // a column of the working matrix is contiguous; the smaller side is rotated (A and Aᵀ have the same values)
  const [n, length] = columns <= rows ? [columns, rows] : [rows, columns];
  const a = new Float64Array(n * length);
  let scale = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const x = matrix[i * columns + j]!;
      a[columns <= rows ? j * length + i : i * length + j] = x;
      scale = Math.max(scale, Math.abs(x)); // NaN stays NaN
    }
  }
  if (!Number.isFinite(scale)) return new Float64Array(n).fill(Number.NaN);
  if (scale === 0) return new Float64Array(n);
  for (let i = 0; i < a.length; i++) a[i]! /= scale; // squares must neither overflow nor vanish
  for (let sweep = 0, rotated = true; rotated && sweep < 60; sweep++) {
    rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        let [alpha, beta, gamma] = [0, 0, 0];
        for (let i = 0; i < length; i++) {
          const [x, y] = [a[p * length + i]!, a[q * length + i]!];
          alpha += x * x;
          beta += y * y;
          gamma += x * y;
        }
        if (Math.abs(gamma) <= 1e-15 * Math.sqrt(alpha * beta)) continue;
        rotated = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta)); // the smaller root: |angle| ≤ π/4
        const cosine = 1 / Math.hypot(1, tangent);
        const sine = cosine * tangent;
        for (let i = 0; i < length; i++) {
          const [x, y] = [a[p * length + i]!, a[q * length + i]!];
          a[p * length + i] = cosine * x - sine * y;
          a[q * length + i] = sine * x + cosine * y;
        }
      }
    }
  }
  const values = new Float64Array(n);
  for (let j = 0; j < n; j++) values[j] = scale * Math.hypot(...a.subarray(j * length, (j + 1) * length));
  return values.sort().reverse();
}
