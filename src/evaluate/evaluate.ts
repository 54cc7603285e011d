// The reference interpreter: f64, plain loops, one node after the other. It defines what a graph means; it asks each op and knows none.

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { FaultInBody, readersIn } from "../graph/body.ts";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { showShape, sizeOf } from "../graph/dim.ts";
import { type Graph, graph } from "../graph/graph.ts";
import { calledName, noteOf } from "../graph/make.ts";
import type { Environment, Node, ValueOf } from "../graph/node.ts";
import { wrongRun } from "../graph/options.ts";
import { showStep } from "../graph/source.ts";
import { mapNodes, nodesOf } from "../graph/tree.ts";
import { type Data, Fault, fitted, makeValue, type Value } from "../graph/value.ts";
import { type FeedOptions, type Feeds, readFeeds } from "./feeds.ts";
import { named } from "./whose.ts";

export interface EvaluateOptions extends FeedOptions {
  /** Seed of initialisers and dropout. Default 0. */
  readonly seed?: number;
  /** Training step, on which dropout depends. Default 0. */
  readonly trainingStep?: number;
}

/** The tree of outputs with values for tensors. */
export type Evaluated<T> = T extends { readonly op: unknown; readonly shape: unknown }
  ? ValueOf<T>
  : { readonly [K in keyof T]: Evaluated<T[K]> };

/**
 * The values of `outputs`, in f64. Any node may be an output, so that any intermediate can be looked at.
 *
 * @param feeds a value for every input by name, and for any parameter that shall not take its initial value
 * @returns the tree of outputs, each `{ dims, shape, data }`; or all mistakes of graph and feeds
 */
export function evaluate<T>(outputs: T, feeds: Feeds, options: EvaluateOptions = {}): Checked<Evaluated<T>> {
  const problems = wrongRun("evaluate", options);
  if (problems.length > 0) return E.left(problems);
  return E.chain((p: Prepared<T>) => p.run(feeds, options))(prepare(outputs));
}

/** A validated graph, ready to be run many times. */
export interface Prepared<T> {
  readonly graph: Graph<T>;
  /** `state` holds values of parameters that are known to fit; feeds come before them. */
  run(feeds: Feeds, options?: EvaluateOptions, state?: ReadonlyMap<Node, Value>): Checked<Evaluated<T>>;
}

export function prepare<T>(outputs: T): Checked<Prepared<T>> {
  return pipe(
    graph(outputs),
    E.bindTo("g"),
    E.chainFirst(({ g }) => holdable(g)),
    E.bind("steps", ({ g }) => schedule(g)),
    E.map(({ g, steps }): Prepared<T> => {
      const at = new Map(g.nodes.map((n, i) => [n, i]));
      const results = nodesOf(g.outputs).map((n) => at.get(n)!);
      return {
        graph: g,
        run: (feeds, options = {}, state) =>
          E.map(
            (values: Values) =>
              mapNodes(g.outputs, (_, i) => given(values[results[i]!]!, steps[results[i]!]!, state)) as unknown as Evaluated<T>,
          )(run(g, steps, feeds, options, state)),
      };
    }),
  );
}

/** V8 (Node 20) gives no typed array of more elements, whatever memory there is. */
const mostElements = 2 ** 32;

/** Refuses tensors that no memory holds, where they first come up, before anything is computed. */
function holdable(g: Graph<unknown>): Checked<void> {
  const tooLarge = new Set(g.nodes.filter((n) => sizeOf(n.shape) > mostElements));
  const first = [...tooLarge].filter((n) => !n.inputs.some((i) => tooLarge.has(i)));
  const once = new Set(first.map((n) => n.origin.template ?? n));
  return first.length === 0 ? E.right(undefined) : E.left([...once].map(notHeld));
}

function notHeld(node: Node): Diagnostic {
  const elements = sizeOf(node.shape);
  return diagnostic({
    code: "TooLarge",
    op: calledName(node),
    message: `memory does not hold ${showShape(node.shape)}: ${elements} elements, ${Math.ceil((elements * 8) / 2 ** 30)} GiB`,
    operands: node.inputs.map(noteOf),
    step: showStep(node.origin.step),
    site: node.origin.site,
  });
}

/** A result as it is handed out: what the program goes on using, its state and its constants, only as a copy. */
function given(value: Value, { known }: Scheduled, state: ReadonlyMap<Node, Value> | undefined): Value {
  const kept = known !== undefined || (state !== undefined && [...state.values()].some((held) => held.data === value.data));
  return kept ? { ...value, data: value.data.slice() as Float64Array } : value;
}

/** A node, with all about it that is the same in every run. */
interface Scheduled {
  readonly node: Node;
  /** Where its operands stand in the schedule. */
  readonly operands: readonly number[];
  /** The operands that are read for the last time here: their memory is freed. */
  readonly dead: readonly number[];
  readonly dims: Value["dims"];
  readonly sizes: readonly number[];
  /** For a node with several results: the nodes that ask for them. */
  readonly readers: readonly Node[];
  /** The value of a constant. */
  readonly known: Value | undefined;
}

type Values = (Value | undefined)[];
const none: readonly Node[] = [];

function schedule(g: Graph<unknown>): Checked<readonly Scheduled[]> {
  const at = new Map(g.nodes.map((n, i) => [n, i]));
  const operands = g.nodes.map((n) => n.inputs.map((i) => at.get(i)!));
  const last = new Int32Array(g.nodes.length).fill(-1);
  operands.forEach((list, i) => {
    for (const o of list) last[o] = i;
  });
  for (const output of nodesOf(g.outputs)) last[at.get(output)!] = -1;
  const dead: number[][] = g.nodes.map(() => []);
  last.forEach((user, i) => {
    if (user >= 0) dead[user]!.push(i);
  });
  const nowhere: Environment = { seed: 0, trainingStep: 0 };
  const readers = readersIn(g.nodes);
  const steps: Scheduled[] = [];
  for (const [i, node] of g.nodes.entries()) {
    const known = node.op.leaf === "constant" ? leafValue(node, nowhere) : E.right(undefined);
    if (E.isLeft(known)) return known;
    steps.push({
      node,
      readers: readers.get(node) ?? none,
      operands: operands[i]!,
      dead: dead[i]!,
      dims: node.shape.map((d) => d.name),
      sizes: node.shape.map((d) => d.size),
      known: known.right,
    });
  }
  return E.right(steps);
}

function run(
  g: Graph<unknown>,
  steps: readonly Scheduled[],
  feeds: Feeds,
  options: EvaluateOptions,
  state: ReadonlyMap<Node, Value> | undefined,
): Checked<Values> {
  const { values: fed, problems } = readFeeds(g, feeds, options);
  if (problems.length > 0) return E.left(problems);
  const environment: Environment = { seed: options.seed ?? 0, trainingStep: options.trainingStep ?? 0 };
  const values: Values = new Array(steps.length).fill(undefined);
  let at = 0;
  try {
    for (; at < steps.length; at++) {
      const step = steps[at]!;
      const { node } = step;
      const given = step.known ?? fed.get(node) ?? state?.get(node);
      if (given !== undefined) values[at] = given;
      else {
        const { attributes, shape, dtype } = node;
        const operands: Value[] = [];
        for (const o of step.operands) operands.push(values[o]!);
        const data = node.op.evaluate(operands, { attributes, shape, dtype, environment, readers: step.readers });
        values[at] = { dims: step.dims, shape: step.sizes, data: data as Float64Array };
      }
      for (const o of step.dead) values[o] = undefined;
    }
  } catch (e) {
    return E.left([toldOf(named(e, steps[at]!.node, fed), steps[at]!.node)]);
  }
  return E.right(values);
}

/** The value of a leaf: a constant's, or a parameter's first one. */
export function leafValue(leaf: Node, environment: Environment): Checked<Value> {
  try {
    return E.right(evaluateNode(leaf, [], environment));
  } catch (e) {
    return E.left([toldOf(e, leaf)]);
  }
}

/** What was thrown while a node was computed, as a diagnostic: a mistake in the values, or want of memory. A user's own exception is thrown on. */
function toldOf(e: unknown, node: Node): Diagnostic {
  if (e instanceof Fault) return faultOf(node, e);
  // engines have no word for it that they share: it is want of memory when the result can indeed not be had
  if (e instanceof RangeError && fitted(sizeOf(node.shape)) === undefined) return notHeld(node);
  throw e;
}

/** One node's value from its operands'. Several results are asked for by its `readers`, and seen by nobody else. */
export function evaluateNode(node: Node, operands: readonly Value[], environment: Environment, readers: readonly Node[] = none): Value {
  const { attributes, shape, dtype } = node;
  return makeValue(shape, node.op.evaluate(operands, { attributes, shape, dtype, environment, readers }) as Data);
}

function faultOf(computed: Node, fault: Fault): Diagnostic {
  const { node, step } = fault instanceof FaultInBody ? fault : { node: computed, step: computed.origin.step };
  return diagnostic({
    code: fault.code,
    op: calledName(node),
    message: fault.message,
    operands: node.inputs.map(noteOf),
    step: showStep(step),
    site: node.origin.site,
    hint: fault.hint,
  });
}
