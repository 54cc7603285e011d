// The laws that every op obeys, as a function from a record to what it breaks. The registry is tested with it, and so is the function itself,
// on records that are broken on purpose.

import {
  checkGradients,
  constant,
  type Dim,
  dim,
  evaluate,
  type Feeds,
  input,
  jacobian,
  type Node,
  type Op,
  type Shape,
  sum,
  type Tensor,
  type Value,
} from "clew";
import * as fp from "clew/fp";
import * as E from "fp-ts/lib/Either.js";
import { forward } from "../../src/autodiff/forward.ts";
import { reverse } from "../../src/autodiff/reverse.ts";
import { showShape, sizeOf } from "../../src/graph/dim.ts";
import { make } from "../../src/graph/make.ts";
import { hasDerivative, type Sample } from "../../src/graph/node.ts";
import { randomKey, uniformAt } from "../../src/graph/random.ts";
import { topological } from "../../src/graph/traverse.ts";
import { allocate } from "../../src/graph/value.ts";
import { algebra as m } from "../../src/ops/algebra.ts";
import { numbers } from "../../src/ops/numbers.ts";

/** Ops that stand for values from outside: nothing can be drawn for them. */
const withoutSamples: ReadonlySet<unknown> = new Set(["input", "parameter", "template"]);

/** What a record breaks, one line each; empty for a lawful op. */
export function brokenLaws(op: Op): readonly string[] {
  const broken: string[] = [];
  const law = (holds: boolean, what: string) => {
    if (!holds) broken.push(`${op.name}: ${what}`);
  };
  if (op.samples.length === 0) law(withoutSamples.has(op.leaf), "has no samples");
  law(op.doc.length > 0, "has no doc");
  for (const rule of [op.vjp, op.jvp])
    law(hasDerivative(rule) || rule?.none?.length > 0, "has neither a derivative rule nor a reason for none");
  law(hasDerivative(op.vjp) === hasDerivative(op.jvp), "has a derivative in one mode only");
  const kinks = op.samples.some((s) => s.kink === true);
  law(!kinks || op.branch !== undefined, "has kinks, and no branch to tell them by");
  law(kinks || op.branch === undefined, "has a branch, and no sample at a kink");
  if (broken.length > 0) return broken;
  for (const sample of op.samples) for (const what of brokenAt(op, sample)) law(false, `sample "${sample.name}": ${what}`);
  return broken;
}

interface Drawn {
  readonly node: Node;
  readonly inputs: readonly Node[];
  readonly feeds: Feeds;
}

function brokenAt(op: Op, sample: Sample<unknown>): readonly string[] {
  const broken: string[] = [];
  const law = (holds: boolean, what: string) => {
    if (!holds) broken.push(what);
  };
  const at = draw(op, sample, 0);
  const valid = (outputs: unknown, what: string): boolean => {
    const result = fp.graph(outputs);
    law(E.isRight(result), `${what} is no valid graph: ${E.isLeft(result) ? result.left.map((d) => d.message).join("; ") : ""}`);
    return E.isRight(result);
  };
  if (!valid(at.node, "the node")) return broken;
  const value = elementsOf(at.node, at.feeds);
  law(value.data.length === sizeOf(at.node.shape), `evaluates to ${value.data.length} elements, its shape has ${sizeOf(at.node.shape)}`);
  if (broken.length > 0) return broken;
  law(
    value.data.constructor === allocate(at.node.dtype, 0).constructor,
    `evaluates to ${value.data.constructor.name}, and is ${at.node.dtype}`,
  );
  law(
    op.label(at.node.attributes as never).length > 0 &&
      op.latex(
        at.inputs.map((_, i) => `x_${i}`),
        at.node.attributes as never,
      ).length > 0,
    "has no label or TeX",
  );
  broken.push(...formulaAt(op, at, value), ...liftAt(op, sample, at, value, valid), ...combineAt(op, sample));
  const floats = at.inputs.filter((x) => x.dtype === "float");
  if (hasDerivative(op.vjp) && floats.length > 0 && at.node.dtype === "float") broken.push(...derivativesAt(op, sample, at, floats, valid));
  return broken;
}

/** Inputs for the operands, and feeds drawn for them. */
function draw(op: Op, sample: Sample<unknown>, trial: number): Drawn {
  const inputs = sample.operands.map((o, i) => input(`x${i}`, o.shape, (o.dtype ?? "float") as "float"));
  const feeds = Object.fromEntries(sample.operands.map((_, i) => [`x${i}`, elements(op, sample, i, trial)]));
  return { inputs, feeds, node: make(op, inputs, sample.attributes as never) };
}

function elements(op: Op, { operands, name }: Sample<unknown>, i: number, trial: number): Float64Array {
  const { shape, data, draw: by = (u: number) => u } = operands[i]!;
  const key = randomKey("sample", op.name, name, i, trial);
  return Float64Array.from({ length: sizeOf(shape) }, (_, k) => data?.[k] ?? by(uniformAt(key, k), k));
}

/** Feeds that the node does not need are left out: a derivative may not depend on every operand. */
function elementsOf(node: Node, feeds: Feeds): Value {
  const needed = new Set(topological([node]).map((n) => n.attributes.name));
  const own = Object.fromEntries(Object.entries(feeds).filter(([name]) => needed.has(name)));
  return evaluate({ node }, own).node as Value;
}

/** Equal, or within a few roundings of the larger. */
function close(a: ArrayLike<number>, b: ArrayLike<number>, roundings: number): boolean {
  if (a.length !== b.length) return false;
  let scale = 0;
  for (let i = 0; i < a.length; i++) scale = Math.max(scale, Math.abs(a[i]!), Math.abs(b[i]!));
  for (let i = 0; i < a.length; i++) if (!(Math.abs(a[i]! - b[i]!) <= roundings * Number.EPSILON * scale)) return false;
  return true;
}

/** formula (over numbers, element by element) = evaluate, to the bit. */
function formulaAt(op: Op, { node, inputs, feeds }: Drawn, value: Value): readonly string[] {
  const { formula } = op;
  if (formula === undefined) return [];
  const wide = inputs.map((x) => elementsOf(m.broadcast(x, node.shape, axesIn(x.shape, node.shape)), feeds));
  const differs = Array.from(value.data).some((y, i) => !Object.is(y, Number(formula(numbers, ...wide.map((w) => w.data[i]!)))));
  return differs ? ["the formula over numbers is not what it evaluates to"] : [];
}

function axesIn(small: Shape, large: Shape): readonly number[] {
  let from = large.length;
  return [...small]
    .reverse()
    .map((d) => {
      do from--;
      while (large[from]!.name !== d.name);
      return from;
    })
    .reverse();
}

const copies: Dim = dim("lifted", 3);

/** Lifting = stacking single evaluations, for every subset of lifted operands. */
function liftAt(
  op: Op,
  sample: Sample<unknown>,
  { inputs, node, feeds }: Drawn,
  _: Value,
  valid: (o: unknown, what: string) => boolean,
): readonly string[] {
  const broken: string[] = [];
  for (let subset = 1; subset < 2 ** inputs.length; subset++) {
    const lifted = inputs.map((__, i) => (subset & (2 ** i)) !== 0);
    const which = `lifted over operands ${lifted.flatMap((l, i) => (l ? [i] : [])).join(", ")}`;
    const wide = inputs.map((x, i) => (lifted[i] ? input(`x${i}`, [copies, ...x.shape], x.dtype as "float") : x));
    const result = op.lift({ node, inputs: wide, lifted, attributes: node.attributes as never, dim: copies, readers: [] }, m);
    if (!valid(result, which)) continue;
    const shown = result.shape.map((d) => `${d.name}=${d.size}`).join();
    if (shown !== [copies, ...node.shape].map((d) => `${d.name}=${d.size}`).join() || result.dtype !== node.dtype) {
      broken.push(`${which} is ${result.dtype} [${shown}]`);
      continue;
    }
    const all = Array.from({ length: copies.size }, (__, c) => feedsOfCopy(op, sample, lifted, c, feeds));
    const stacked = Object.fromEntries(
      inputs.map((__, i) => [
        `x${i}`,
        lifted[i] ? Float64Array.from(all.flatMap((f) => Array.from(f[`x${i}`] as Float64Array))) : feeds[`x${i}`]!,
      ]),
    );
    const expected = all.flatMap((f) => Array.from(elementsOf(node, f).data));
    if (!close(elementsOf(result, stacked).data, expected, 8)) broken.push(`${which} is not the stack of single evaluations`);
  }
  return broken;
}

function feedsOfCopy(op: Op, sample: Sample<unknown>, lifted: readonly boolean[], copy: number, feeds: Feeds): Feeds {
  return Object.fromEntries(lifted.map((l, i) => [`x${i}`, l ? shuffled(op, sample, i, copy) : feeds[`x${i}`]!]));
}

/** Another draw; elements that are given stay in their domain by being rotated. */
function shuffled(op: Op, sample: Sample<unknown>, i: number, copy: number): Float64Array {
  const drawn = elements(op, sample, i, copy + 1);
  return sample.operands[i]!.data === undefined ? drawn : drawn.map((_, k) => drawn[(k + copy) % drawn.length]!);
}

/** combine = plain sum, where it combines at all: with a term of each sample whose result has that shape, and with all of them. */
function combineAt(op: Op, sample: Sample<unknown>): readonly string[] {
  if (op.combine === undefined) return [];
  const own = constantTerm(op, sample, 0);
  const others = op.samples.map((s) => constantTerm(op, s, 1)).filter((t) => showShape(t.shape) === showShape(own.shape));
  const differs = [...others.map((t) => [own, t]), [own, ...others]].some((terms) => {
    const combined = op.combine?.(terms, m);
    const plain = terms.reduce((a, b) => m.add(a, b));
    return combined !== undefined && !close(elementsOf(combined, {}).data, elementsOf(plain, {}).data, 4);
  });
  return differs ? ["combine is not the sum of its terms"] : [];
}

function constantTerm(op: Op, sample: Sample<unknown>, trial: number): Node {
  const inputs = sample.operands.map((o, i) => constant(elements(op, sample, i, trial), o.shape, (o.dtype ?? "float") as "int"));
  return make(op, inputs, sample.attributes as never);
}

function derivativesAt(
  op: Op,
  sample: Sample<unknown>,
  { node, inputs, feeds }: Drawn,
  floats: readonly Node[],
  valid: (o: unknown, what: string) => boolean,
): readonly string[] {
  const broken: string[] = [];
  const random = (shape: Shape, what: string): Tensor => {
    const key = randomKey("direction", op.name, sample.name, what);
    return constant(
      Float64Array.from({ length: sizeOf(shape) }, (_, k) => 2 * uniformAt(key, k) - 1),
      shape,
    );
  };
  const cotangent = random(node.shape, "cotangent");
  const tangents = floats.map((x, i) => random(x.shape, `tangent ${i}`));

  // ⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩
  const pulled = reverse([node], [cotangent], floats).map((a, i) => a ?? m.full(floats[i]!.shape, 0));
  const pushed = forward([node], floats, tangents)[0] ?? m.full(node.shape, 0);
  if (valid({ ...pulled }, "the reverse rule's") && valid(pushed, "the forward rule's")) {
    const misshapen = pulled.some((p, i) => sizeOf(p.shape) !== sizeOf(floats[i]!.shape)) || sizeOf(pushed.shape) !== sizeOf(node.shape);
    if (misshapen) return [...broken, "a derivative does not have the shape of what it is the derivative of"];
    const inner = (a: Node, b: Node) => {
      const [x, y] = [elementsOf(a, feeds).data, elementsOf(b, feeds).data];
      return Array.from(x, (v, i) => v * y[i]!);
    };
    const left = inner(cotangent, pushed);
    const right = pulled.flatMap((p, i) => inner(p, tangents[i]!));
    const total = (xs: readonly number[]) => xs.reduce((s, x) => s + x, 0);
    const size = [...left, ...right].reduce((s, x) => s + Math.abs(x), 0);
    // a sum of n products is off by at most n roundings of the sum of their sizes, and each factor by a few
    const allowed = (left.length + right.length + 16) * Number.EPSILON * size;
    if (!(Math.abs(total(left) - total(right)) <= allowed)) broken.push("reverse and forward rule are not adjoint: ⟨u, J·v⟩ ≠ ⟨Jᵀ·u, v⟩");
  }

  // the jacobian (reverse, lifted) has the columns that forward mode gives
  for (const x of floats) {
    const whole = jacobian(node as Tensor, x as Tensor) as Node;
    if (!valid(whole, "the jacobian")) continue;
    const [rows, columns] = [sizeOf(node.shape), sizeOf(x.shape)];
    const found = elementsOf(whole, feeds).data;
    for (let c = 0; c < columns; c++) {
      const unit = constant(
        Float64Array.from({ length: columns }, (_, k) => (k === c ? 1 : 0)),
        x.shape,
      );
      const column = elementsOf(forward([node], [x], [unit])[0] ?? m.full(node.shape, 0), feeds).data;
      const same = close(
        Array.from({ length: rows }, (_, r) => found[r * columns + c]!),
        column,
        16,
      );
      if (!same) {
        broken.push(`column ${c} of the jacobian by operand ${inputs.indexOf(x)} is not what the forward rule gives`);
        break;
      }
    }
  }

  // = numeric, to second order: of ⟨u, y⟩ and, where y is linear, of ⟨u, y²⟩ too
  for (const [what, loss] of [
    ["⟨u, y⟩", sum(m.mul(cotangent, node) as Tensor)],
    ["⟨u, y²⟩", sum(m.mul(cotangent, m.mul(node, node)) as Tensor)],
  ] as const) {
    const wrt = Object.fromEntries(floats.map((x, i) => [`x${i}`, x as Tensor]));
    const report = checkGradients(loss, { feeds, wrt, order: sample.kink === true ? 1 : 2, tolerance: 1e-8 });
    const { worst } = report;
    if (report.verdict === "fail") {
      const kink = report.kinks.find((k) => k.verdict === "fail");
      const numbersOf =
        kink === undefined
          ? `${worst?.derived} derived, ${worst?.numeric} numeric`
          : `${kink.derived} is not between ${kink.left} and ${kink.right}`;
      broken.push(
        `${what}, order ${kink?.order ?? worst?.order} ${kink === undefined ? (worst?.mode ?? "reverse") : "at a kink"}: ${kink?.place ?? worst?.place}: ${numbersOf}`,
      );
    }
    if (report.kinks.length > 0 !== (sample.kink === true))
      broken.push(`${what}: ${report.kinks.length} kinks, the sample has ${sample.kink === true ? "some" : "none"}`);
  }
  return broken;
}
