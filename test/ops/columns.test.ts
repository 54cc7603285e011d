// Formulas are evaluated over whole arrays: to the bit what they are element by element.

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Column, columns } from "../../src/ops/columns.ts";
import { numbers } from "../../src/ops/numbers.ts";

const names = Object.keys(numbers).filter((name) => name !== "constant") as Exclude<keyof typeof numbers, "constant">[];
const edge = fc.constantFrom(0, -0, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e-320, 708, -746);
const element = fc.oneof(fc.double(), edge);
const size = 5;
/** All elements, or one that stands for all. */
const operand = fc.oneof(fc.array(element, { minLength: size, maxLength: size }), fc.array(element, { minLength: 1, maxLength: 1 }));

test.each(names)("%s", (name) => {
  const ofNumbers = numbers[name] as (...x: number[]) => number;
  const ofColumns = columns[name] as (...x: Column[]) => Column;
  fc.assert(
    fc.property(fc.tuple(...Array.from({ length: ofNumbers.length }, () => operand)), (operands) => {
      const result = ofColumns(...operands.map((x) => Float64Array.from(x)));
      expect(result.length).toBe(Math.max(...operands.map((x) => x.length)));
      result.forEach((y, i) => {
        expect(y).toBe(ofNumbers(...operands.map((x) => x[x.length === 1 ? 0 : i]!)));
      });
    }),
  );
});
