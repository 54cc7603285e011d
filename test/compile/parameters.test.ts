// First values of parameters: drawn when they are wanted, the same whoever draws them; but one that may fail is drawn, and told, by compile.

import {
  ClewError,
  compile,
  dim,
  evaluate,
  type Initialiser,
  interpret,
  orthogonal,
  type ParameterStore,
  parameter,
  sgd,
  sum,
  uniform,
  updates,
} from "clew";
import { describe, expect, it } from "vitest";

const [row, column] = [dim("row", 1500), dim("column", 1000)];
const bytes = 8 * row.size * column.size;
/** What a step would add to the memory of this process, beside a program's own. */
const added = (step: () => unknown): number => {
  const before = process.memoryUsage().arrayBuffers;
  step();
  return process.memoryUsage().arrayBuffers - before;
};

describe("first values of the library's own initialisers", () => {
  const W = parameter("W", [row, column], uniform(-1, 1));
  const make = (store: ParameterStore) => compile({ total: sum(W) }, { seed: 5, store, precision: "f64" });

  it("are drawn when somebody looks at them, not by compile, and once", () => {
    const store: ParameterStore = new Map();
    expect(added(() => make(store))).toBeLessThan(bytes / 2);
    const value = store.get("W")!;
    expect(value).toMatchObject({ dims: ["row", "column"], shape: [1500, 1000] });
    expect(value.data).toBe(value.data);
    expect(value.data).toEqual(evaluate(W, {}, { seed: 5 }).data);
  });

  it("are never drawn when others are set before the first run", () => {
    const program = make(new Map());
    const own = new Float64Array(row.size * column.size).fill(0.5);
    expect(added(() => program.set({ W: own }))).toBeLessThan(1.5 * bytes); // its copy
    expect(program.run({}).total.data[0]).toBe(750_000);
  });

  it("are the same for a second program of the store, drawn or not", () => {
    const [first, second]: ParameterStore[] = [new Map(), new Map()];
    make(first!).run({});
    make(second!);
    const expected = evaluate(sum(W), {}, { seed: 5 }).data[0]!;
    for (const store of [first!, second!]) {
      // a sum of 1.5e6 numbers below 1, made in another order
      expect(Math.abs(make(store).run({}).total.data[0]! - expected)).toBeLessThan(1.5e6 * 1.5e6 * 2 ** -53);
    }
  });

  it("are those that a step of training begins with", () => {
    const w = parameter("w", [dim("small", 6)], orthogonal());
    const options = { seed: 2, update: updates(sgd(0.5), new Map([[w, w]])) };
    const [compiled, reference] = [compile({ w }, { ...options, precision: "f64" }), interpret({ w }, options)];
    for (let i = 0; i < 3; i++) expect(compiled.run({}).w.data).toEqual(reference.run({}).w.data);
  });
});

describe("a user's own initialiser", () => {
  const compiled = (initial: Initialiser) => () => compile(parameter("own", [dim("small", 2)], initial));
  it("is asked by compile, once, so that its mistake is told there", () => {
    let asked = 0;
    const counted: Initialiser = () => {
      asked++;
      return Float64Array.of(1, 2);
    };
    const program = compiled(counted)();
    expect(asked).toBe(1);
    program.run({});
    expect(asked).toBe(1);
    expect(compiled(() => new Float64Array(3))).toThrow(ClewError);
    expect(compiled(() => new Float64Array(3))).toThrow(/"own": the initialiser gave 3 elements/);
  });
});
