// unroll: a cell, called once on template nodes, then substituted for every time step. Every instance knows its template and its step; what
// the cell uses from outside (W) is one node, shared by all steps.

import { type Dim, type Shape, showShape } from "../graph/dim.ts";
import { ill, make, mistakeHere, nameOf, remake, sameType } from "../graph/make.ts";
import { type DType, isNode, type Node, type Tensor } from "../graph/node.ts";
import type { Op } from "../graph/op.ts";
import { ambientOrigin, building, callingUser, composite, type Step, type Unrolling } from "../graph/source.ts";
import { dependents, topological } from "../graph/traverse.ts";
import { isTreeOfNodes, leaves, nodesOf, paths, rebuild, type Tree } from "../graph/tree.ts";
import { algebra as m } from "../ops/algebra.ts";
import { maskedInput } from "./mask.ts";

/** A state or an input: a tensor, or a record (of records) of tensors. */
// biome-ignore lint/suspicious/noExplicitAny: a tensor of any shape and dtype, in either position
export type AnyTree = Tensor<any, any> | { readonly [name: string]: AnyTree };

/** One time step of x: without its first dim. */
export type StepOf<X> =
  X extends Tensor<infer S extends Shape, infer D>
    ? S extends readonly [unknown, ...infer R extends Shape]
      ? Tensor<readonly [...R], D>
      : Tensor<Shape, D>
    : { readonly [K in keyof X]: StepOf<X[K]> };
export type TimeOf<X> =
  X extends Tensor<infer S extends Shape, infer _> ? (S extends readonly [infer T extends Dim, ...infer _] ? T : Dim) : TimeOf<X[keyof X]>;
/** An output of every step, over time. */
export type Stacked<T extends Dim, O> =
  O extends Tensor<infer S extends Shape, infer D> ? Tensor<readonly [T, ...S], D> : { readonly [K in keyof O]: Stacked<T, O[K]> };

export interface Recurrence<S, O> {
  readonly state: S;
  readonly output: O;
}

export interface UnrollOptions<S> {
  /** The first state. */
  readonly from: S;
  /** Which steps are real, [time, …] with dims of the states: elsewhere the state passes untouched, the output is zero, and no gradient comes back. */
  readonly mask?: Tensor<Shape, "bool">;
  /** From the last step to the first; outputs stay in the order of time. */
  readonly reverse?: boolean;
}

/** One time step: nodes like any other, to be looked at and differentiated by. */
export interface UnrolledStep<S, X, O> {
  readonly state: S;
  readonly output: O;
  readonly input: X;
}

export interface Unrolled<T extends Dim, S, X, O> {
  /** The outputs of all steps, [time, …]. */
  readonly outputs: Stacked<T, O>;
  /** The state after the last step that was made. */
  readonly final: S;
  readonly steps: readonly UnrolledStep<S, X, O>[];
}

interface UnrollFunction {
  <S extends AnyTree, X extends AnyTree, O extends AnyTree>(
    cell: (state: S, x: StepOf<X>) => Recurrence<NoInfer<S>, O>,
    options: UnrollOptions<S> & { readonly over: X },
  ): Unrolled<TimeOf<X>, S, StepOf<X>, O>;
  <S extends AnyTree, T extends Dim, O extends AnyTree>(
    cell: (state: S) => Recurrence<NoInfer<S>, O>,
    options: UnrollOptions<S> & { readonly steps: T; readonly over?: never },
  ): Unrolled<T, S, Record<never, never>, O>;
}

export const templateOp: Op<{ readonly shape: Shape; readonly dtype: DType; readonly label: string }> = {
  name: "template",
  doc: "Stands in a cell for the state, or for the input of a step.",
  leaf: "template",
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  evaluate: () => {
    throw new Error("a template node was evaluated");
  },
  vjp: () => [],
  jvp: () => undefined,
  lift: ({ node }) => node,
  label: ({ label }) => label,
  latex: (_, { label }) => label,
  samples: [],
};

/**
 * A recurrence over the first dim of `over` (or over the dim `steps`): the cell gives the next state and an output from a state and an input.
 * States, inputs and outputs are tensors, or records of them.
 *
 * @example
 * import { add, dim, evaluate, input, unroll, zeros } from "clew";
 * const x = input("x", [dim("time", 3)]);
 * const { outputs } = unroll((s, x_t) => ({ state: add(s, x_t), output: add(s, x_t) }), { over: x, from: zeros([]) });
 * evaluate(outputs, { x: [1, 2, 3] }).data; // Float64Array [1, 3, 6]
 */
export const unroll: UnrollFunction = composite("unroll", (cell: Cell, options: Options) => unrollOf(cell, options), "glue");

type Cell = (state: Tree<Node>, x: Tree<Node>) => Recurrence<Tree<Node>, Tree<Node>>;
interface Options extends UnrollOptions<Tree<Node>> {
  readonly over?: Tree<Node>;
  readonly steps?: Dim;
}

function unrollOf(cell: Cell, options: Options): Unrolled<Dim, Tree<Node>, Tree<Node>, Tree<Node>> {
  const { from, reverse = false } = options;
  const over = options.over ?? {};
  const problem = wrongOptions(cell, options);
  const time = options.steps ?? nodesOf(isTreeOfNodes(over) ? over : {})[0]?.shape[0];
  if (problem !== undefined || time === undefined) return failedUnroll(problem ?? ill(undefined), from, time);

  // the cell, once, on templates
  const template = readCell(cell, from, over, time, options.mask);
  if ("failed" in template) return failedUnroll(template.failed, from, time, template.output);
  const { states, inputs, result } = template;

  // then substituted, step by step
  const roots = [...nodesOf(result.state), ...nodesOf(result.output)];
  const order = topological(roots);
  const depends = dependents(order, new Set([...states, ...inputs]));
  const own = order.filter((n) => depends.has(n));
  const unrolling: Unrolling = {
    dim: time,
    template: own,
    carries: states.map((state, i) => ({ state, next: nodesOf(result.state)[i]!, from: nodesOf(from)[i]! })),
    inputs: inputs.map((input, i) => ({ input, over: nodesOf(over)[i]! })),
    mask: options.mask,
    reverse,
  };
  const ambient = ambientOrigin();
  const atT = (t: number): Step => ({ of: unrolling, t, outer: undefined });
  const masked = options.mask === undefined ? undefined : maskedInput(over, options.mask, time, reverse);
  const steps: { state: Tree<Node>; output: Tree<Node>; input: Tree<Node> }[] = new Array(time.size);
  let state: readonly Node[] = nodesOf(from);
  for (let k = 0; k < time.size; k++) {
    const t = reverse ? time.size - 1 - k : k;
    const step = atT(t);
    building({ ...ambient, step }, () => {
      const xs = nodesOf(over).map((x) => stepOfInput(x, t));
      const mask = options.mask === undefined ? undefined : m.index(options.mask, 0, t);
      const fedState = mask === undefined ? state : state.map((s, i) => select(mask, s, nodesOf(from)[i]!));
      const fedInput = mask === undefined ? xs : xs.map((x, i) => select(mask, x, masked!.firstReal[i]!));
      const made = new Map<Node, Node>();
      states.forEach((s, i) => made.set(s, fedState[i]!));
      inputs.forEach((x, i) => made.set(x, fedInput[i]!));
      for (const node of own) {
        if (made.has(node)) continue;
        made.set(node, instance(node, made, step));
      }
      const at = (n: Node): Node => made.get(n) ?? n;
      const next = nodesOf(result.state).map((n, i) => (mask === undefined ? at(n) : select(mask, at(n), state[i]!)));
      const outs = nodesOf(result.output).map((n) => (mask === undefined ? at(n) : select(mask, at(n), zeroLike(n))));
      steps[t] = { state: like(from, next), output: like(result.output, outs), input: like(over, xs) };
      state = next;
    });
  }
  const outputs = nodesOf(result.output).map((o, i) =>
    time.size === 0
      ? zeroOver(time, o)
      : m.stack(
          steps.map((s) => nodesOf(s.output)[i]!),
          time,
        ),
  );
  return { outputs: like(result.output, outputs), final: like(from, state), steps } as never;
}

/** The instance of a template node at a step. A node of an inner unrolling keeps its inner step. */
function instance(node: Node, made: ReadonlyMap<Node, Node>, step: Step): Node {
  const inner = node.origin.step;
  const full: Step = inner === undefined ? step : inside(inner, step);
  const attributes = node.op.atStep === undefined ? node.attributes : node.op.atStep(node.attributes, full);
  return remake(
    node,
    node.inputs.map((i) => made.get(i) ?? i),
    attributes,
    full,
  );
}

function inside(inner: Step, outer: Step): Step {
  return { of: inner.of, t: inner.t, outer: inner.outer === undefined ? outer : inside(inner.outer, outer) };
}

/** x_t. A stack of outputs (of the layer below) is taken apart again, rather than indexed. */
function stepOfInput(x: Node, t: number): Node {
  return m.index(x, 0, t);
}

function select(mask: Node, a: Node, b: Node): Node {
  return m.where(mask, a, b);
}

function zeroLike(n: Node): Node {
  return n.dtype === "float" ? m.full(n.shape, 0) : m.cast(m.full(n.shape, 0), n.dtype);
}

function zeroOver(time: Dim, n: Node): Node {
  const zero = m.full([time, ...n.shape], 0);
  return n.dtype === "float" ? zero : m.cast(zero, n.dtype);
}

function like(tree: Tree<Node>, values: readonly Node[]): Tree<Node> {
  return rebuild(tree, isNode, values);
}

interface Template {
  readonly states: readonly Node[];
  readonly inputs: readonly Node[];
  readonly result: Recurrence<Tree<Node>, Tree<Node>>;
}

/** Calls the user's cell on template nodes, and checks what it returns. */
function readCell(
  cell: Cell,
  from: Tree<Node>,
  over: Tree<Node>,
  time: Dim,
  mask: Node | undefined,
): Template | { readonly failed: Node; readonly output?: Tree<Node> } {
  return building({ ...ambientOrigin(), cell: time }, () => {
    const placeholder = (n: Node, shape: Shape, label: string): Node => {
      const t = make(templateOp, [], { shape, dtype: n.dtype, label });
      return n.certain ? t : unsure(t, n);
    };
    const names = paths(from, isNode);
    const states = nodesOf(from).map((s, i) => placeholder(s, s.shape, names[i] === "" ? "state" : names[i]!));
    const xNames = paths(over, isNode);
    const inputs = nodesOf(over).map((x, i) => placeholder(x, x.shape.slice(1), `${nameOf(x) ?? (xNames[i] === "" ? "x" : xNames[i])}_t`));
    const result = callingUser(() => cell(like(from, states), like(over, inputs))) as unknown;
    const record = result as Partial<Recurrence<unknown, unknown>> | null | undefined;
    if (typeof record !== "object" || record === null || !isTreeOfNodes(record.state) || !isTreeOfNodes(record.output ?? {})) {
      return {
        failed: mistakeNode(
          mistakeHere(
            "CellMismatch",
            "unroll",
            "the cell must return { state, output }, each a tensor or a record of tensors",
            [],
            "return { state: h_t, output: h_t }",
          ),
        ),
      };
    }
    const output = (record.output ?? {}) as Tree<Node>;
    const next = record.state as Tree<Node>;
    const wrong = stateMismatch(from, next);
    if (wrong !== undefined) return { failed: ill(wrong, [], "float", [...leaves(next, isNode), ...leaves(output, isNode)]), output };
    if (mask !== undefined) {
      // a mask must be a shape that states and outputs can be selected by
      const odd = [...nodesOf(next), ...nodesOf(output)].find(
        (n) => !m.where(placeholder(mask, mask.shape.slice(1), "mask"), n, zeroLike(n)).certain && n.certain,
      );
      if (odd !== undefined) {
        return {
          failed: mistakeNode(
            mistakeHere(
              "BroadcastMismatch",
              "unroll",
              `the mask ${showShape(mask.shape)} does not select steps of ${showShape(odd.shape)}`,
              [mask, odd],
              "a mask has the dims [time, batch]",
            ),
          ),
        };
      }
    }
    return { states, inputs, result: { state: next, output } };
  });
}

function unsure(template: Node, because: Node): Node {
  return ill(undefined, template.shape, template.dtype, [because]);
}

function mistakeNode(problem: Parameters<typeof ill>[0]): Node {
  return ill(problem);
}

function stateMismatch(from: Tree<Node>, next: Tree<Node>): Parameters<typeof ill>[0] {
  const [a, b] = [paths(from, isNode), paths(next, isNode)];
  if (a.join() !== b.join()) {
    const show = (names: readonly string[]) => (names.length === 1 && names[0] === "" ? "a tensor" : `{ ${names.join(", ")} }`);
    return mistakeHere(
      "CellMismatch",
      "unroll",
      `the cell's next state is ${show(b)}, its state ${show(a)}`,
      [],
      "return the state with the fields that `from` has",
    );
  }
  const [s, n] = [nodesOf(from), nodesOf(next)];
  const odd = s.findIndex((x, i) => !sameType(x, n[i]!) && x.certain && n[i]!.certain);
  if (odd < 0) return undefined;
  const called = a[odd] === "" ? "state" : a[odd]!;
  return mistakeHere(
    "CellMismatch",
    "unroll",
    `the cell's next ${called} is ${n[odd]!.dtype} ${showShape(n[odd]!.shape)}, its ${called} ${s[odd]!.dtype} ${showShape(s[odd]!.shape)}`,
    [s[odd]!, n[odd]!],
  );
}

function wrongOptions(cell: unknown, { over, from, steps, mask }: Options): Node | undefined {
  const wrong = (
    code: "BadArgument" | "DimMismatch" | "RankMismatch" | "DTypeMismatch" | "NotTensor",
    message: string,
    operands: readonly Node[],
    hint?: string,
  ): Node =>
    ill(operands.every((o) => o.certain) ? mistakeHere(code, "unroll", message, operands, hint) : undefined, [], "float", operands);
  if (typeof cell !== "function") return wrong("BadArgument", "the cell must be a function (state, x) => ({ state, output })", []);
  if (!isTreeOfNodes(from) || nodesOf(from).length === 0)
    return wrong("NotTensor", "`from`, the first state, must be a tensor or a record of tensors", [], "from: zeros([batch, hidden])");
  if (over === undefined && steps === undefined)
    return wrong("BadArgument", "what is it unrolled over? neither `over` nor `steps` is given", [], "over: x, or steps: time");
  if (over !== undefined && (!isTreeOfNodes(over) || nodesOf(over).length === 0))
    return wrong("NotTensor", "`over` must be a tensor or a record of tensors", [], "over: x");
  const xs = over === undefined ? [] : nodesOf(over);
  const scalar = xs.find((x) => x.shape.length === 0);
  if (scalar !== undefined)
    return wrong("RankMismatch", "`over` is a scalar: it has no time", [scalar], "the first dim of `over` is unrolled");
  const time = steps ?? xs[0]!.shape[0]!;
  const all = mask === undefined ? xs : [...xs, mask as Node];
  const odd = all.find((x) => x.shape[0]?.name !== time.name || x.shape[0]?.size !== time.size);
  if (odd !== undefined) {
    return wrong(
      "DimMismatch",
      `the first dim of ${odd === mask ? "the mask" : "every `over`"} must be ${time.name}=${time.size}, found ${showShape(odd.shape)}`,
      [odd],
    );
  }
  if (mask !== undefined && (mask as Node).dtype !== "bool")
    return wrong("DTypeMismatch", `the mask is ${(mask as Node).dtype}, expected bool`, [mask as Node], "lengthMask(lengths, time)");
  return undefined;
}

/** What a failed unrolling gives: best-effort shapes, all resting on the mistake. */
function failedUnroll(
  problem: Node,
  from: unknown,
  time: Dim | undefined,
  output?: Tree<Node>,
): Unrolled<Dim, Tree<Node>, Tree<Node>, Tree<Node>> {
  const rest = (n: Node, shape: Shape): Node => ill(undefined, shape, n.dtype, [problem]);
  const final = isTreeOfNodes(from)
    ? like(
        from as Tree<Node>,
        nodesOf(from).map((n) => rest(n, n.shape)),
      )
    : problem;
  const outputs =
    output === undefined
      ? final
      : like(
          output,
          nodesOf(output).map((n) => rest(n, time === undefined ? n.shape : [time, ...n.shape])),
        );
  const step = { state: final, output: output ?? final, input: problem };
  return { outputs, final, steps: Array.from({ length: time?.size ?? 1 }, () => step) } as never;
}
