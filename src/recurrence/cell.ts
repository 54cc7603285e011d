// Reading a cell: the user's function is called once, on nodes that stand for a state and for an input of a step. What it gives back is the
// template, of which every time step is an instance; what is wrong with it is found here, once.

import { type Body, drawsAnew } from "../graph/body.ts";
import type { Diagnostic } from "../graph/diagnostics.ts";
import { alignment, type Shape, showShape } from "../graph/dim.ts";
import { ill, make, mistakeHere, nameOf, sameType } from "../graph/make.ts";
import type { Op, Unrolling } from "../graph/node.ts";
import { type DType, isNode, type Node, nodesCreated } from "../graph/node.ts";
import { ambientOrigin, building, callingUser } from "../graph/source.ts";
import { dependents, topological } from "../graph/traverse.ts";
import { isTreeOfNodes, nodesOf, paths, rebuild, type Tree } from "../graph/tree.ts";
import { algebra as m } from "../ops/algebra.ts";
import { passOp } from "./copy.ts";
import { firstReal } from "./mask.ts";
import type { Options } from "./options.ts";

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
  computation: () => ({ kind: "given" }),
  label: ({ label }) => label,
  latex: (_, { label }) => label,
  samples: [],
};

export type Cell = (state: Tree<Node>, x: Tree<Node>) => unknown;

/** A cell that was read: what `unroll` makes instances of, and `scan` keeps whole. */
export interface Template {
  readonly body: Body;
  /** What depends on the state, the input or the step: it is made anew in every step. Everything else is shared. In topological order. */
  readonly own: readonly Node[];
  /** The tree in which the cell gave its outputs. */
  readonly output: Tree<Node>;
  /** The values of the body's states before the first step, and what its inputs are steps of. */
  readonly first: readonly Node[];
  readonly over: readonly Node[];
  readonly recurrence: Unrolling;
  /** Of a truncated gradient: where there are several states side by side (truncate.ts), which of them is the step's. */
  readonly laneAt?: (t: number) => number;
}

/** A cell that cannot be unrolled: why, and how its output looks as far as one can tell. */
export interface IllCell {
  readonly mistakes: readonly Diagnostic[];
  /** Nodes from outside that carry mistakes of their own. */
  readonly rests: readonly Node[];
  readonly output?: Tree<Node>;
}

/**
 * Calls the user's cell on template nodes, and checks what it returns. `sure` is false when from and over do not fit anyway.
 *
 * A mask is part of the step: in padded steps the cell is fed what is real, and its results are not used (mask.ts).
 */
export function readCell(verb: string, cell: Cell, options: Options, sure: boolean): Template | IllCell {
  const { from, over, time, mask, reverse } = options;
  const [first, xs] = [nodesOf(from), nodesOf(over)];
  const badMask = mask === undefined ? undefined : maskMismatch(verb, mask, from, over);
  const masked = sure && badMask === undefined ? mask : undefined;
  const padding = masked === undefined ? [] : firstReal(xs, masked, time, reverse);
  return building({ ...ambientOrigin(), cell: time }, () => {
    const standIn = (n: Node, shape: Shape, label: string): Node =>
      sure && n.certain ? make(templateOp, [], { shape, dtype: n.dtype, label }) : ill(undefined, { shape, dtype: n.dtype, rests: [n] });
    const called = (path: string, otherwise: string): string => (path === "" ? otherwise : path);
    const names = paths(from, isNode);
    const states = first.map((s, i) => standIn(s, s.shape, called(names[i]!, "state")));
    const xNames = paths(over, isNode);
    const inputs = xs.map((x, i) => standIn(x, x.shape.slice(1), `${nameOf(x) ?? called(xNames[i]!, "x")}_t`));
    const real = masked === undefined ? undefined : standIn(masked, masked.shape.slice(1), "mask_t");
    const select = (a: Node, b: Node | undefined): Node => (real === undefined ? a : selected(real, a, b!));
    const [stateArguments, inputArguments] = [states.map((s, i) => select(s, first[i])), inputs.map((x, i) => select(x, padding[i]))];
    const before = nodesCreated();
    const made = callingUser(() => cell(like(from, stateArguments), like(over, inputArguments)));
    if (!isRecurrence(made)) {
      const message = "the cell must return { state, output }, each a tensor or a record of tensors";
      return { mistakes: [mistakeHere("CellMismatch", verb, message, [], "return { state: h_t, output: h_t }")], rests: [] };
    }
    const nextTree = inOrderOf(from, made.state);
    const { output = {} } = made;
    const given = { next: nodesOf(nextTree), outputs: nodesOf(output) };
    const order = topological([...given.next, ...given.outputs]);
    // what draws anew at every step (dropout) is the step's own, whatever it is drawn for
    const variables = new Set([...states, ...inputs, ...(real === undefined ? [] : [real])]);
    const depends = dependents(order, new Set([...variables, ...order.filter((n) => n.id > before && drawsAnew(n))]));
    const own = order.filter((n) => depends.has(n) && !variables.has(n));
    const wrong = stateMismatch(verb, from, nextTree) ?? badMask ?? (mask === undefined ? undefined : maskMismatch(verb, mask, output));
    const mistakes = own.flatMap((n) => n.diagnostics);
    // without a step there are no instances that carry the mistakes
    if (wrong !== undefined || !sure || (time.size === 0 && mistakes.length > 0)) {
      return { mistakes: wrong === undefined ? mistakes : [...mistakes, wrong], rests: order.filter((n) => !depends.has(n)), output };
    }
    const stepsOwn = new Set(own);
    const results = computed(given, stepsOwn);
    const next = results.next.map((n, i) => select(n, states[i]));
    const outputs = results.outputs.map((o) => select(o, real === undefined ? undefined : zeroOf(o, o.shape)));
    const all = topological([...next, ...outputs]);
    // the step's own: not what another recurrence, which the cell reads, has of the kind
    const copies = new Set([...results.next, ...results.outputs].filter((n) => !stepsOwn.has(n)));
    const isSource = (n: Node): boolean => copies.has(n) || (n.id > before && drawsAnew(n));
    const anew = dependents(all, new Set([...variables, ...all.filter(isSource)]));
    const instances = all.filter((n) => anew.has(n) && !variables.has(n));
    const body: Body = {
      captured: capturedBy(instances, variables, before),
      states,
      inputs: real === undefined ? inputs : [...inputs, real],
      next,
      outputs,
    };
    const recurrence: Unrolling = {
      dim: time,
      template: [...states, ...inputs, ...instances],
      carries: states.map((state, i) => ({ state, next: given.next[i]!, from: first[i]! })),
      inputs: inputs.map((input, i) => ({ input, over: xs[i]! })),
      mask,
      reverse,
    };
    return { body, own: instances, output, first, over: masked === undefined ? xs : [...xs, masked], recurrence };
  });
}

/** In padded steps the second, in real ones the first: which pictures show in its place. */
function selected(real: Node, a: Node, b: Node): Node {
  const { call } = ambientOrigin();
  return building({ ...ambientOrigin(), call: { name: call?.name ?? "mask", glue: true, selects: 1 } }, () => m.where(real, a, b));
}

/**
 * The results as nodes of the step, each next state another one: a state that is passed on as it is (a delay), or an output that is the state
 * before the step, is a copy. So what comes back through it has a place in the order of sums, the same in every form of the recurrence.
 */
function computed(
  given: { readonly next: readonly Node[]; readonly outputs: readonly Node[] },
  own: ReadonlySet<Node>,
): { readonly next: readonly Node[]; readonly outputs: readonly Node[] } {
  const taken = new Set<Node>();
  const next = given.next.map((n) => {
    const result = own.has(n) && !taken.has(n) ? n : make(passOp, [n], {});
    taken.add(n);
    return result;
  });
  const copies = new Map<Node, Node>();
  const outputs = given.outputs.map((o) => {
    if (own.has(o)) return o;
    const copy = copies.get(o) ?? make(passOp, [o], {});
    copies.set(o, copy);
    return copy;
  });
  return { next, outputs };
}

/** What the nodes of a step read from outside. Numbers and the like that the cell itself made stay within it. */
function capturedBy(own: readonly Node[], variables: ReadonlySet<Node>, before: number): readonly Node[] {
  const inside = new Set(own);
  const isFree = (n: Node): boolean => n.id > before && n.inputs.length === 0 && (n.op.leaf === undefined || n.op.leaf === "constant");
  const found = new Set<Node>();
  for (const node of own) for (const x of node.inputs) if (!inside.has(x) && !variables.has(x) && !isFree(x)) found.add(x);
  return [...found];
}

export function zeroOf(n: Node, shape: Shape): Node {
  return m.cast(m.full(shape, 0), n.dtype);
}

function isRecurrence(made: unknown): made is { readonly state: Tree<Node>; readonly output?: Tree<Node> } {
  if (typeof made !== "object" || made === null || !("state" in made)) return false;
  const { state, output } = made as { readonly state: unknown; readonly output?: unknown };
  return isTreeOfNodes(state) && isTreeOfNodes(output ?? {});
}

/** The same tree with its fields in the order that another has, where both have the same fields. */
function inOrderOf(wanted: Tree<Node>, tree: Tree<Node>): Tree<Node> {
  if (isNode(wanted) || isNode(tree)) return tree;
  const fields = Object.keys(wanted);
  if (fields.length !== Object.keys(tree).length || !fields.every((f) => Object.hasOwn(tree, f))) return tree;
  return Object.fromEntries(fields.map((f) => [f, inOrderOf(wanted[f]!, tree[f]!)]));
}

/** The cell's next state must look like its state: else the next step has nothing to go on from. */
function stateMismatch(verb: string, from: Tree<Node>, next: Tree<Node>): Diagnostic | undefined {
  const [a, b] = [paths(from, isNode), paths(next, isNode)];
  if (a.join() !== b.join()) {
    const show = (names: readonly string[]) => (names.length === 1 && names[0] === "" ? "a tensor" : `{ ${names.join(", ")} }`);
    const message = `the cell's next state is ${show(b)}, its state ${show(a)}`;
    return mistakeHere("CellMismatch", verb, message, [], "return the state with the fields that `from` has");
  }
  const [s, n] = [nodesOf(from), nodesOf(next)];
  const odd = s.findIndex((x, i) => !sameType(x, n[i]!) && x.certain && n[i]!.certain);
  if (odd < 0) return undefined;
  const called = a[odd] === "" ? "state" : a[odd]!;
  const show = (x: Node): string => `${x.dtype} ${showShape(x.shape)}`;
  return mistakeHere("CellMismatch", verb, `the cell's next ${called} is ${show(n[odd]!)}, its ${called} ${show(s[odd]!)}`, [
    s[odd]!,
    n[odd]!,
  ]);
}

/** A mask selects steps of every sequence: states, inputs and outputs need its dims. `over` has time before them. */
function maskMismatch(verb: string, mask: Node, tree: Tree<Node>, over: Tree<Node> = {}): Diagnostic | undefined {
  const lacks = (shape: Shape): boolean => alignment(mask.shape.slice(1), shape) === undefined;
  const odd = nodesOf(tree).find((n) => n.certain && lacks(n.shape)) ?? nodesOf(over).find((x) => x.certain && lacks(x.shape.slice(1)));
  if (odd === undefined) return undefined;
  return mistakeHere(
    "BroadcastMismatch",
    verb,
    `the mask ${showShape(mask.shape)} does not select steps of ${showShape(odd.shape)}`,
    [mask, odd],
    "a mask has the dims [time, batch], and batch is a dim of whatever it selects",
  );
}

export function like(tree: Tree<Node>, values: readonly Node[]): Tree<Node> {
  return isNode(tree) ? values[0]! : rebuild(tree, isNode, values);
}
