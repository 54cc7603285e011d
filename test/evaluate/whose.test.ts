// An id out of range is told by the feed that it stands in.

import { broadcastTo, cast, defineOp, dim, index, input, sum, type Tensor, transpose, where } from "clew";
import { describe, expect, test } from "vitest";
import { OutOfRange } from "../../src/graph/range.ts";
import { messages, toldOf, type Untyped } from "../graph/told.ts";

const batch = dim("batch", 2);
const time = dim("time", 3);
const ids = input("ids", [time, batch], "int");
const y = input("y", [batch], "int");

/** Takes ids below 5. */
const below5 = defineOp<(a: Untyped) => Tensor>({
  name: "below5",
  doc: "Refuses ids from 5 on.",
  infer: ([a]) => ({ shape: a!.shape, dtype: "float" }),
  evaluate: ([a]) => {
    const element = a!.data.findIndex((id: number) => id >= 5);
    if (element >= 0) throw new OutOfRange(a!, element, 5);
    return new Float64Array(a!.data.length);
  },
  vjp: () => [undefined],
  jvp: () => undefined,
});

const words = [
  [1, 2],
  [3, 4],
  [7, 1],
];

describe("an id out of range", () => {
  test.each<readonly [string, Untyped, Untyped, string]>([
    ["as it was fed", below5(y), { y: [1, 7] }, "y[1] is 7"],
    ["in a matrix", below5(ids), { ids: words }, "ids[2, 0] is 7"],
    ["a scalar", below5(input("i", [], "int")), { i: 7 }, "i is 7"],
    ["in a step's part", below5(index(ids, time, 2)), { ids: words }, "ids[2, 0] is 7"],
    ["in a copy", below5(broadcastTo(y, [time, batch])), { y: [9, 1] }, "y[0] is 9"],
    ["turned", sum(below5(transpose(ids))), { ids: words }, "ids[2, 0] is 7"],
    ["that was computed", below5(cast(input("a", [batch]), "int")), { a: [1, 8] }, "element 1 of the ids is 8"],
    [
      "that two feeds have",
      below5(where(input("q", [batch], "bool"), y as Untyped, input("z", [batch], "int") as Untyped)),
      { q: [true, false], y: [8, 0], z: [8, 0] },
      "element 0 of the ids is 8",
    ],
  ])("%s", (_, output, feeds, message) => {
    expect(messages(toldOf(output, feeds))).toEqual([`below5: ${message}, out of range: there are 5 (0 … 4)`]);
  });
});
