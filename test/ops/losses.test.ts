// What a mask hides does not matter: value and derivatives are those of the rows that count, taken alone.

import {
  add,
  type Dim,
  dim,
  evaluate,
  grad,
  hessian,
  input,
  item,
  jvp,
  log,
  meanSquaredError,
  mul,
  parameter,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  vjp,
} from "clew";
import { describe, expect, it } from "vitest";

const [time, batch, label] = [dim("time", 2), dim("batch", 3), dim("label", 3)];
const isReal = [1, 0, 1, 0, 1, 1];
const realRows = isReal.flatMap((r, i) => (r === 1 ? [i] : []));
const few = dim("few", realRows.length);
const allow = { nan: "allow" } as const;

const rows = (count: number, phase: number) => Array.from({ length: count }, (_, i) => [0, 1, 2].map((k) => Math.sin(phase + 3 * i + k)));
const [predictions, directions, targets] = [rows(6, 0.3), rows(6, 1.1), rows(6, 2.7)];
const labels = [0, 1, 2, 0, 1, 0];
const weights = [1.5, -2, 0.5, 3, 0.7, 1.1];

type Scalar = Tensor<readonly []>;
type Options = { readonly mask?: Tensor<readonly Dim[], "bool">; readonly reduce: "mean" | "sum" | "none" };

interface Loss {
  readonly of: (x: Tensor, options: Options) => Tensor;
  /** What the loss is fed besides predictions, by row; and what stands in masked rows. */
  readonly fed: Readonly<Record<string, readonly unknown[]>>;
  readonly padding: (bad: number) => Readonly<Record<string, readonly unknown[]>>;
}

const losses: Readonly<Record<string, Loss>> = {
  softmaxCrossEntropy: {
    of: (x, options) => softmaxCrossEntropy(x, input("labels", x.shape.slice(0, -1), "int"), options),
    fed: { labels },
    padding: () => ({ labels: [-1, 99, 3, 7, -2, 3] }),
  },
  meanSquaredError: {
    of: (x, options) => meanSquaredError(x, input("targets", x.shape), options),
    fed: { targets },
    padding: (bad) => ({ targets: rows(6, 0).map(() => [bad, 0, bad]) }),
  },
};

const inReal = <A>(real: readonly A[], padding: readonly A[]) => real.map((a, i) => (isReal[i] === 1 ? a : padding[i]!));
const flat = (a: readonly unknown[]) => Float64Array.from(a.flat() as number[]);
const only = <A>(all: readonly A[]) => realRows.map((i) => all[i]!);
const each = <A, B>(record: Readonly<Record<string, A>>, f: (a: A, name: string) => B) =>
  Object.fromEntries(Object.entries(record).map(([name, a]) => [name, f(a, name)]));

/** One number, its value and derivatives; of every element, where the loss is not reduced, with weights. */
function measured(loss: Loss, shape: readonly Dim[], options: Options) {
  const x = input("x", shape);
  const value = loss.of(x, options);
  const own = input("weights", shape.slice(0, -1));
  const E = (options.reduce === "none" ? sum(mul(value, own)) : value) as Scalar;
  const outputs = { value, first: grad(E, x), forward: jvp(E, x, input("direction", shape)), second: hessian(E, x) };
  return { outputs, weighted: options.reduce === "none" };
}

const bads = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

describe.each(Object.entries(losses))("%s", (_, loss) => {
  describe.each(["mean", "sum", "none"] as const)("%s", (reduce) => {
    const reference = measured(loss, [few, label], { reduce });
    const wanted = evaluate(reference.outputs, {
      x: only(predictions),
      direction: only(directions),
      ...(reference.weighted ? { weights: only(weights) } : {}),
      ...each(loss.fed, only),
    } as never);
    const masked = measured(loss, [time, batch, label], { reduce, mask: input("mask", [time, batch], "bool") });
    const padding = (bad: number) => rows(6, 0).map((_, i) => [i === 1 ? bad : 0.5, bad, bad]);

    it.each(bads)("%s in masked rows reaches neither value nor derivative", (bad) => {
      const found = evaluate(
        masked.outputs,
        {
          x: flat(inReal(predictions, padding(bad))),
          direction: flat(inReal(directions, padding(bad))),
          mask: flat(isReal),
          ...(masked.weighted ? { weights: flat(weights) } : {}),
          ...each(loss.fed, (real, name) => flat(inReal(real, loss.padding(bad)[name]!))),
        } as never,
        allow,
      );
      const from = elementsOf(isReal);
      // each element of a result by rows, and by rows twice: as in the reference, or 0
      const compare = (got: ArrayLike<number>, want: ArrayLike<number>, at: readonly (number | undefined)[]) => {
        expect(got.length).toBe(at.length);
        at.forEach((i, k) => {
          expect(got[k]).toBeCloseTo(i === undefined ? 0 : want[i]!, 13);
        });
      };
      const rowByRow = found.value.shape.length === 2 ? placesOf(isReal) : from;
      compare(found.value.data, wanted.value.data, reduce === "none" ? rowByRow : [0]);
      compare(found.first.data, wanted.first.data, from);
      compare(found.forward.data, wanted.forward.data, [0]);
      const count = wanted.first.data.length;
      compare(
        found.second.data,
        wanted.second.data,
        from.flatMap((i) => from.map((j) => (i === undefined || j === undefined ? undefined : i * count + j))),
      );
    });
  });

  it("reads a cotangent at what counts alone", () => {
    const x = input("x", [time, batch, label]);
    const value = loss.of(x, { reduce: "none", mask: input("mask", [time, batch], "bool") });
    const found = evaluate(
      vjp(value, x, input("u", value.shape)),
      {
        x: flat(predictions),
        mask: flat(isReal),
        u: Float64Array.from({ length: value.shape.length === 2 ? 6 : 18 }, (_, i) =>
          isReal[value.shape.length === 2 ? i : Math.floor(i / 3)] === 1 ? 1 : Number.NaN,
        ),
        ...each(loss.fed, flat),
      } as never,
      allow,
    );
    expect(found.data.every(Number.isFinite)).toBe(true);
  });

  it("is 0, with derivatives 0, where nothing counts", () => {
    const x = input("x", [time, batch, label]);
    for (const reduce of ["mean", "sum"] as const) {
      const value = loss.of(x, { reduce, mask: input("mask", [time], "bool") }) as Scalar;
      const found = evaluate(
        { value, first: grad(value, x), second: hessian(value, x) },
        {
          x: new Float64Array(18).fill(Number.NaN),
          mask: [0, 0],
          ...each(loss.padding(Number.NaN), flat),
        } as never,
        allow,
      );
      for (const v of [found.value, found.first, found.second]) expect(v.data.every((a) => a === 0)).toBe(true);
    }
  });
});

it("an infinity that the graph made in masked rows does not reach a parameter", () => {
  const [x, w] = [input("x", [batch, label]), parameter("w", [label])];
  const value = softmaxCrossEntropy(add(log(x), w), input("y", [batch], "int"), { mask: input("mask", [batch], "bool") });
  const found = evaluate(
    { value, first: grad(value, w), second: hessian(value, w) },
    { x: Float64Array.of(1, 1, 1, 0, 0, 0, 0, 0, 0), w: [0, 0, 0], y: [0, -1, 3], mask: [1, 0, 0] },
  );
  expect(item(found.value)).toBeCloseTo(Math.log(3), 14);
  [1 / 3 - 1, 1 / 3, 1 / 3].forEach((g, k) => {
    expect(found.first.data[k]).toBeCloseTo(g, 14);
  });
  expect(found.second.data[0]).toBeCloseTo(2 / 9, 14);
});

it("a label out of range is told where it counts", () => {
  const value = softmaxCrossEntropy(input("x", [batch, label]), input("y", [batch], "int"), { mask: input("mask", [batch], "bool") });
  const run = (mask: readonly number[]) => () => evaluate(value, { x: new Float64Array(9), y: [0, 3, 9], mask });
  expect(run([1, 1, 0])).toThrow(/y\[1\] is 3, out of range/);
  expect(run([1, 0, 0])).not.toThrow();
});

/** For every row, its place among the rows that count. */
function placesOf(real: readonly number[]): readonly (number | undefined)[] {
  let at = 0;
  return real.map((r) => (r === 1 ? at++ : undefined));
}

/** The same for the elements of rows. */
function elementsOf(real: readonly number[]): readonly (number | undefined)[] {
  return placesOf(real).flatMap((p) => [0, 1, 2].map((k) => (p === undefined ? undefined : 3 * p + k)));
}
