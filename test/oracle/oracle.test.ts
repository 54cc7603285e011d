// Values and derivatives are those of JAX and PyTorch: to 1e-10, relative to the largest element of each tensor.

import * as clew from "clew";
import { type Dim, div, evaluate, grad, hessian, hvp, jacobian, mul, sum, type Tensor } from "clew";
import { describe, expect, it } from "vitest";
import { type Case, casesOf, expectNear, feedsOf, type Leaves, leavesOf } from "./cases.ts";
import { feedForward, type Network, recurrent } from "./networks.ts";

const bound = 1e-10;

function floats({ parameters, inputs }: Case, { tensors }: Leaves): Readonly<Record<string, Tensor>> {
  const named = Object.entries({ ...parameters, ...inputs }).filter(([, n]) => n.dtype === "float");
  return Object.fromEntries(named.map(([name]) => [name, tensors[name]!]));
}

function agrees(c: Case, leaves: Leaves, { loss, values }: Omit<Network, "layers">): void {
  const asked = Object.fromEntries(Object.keys(c.values).map((name) => [name, values[name]!]));
  const gradient = grad(loss, floats(c, leaves));
  const found = evaluate({ loss, values: asked, gradient }, feedsOf(c));
  expectNear(found.loss, [c.loss!], bound, "loss");
  for (const [name, wanted] of Object.entries(c.values)) expectNear(found.values[name]!, wanted, bound, name);
  expect(Object.keys(found.gradient).sort()).toEqual(Object.keys(c.gradients).sort());
  for (const [name, wanted] of Object.entries(c.gradients)) expectNear(found.gradient[name]!, wanted, bound, `∂loss/∂${name}`);
}

describe.each(["rnn", "lstm", "gru", "variants"])("%s", (file) => {
  it.each(casesOf(file).map((c) => [c.name, c] as const))("%s", (_, c) => {
    const leaves = leavesOf(c);
    agrees(c, leaves, recurrent(c, leaves));
  });
});

describe("masked sequences", () => {
  it.each(
    casesOf("variants")
      .filter((c) => c.settings.masked)
      .map((c) => [c.name, c] as const),
  )("get no gradient at padded steps: %s", (_, c) => {
    const leaves = leavesOf(c);
    const feeds = feedsOf(c);
    const { x } = evaluate(grad(recurrent(c, leaves).loss, { x: leaves.tensors.x! }), feeds);
    const { time, batch, word } = c.dims as { readonly time: number; readonly batch: number; readonly word: number };
    for (let t = 0; t < time; t++) {
      for (let b = 0; b < batch; b++) {
        if (t < Number(c.inputs.lengths!.data[b])) continue;
        for (let i = 0; i < word; i++) expect(Math.abs(x.data[(t * batch + b) * word + i]!)).toBe(0);
      }
    }
  });
});

describe("feed-forward", () => {
  it.each(casesOf("feed-forward").map((c) => [c.name, c] as const))("%s", (_, c) => {
    const leaves = leavesOf(c);
    agrees(c, leaves, feedForward(c, leaves));
  });
});

describe("second order", () => {
  const cases = casesOf("second-order");
  it.each(cases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const leaves = leavesOf(c);
    agrees(c, leaves, recurrent(c, leaves));
  });
  it.each(cases.filter((c) => c.hvp !== undefined).map((c) => [c.name, c] as const))("Hessian times directions: %s", (_, c) => {
    const leaves = leavesOf(c);
    const { loss } = recurrent(c, leaves);
    const { tensors: directions } = leavesOf({
      ...c,
      parameters: {},
      inputs: Object.fromEntries(Object.entries(c.directions!).map(([n, d]) => [`${n}.direction`, d])),
    });
    const wrt = floats(c, leaves);
    const along = Object.fromEntries(Object.keys(wrt).map((n) => [n, directions[`${n}.direction`]!]));
    const feeds = {
      ...feedsOf(c),
      ...feedsOf({
        ...c,
        parameters: {},
        inputs: Object.fromEntries(Object.entries(c.directions!).map(([n, d]) => [`${n}.direction`, d])),
      }),
    };
    // forward over reverse, and reverse over reverse
    const gradient = grad(loss, wrt);
    const directional = Object.keys(wrt).reduce<Tensor>(
      (total, n) => clew.add(total, sum(mul(gradient[n]!, along[n]!))) as Tensor,
      clew.scalar(0),
    );
    const found = evaluate({ forward: hvp(loss, wrt, along), reverse: grad(directional as Tensor<readonly []>, wrt) }, feeds);
    for (const [name, wanted] of Object.entries(c.hvp!)) {
      expectNear(found.forward[name]!, wanted, bound, `hvp ${name}, forward over reverse`);
      expectNear(found.reverse[name]!, wanted, bound, `hvp ${name}, reverse over reverse`);
    }
  });
  it.each(cases.filter((c) => c.hessian !== undefined).map((c) => [c.name, c] as const))("the whole Hessian: %s", (_, c) => {
    const leaves = leavesOf(c);
    const { loss } = recurrent(c, leaves);
    for (const [a, row] of Object.entries(c.hessian!)) {
      const gradient = grad(loss, leaves.tensors[a]!);
      const wrt = Object.fromEntries(Object.keys(row).map((b) => [b, leaves.tensors[b]!]));
      const found = evaluate({ beside: jacobian(gradient, wrt), own: hessian(loss, leaves.tensors[a]!) }, feedsOf(c));
      expectNear(found.own, row[a]!, bound, `∂²loss/∂${a}²`);
      for (const [b, wanted] of Object.entries(row)) expectNear(found.beside[b]!, wanted, bound, `∂²loss/∂${a}∂${b}`);
    }
  });
});

type Elementwise = (x: Tensor) => Tensor;
const elementwise = clew as unknown as Readonly<Record<string, Elementwise>>;

describe("elementary functions", () => {
  const cases = casesOf("functions");
  const isOf = (c: Case): boolean => c.name.split("/").length === 2 && "first" in c.values && "x" in c.inputs;

  it.each(cases.filter(isOf).map((c) => [c.name, c] as const))("%s: value and two derivatives, element by element", (_, c) => {
    const { x } = leavesOf(c).tensors;
    const value = elementwise[c.settings.function as string]!(x!);
    const first = grad(sum(value) as Tensor<readonly []>, x!);
    const second = grad(sum(first) as Tensor<readonly []>, x!, { unreached: "zero" });
    const found = evaluate({ value, first, second }, feedsOf(c));
    const kinks = new Set(c.settings.kinks as readonly number[]);
    for (const order of ["value", "first", "second"] as const) {
      c.values[`exact.${order}`]!.data.forEach((exact, i) => {
        if (order !== "value" && kinks.has(i)) return;
        const [got, want] = [found[order].data[i]!, Number(exact)];
        // 1 − tanh² and σ·(1 − σ) cancel where they are small: there, as with JAX, the error is some units of rounding of 1
        const rounding = order === "value" ? 0 : 4 * Number.EPSILON;
        const isNear = got === want || Math.abs(got - want) <= Math.max(bound * Math.abs(want), rounding);
        expect(isNear, `${c.name} ${order} at ${c.inputs.x!.data[i]}: ${got}, exactly ${want}`).toBe(true);
      });
    }
  });

  it.each(cases.filter((c) => c.name.endsWith("/edges")).map((c) => [c.name, c] as const))("%s: overflow, infinities, NaN", (_, c) => {
    const { x } = leavesOf(c).tensors;
    const found = evaluate(elementwise[c.settings.function as string]!(x!), feedsOf(c), { nan: "allow" });
    expectNear(found, c.values.value!, bound, c.name);
  });

  it("pow, by both operands", () => {
    const c = cases.find((k) => k.name === "function/pow")!;
    const { a, b } = leavesOf(c).tensors;
    const value = clew.pow(a!, b!) as Tensor;
    const { a: da, b: db } = grad(sum(value) as Tensor<readonly []>, { a: a!, b: b! });
    const [dada, dadb] = [grad(sum(da) as Tensor<readonly []>, a!), grad(sum(da) as Tensor<readonly []>, b!)];
    const dbdb = grad(sum(db) as Tensor<readonly []>, b!);
    const found = evaluate({ value, da, db, dada, dadb, dbdb }, feedsOf(c));
    for (const [name, v] of Object.entries(found)) {
      c.values[`exact.${name}`]!.data.forEach((exact, i) => {
        const [got, want] = [v.data[i]!, Number(exact)];
        const at = `${name} at ${c.inputs.a!.data[i]} ^ ${c.inputs.b!.data[i]}: ${got}, exactly ${want}`;
        expect(got === want || Math.abs(got - want) <= 1e-13 * Math.abs(want), at).toBe(true);
      });
    }
  });

  it("pow with whole exponents, of any base", () => {
    const c = cases.find((k) => k.name === "function/pow/whole exponents")!;
    const { x } = leavesOf(c).tensors;
    c.inputs.exponent!.data.forEach((n, row) => {
      const value = clew.pow(x!, Number(n)) as Tensor;
      const first = grad(sum(value) as Tensor<readonly []>, x!, { unreached: "zero" });
      const second = grad(sum(first) as Tensor<readonly []>, x!, { unreached: "zero" });
      const found = evaluate({ value, first, second }, { x: feedsOf(c).x! });
      for (const order of ["value", "first", "second"] as const) {
        const count = c.dims.point!;
        const wanted = c.values[`exact.${order}`]!.data.slice(row * count, (row + 1) * count).map(Number);
        expectNear(found[order], wanted, bound, `${order} of x^${n}`);
      }
    });
  });

  it.each(["softmax", "logSoftmax", "logSumExp", "layerNorm", "softmaxCrossEntropy"])(
    "%s of rows: value, gradient, Hessian times direction",
    (name) => {
      const c = cases.find((k) => k.name === `function/${name}`)!;
      const { dims, tensors } = leavesOf({ ...c, inputs: { ...c.inputs, direction: c.directions!.x! } });
      const { x, weights, direction } = tensors as Readonly<Record<string, Tensor>>;
      const column = dims.column!;
      const labels = tensors.y as unknown as Tensor<readonly Dim[], "int">;
      const value =
        name === "softmaxCrossEntropy"
          ? (clew.softmaxCrossEntropy(x!, labels, { reduce: "none" }) as Tensor)
          : (clew as unknown as Readonly<Record<string, (a: Tensor, over: Dim) => Tensor>>)[name]!(x!, column);
      const loss = (name === "softmaxCrossEntropy" ? div(sum(value), c.dims.row!) : sum(mul(value, weights!))) as Tensor<readonly []>;
      const found = evaluate(
        { value, loss, gradient: grad(loss, x!), hvp: hvp(loss, x!, direction!) },
        { ...feedsOf(c), direction: feedsOf({ ...c, inputs: { d: c.directions!.x! } }).d! },
      );
      expectNear(found.value, c.values.value!, bound, "value");
      expectNear(found.loss, [c.loss!], bound, "loss");
      expectNear(found.gradient, c.gradients.x!, bound, "gradient");
      expectNear(found.hvp, c.hvp!.x!, bound, "hvp");
    },
  );
});
