// Initial values of parameters: functions of (shape, seed, name), so that a parameter's start does not depend on which others there are,
// nor on the order in which they were made.

import { type Shape, sizeOf } from "../graph/dim.ts";
import { normalAt, randomKey, uniformAt } from "../graph/random.ts";

/** The initial elements of a parameter, row-major. */
export type Initialiser = (shape: Shape, seed: number, name: string) => Float64Array;

const ours = new WeakSet<Initialiser>();

/** One of those below: it gives every shape its elements, so that they may be drawn when they are first wanted, or never. */
export function isOurs(initialiser: Initialiser): boolean {
  return ours.has(initialiser);
}

function our(initialiser: Initialiser): Initialiser {
  ours.add(initialiser);
  return initialiser;
}

/**
 * Numbers of a distribution, and what becomes of them: both for all elements at once, in plain loops. A net has millions of weights, and starts with
 * them cold: a call for each element is what would take the time.
 */
function random(draws: (key: number, size: number) => Float64Array, change: (values: Float64Array, shape: Shape) => void): Initialiser {
  return our((shape, seed, name) => {
    const values = draws(randomKey("initial", seed, name), sizeOf(shape));
    change(values, shape);
    return values;
  });
}

function uniforms(key: number, size: number): Float64Array {
  const values = new Float64Array(size);
  for (let i = 0; i < size; i++) values[i] = uniformAt(key, i);
  return values;
}

function normals(key: number, size: number): Float64Array {
  const values = new Float64Array(size);
  for (let i = 0; i < size; i++) values[i] = normalAt(key, i);
  return values;
}

/** Everywhere the same number. */
export function constantly(value: number): Initialiser {
  return our((shape) => new Float64Array(sizeOf(shape)).fill(value));
}

/** Uniform between low and high. */
export function uniform(low: number, high: number): Initialiser {
  return random(uniforms, (values) => {
    for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * values[i]!;
  });
}

/** Normal with the given mean and standard deviation. */
export function normal(mean: number, deviation: number): Initialiser {
  return random(normals, (values) => {
    for (let i = 0; i < values.length; i++) values[i] = mean + deviation * values[i]!;
  });
}

/** Fan-in and fan-out of a weight [..., in, out]. */
function fans(shape: Shape): { readonly input: number; readonly output: number } {
  const output = shape.at(-1)?.size ?? 1;
  return { output, input: Math.max(1, sizeOf(shape) / Math.max(1, output)) };
}

/** Uniform within ±√(6 / (in + out)) (Glorot & Bengio, 2010). */
export function glorot(): Initialiser {
  return random(uniforms, (values, shape) => {
    const { input, output } = fans(shape);
    const most = Math.sqrt(6 / (input + output));
    for (let i = 0; i < values.length; i++) values[i] = (2 * values[i]! - 1) * most;
  });
}

/** Normal with deviation √(2 / in), for relu (He et al., 2015). */
export function he(): Initialiser {
  return random(normals, (values, shape) => {
    const deviation = Math.sqrt(2 / fans(shape).input);
    for (let i = 0; i < values.length; i++) values[i]! *= deviation;
  });
}

/** `gain` times the identity: rows and columns beyond the square are 0 (for relu RNNs: Le, Jaitly & Hinton, 2015). */
export function identity(gain = 1): Initialiser {
  return our((shape) => {
    const columns = shape.at(-1)?.size ?? 1;
    return Float64Array.from({ length: sizeOf(shape) }, (_, i) => (Math.floor(i / columns) === i % columns ? gain : 0));
  });
}

/**
 * A random orthogonal matrix times `gain` (Saxe, McClelland & Ganguli, 2014): every singular value is `gain`, so that W alone neither
 * shrinks nor stretches a gradient. For [in, out] that is not square the shorter side's vectors are orthonormal.
 */
export function orthogonal(gain = 1): Initialiser {
  return our((shape, seed, name) => {
    const key = randomKey("initial", seed, name);
    const columns = shape.at(-1)?.size ?? 1;
    const rows = columns === 0 ? 0 : sizeOf(shape) / columns;
    const [count, length] = rows <= columns ? [rows, columns] : [columns, rows];
    const vectors: Float64Array[] = [];
    for (let i = 0; i < count; i++) {
      const v = Float64Array.from({ length }, (_, j) => normalAt(key, i * length + j));
      // modified Gram–Schmidt, twice: once is not enough in floating point (Giraud et al., 2005)
      for (let pass = 0; pass < 2; pass++) {
        for (const u of vectors) {
          let dot = 0;
          for (let j = 0; j < length; j++) dot += u[j]! * v[j]!;
          for (let j = 0; j < length; j++) v[j]! -= dot * u[j]!;
        }
      }
      const norm = Math.hypot(...v);
      vectors.push(v.map((x) => x / norm));
    }
    return Float64Array.from({ length: rows * columns }, (_, i) => {
      const r = Math.floor(i / columns);
      const c = i % columns;
      return gain * (rows <= columns ? vectors[r]![c]! : vectors[c]![r]!);
    });
  });
}
