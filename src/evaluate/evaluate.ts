// The reference interpreter: f64, plain loops, one node after the other. It defines what a graph means; it asks each op and knows none.

import * as E from "fp-ts/lib/Either.js";
import { type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { type Graph, graph } from "../graph/graph.ts";
import { noteOf } from "../graph/make.ts";
import type { Node, ValueOf } from "../graph/node.ts";
import type { Environment } from "../graph/op.ts";
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

type Either<A> = E.Either<readonly Diagnostic[], A>;

/**
 * The values of `outputs`, in f64. Any node may be an output, so that any intermediate can be looked at.
 *
 * @param feeds a value for every input by name, and for any parameter that shall not take its initial value
 * @returns the tree of outputs, each `{ dims, shape, data }`; or all mistakes of graph and feeds
 */
export function evaluate<T>(outputs: T, feeds: Feeds, options: EvaluateOptions = {}): Either<Evaluated<T>> {
  return E.chain((p: Prepared<T>) => p.run(feeds, options))(prepare(outputs));
}

/** A validated graph, ready to be run many times. */
export interface Prepared<T> {
  readonly graph: Graph<T>;
  run(feeds: Feeds, options?: EvaluateOptions): Either<Evaluated<T>>;
}

export function prepare<T>(outputs: T): Either<Prepared<T>> {
  return E.map((g: Graph<T>) => {
    const order = schedule(g);
    return { graph: g, run: (feeds: Feeds, options: EvaluateOptions = {}) => run(g, order, feeds, options) };
  })(graph(outputs));
}

/** Nodes in order, and for each the operands that are read for the last time there, so that their memory is freed. */
interface Schedule {
  readonly nodes: readonly Node[];
  readonly inputs: readonly Int32Array[];
  readonly lastUse: readonly Int32Array[];
}

function schedule(g: Graph<unknown>): Schedule {
  const at = new Map(g.nodes.map((n, i) => [n, i]));
  const inputs = g.nodes.map((n) => Int32Array.from(n.inputs, (i) => at.get(i)!));
  const last = new Int32Array(g.nodes.length).fill(-1);
  inputs.forEach((operands, i) => {
    for (const o of operands) last[o] = i;
  });
  for (const output of nodesOf(g.outputs)) last[at.get(output)!] = -1;
  const lastUse: number[][] = g.nodes.map(() => []);
  last.forEach((user, i) => {
    if (user >= 0) lastUse[user]!.push(i);
  });
  return { nodes: g.nodes, inputs, lastUse: lastUse.map((l) => Int32Array.from(l)) };
}

function run<T>(g: Graph<T>, { nodes, inputs, lastUse }: Schedule, feeds: Feeds, options: EvaluateOptions): Either<Evaluated<T>> {
  const { values: fed, problems } = readFeeds(g, feeds, options);
  if (problems.length > 0) return E.left(problems);
  const environment: Environment = { seed: options.seed ?? 0, trainingStep: options.trainingStep ?? 0 };
  const values: (Value | undefined)[] = new Array(nodes.length);
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    try {
      values[i] =
        fed.get(node) ??
        evaluateNode(
          node,
          Array.from(inputs[i]!, (o) => values[o]!),
          environment,
        );
    } catch (e) {
      if (e instanceof Fault) return E.left([faultOf(node, e)]);
      throw e;
    }
    for (const dead of lastUse[i]!) values[dead] = undefined;
  }
  const at = new Map(nodes.map((n, i) => [n, i]));
  return E.right(mapNodes(g.outputs, (n) => values[at.get(n)!]!) as unknown as Evaluated<T>);
}

/** One node's value from its operands'. */
export function evaluateNode(node: Node, operands: readonly Value[], environment: Environment): Value {
  const { attributes, shape, dtype } = node;
  return makeValue(shape, node.op.evaluate(operands, { attributes, shape, dtype, environment }));
}

function faultOf(node: Node, fault: Fault): Diagnostic {
  return diagnostic({
    code: fault.code,
    op: node.op.name,
    message: fault.message,
    operands: node.inputs.map(noteOf),
    step: showStep(node.origin.step),
    site: node.origin.site,
    hint: fault.hint,
  });
}
