// Compiled f32 programs are within the bounds that follow from what they compute (error-bound.ts): every op, random cells, whole nets. And the bounds are
// narrow: a kernel that is wrong by little falls out of them.

import { compile, evaluate, type Feeds, scan, unroll } from "clew";
import { describe, expect, it } from "vitest";
import { registry } from "../../src/ops/registry.ts";
import { boundsOf, expectWithin, outside, vagueness } from "./error-bound.ts";
import { lstmStep, rnnStep } from "./nets.ts";
import { sampled, valuesOf } from "./sampled.ts";

describe("every op, on every sample, with its gradient", () => {
  const cases = registry.flatMap((op) => op.samples.map((sample) => ({ name: `${op.name}: ${sample.name}`, op, sample })));
  it.each(cases)("$name", ({ op, sample }) => {
    const { outputs, feeds } = sampled(op, sample);
    const wanted = valuesOf(evaluate(outputs, feeds, { nan: "allow", seed: 2 }));
    for (const precision of ["f32", "f64"] as const) {
      const found = valuesOf(compile(outputs, { precision, seed: 2 }).run(feeds, { nan: "allow" }));
      expectWithin(op.name, boundsOf(outputs, feeds, precision, { seed: 2 }), found, wanted);
    }
  });
});

const nets = [
  ["an RNN, scanned", rnnStep(scan)],
  ["an RNN, unrolled", rnnStep(unroll as typeof scan)],
  ["an LSTM, scanned", lstmStep(scan)],
  ["an LSTM, unrolled", lstmStep(unroll as typeof scan)],
] as const;

describe.each(nets)("%s: a training step", (name, { outputs, feeds }) => {
  const bounds = boundsOf(outputs, feeds, "f32");
  const run = (given: Feeds) => valuesOf(compile(outputs).run(given));

  it("is within its bounds", () => {
    expectWithin(name, bounds, run(feeds), valuesOf(evaluate(outputs, feeds)));
    expect(vagueness(bounds)).toBe(0);
  });

  it("and these are narrow: of the largest element of each result, less than 2⁻¹¹", () => {
    for (const { lo, hi } of bounds) {
      const width = Math.max(...hi.map((x, i) => x - lo[i]!));
      expect(width).toBeLessThan(2 ** -11 * Math.max(...hi.map(Math.abs), ...lo.map(Math.abs)));
    }
  });

  // what a kernel would give that reads one of its operands a little wrong, or leaves out the last term of a sum
  it("what is computed from weights that are off by 2⁻⁹, or lack a row, is not", () => {
    const weights = Object.keys(feeds).filter((key) => /^[UWV]/.test(key));
    expect(weights.length).toBeGreaterThan(2);
    for (const key of weights) {
      const data = feeds[key] as Float64Array;
      for (const broken of [data.map((w) => w * (1 + 2 ** -9)), data.map((w, i) => (i < data.length - data.length / 8 ? w : 0))]) {
        const found = run({ ...feeds, [key]: broken });
        expect(bounds.some((bound, i) => outside(bound, found[i]!.data) !== undefined)).toBe(true);
      }
    }
  });
});
