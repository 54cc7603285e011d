// checkGradients: the derived gradient against numeric differences, so that a pass is a proof and a failure says where to look.

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { type EvaluateOptions, evaluate } from "../../evaluate/evaluate.ts";
import type { Feeds } from "../../evaluate/feeds.ts";
import { type Diagnostic, diagnostic } from "../../graph/diagnostics.ts";
import { sizeOf } from "../../graph/dim.ts";
import { type Graph, graph } from "../../graph/graph.ts";
import { nameOf, noteOf } from "../../graph/make.ts";
import { type Environment, isNode, type Node, type Tensor } from "../../graph/node.ts";
import { showStep, userCalled } from "../../graph/source.ts";
import { nodesOf, paths, type Tree } from "../../graph/tree.ts";
import type { Value } from "../../graph/value.ts";
import { grad, type Wrt } from "../derivatives.ts";
import { firstOrder, secondOrder, type Target } from "./claims.ts";
import type { Limits } from "./entries.ts";
import { type Checked, checkParameters } from "./parameter.ts";
import { type CheckedEntry, fails, type GradientReport, type ParameterCheck, reasonOf } from "./report.ts";
import type { Point } from "./run.ts";

export interface CheckOptions extends EvaluateOptions {
  /** Values for the inputs, and for any parameter that shall not be checked at its initial value. */
  readonly feeds?: Feeds;
  /** What to differentiate by: parameters, inputs or any node. Default: all parameters of the graph. */
  readonly wrt?: Wrt;
  /** 2 checks the second derivatives too, by differencing the derived gradient. Default 1. */
  readonly order?: 1 | 2;
  /** The largest relative error that passes. Default 1e-7. */
  readonly tolerance?: number;
  /**
   * A parameter with more elements is checked along random directions instead of element by element.
   * Default 1024, and 64 for second derivatives.
   */
  readonly entries?: number;
  /** How many random directions. Default 16. */
  readonly directions?: number;
}

type CheckGradients = (loss: Tensor, options?: CheckOptions) => E.Either<readonly Diagnostic[], GradientReport>;

/**
 * Checks the derived gradient of a scalar loss against numeric differences, in f64.
 *
 * An entry passes when |derived − numeric| / max(|derived|, |numeric|, floor / tolerance) ≤ tolerance. The floor is the numeric side's
 * estimate of its own error, truncation plus 2·noise / h: below it f64 cannot tell. `noise`, the absolute error of one evaluation, is
 * measured by perturbing every operation by one rounding (Monte Carlo arithmetic: Parker, 1997): noise = ε·|loss|·condition. A parameter
 * of which no entry stands out of the floor, while its derived gradient is not 0, "could not be measured": that is no pass.
 *
 * - Parameters of up to `entries` elements are checked element by element, larger ones along random unit vectors; each row says which.
 * - Steps are halved from an eighth of the element's size (or of its like's), central differences are extrapolated, and the step is chosen
 *   by an estimate of truncation plus rounding (Ridders, 1982; Nocedal & Wright, § 8.1) that never looks at the derived gradient. Where
 *   that proves nothing, or accuses, all steps are tried, longer and shorter ones: no entry is refuted by a step that is too long.
 * - A kink (relu, max, abs, where) is found by the graph: the ops' branches at θ ± h are compared with those at θ, and h is
 *   shortened until they agree. If they never do, the point lies on the kink: the derived value must be between the one-sided
 *   derivatives, and right at a point nearby, off the kink. A jump of the loss itself is named in the same way.
 * - What `stopGradient` holds is held. Dropout draws the same mask in every run.
 * - `order: 2` compares differences of the gradient with the derived second derivatives, forward over reverse and reverse over reverse.
 *
 * @returns the report, or all mistakes of graph and feeds: a loss that is no scalar, a loss that is not finite, nothing to differentiate by, …
 * @example
 * import { checkGradients, dim, mul, parameter, sum, tanh, uniform } from "clew";
 * const w = parameter("w", [dim("hidden", 3)], uniform(-1, 1));
 * checkGradients(sum(mul(w, tanh(w))), { seed: 1 }).verdict; // "pass"
 */
export const checkGradients: CheckGradients = userCalled((loss: unknown, options: CheckOptions = {}) =>
  pipe(
    graph(loss),
    E.bindTo("g"),
    E.bind("targets", ({ g }) => targetsOf(g, options.wrt)),
    E.let("gradient", ({ targets }) =>
      grad(loss as Tensor<readonly []>, Object.fromEntries(targets.map((t) => [t.name, t.node as Tensor]))),
    ),
    E.chainFirst(({ gradient }) => graph({ loss, gradient })),
    E.bind("point", ({ g }) => valuesOf(g, options.feeds ?? {}, options)),
    E.chainFirst(({ g, point }) => finite(g, loss as Node, point)),
    E.map(({ targets, gradient, point }) => report(loss as Node, nodesOf(gradient), targets, point, options)),
  ),
);

function report(
  loss: Node,
  gradient: readonly Node[],
  targets: readonly Target[],
  point: Point,
  { order = 1, tolerance = 1e-7, seed = 0, trainingStep = 0, entries, directions = 16 }: CheckOptions,
): GradientReport {
  const environment: Environment = { seed, trainingStep };
  const limits: Limits = { tolerance, entries, directions, seed };
  const first = firstOrder(loss, gradient, targets, environment);
  const claims = order === 2 ? [first, secondOrder(loss, gradient, targets, environment)] : [first];
  const checks = claims.flatMap((claim) => checkParameters({ claim, loss, targets, point, environment, limits }));
  return reportOf(checks, { order, tolerance, loss: point.get(loss)!.data[0]!, noise: checks[0]?.noise ?? 0 });
}

type Either<A> = E.Either<readonly Diagnostic[], A>;

function targetsOf(g: Graph<unknown>, wrt: Wrt | undefined): Either<readonly Target[]> {
  const nodes = wrt === undefined ? g.parameters : nodesOf(wrt);
  if (nodes.length === 0) {
    const message = "there is nothing to differentiate by: the loss reaches no parameter";
    return E.left([diagnostic({ code: "Unreached", op: "checkGradients", message, hint: "checkGradients(loss, { feeds, wrt: { x } })" })]);
  }
  const given = wrt === undefined ? [] : paths(wrt as Tree<Node>, isNode);
  return E.right(
    nodes.map((node, i) => ({ node, name: nameOf(node) ?? (given[i] === "" ? node.op.name : given[i]!), size: sizeOf(node.shape) })),
  );
}

/** The values of all nodes at the point. */
function valuesOf(g: Graph<unknown>, feeds: Feeds, options: EvaluateOptions): Either<Point> {
  const outputs = Object.fromEntries(g.nodes.map((n, i) => [`n${i}`, n]));
  return E.map((values: { readonly [name: string]: Value }): Point => new Map(g.nodes.map((n, i) => [n, values[`n${i}`]!])))(
    evaluate(outputs, feeds, options) as Either<{ readonly [name: string]: Value }>,
  );
}

/** If the loss is not a finite number: the node that made it so. */
function finite(g: Graph<unknown>, loss: Node, point: Point): Either<Point> {
  const isNumber = (n: Node) => point.get(n)!.data.every((x) => Number.isFinite(x));
  if (isNumber(loss)) return E.right(point);
  const first = g.nodes.find((n) => !isNumber(n) && n.inputs.every(isNumber)) ?? loss;
  return E.left([
    diagnostic({
      code: "NotFinite",
      op: first.op.name,
      message: `the loss is ${point.get(loss)!.data[0]}: the first value that is not finite is made here`,
      operands: first.inputs.map(noteOf),
      step: showStep(first.origin.step),
      site: first.origin.site,
    }),
  ]);
}

function reportOf(
  checks: readonly Checked[],
  { order, tolerance, loss, noise }: Pick<GradientReport, "order" | "tolerance" | "loss" | "noise">,
): GradientReport {
  const parameters: readonly ParameterCheck[] = checks.map((c) => c.row);
  const kinks = checks.flatMap((c) => c.kinks);
  const failed = parameters.filter(fails);
  const worst = (failed.length > 0 ? failed : parameters).reduce<CheckedEntry | undefined>(
    (w, { worst: x }) => (x !== undefined && (w === undefined || x.relativeError > w.relativeError) ? x : w),
    undefined,
  );
  return {
    verdict: failed.length > 0 ? "fail" : "pass",
    ...(failed.length > 0 ? { reasons: failed.map((p) => reasonOf(p, kinks, tolerance)) } : {}),
    maxRelativeError: Math.max(0, ...parameters.map((p) => p.maxRelativeError)),
    tolerance,
    order,
    loss,
    noise,
    condition: loss === 0 ? Number.POSITIVE_INFINITY : noise / (Number.EPSILON * Math.abs(loss)),
    floor: Math.max(0, ...parameters.map((p) => p.floor)),
    worst,
    kinks,
    parameters,
  };
}
