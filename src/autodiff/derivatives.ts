// Derivatives as users ask for them: graph in, graph out, to any order by asking again.

import type { Diagnostic } from "../graph/diagnostics.ts";
import { freshDim, type Shape, sameShape, showShape, sizeOf } from "../graph/dim.ts";
import { mistakesIn } from "../graph/graph.ts";
import { ill, mistakeHere, nameOf } from "../graph/make.ts";
import { hasDerivative, isNode, type Node, type Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { showSite, userCalled } from "../graph/source.ts";
import { dependents, type Numbered, numbered, topological } from "../graph/traverse.ts";
import { isTreeOfNodes, mapNodes, nodesOf, paths, rebuild, type Tree } from "../graph/tree.ts";
import type { Ok, ShapeError, ShowShape } from "../graph/types.ts";
import { algebra as m } from "../ops/algebra.ts";
import { forward } from "./forward.ts";
import { reverseLifted } from "./lift.ts";
import { reverse } from "./reverse.ts";

/** What one may differentiate with respect to: a tensor, or a record (of records) of tensors; parameters, inputs or any node. */
export type Wrt = Tensor<Shape> | { readonly [name: string]: Wrt };

/** A tree of tensors with the shapes of another. */
export type Like<P> = P extends Tensor<infer S> ? Tensor<S> : { readonly [K in keyof P]: Like<P[K]> };

export interface GradOptions {
  /** A parameter that the loss does not reach is a mistake ("error", the default), or has a zero gradient ("zero"). */
  readonly unreached?: "error" | "zero";
}

type Scalar<S extends Shape> = number extends S["length"]
  ? unknown
  : S extends readonly []
    ? unknown
    : ShapeError<`grad: the loss must be a scalar: ${ShowShape<S>}`>;

interface Grad {
  <const P extends Wrt>(loss: Tensor<readonly []>, wrt: P, options?: GradOptions): Like<P>;
  <S extends Shape, const P extends Wrt>(loss: Tensor<S> & Ok<Scalar<S>>, wrt: P, options?: GradOptions): Like<P>;
}

/**
 * ∂loss/∂wrt by reverse mode, as graphs: for a recurrent net this is backpropagation through time (Werbos, 1990), derived.
 *
 * Mistakes, each its own diagnostic: a loss that is not a scalar, something the loss does not reach, an op without a derivative in between.
 *
 * @example
 * import { dim, evaluate, grad, input, mul, sum } from "clew";
 * const x = input("x", [dim("word", 2)]);
 * evaluate(grad(sum(mul(x, x)), x), { x: [1, 2] }).data; // Float64Array [2, 4]
 */
export const grad: Grad = userCalled((loss: unknown, wrt: unknown, options: GradOptions = {}) => gradOf("grad", loss, wrt, options));

type ValueAndGrad = <const P extends Wrt>(
  loss: Tensor<readonly []>,
  wrt: P,
  options?: GradOptions,
) => { readonly value: Tensor<readonly []>; readonly gradient: Like<P> };

/** The loss and its gradient, side by side. */
export const valueAndGrad: ValueAndGrad = userCalled((loss: unknown, wrt: unknown, options: GradOptions = {}) => ({
  value: isNode(loss) ? loss : ill(undefined), // the gradient carries the mistake
  gradient: gradOf("valueAndGrad", loss, wrt, options),
}));

function gradOf(verb: string, loss: unknown, wrt: unknown, options: GradOptions): Tree<Node> {
  const targets = checked(verb, [loss], wrt, isNode);
  if (!("nodes" in targets)) return targets.failed;
  const unreached = options === null ? undefined : (options.unreached ?? "error");
  if (unreached !== "error" && unreached !== "zero") {
    return fail(wrt, mistakeHere("BadArgument", verb, "the options make no sense", [], `${verb}(loss, wrt, { unreached: "zero" })`), []);
  }
  const { graph } = targets;
  const scalar = loss as Node;
  if (scalar.shape.length > 0) {
    const problem = scalar.certain
      ? mistakeHere(
          "NonScalarLoss",
          verb,
          `the loss must be a scalar, it is ${showShape(scalar.shape)}`,
          [scalar],
          "mean(loss) or sum(loss); jacobian(…) differentiates a tensor",
        )
      : undefined;
    return fail(wrt, problem, [scalar]);
  }
  const adjoints = reverse([scalar], [m.constant(1)], targets.nodes, graph);
  if (unreached === "error" && (adjoints.includes(undefined) || isBlocked(graph, targets.nodes))) {
    const problem = firstUnreached(verb, scalar, targets.nodes, wrt);
    if (problem !== undefined) return fail(wrt, problem, [scalar]);
  }
  return fill(wrt, adjoints);
}

/** Trees and graphs without mistakes, or the failed result: a mistake upstream is reported once, where it was made. */
function checked(
  verb: string,
  outputs: readonly unknown[],
  wrt: unknown,
  fits: (output: unknown) => boolean = isTreeOfNodes,
): { readonly nodes: readonly Node[]; readonly graph: Numbered } | { readonly failed: Tree<Node> } {
  const odd = [...outputs.filter((o) => !fits(o)), ...(isTreeOfNodes(wrt) ? [] : [wrt])];
  if (odd.length > 0) {
    const problem = mistakeHere("NotTensor", verb, `expected a tensor, found ${shown(odd[0])}`, [], `${verb}(loss, { W })`);
    return { failed: isTreeOfNodes(wrt) ? fail(wrt, problem, []) : ill(problem) };
  }
  const roots = outputs.flatMap(nodesOf);
  const nodes = nodesOf(wrt);
  const whole = [...roots, ...nodes].find((n) => n.dtype !== "float" && n.certain);
  if (whole !== undefined) {
    const problem = mistakeHere("DTypeMismatch", verb, `${whole.dtype} does not vary smoothly, expected float`, [whole]);
    return { failed: fail(wrt, problem, [...roots, ...nodes]) };
  }
  const graph = numbered(roots);
  if (mistakesIn(graph.order.filter((n) => n.op.leaf !== "template")).length > 0) return { failed: fail(wrt, undefined, roots) };
  return { nodes, graph };
}

function fail(wrt: unknown, problem: Diagnostic | undefined, rests: readonly Node[]): Tree<Node> {
  return mapNodes(wrt, (w) => ill(problem, { shape: w.shape, rests }));
}

function fill(wrt: unknown, found: readonly (Node | undefined)[]): Tree<Node> {
  const nodes = nodesOf(wrt);
  return rebuild(
    wrt as Tree<Node>,
    isNode,
    nodes.map((w, i) => found[i] ?? m.full(w.shape, 0)),
  );
}

/** Whether a float op without a derivative stands behind any of `wrt`. What exactly is amiss is looked for only then. */
function isBlocked({ order, operands, start }: Numbered, wrt: readonly Node[]): boolean {
  const sources = new Set(wrt);
  const smooth = new Uint8Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const { op, dtype } = order[i]!;
    let depends = false;
    for (let k = start[i]!; k < start[i + 1]!; k++) depends ||= smooth[operands[k]!] === 1;
    if (depends && dtype === "float" && !hasDerivative(op.vjp)) return true;
    if ((depends && hasDerivative(op.vjp)) || sources.has(order[i]!)) smooth[i] = 1;
  }
  return false;
}

function firstUnreached(verb: string, loss: Node, wrt: readonly Node[], tree: unknown): Diagnostic | undefined {
  const order = topological([loss]);
  const names = paths(tree as Tree<Node>, isNode);
  for (const [i, w] of wrt.entries()) {
    const reached = dependents(order, new Set([w]));
    const called = nameOf(w) ?? (names[i] === "" ? w.op.name : names[i]!);
    if (!reached.has(loss)) {
      const hint = `leave it out, or ask for zeros: ${verb}(loss, wrt, { unreached: "zero" })`;
      return mistakeHere("Unreached", verb, `the loss does not depend on ${called}`, [w], hint);
    }
    const smooth = new Set<Node>([w]);
    for (const n of order) {
      if (n !== w && hasDerivative(n.op.vjp) && n.inputs.some((x) => smooth.has(x) && x.dtype === "float")) smooth.add(n);
    }
    const blocked = order.find((n) => reached.has(n) && n !== w && !hasDerivative(n.op.vjp) && n.inputs.some((x) => smooth.has(x)));
    if (blocked !== undefined && (!smooth.has(loss) || blocked.dtype === "float")) {
      const reason = hasDerivative(blocked.op.vjp) ? "" : blocked.op.vjp.none;
      const at = showSite(blocked.origin.site);
      return mistakeHere(
        "NoDerivative",
        verb,
        `${blocked.op.name} stands between ${called} and the loss, and has no derivative: ${reason}${at === undefined ? "" : ` (${at})`}`,
        [blocked],
        "stopGradient(…) says that it counts as constant",
      );
    }
  }
  return undefined;
}

/** ⟨cotangent, ∂output/∂wrt⟩ for an output of any shape, and its cotangent of the same shape. */
export const vjp: <S extends Shape, const P extends Wrt>(output: Tensor<S>, wrt: P, cotangent: Tensor<NoInfer<S>>) => Like<P> = userCalled(
  (output: unknown, wrt: unknown, cotangent: unknown) => {
    const targets = checked("vjp", [output, cotangent], wrt, isNode);
    if (!("nodes" in targets)) return targets.failed;
    const problem = sameShapes("vjp", [output as Node], [cotangent as Node], "cotangent");
    if (problem !== undefined) return fail(wrt, problem, []);
    return fill(wrt, reverse([output as Node], [cotangent as Node], targets.nodes));
  },
);

/** ∂outputs/∂wrt · tangents, by forward mode: the change of the outputs when wrt moves along tangents (a tree like wrt). */
export const jvp: <const O, const P extends Wrt>(outputs: O, wrt: P, tangents: Like<P>) => Like<O> = userCalled(
  (outputs: unknown, wrt: unknown, tangents: unknown) => {
    const targets = checked("jvp", [outputs, tangents], wrt);
    if (!("nodes" in targets)) {
      const reason = nodesOf(targets.failed);
      return isTreeOfNodes(outputs)
        ? mapNodes(outputs, (o) => ill(undefined, { shape: o.shape, rests: reason }))
        : ill(undefined, { rests: reason });
    }
    const problem = sameShapes("jvp", targets.nodes, nodesOf(tangents), "tangent");
    if (problem !== undefined) return mapNodes(outputs, (o) => ill(problem, { shape: o.shape }));
    return fill(outputs, forward(nodesOf(outputs), targets.nodes, nodesOf(tangents)));
  },
);

function sameShapes(verb: string, of: readonly Node[], given: readonly Node[], what: string): Diagnostic | undefined {
  const odd = of.findIndex((n, i) => given[i] === undefined || !sameShape(n.shape, given[i]!.shape));
  if (odd < 0 && of.length === given.length) return undefined;
  if (odd < 0) return mistakeHere("DimMismatch", verb, `${of.length} ${what}s are expected, ${given.length} are given`, given);
  const [n, g] = [of[odd]!, given[odd]];
  return mistakeHere(
    "DimMismatch",
    verb,
    `the ${what} of ${showShape(n.shape)} is ${g === undefined ? "missing" : showShape(g.shape)}`,
    g === undefined ? [n] : [n, g],
  );
}

type Beside<A extends Shape, P> = P extends Tensor<infer S> ? Tensor<readonly [...A, ...S]> : { readonly [K in keyof P]: Beside<A, P[K]> };

/**
 * ∂output/∂wrt whole: the output's dims, then wrt's. One backward pass, lifted over the output's elements.
 *
 * @example
 * import { dim, evaluate, input, jacobian, mul } from "clew";
 * const x = input("x", [dim("word", 2)]);
 * evaluate(jacobian(mul(x, x), x), { x: [1, 2] }).data; // Float64Array [2, 0, 0, 4]
 */
export const jacobian: <S extends Shape, const P extends Wrt>(output: Tensor<S>, wrt: P) => Beside<S, P> = userCalled(
  (output: unknown, wrt: unknown) => {
    const targets = checked("jacobian", [output], wrt, isNode);
    if (!("nodes" in targets)) return targets.failed;
    return jacobianOf(output as Node, wrt, targets.nodes);
  },
);

function jacobianOf(output: Node, wrt: unknown, targets: readonly Node[]): Tree<Node> {
  const elements = sizeOf(output.shape);
  const shapes = topological([output]).map((n) => n.shape);
  // named with their size: jacobians of several sizes may stand in one graph
  const each = freshDim(`element of ${elements}`, elements, shapes);
  const flat = freshDim(`flat ${elements}`, elements, shapes);
  const basis = m.cast(m.equal(m.iota([each, flat], 0), m.iota([each, flat], 1)), "float");
  const rows = reverseLifted([output], [m.reshape(basis, [each, ...output.shape])], targets, each);
  const found = rows.map((row, i) => m.reshape(row, [...output.shape, ...targets[i]!.shape]));
  return rebuild(wrt as Tree<Node>, isNode, found);
}

/** ∂²loss/∂wrt² for one tensor: its dims twice. The jacobian of the gradient. */
export const hessian: <S extends Shape>(loss: Tensor<readonly []>, wrt: Tensor<S>) => Tensor<readonly [...S, ...S]> = userCalled(
  (loss: unknown, wrt: unknown) => {
    if (!isNode(wrt)) return ill(mistakeHere("NotTensor", "hessian", `expected a tensor, found ${shown(wrt)}`, [], "hessian(loss, W)"));
    const gradient = gradOf("hessian", loss, wrt, {}) as Node;
    const shape = [...wrt.shape, ...wrt.shape];
    return gradient.certain ? jacobianOf(gradient, wrt, [wrt]) : ill(undefined, { shape, rests: [gradient] });
  },
);

/** ∂²loss/∂wrt² · v without the matrix (Pearlmutter, 1994): forward over reverse; v is a tree like wrt. */
export const hvp: <const P extends Wrt>(loss: Tensor<readonly []>, wrt: P, v: Like<P>) => Like<P> = userCalled(
  (loss: unknown, wrt: unknown, v: unknown) => {
    const gradient = gradOf("hvp", loss, wrt, {});
    const nodes = nodesOf(gradient);
    if (!nodes.every((n) => n.certain)) return gradient;
    const targets = checked("hvp", [v], wrt);
    if (!("nodes" in targets)) return targets.failed;
    const problem = sameShapes("hvp", targets.nodes, nodesOf(v), "direction");
    if (problem !== undefined) return fail(wrt, problem, []);
    return fill(wrt, forward(nodes, targets.nodes, nodesOf(v)));
  },
);
