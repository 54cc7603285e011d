// Reading a cell: the user's function is called once, on nodes that stand for a state and for an input of a step. What it gives back is the
// template, of which every time step is an instance; what is wrong with it is found here, once.

import type { Diagnostic } from "../graph/diagnostics.ts";
import { alignment, type Dim, type Shape, showShape } from "../graph/dim.ts";
import { ill, make, mistakeHere, nameOf, sameType } from "../graph/make.ts";
import type { Op } from "../graph/node.ts";
import { type DType, isNode, type Node, nodesCreated } from "../graph/node.ts";
import { ambientOrigin, building, callingUser } from "../graph/source.ts";
import { dependents, topological } from "../graph/traverse.ts";
import { isTreeOfNodes, nodesOf, paths, rebuild, type Tree } from "../graph/tree.ts";

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

export type Cell = (state: Tree<Node>, x: Tree<Node>) => unknown;

export interface Template {
  readonly states: readonly Node[];
  readonly inputs: readonly Node[];
  /** What depends on the state, the input or the step: it is instantiated for every step. Everything else is shared. In topological order. */
  readonly own: readonly Node[];
  readonly next: Tree<Node>;
  readonly output: Tree<Node>;
}

/** A cell that cannot be unrolled: why, and how its output looks as far as one can tell. */
export interface IllCell {
  readonly mistakes: readonly Diagnostic[];
  /** Nodes from outside that carry mistakes of their own. */
  readonly rests: readonly Node[];
  readonly output?: Tree<Node>;
}

/** Calls the user's cell on template nodes, and checks what it returns. `sure` is false when from and over do not fit anyway. */
export function readCell(
  cell: Cell,
  from: Tree<Node>,
  over: Tree<Node>,
  time: Dim,
  mask: Node | undefined,
  sure: boolean,
): Template | IllCell {
  return building({ ...ambientOrigin(), cell: time }, () => {
    const standIn = (n: Node, shape: Shape, label: string): Node =>
      sure && n.certain ? make(templateOp, [], { shape, dtype: n.dtype, label }) : ill(undefined, { shape, dtype: n.dtype, rests: [n] });
    const called = (path: string, otherwise: string): string => (path === "" ? otherwise : path);
    const names = paths(from, isNode);
    const states = nodesOf(from).map((s, i) => standIn(s, s.shape, called(names[i]!, "state")));
    const xs = paths(over, isNode);
    const inputs = nodesOf(over).map((x, i) => standIn(x, x.shape.slice(1), `${nameOf(x) ?? called(xs[i]!, "x")}_t`));
    const before = nodesCreated();
    const made = callingUser(() => cell(like(from, states), like(over, inputs)));
    if (!isRecurrence(made)) {
      const message = "the cell must return { state, output }, each a tensor or a record of tensors";
      return { mistakes: [mistakeHere("CellMismatch", "unroll", message, [], "return { state: h_t, output: h_t }")], rests: [] };
    }
    const next = inOrderOf(from, made.state);
    const { output = {} } = made;
    const order = topological([...nodesOf(next), ...nodesOf(output)]);
    // what draws anew at every step (dropout) is the step's own, whatever it is drawn for
    const drawn = order.filter((n) => n.id > before && n.op.atStep !== undefined);
    const sources = new Set([...states, ...inputs]);
    const depends = dependents(order, new Set([...sources, ...drawn]));
    const own = order.filter((n) => depends.has(n) && !sources.has(n));
    const wrong = stateMismatch(from, next) ?? (mask === undefined ? undefined : maskMismatch(mask, [from, over, output]));
    const mistakes = own.flatMap((n) => n.diagnostics);
    const reported = wrong === undefined ? mistakes : [...mistakes, wrong];
    // without a step there are no instances that carry the mistakes
    if (wrong === undefined && sure && (time.size > 0 || mistakes.length === 0)) return { states, inputs, own, next, output };
    return { mistakes: reported, rests: order.filter((n) => !depends.has(n)), output };
  });
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
function stateMismatch(from: Tree<Node>, next: Tree<Node>): Diagnostic | undefined {
  const [a, b] = [paths(from, isNode), paths(next, isNode)];
  if (a.join() !== b.join()) {
    const show = (names: readonly string[]) => (names.length === 1 && names[0] === "" ? "a tensor" : `{ ${names.join(", ")} }`);
    const message = `the cell's next state is ${show(b)}, its state ${show(a)}`;
    return mistakeHere("CellMismatch", "unroll", message, [], "return the state with the fields that `from` has");
  }
  const [s, n] = [nodesOf(from), nodesOf(next)];
  const odd = s.findIndex((x, i) => !sameType(x, n[i]!) && x.certain && n[i]!.certain);
  if (odd < 0) return undefined;
  const called = a[odd] === "" ? "state" : a[odd]!;
  const show = (x: Node): string => `${x.dtype} ${showShape(x.shape)}`;
  return mistakeHere("CellMismatch", "unroll", `the cell's next ${called} is ${show(n[odd]!)}, its ${called} ${show(s[odd]!)}`, [
    s[odd]!,
    n[odd]!,
  ]);
}

/** A mask selects steps of every sequence: states, inputs and outputs need its dims. */
function maskMismatch(mask: Node, [from, over, output]: readonly [Tree<Node>, Tree<Node>, Tree<Node>]): Diagnostic | undefined {
  const lacks = (shape: Shape): boolean => alignment(mask.shape.slice(1), shape) === undefined;
  const odd =
    [...nodesOf(from), ...nodesOf(output)].find((n) => n.certain && lacks(n.shape)) ??
    nodesOf(over).find((x) => x.certain && lacks(x.shape.slice(1)));
  if (odd === undefined) return undefined;
  const message = `the mask ${showShape(mask.shape)} does not select steps of ${showShape(odd.shape)}`;
  return mistakeHere(
    "BroadcastMismatch",
    "unroll",
    message,
    [mask, odd],
    "a mask has the dims [time, batch], and batch is a dim of whatever it selects",
  );
}

export function like(tree: Tree<Node>, values: readonly Node[]): Tree<Node> {
  return isNode(tree) ? values[0]! : rebuild(tree, isNode, values);
}
