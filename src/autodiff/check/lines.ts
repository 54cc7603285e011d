// The lines along which a parameter is moved: one element, or a random unit vector, and how long the steps are.

import { normalAt, randomKey } from "../../graph/random.ts";
import { type ClaimAt, type Direction, dot, type Target } from "./claims.ts";
import type { Line } from "./difference.ts";
import type { Check } from "./entries.ts";
import { type Around, around, type Run } from "./run.ts";

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

/**
 * The typical size of a parameter's elements: the median of those that are not 0, or 1 where all are. A few huge ones do not make the
 * steps of the others long.
 */
export function typicalOf(data: ArrayLike<number>): number {
  const sizes = Float64Array.from(data, Math.abs).filter((x) => x > 0 && Number.isFinite(x));
  return sizes.length === 0 ? 1 : sizes.sort()[sizes.length >> 1]!;
}

export interface Lines {
  readonly around: Around;
  along(direction: Direction): Line;
}

export function lines({ claim, targets, environment, limits }: Check, t: number, { point, noise }: ClaimAt): Lines {
  const { node, size: elements } = targets[t]!;
  const { tolerance } = limits;
  const moving = around(claim.outputs, [node], point, environment, claim.held);
  const data = point.get(node)!.data as Float64Array;
  const typical = typicalOf(data);
  const smallest = data.reduce((least, x) => (x === 0 ? least : Math.min(least, Math.abs(x))), typical);
  const along = ({ element, vector }: Direction): Line => {
    // an element's own size or, since it may be near 0 by chance, that of its like; a unit vector moves each of n elements by about 1/√n
    const own = element === undefined ? 0 : Math.abs(data[element]!);
    const [size, long] =
      element === undefined ? [smallest * Math.sqrt(elements), typical * Math.sqrt(elements)] : [own || typical, Math.max(own, typical)];
    const at = remembered((h) => {
      const moved = Float64Array.from(data);
      if (element === undefined) for (let i = 0; i < moved.length; i++) moved[i]! += h * vector[i]!;
      else moved[element]! += h;
      return moving.run([moved]);
    });
    // 2⁻²⁰ of the size: with a noise of 10⁻¹⁶ a difference still has about eight digits there
    return { around: moving, at, noise, size, start: stepFor(long), shortest: stepFor(Math.min(size, typical)) * 2 ** -20, tolerance };
  };
  return { around: moving, along };
}

/** An eighth of a size, as a power of two, so that θ ± h is hit exactly as often as possible. */
function stepFor(length: number): number {
  return 2 ** (Math.floor(Math.log2(length)) - 3);
}

function remembered(at: (h: number) => Run): (h: number) => Run {
  const samples = new Map<number, Run>();
  return (h) => {
    const known = samples.get(h) ?? at(h);
    samples.set(h, known);
    return known;
  };
}
