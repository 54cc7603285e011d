// a^b and its derivatives to third order, by either operand in any order and in either mode, against closed forms: above all at 0.

import { dim, evaluate, grad, input, jvp, pow, scalar, sum, type Tensor } from "clew";
import { describe, expect, it, test } from "vitest";

/** ∂ⁱ/∂aⁱ ∂ʲ/∂bʲ a^b = a^(b−i) · Σ q[m][n] · bᵐ · (log a)ⁿ. */
type Terms = readonly (readonly number[])[];

function closedForm(by: string): { readonly i: number; readonly q: Terms } {
  let i = 0;
  let q: Terms = [[1]];
  const sizes = [0, 1, 2, 3, 4];
  const at = (m: number, n: number): number => q[m]?.[n] ?? 0;
  for (const operand of by) {
    const before = i;
    q = sizes.map((m) =>
      sizes.map(
        (n) =>
          operand === "a"
            ? at(m - 1, n) - before * at(m, n) + (n + 1) * at(m, n + 1) // (b − i)·Q + ∂Q/∂(log a)
            : at(m, n - 1) + (m + 1) * at(m + 1, n), // log a · Q + ∂Q/∂b
      ),
    );
    if (operand === "a") i++;
  }
  return { i, q };
}

function exactly(by: string, a: number, b: number): number | undefined {
  const { i, q } = closedForm(by);
  const isByA = !by.includes("b");
  const whole = Number.isInteger(b) && b >= 0;
  const polynomial = (log: number) => q.reduce((s, r, m) => s + r.reduce((t, c, n) => t + (c === 0 ? 0 : c * b ** m * log ** n), 0), 0);
  if (a > 0) return a ** (b - i) * polynomial(Math.log(a));
  if (a === 0 && b > i) return 0; // a positive power of a beats any power of log a
  if (!isByA || !whole) return undefined; // infinite, or not there
  const factor = polynomial(0); // b·(b − 1)·…
  return factor === 0 ? 0 : factor * a ** (b - i);
}

const bases = [0, -0, 0.4, 1, 2.5, -1, -1.7];
const exponents = [0, 1, 2, 3, 4, 2.5, 3.5, 0.5, -1.5];
const points = bases.flatMap((a) => exponents.map((b) => [a, b] as const));
const point = dim("point", points.length);
const [a, b] = [input("a", [point]), input("b", [point])];
const feeds = { a: Float64Array.from(points, (p) => p[0]), b: Float64Array.from(points, (p) => p[1]) };

const orders = [1, 2, 3].flatMap((n) => Array.from({ length: 2 ** n }, (_, k) => [...k.toString(2).padStart(n, "0")]));
const modes = {
  reverse: (y: Tensor, x: Tensor) => grad(sum(y), x, { unreached: "zero" }) as Tensor,
  forward: (y: Tensor, x: Tensor, ones: Tensor) => jvp(y, x, ones) as Tensor,
};

describe.each(Object.entries(modes))("%s", (_, derivative) => {
  const ones = input("ones", [point]);
  it.each(orders.map((bits) => bits.map((bit) => (bit === "0" ? "a" : "b")).join("")))("by %s", (by) => {
    const y = [...by].reduce<Tensor>((f, operand) => derivative(f, operand === "a" ? a : b, ones), pow(a, b));
    const fed = derivative === modes.forward ? { ...feeds, ones: new Float64Array(points.length).fill(1) } : feeds;
    const found = evaluate(y, fed as typeof feeds).data;
    let compared = 0;
    points.forEach(([p, q], k) => {
      const wanted = exactly(by, p, q);
      if (wanted === undefined) return;
      compared++;
      const near = Math.abs(found[k]! - wanted) <= 1e-13 * (1 + Math.abs(wanted)); // of numbers of size 1, a few roundings
      expect(near, `by ${by} at ${p} ^ ${q}: ${found[k]}, exactly ${wanted}`).toBe(true);
    });
    expect(compared).toBeGreaterThanOrEqual(3 * exponents.length);
  });
});

test.each([
  [0, [0, 0, 0]],
  [1, [1, 0, 0]],
  [2, [0, 2, 0]],
  [3, [0, 0, 6]],
] as const)("the derivatives of x^%s at 0 are %s", (n, wanted) => {
  const x = input("x", []);
  const [first, second, third] = [grad(pow(x, n), x), grad(grad(pow(x, n), x), x), grad(grad(grad(pow(x, n), x), x), x)];
  const found = evaluate({ first, second, third }, { x: 0 });
  expect([found.first, found.second, found.third].map((v) => Math.abs(v.data[0]!))).toEqual(wanted);
});

test("what has no finite derivative is not made to look as if it had", () => {
  const x = input("x", []);
  for (const exponent of [0.5, -1]) {
    expect(Number.isFinite(evaluate(grad(pow(x, exponent), x), { x: 0 }).data[0]!)).toBe(false);
  }
  expect(evaluate(grad(pow(scalar(-2), x), x), { x: 2 }).data[0]).toBeNaN();
});
