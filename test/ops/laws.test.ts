// Every op of the registry obeys the laws; and records that are broken on purpose are caught.

import type { Op } from "clew";
import { describe, expect, test } from "vitest";
import { hasDerivative } from "../../src/graph/node.ts";
import { registry } from "../../src/ops/registry.ts";
import { brokenLaws } from "./laws.ts";

describe("every op obeys the laws", () => {
  test.each(registry.map((op) => [op.name, op] as const))("%s", (_, op) => {
    expect(brokenLaws(op)).toEqual([]);
  });

  test("names are unique", () => {
    const names = registry.map((op) => op.name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("a record that is broken is caught", () => {
  const named = (name: string): Op => registry.find((op) => op.name === name)!;
  const vjpOf = (op: Op) => (hasDerivative(op.vjp) ? op.vjp : () => []);
  const jvpOf = (op: Op) => (hasDerivative(op.jvp) ? op.jvp : () => undefined);
  const tanh = named("tanh");
  const mul = named("mul");
  const contract = named("contract");
  const cases: readonly (readonly [what: string, broken: Op, law: RegExp])[] = [
    ["no samples", { ...tanh, samples: [] }, /no samples/],
    ["no rule", { ...tanh, vjp: undefined as never }, /neither a derivative rule/],
    ["an empty reason", { ...tanh, vjp: { none: "" }, jvp: { none: "" } }, /neither a derivative rule/],
    ["one mode only", { ...tanh, jvp: { none: "too hard" } }, /one mode only/],
    ["a kink without branch", { ...named("relu"), branch: undefined as never }, /no branch/],
    ["a branch without a kink", { ...tanh, branch: () => [0] }, /no sample at a kink/],
    ["factor 2 in both modes", doubled(tanh), /⟨u, y⟩/],
    ["factor 2 in reverse", { ...doubled(tanh), jvp: tanh.jvp }, /not adjoint/],
    ["a dropped operand", { ...mul, vjp: (at, m) => [vjpOf(mul)(at, m)[0], undefined] }, /not adjoint/],
    ["a dropped tangent", { ...mul, jvp: (at, m) => jvpOf(mul)({ ...at, tangents: [at.tangents[0], undefined] }, m) }, /not adjoint/],
    [
      "a lift that forgets",
      { ...contract, lift: (at, m) => contract.lift({ ...at, attributes: { summed: [], batch: [] } }, m) },
      /lifted over/,
    ],
    ["a lift in the wrong order", { ...named("sub"), lift: (at, m) => m.neg(named("sub").lift(at, m)) }, /not the stack/],
    ["a shape rule that errs", { ...named("argmax"), infer: ([a]) => ({ shape: a!.shape, dtype: "int" }) }, /elements, its shape has/],
    [
      "a reference that errs",
      { ...named("exp"), evaluate: ([a]) => Float64Array.from(a!.data, (x) => Math.exp(x) * (1 + 1e-12)) },
      /formula/,
    ],
    ["a combination that loses a term", { ...named("place"), combine: (terms) => terms[0] }, /combine/],
    ["a second derivative that errs", frozen(tanh), /order 2/],
  ];
  test.each(cases)("%s", (_, broken, law) => {
    expect(brokenLaws(broken).join("\n")).toMatch(law);
  });

  function doubled(op: Op): Op {
    return {
      ...op,
      vjp: (at, m) => vjpOf(op)({ ...at, cotangent: m.mul(at.cotangent, m.constant(2)) }, m),
      jvp: (at, m) => jvpOf(op)({ ...at, tangents: at.tangents.map((t) => (t === undefined ? t : m.mul(t, m.constant(2)))) }, m),
    };
  }

  /** Right derivatives of first order, whose own derivative is lost. */
  function frozen(op: Op): Op {
    const stop = named("stopGradient");
    return {
      ...op,
      vjp: (at, m) => {
        const factor = vjpOf(op)({ ...at, cotangent: m.full(at.node.shape, 1) }, m)[0]!;
        return [
          m.mul(
            at.cotangent,
            stop.lift({ node: factor, inputs: [factor], lifted: [false], attributes: {}, dim: undefined as never, readers: [] }, m),
          ),
        ];
      },
    };
  }
});
