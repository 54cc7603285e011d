// Where maximum and minimum tie, each operand has half of the derivative, in both modes; elsewhere one has all of it.

import { dim, evaluate, grad, input, jvp, maximum, minimum, sum } from "clew";
import { describe, expect, test } from "vitest";

const place = dim("place", 3);
const [a, b] = [input("a", [place]), input("b", [place])];
const [u, v] = [input("u", [place]), input("v", [place])];
const fed = { a: [1, 2, 3], b: [2, 2, 2], u: [1, 10, 100], v: [1000, 1e4, 1e5] };

describe.each([
  ["maximum", maximum, [0, 0.5, 1]],
  ["minimum", minimum, [1, 0.5, 0]],
] as const)("%s", (_, op, ofA) => {
  const ofB = ofA.map((share) => 1 - share);
  test("reverse", () => {
    const found = evaluate(grad(sum(op(a, b)), { a, b }), { a: fed.a, b: fed.b });
    expect([[...found.a.data], [...found.b.data]]).toEqual([ofA, ofB]);
  });
  test("forward", () => {
    const found = evaluate(jvp(op(a, b), { a, b }, { a: u, b: v }), fed);
    expect([...found.data]).toEqual(ofA.map((share, i) => share * fed.u[i]! + ofB[i]! * fed.v[i]!));
  });
});
