// slice and pad: the part lies within the whole, to the last element, or the diagnostic says why not.

import { dim, evaluate, input, pad, slice, type Tensor } from "clew";
import { describe, expect, test } from "vitest";

const [word, part] = [dim("word", 4), dim("part", 2)];
const x = input("x", [word]);
const y = input("y", [part]);
const fed = { x: [1, 2, 3, 4] };

const cases: readonly (readonly [what: string, at: number, slice: readonly number[] | undefined, pad: readonly number[] | undefined])[] = [
  ["at the beginning", 0, [1, 2], [5, 6, 0, 0]],
  ["in the middle", 1, [2, 3], [0, 5, 6, 0]],
  ["at the end", 2, [3, 4], [0, 0, 5, 6]],
  ["one past the end", 3, undefined, undefined],
  ["before the beginning", -1, undefined, undefined],
  ["between two elements", 0.5, undefined, undefined],
  ["nowhere", Number.NaN, undefined, undefined],
];

describe.each(cases)("%s", (_, at, sliced, padded) => {
  const expected = (tensor: Tensor, feeds: object, value: readonly number[] | undefined, why: string) => {
    if (value !== undefined) expect([...evaluate(tensor, feeds as never).data]).toEqual(value);
    else expect(() => evaluate(tensor, feeds as never)).toThrow(why);
  };
  test("slice", () => expected(slice(x, word, part, at), fed, sliced, `slice: 2 elements from ${at} are not within word=4`));
  test("pad", () => expected(pad(y, part, word, at), { y: [5, 6] }, padded, `pad: part=2 from ${at} does not fit into word=4`));
});
