// The reference interpreter: f64, plain loops, one node after the other. It defines what a graph means; it asks each op and knows none.

import * as E from "fp-ts/lib/Either.js";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { type Graph, graph } from "../graph/graph.ts";
import { calledName, noteOf } from "../graph/make.ts";
import type { Environment, Node, ValueOf } from "../graph/node.ts";
import { showStep } from "../graph/source.ts";
import { mapNodes, nodesOf } from "../graph/tree.ts";
import { Fault, makeValue, type Value } from "../graph/value.ts";
import { type FeedOptions, type Feeds, readFeeds } from "./feeds.ts";

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
  return E.chain((p: Prepared<T>) => p.run(feeds, options))(prepare(outputs));
}

/** A validated graph, ready to be run many times. */
export interface Prepared<T> {
  readonly graph: Graph<T>;
  /** `state` holds values of parameters that are known to fit; feeds come before them. */
  run(feeds: Feeds, options?: EvaluateOptions, state?: ReadonlyMap<Node, Value>): Checked<Evaluated<T>>;
}

export function prepare<T>(outputs: T): Checked<Prepared<T>> {
  return E.map((g: Graph<T>): Prepared<T> => {
    const steps = schedule(g);
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
  })(graph(outputs));
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
  /** The value of a constant. */
  readonly known: Value | undefined;
}

type Values = (Value | undefined)[];

function schedule(g: Graph<unknown>): readonly Scheduled[] {
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
  return g.nodes.map((node, i) => ({
    node,
    operands: operands[i]!,
    dead: dead[i]!,
    dims: node.shape.map((d) => d.name),
    sizes: node.shape.map((d) => d.size),
    known: node.op.leaf === "constant" ? evaluateNode(node, [], nowhere) : undefined,
  }));
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
        const data = node.op.evaluate(operands, { attributes, shape, dtype, environment });
        values[at] = { dims: step.dims, shape: step.sizes, data: data as Float64Array };
      }
      for (const o of step.dead) values[o] = undefined;
    }
  } catch (e) {
    if (e instanceof Fault) return E.left([faultOf(steps[at]!.node, e)]);
    throw e;
  }
  return E.right(values);
}

/** One node's value from its operands'. */
export function evaluateNode(node: Node, operands: readonly Value[], environment: Environment): Value {
  const { attributes, shape, dtype } = node;
  return makeValue(shape, node.op.evaluate(operands, { attributes, shape, dtype, environment }));
}

function faultOf(node: Node, fault: Fault): Diagnostic {
  return diagnostic({
    code: fault.code,
    op: calledName(node),
    message: fault.message,
    operands: node.inputs.map(noteOf),
    step: showStep(node.origin.step),
    site: node.origin.site,
    hint: fault.hint,
  });
}
