// Backpropagation through time, taken apart: E = Σ_t E_t, and ∂E_t/∂W = Σ_{k≤t} (the term through W's use at step k). W is untied, the
// gradient of every E_t by every copy is one backward pass lifted over t (vmap), and the (t, k) table is a tensor of the graph again.

import { reverseLifted } from "../autodiff/lift.ts";
import { type Dim, dim, freshDim, type Shape, sameDim } from "../graph/dim.ts";
import { mistakesIn } from "../graph/graph.ts";
import { ill, mistakeHere, nameOf } from "../graph/make.ts";
import { isNode, type Node, type Tensor } from "../graph/node.ts";
import { userCalled } from "../graph/source.ts";
import { topological } from "../graph/traverse.ts";
import { isTreeOfNodes, nodesOf } from "../graph/tree.ts";
import { algebra as m } from "../ops/algebra.ts";
import { cutStates } from "./states.ts";
import type { AnyTree } from "./types.ts";
import { type Use, untieNodes } from "./untie.ts";

/** One row for each loss E_t (one row, when there is one loss), and a column for each step k. */
type Table = readonly [Dim<"t">, Dim<"k">];

export interface Contributions<S extends Shape> {
  /** [t, k, …W]: the part of ∂E_t/∂W that comes through W's uses at step k; zero for k > t. */
  readonly terms: Tensor<readonly [...Table, ...S]>;
  /** [t, k]: their Frobenius norms. */
  readonly norms: Tensor<Table>;
  /** [t, …W]: what comes through uses of W outside the recurrence (none, as a rule). */
  readonly outside: Tensor<readonly [Dim<"t">, ...S]>;
  /** [t]: E_t, summed over the batch. */
  readonly losses: Tensor<readonly [Dim<"t">]>;
  /** Σ over t and k, and what is outside: equals grad(sum(lossPerStep), W) to rounding. */
  readonly total: Tensor<S>;
}

export interface Signal {
  /**
   * [t, k]: ‖∂E_t/∂h_k‖, over all sequences of the batch: how much of the gradient of E_t reaches the state after step k. Of a record (an
   * LSTM's h and c) all together, as independent coordinates.
   */
  readonly signal: Tensor<Table>;
}

interface ContributionsFunction {
  <S extends Shape>(
    lossPerStep: Tensor,
    options: { readonly of: Tensor<S>; readonly through: readonly AnyTree[] },
  ): Contributions<S> & Signal;
  <S extends Shape>(lossPerStep: Tensor, options: { readonly of: Tensor<S> }): Contributions<S>;
}

/**
 * The terms of ∂E_t/∂W, one for each time step k at which W is used: Σ_k ∂E_t/∂h_t · ∂h_t/∂h_k · ∂⁺h_k/∂W, where ∂⁺ is the immediate part.
 *
 * `lossPerStep` is what `reduce: "none"` gives, [time] or [time, batch, …]: a row for each step; its other dims are summed. A loss without
 * the dim of time (a loss at the last step) gives one row. `through` are the states, `steps.map((s) => s.state)`: adds ‖∂E_t/∂h_k‖.
 * T² terms of the size of W are computed when `terms` is evaluated; `norms` alone keeps T of them at a time.
 *
 * Mistakes: `of` is not used in a recurrence, the loss does not depend on it, arguments that are no tensors.
 * Source: R. Socher, CS224d lecture notes 4 (2016); P. Werbos, Backpropagation through time (1990).
 *
 * @example
 * import { add, constantly, contributions, dim, evaluate, input, mul, parameter, unroll, zeros } from "clew";
 * const x = input("x", [dim("time", 3)]), w = parameter("w", [], constantly(0.5));
 * const { outputs } = unroll((s, x_t) => { const h = add(mul(s, w), x_t); return { state: h, output: h }; }, { over: x, from: zeros([]) });
 * const { norms } = contributions(outputs, { of: w }); // E_t = h_t
 * evaluate(norms, { x: [1, 0, 0] }).data; // Float64Array [0, 0, 0, 0, 1, 0, 0, 0.5, 0.5]
 */
export const contributions: ContributionsFunction = userCalled(
  (loss: unknown, options: { readonly of: unknown; readonly through?: readonly unknown[] } | undefined) =>
    contributionsOf(loss, options?.of, options?.through),
);

function contributionsOf(loss: unknown, of: unknown, through: readonly unknown[] | undefined): Contributions<Shape> & Partial<Signal> {
  const verb = "contributions";
  if (!isNode(loss) || !isNode(of) || !(through ?? []).every((s) => isTreeOfNodes(s) && floatLeaves(s).length > 0)) {
    const hint = "contributions(lossPerStep, { of: W, through: steps.map((s) => s.state) })";
    return failed(ill(mistakeHere("NotTensor", verb, "expected tensors", [], hint)), []);
  }
  const order = topological([loss]);
  if (mistakesIn(order).length > 0) return failed(loss, of.shape);
  const given = (through ?? []).map(floatLeaves);
  const cut = cutStates([loss], given);
  // untied together with the states, so that both are nodes of one graph
  const { roots, copies } = untieNodes([cut.roots[0]!, ...cut.carried.flat()], of);
  const called = nameOf(of) ?? of.op.name;
  const wrong = (message: string, hint: string) => failed(ill(mistakeHere("Unreached", verb, message, [of], hint)), of.shape);
  if (!order.includes(of)) return wrong(`the loss does not depend on ${called}`, "the loss of the steps in which it is used");
  const axes = timesOf(copies);
  if (axes.length === 0) return wrong(`${called} is used in no time step`, "use it in the cell that unroll(…) is given");
  const at = loss.shape.findIndex((d) => axes.some((time) => sameDim(time, d)));
  const time = at < 0 ? axes[0]! : loss.shape[at]!;
  const { rows, t } = rowsOf(roots[0]!, at, order);
  const k = freshDim("k", time.size, [rows.shape, ...order.map((n) => n.shape)]);
  const steps = copies.map(({ path }) => path.find((s) => sameDim(s.of.dim as Dim, time))?.t);

  const untied = roots.slice(1);
  const gradients = gradientsOfRows(rows, [...copies.map((c) => c.node), ...untied], t);
  const byStep = Array.from({ length: k.size }, (_, step) =>
    sumOf(
      gradients.filter((_, i) => steps[i] === step),
      [t, ...of.shape],
    ),
  );
  const outside = sumOf(
    gradients.slice(0, copies.length).filter((_, i) => steps[i] === undefined),
    [t, ...of.shape],
  );
  const terms = columns(byStep, k, [t, ...of.shape]);
  const norms = columns(
    byStep.map((g) => normOf([g])),
    k,
    [t],
  );
  const total = m.add(m.sum(terms, [0, 1]), m.sum(outside, [0]));
  const tables = { terms, norms, outside, losses: m.reshape(rows, [t]), total } as unknown as Contributions<Shape>;
  if (through === undefined) return tables;
  const found = gradients.slice(copies.length);
  let next = 0;
  const signals = given.map((leaves) => normOf(leaves.map(() => found[next++]!)));
  const signal = columns(signals, freshDim("k", signals.length, [[t], ...order.map((n) => n.shape)]), [t]);
  return { ...tables, signal: signal as unknown as Tensor<Table> };
}

/** The float leaves of a state: whole numbers carry no gradient. */
export function floatLeaves(state: unknown): readonly Node[] {
  return nodesOf(state).filter((l) => l.dtype === "float");
}

/** The dims of the recurrences that the copies are used in, outermost first. */
function timesOf(copies: readonly Use[]): readonly Dim[] {
  const found: Dim[] = [];
  for (const { path } of copies) for (const s of path) if (!found.some((d) => sameDim(d, s.of.dim as Dim))) found.push(s.of.dim as Dim);
  return found;
}

/** The losses as rows: [time], or a scalar when the loss has no dim of time; and the dim that counts them. */
export function rowsOf(loss: Node, axis: number, order: readonly Node[]): { readonly rows: Node; readonly t: Dim } {
  const others = loss.shape.map((_, i) => i).filter((i) => i !== axis);
  const rows = others.length === 0 ? loss : m.sum(loss, others);
  return { rows, t: freshDim("t", rows.shape[0]?.size ?? 1, [...order.map((n) => n.shape), rows.shape]) };
}

/** ∂rows/∂w for every w: [t, …w]. One backward pass, lifted over the rows; zeros where nothing reaches. */
export function gradientsOfRows(rows: Node, wrt: readonly Node[], t: Dim): readonly Node[] {
  const square = [t, ...rows.shape];
  const basis = rows.shape.length === 0 ? m.full(square, 1) : m.cast(m.equal(m.iota(square, 0), m.iota(square, 1)), "float");
  return reverseLifted([rows], [basis], wrt, t);
}

/** The norm of each row of some tensors [t, …] together: [t]. */
export function normOf(parts: readonly Node[]): Node {
  const squares = parts.map((g) => {
    const square = m.mul(g, g);
    return square.shape.length === 1 ? square : m.sum(square, square.shape.map((_, i) => i).slice(1));
  });
  return m.sqrt(squares.reduce((a, b) => m.add(a, b)));
}

/** [t, …] for each k, side by side: [t, k, …]. */
export function columns(parts: readonly Node[], k: Dim, shape: Shape): Node {
  if (parts.length === 0) return m.full([shape[0]!, k, ...shape.slice(1)], 0);
  const stacked = m.stack(parts, k);
  return m.transpose(stacked, [1, 0, ...stacked.shape.map((_, i) => i).slice(2)]);
}

function sumOf(parts: readonly Node[], shape: Shape): Node {
  return parts.length === 0 ? m.full(shape, 0) : parts.reduce((a, b) => m.add(a, b));
}

function failed(because: Node, shape: Shape): Contributions<Shape> & Signal {
  const [t, k] = [dim("t", 1), dim("k", 1)];
  const rest = (s: Shape) => ill(undefined, { shape: s, rests: [because] }) as Tensor<never>;
  const tables = {
    terms: rest([t, k, ...shape]),
    norms: rest([t, k]),
    outside: rest([t, ...shape]),
    losses: rest([t]),
    total: rest(shape),
  };
  return { ...tables, signal: rest([t, k]) };
}
