// unroll: a cell, called once on template nodes, then substituted for every time step. Every instance knows its template and its step; what
// the cell uses from outside (W) is one node, shared by all steps.
//
// A layer above takes the outputs of a layer below apart again: index(stack(h_1 … h_T), t) is h_t. It is left so: with h_t itself as the
// operand, its adjoint would be ((carry + layer above) + loss) where it now is (carry + (layer above + loss)), and no more the bits of a scan.

import type { Diagnostic } from "../graph/diagnostics.ts";
import type { Dim } from "../graph/dim.ts";
import { ill, illLike, make, mistakeHere, remake } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { ambientOrigin, building, composite, insideOf, type Step } from "../graph/source.ts";
import { nodesOf, type Tree } from "../graph/tree.ts";
import { algebra as m } from "../ops/algebra.ts";
import { type Cell, like, readCell, type Template, zeroOf } from "./cell.ts";
import { passOp } from "./copy.ts";
import { type Failed, failed, illOptions } from "./failed.ts";
import { type Given, type Options, readOptions } from "./options.ts";
import { truncated } from "./truncate.ts";
import type { AnyTree, Recurrence, Stacked, StateOf, StepOf, TimeOf, UnrollOptions } from "./types.ts";

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
    cell: (state: StateOf<S>, x: StepOf<X>) => Recurrence<NoInfer<StateOf<S>>, O>,
    options: UnrollOptions<S> & { readonly over: X },
  ): Unrolled<TimeOf<X>, StateOf<S>, StepOf<X>, O>;
  <S extends AnyTree, T extends Dim, O extends AnyTree>(
    cell: (state: StateOf<S>) => Recurrence<NoInfer<StateOf<S>>, O>,
    options: UnrollOptions<S> & { readonly steps: T; readonly over?: never },
  ): Unrolled<T, StateOf<S>, Record<never, never>, O>;
}

/**
 * A recurrence over the first dim of `over` (or over the dim `steps`): the cell gives the next state and an output from a state and an input.
 * States, inputs and outputs are tensors, or records (of records) of them. The cell is called once; what it uses from outside is shared by all steps.
 *
 * Where `mask` [time, batch] is false the state passes untouched, the output is zero, and neither a gradient nor a NaN comes back from the step.
 * With `reverse` the last step is made first; outputs and steps stay in the order of time, `final` is the state after step 0.
 *
 * Mistakes: a next state that does not look like the state (CellMismatch), a node of the cell used outside it (EscapedTemplate), `over` without
 * a first dim, dims of time that differ, a mask that is not bool or lacks a dim. What is wrong inside the cell is reported once. An exception
 * that the cell throws passes through.
 *
 * @returns `outputs` [time, …], the `final` state, and `steps[t]`: `{ state, output, input }`, nodes like any other. The state is the one after the step.
 * @example
 * import { add, dim, evaluate, input, unroll, zeros } from "clew";
 * const x = input("x", [dim("time", 3)]);
 * const { outputs } = unroll((s, x_t) => ({ state: add(s, x_t), output: add(s, x_t) }), { over: x, from: zeros([]) });
 * evaluate(outputs, { x: [1, 2, 3] }).data; // Float64Array [1, 3, 6]
 */
export const unroll: UnrollFunction = composite("unroll", (cell: Cell, given: Given | undefined) => unrollOf(cell, given), "glue");

type AnyUnrolled = Unrolled<Dim, Tree<Node>, Tree<Node>, Tree<Node>>;
type MadeStep = UnrolledStep<Tree<Node>, Tree<Node>, Tree<Node>>;

function unrollOf(cell: Cell, given: Given | undefined): AnyUnrolled {
  const options = readOptions("unroll", cell, given);
  if ("mistakes" in options) return withSteps(illOptions("unroll", options, cell), options.known.time);
  const template = readCell("unroll", cell, options, true);
  if ("mistakes" in template)
    return withSteps(failed(ill(template.mistakes, { rests: template.rests }), options, template.output), options.time);
  const tooMany = tooManySteps(options.time, template);
  if (tooMany !== undefined) return withSteps(failed(ill(tooMany, { rests: template.first }), options, template.output), options.time);
  const isIll = template.own.some((n) => n.diagnostics.length > 0 || !n.certain); // what is wrong in the cell is told once
  return substituted(isIll ? template : truncated(template, options.truncate), options);
}

/** Walks over a graph keep nodes in Sets, which have room for 2^24; so many nodes are some 4 GiB. */
const mostNodes = 2 ** 24;

function tooManySteps({ name, size }: Dim, { own, body }: Template): Diagnostic | undefined {
  if (size * (own.length + body.inputs.length) <= mostNodes) return undefined;
  return mistakeHere(
    "TooLarge",
    "unroll",
    `no graph holds ${size} steps of ${name}`,
    [],
    "scan: its graph has one step, however many are made",
  );
}

/** Steps of what failed: all of them rest on the mistakes. */
function withSteps({ outputs, final, step }: Failed, time: Dim | undefined): AnyUnrolled {
  return { outputs, final, steps: new Array(Math.min(time?.size ?? 1, mostNodes)).fill(step) } as AnyUnrolled;
}

/** The template's instances, step by step. */
function substituted(template: Template, { from, over: overTree, time, reverse }: Options): AnyUnrolled {
  const { body, output: outputTree, over, recurrence, laneAt = () => 0 } = template;
  const leaves = nodesOf(from).length;
  const ofStep = (all: readonly Node[], t: number): readonly Node[] => all.slice(laneAt(t) * leaves, (laneAt(t) + 1) * leaves);
  const { outputs } = body;
  const instances = instancesOf(template);
  const ambient = ambientOrigin();
  const inputs = nodesOf(overTree).length; // behind them come the mask, and what truncates
  const first = firstStates(template);
  const steps: MadeStep[] = new Array(time.size);
  const made = new Map<Node, Node[]>(outputs.map((o) => [o, new Array(time.size)]));
  let state = first;
  for (let k = 0; k < time.size; k++) {
    const t = reverse ? time.size - 1 - k : k;
    const step: Step = { of: recurrence, t, outer: undefined };
    building({ ...ambient, step }, () => {
      const x = over.map((all) => m.index(all, 0, t));
      const at = instances(state, x, step);
      state = body.next.map(at);
      for (const [o, list] of made) list[t] = at(o);
      steps[t] = {
        state: like(from, ofStep(state, t)),
        output: like(outputTree, outputs.map(at)),
        input: like(overTree, x.slice(0, inputs)),
      };
    });
  }
  const stacked = new Map([...made].map(([o, list]) => [o, time.size === 0 ? zeroOf(o, [time, ...o.shape]) : m.stack(list, time)]));
  // a state is what `from` is, whatever went wrong in the cell: mistakes after it are looked for
  const final = ofStep(state, reverse ? 0 : time.size - 1).map((s, i) => (s.certain ? s : illLike(s, template.first[i]!)));
  return {
    outputs: like(
      outputTree,
      outputs.map((o) => stacked.get(o)!),
    ),
    final: like(from, final),
    steps,
  } as AnyUnrolled;
}

/**
 * The states before the first step: copies, each in a step of its own before the first. So what comes back to a first state has its place in the
 * order of sums, whatever else reads it: behind what comes back to it from the cell.
 */
function firstStates({ first, recurrence }: Template): readonly Node[] {
  return first.map((s, i) => {
    const step: Step = { of: recurrence, t: recurrence.reverse ? recurrence.dim.size + i : -1 - i, outer: undefined };
    return building({ ...ambientOrigin(), step }, () => make(passOp, [s], {}));
  });
}

type Instances = (states: readonly Node[], inputs: readonly Node[], step: Step) => (template: Node) => Node;

/** Makes a step's instances. Where operands are found is looked up once, not once a step: a slot of the step, or a shared node. */
function instancesOf({ body: { states, inputs }, own }: Template): Instances {
  const slot = new Map<Node, number>();
  for (const n of [...states, ...inputs, ...own]) slot.set(n, slot.size);
  const operands = own.map((n) => n.inputs.map((i) => slot.get(i) ?? i));
  return (stateNodes, inputNodes, step) => {
    const made: Node[] = [...stateNodes, ...inputNodes];
    const known = new Map<Step, Step>();
    for (let i = 0; i < own.length; i++) {
      const node = own[i]!;
      const at = operands[i]!.map((o) => (typeof o === "number" ? made[o]! : o));
      const full = node.origin.step === undefined ? step : insideOf(node.origin.step, step, known);
      made.push(remake(node, at, node.op.atStep === undefined ? node.attributes : node.op.atStep(node.attributes, full), full));
    }
    return (n) => {
      const found = slot.get(n);
      return found === undefined ? n : made[found]!;
    };
  };
}
