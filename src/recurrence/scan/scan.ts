// scan: the same cell as unroll's, rolled. The graph keeps the step once, with its body, however many steps there are; its derivative is
// a scan again (derive.ts).

import { bodyOf } from "../../graph/body.ts";
import { type Diagnostic, diagnostic } from "../../graph/diagnostics.ts";
import type { Dim } from "../../graph/dim.ts";
import { ill, make } from "../../graph/make.ts";
import type { Node } from "../../graph/node.ts";
import { composite } from "../../graph/source.ts";
import { nodesOf, type Tree } from "../../graph/tree.ts";
import { type Cell, like, readCell } from "../cell.ts";
import { failed, illOptions } from "../failed.ts";
import { type Given, readOptions } from "../options.ts";
import { truncated } from "../truncate.ts";
import type { AnyTree, Recurrence, ScanOptions, Stacked, StateOf, StepOf, TimeOf } from "../types.ts";
import { scanOp } from "./op.ts";
import { final, type ScanAttributes, stacked } from "./results.ts";

export interface Scanned<T extends Dim, S, O> {
  /** The outputs of all steps, [time, …]. */
  readonly outputs: Stacked<T, O>;
  /** The state after the last step that is made. */
  readonly final: S;
}

interface ScanFunction {
  <S extends AnyTree, X extends AnyTree, O extends AnyTree>(
    cell: (state: StateOf<S>, x: StepOf<X>) => Recurrence<NoInfer<StateOf<S>>, O>,
    options: ScanOptions<S> & { readonly over: X },
  ): Scanned<TimeOf<X>, StateOf<S>, O>;
  <S extends AnyTree, T extends Dim, O extends AnyTree>(
    cell: (state: StateOf<S>) => Recurrence<NoInfer<StateOf<S>>, O>,
    options: ScanOptions<S> & { readonly steps: T; readonly over?: never },
  ): Scanned<T, StateOf<S>, O>;
}

/**
 * A recurrence as one node: the same cell, options, values, gradients and mistakes as `unroll`, bit for bit in the reference evaluator (to first
 * order; higher ones to rounding), in a graph that does not grow with the number of steps. There are no `steps[t]`: what a step computes and is to
 * be looked at is an output.
 *
 * @returns `outputs` [time, …], and the `final` state.
 * @example
 * import { add, dim, evaluate, graph, input, scan, zeros } from "clew";
 * const x = input("x", [dim("time", 1000)]);
 * const { outputs, final } = scan((s, x_t) => ({ state: add(s, x_t), output: add(s, x_t) }), { over: x, from: zeros([]) });
 * graph({ outputs, final }).nodes.length < 10; // true
 * evaluate(final, { x: new Float64Array(1000).fill(0.5) }).data; // Float64Array [500]
 */
export const scan: ScanFunction = composite("scan", (cell: Cell, given: Given | undefined) => scanOf(cell, given), "glue");

type AnyScanned = Scanned<Dim, Tree<Node>, Tree<Node>>;

function scanOf(cell: Cell, given: Given | undefined): AnyScanned {
  const options = readOptions("scan", cell, given);
  if ("mistakes" in options) return illOptions("scan", options, cell) as AnyScanned;
  const read = readCell("scan", cell, options, true);
  if ("mistakes" in read) return failed(ill(read.mistakes, { rests: read.rests }), options, read.output) as AnyScanned;
  const mistakes = [...read.own.flatMap((n) => n.diagnostics), ...idleCheckpoints(read.own, options.time)];
  const rests = [...read.body.captured, ...read.first, ...read.over];
  // what is wrong in the cell, or in what it reads, is reported once; there are no instances that could carry it
  if (mistakes.length > 0 || !read.own.every((n) => n.certain)) return failed(ill(mistakes, { rests }), options, read.output) as AnyScanned;
  const { body, first, over, output, recurrence, laneAt } = truncated(read, options.truncate);
  const node = make(scanOp, [...body.captured, ...first, ...over], {
    body,
    recurrence,
    reverse: recurrence.reverse,
    checkpoint: options.checkpoint,
  });
  const stacks = new Map(body.outputs.map((o) => [o, stacked(node, o)]));
  const states = nodesOf(options.from).length;
  const last = laneAt === undefined ? 0 : laneAt(recurrence.reverse ? 0 : recurrence.dim.size - 1);
  return {
    final: like(
      options.from,
      body.states.slice(last * states, (last + 1) * states).map((s) => final(node, s)),
    ),
    outputs: like(
      output,
      body.outputs.map((o) => stacks.get(o)!),
    ),
  } as AnyScanned;
}

/**
 * Checkpoints of scans within the step. Their derivative stands in the body of another scan than they do (that of this one's derivative), and reads what
 * this one kept for all of its steps: there is nothing within one body that could be computed again instead.
 */
function idleCheckpoints(own: readonly Node[], time: Dim): readonly Diagnostic[] {
  const within = new Map(own.filter((n) => bodyOf(n) !== undefined).map((n) => [(n.attributes as ScanAttributes).recurrence, n]));
  return [...within.values()].flatMap((inner) => {
    if (((inner.attributes as ScanAttributes).checkpoint ?? "none") === "none") return [];
    const message = "`checkpoint` has no effect on a scan inside a scan";
    const hint = "give it to the outer scan: what the inner one keeps is then computed again, too";
    return [diagnostic({ code: "BadArgument", op: "scan", message, hint, site: inner.origin.site, step: `each step of ${time.name}` })];
  });
}
