// The lines along which a parameter is moved: one element, or a random unit vector, and how long the first step is.

import { normalAt, randomKey } from "../../graph/random.ts";
import type { Line } from "./difference.ts";
import type { Check } from "./entries.ts";
import { type Around, around } from "./run.ts";
import { type Direction, dot, type Sides, type Target } from "./sides.ts";

export function unit(size: number, element: number): Direction {
  const vector = new Float64Array(size);
  vector[element] = 1;
  return { element, vector };
}

/** Uniform on the sphere: normal numbers, divided by their length. */
export function randomUnit(target: Target, number: number, seed: number): Direction {
  const key = randomKey("direction", seed, target.name, number);
  const vector = Float64Array.from({ length: target.size }, (_, i) => normalAt(key, i));
  return { number, vector: normalised(vector) };
}

function normalised(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((x) => x / length);
}

/** The size of a parameter's elements, by which steps are measured: their root mean square, or 1 for a parameter that is 0. */
export function scaleOf(data: ArrayLike<number>): number {
  const rms = Math.sqrt(dot(data, data) / Math.max(1, data.length));
  return rms > 0 && Number.isFinite(rms) ? rms : 1;
}

export interface Lines {
  readonly around: Around;
  along(direction: Direction): Line;
}

export function lines({ side, targets, environment, limits }: Check, t: number, { point, noise }: Sides): Lines {
  const { node, size } = targets[t]!;
  const moving = around(side.outputs, [node], point, environment, side.held);
  const data = point.get(node)!.data as Float64Array;
  const scale = scaleOf(data);
  const along = ({ element, vector }: Direction): Line => {
    // a unit vector moves each of n elements by 1/√n; steps are powers of two, so that θ ± h is hit exactly as often as possible
    const reach = element === undefined ? scale * Math.sqrt(size) : scale;
    const h0 = 2 ** (Math.floor(Math.log2(reach)) - 3);
    const at = (h: number) => {
      const moved = Float64Array.from(data);
      if (element === undefined) for (let i = 0; i < moved.length; i++) moved[i]! += h * vector[i]!;
      else moved[element]! += h;
      return moving.run([moved]);
    };
    return { around: moving, at, noise, h0, tolerance: limits.tolerance };
  };
  return { around: moving, along };
}
