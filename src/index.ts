// The throwing door: the verbs that can fail throw a ClewError with the diagnostics that clew/fp returns.

import * as E from "fp-ts/lib/Either.js";
import type { EvaluateOptions, Evaluated } from "./evaluate/evaluate.ts";
import type { Feeds } from "./evaluate/feeds.ts";
import * as fp from "./fp.ts";
import { ClewError, type Diagnostic } from "./graph/diagnostics.ts";
import type { Graph } from "./graph/graph.ts";

export * from "./vocabulary.ts";

function orThrow<A>(result: E.Either<readonly Diagnostic[], A>): A {
  if (E.isLeft(result)) throw new ClewError(result.left);
  return result.right;
}

/**
 * Validates the graph of `outputs` (a tensor, or a record of tensors).
 *
 * @throws ClewError with every mistake that the outputs reach.
 * @example
 * import { dim, graph, input, tanh } from "clew";
 * graph(tanh(input("x", [dim("word", 3)]))).nodes.length; // 2
 */
export function graph<T>(outputs: T): Graph<T> {
  return orThrow(fp.graph(outputs));
}

/**
 * The values of `outputs` in f64, by the reference interpreter.
 *
 * @throws ClewError with every mistake of graph and feeds.
 * @example
 * import { add, dim, evaluate, input } from "clew";
 * const x = input("x", [dim("word", 2)]);
 * evaluate(add(x, 1), { x: [1, 2] }).data; // Float64Array [2, 3]
 */
export function evaluate<T>(outputs: T, feeds: Feeds, options?: EvaluateOptions): Evaluated<T> {
  return orThrow(fp.evaluate(outputs, feeds, options));
}
