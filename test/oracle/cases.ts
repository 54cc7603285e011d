// The oracle's files as they are (README.md has the format), and how a value is held against a number of theirs.

import { readFileSync } from "node:fs";
import { type Dim, dim, type Feeds, input, parameter, type Tensor } from "clew";
import { expect } from "vitest";

export interface Numbers {
  readonly dims: readonly string[];
  readonly dtype: "float" | "int";
  readonly data: readonly (number | "NaN" | "Infinity" | "-Infinity")[];
}
type Named = Readonly<Record<string, Numbers>>;

export interface Case {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly dims: Readonly<Record<string, number>>;
  readonly parameters: Named;
  readonly inputs: Named;
  readonly values: Named;
  readonly loss: number | null;
  readonly gradients: Named;
  readonly directions?: Named;
  readonly hvp?: Named;
  readonly hessian?: Readonly<Record<string, Named>>;
}

export function casesOf(file: string): readonly Case[] {
  return (JSON.parse(readFileSync(new URL(`${file}.json`, import.meta.url), "utf8")) as { readonly cases: readonly Case[] }).cases;
}

export function numbers({ data }: Numbers): Float64Array {
  return Float64Array.from(data, Number);
}

/** Everything that is fed: inputs, and parameters by their names. */
export function feedsOf({ parameters, inputs }: Case): Feeds {
  return Object.fromEntries(Object.entries({ ...parameters, ...inputs }).map(([name, n]) => [name, numbers(n)]));
}

/** Its leaves as tensors: float inputs and parameters are what one differentiates by. */
export interface Leaves {
  readonly dims: Readonly<Record<string, Dim>>;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

export function leavesOf({ dims: sizes, parameters, inputs }: Case): Leaves {
  const dims = Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, dim(name, size)]));
  const shape = (n: Numbers) => n.dims.map((d) => dims[d]!);
  const tensors = {
    ...Object.fromEntries(Object.entries(parameters).map(([name, n]) => [name, parameter(name, shape(n)) as Tensor])),
    ...Object.fromEntries(Object.entries(inputs).map(([name, n]) => [name, input(name, shape(n), n.dtype) as unknown as Tensor])),
  };
  return { dims, tensors };
}

/** Largest difference, relative to the largest element (an element near 0 is a sum of such): all must be under `bound`. */
export function expectNear(
  found: { readonly data: ArrayLike<number> },
  wanted: Numbers | readonly number[],
  bound: number,
  what: string,
): void {
  const theirs = "data" in wanted ? numbers(wanted as Numbers) : Float64Array.from(wanted as readonly number[]);
  expect(found.data.length, what).toBe(theirs.length);
  let scale = 0;
  for (const x of theirs) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
  let worst = 0;
  for (let i = 0; i < theirs.length; i++) {
    const [a, b] = [found.data[i]!, theirs[i]!];
    if (Object.is(a, b) || a === b) continue;
    worst = Math.max(
      worst,
      Number.isFinite(b) && Number.isFinite(a) ? Math.abs(a - b) / Math.max(scale, 1e-300) : Number.POSITIVE_INFINITY,
    );
  }
  expect(worst, `${what}: largest difference, relative`).toBeLessThanOrEqual(bound);
}
