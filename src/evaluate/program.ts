// A program: outputs, and updates of parameters, run again and again on a state. Here by the reference interpreter; a compiled
// program has the same interface.
//
// A step reads the old values and then writes all the new ones: the updates are nodes of one graph, and a parameter's node there is its
// value before the step, whoever else has an update.

import * as E from "fp-ts/lib/Either.js";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { nameOf, noteOf, sameType } from "../graph/make.ts";
import { isNode, type Node, type Parameter, type Tensor } from "../graph/node.ts";
import { badArgument, shown, wrongRun } from "../graph/options.ts";
import { leaves, nodesOf, type Tree } from "../graph/tree.ts";
import type { Value } from "../graph/value.ts";
import { type Evaluated, type EvaluateOptions, leafValue, type Prepared, prepare } from "./evaluate.ts";
import { type Feeds, readFeeds } from "./feeds.ts";

/** What a step writes: for each parameter the graph of its next value, of the parameter's shape. */
export type Update = ReadonlyMap<Parameter, Tensor>;

/** Values of parameters by name. */
export type ParameterValues = { readonly [name: string]: Value };

/**
 * Where parameters live: programs that were given the same store have the same state. The values of a compiled program are its memory, and change with the
 * next step: `program.parameters()` gives copies, to be kept.
 */
export type ParameterStore = Map<string, Value>;

export interface ProgramOptions {
  readonly update?: Update;
  /** Seed of initialisers and dropout. Default 0. */
  readonly seed?: number;
  /** The state; one of its own when left out. What it holds takes the place of initial values. */
  readonly store?: ParameterStore;
}

export type RunOptions = Omit<EvaluateOptions, "seed">;

export interface Program<T> {
  /** Names of the inputs, each of which must be fed. */
  readonly inputs: readonly string[];
  /**
   * One step: the outputs by the old values, then all updates are written. A run that fails writes nothing; with updates, NaN or infinity in one
   * of them or in an output that is a scalar (the loss) is a failure.
   */
  run(feeds: Feeds, options?: RunOptions): Checked<Evaluated<T>>;
  /** Copies of the parameters' values, by name. */
  parameters(): ParameterValues;
  /** Copies values in, for some or all parameters; all of them or, when one does not fit, none. */
  set(values: Feeds): Checked<void>;
}

/**
 * A program on the reference interpreter.
 *
 * @returns the program, or every mistake in outputs and updates
 */
export function interpret<T>(outputs: T, options: ProgramOptions = {}): Checked<Program<T>> {
  const problems = wrongOptions("interpret", options);
  if (problems.length > 0) return E.left(problems);
  const { update = new Map<Parameter, Tensor>(), seed = 0, store = new Map() } = options;
  const next = Object.fromEntries([...update].map(([parameter, value]) => [parameter.parameter, value]));
  const mistakes = shapeMistakes(update);
  if (mistakes.length > 0) return E.left(mistakes);
  // the parameters themselves are outputs of the graph too: one that is only written belongs to the program like any other
  const written = Object.fromEntries([...update.keys()].map((parameter, i) => [i, parameter]));
  return E.chain((prepared: Prepared<{ outputs: T; next: typeof next; written: typeof written }>): Checked<Program<T>> => {
    const own = new Map(prepared.graph.parameters.map((p) => [nameOf(p)!, p]));
    const first = new Map<string, Value>();
    for (const [name, node] of own) {
      if (store.has(name)) continue;
      const value = leafValue(node, { seed, trainingStep: 0 });
      if (E.isLeft(value)) return value;
      first.set(name, value.right);
    }
    for (const [name, value] of first) store.set(name, value);
    const current = (): Record<string, Value> => Object.fromEntries([...own.keys()].map((name) => [name, store.get(name)!]));
    return E.right({
      inputs: prepared.graph.inputs.map((i) => nameOf(i)!),
      run: (feeds, runOptions = {}) => {
        const wrong = wrongRun("run", runOptions);
        if (wrong.length > 0) return E.left(wrong);
        const state = new Map([...own].map(([name, node]) => [node, store.get(name)!]));
        const result = prepared.run(feeds, { ...runOptions, seed }, state);
        if (E.isLeft(result)) return result;
        const values = result.right.next as { readonly [name: string]: Value };
        const notWritten = Object.entries(values).flatMap(([name, { data }]) => (allFinite(data as Float64Array) ? [] : [own.get(name)!]));
        const broken = update.size === 0 ? [] : notFinite(prepared.graph.outputs.outputs, result.right.outputs, notWritten);
        if (broken.length > 0) return E.left(broken);
        for (const name of Object.keys(values)) store.set(name, values[name]!);
        return E.right(result.right.outputs as Evaluated<T>);
      },
      parameters: () => Object.fromEntries(Object.entries(current()).map(([name, value]) => [name, copy(value)])),
      set: (values) => {
        const read = readFeeds({ ...prepared.graph, inputs: [] }, values, {});
        if (read.problems.length > 0) return E.left(read.problems);
        for (const [node, value] of read.values) store.set(nameOf(node)!, copy(value));
        return E.right(undefined);
      },
    });
  })(prepare({ outputs, next, written }));
}

export function wrongOptions(verb: string, options: ProgramOptions): readonly Diagnostic[] {
  const problems = wrongRun(verb, options);
  if (problems.length > 0) return problems;
  const { update, store } = options as { readonly update?: unknown; readonly store?: unknown };
  const hint = "update: new Map([[W, next]])";
  if (update !== undefined && !(update instanceof Map)) return [badArgument(verb, `update is ${shown(update)}, expected a Map`, hint)];
  if (store !== undefined && !(store instanceof Map)) return [badArgument(verb, `store is ${shown(store)}, expected a Map`)];
  return [...(update ?? [])].flatMap(([parameter, next]: [unknown, unknown]) => {
    if (!isNode(parameter) || parameter.op.leaf !== "parameter") return [badArgument(verb, "update has a key that is no parameter", hint)];
    return isNode(next) ? [] : [badArgument(verb, `the next value of "${nameOf(parameter)}" is ${shown(next)}, expected a tensor`, hint)];
  });
}

export function shapeMistakes(update: Update): readonly Diagnostic[] {
  return [...update].flatMap(([parameter, value]) => {
    if (sameType(value, parameter) || !value.certain) return [];
    return [
      diagnostic({
        code: "DimMismatch",
        op: "update",
        message: `the next value of "${parameter.parameter}" does not have its shape`,
        operands: [noteOf(parameter), noteOf(value)],
        site: value.origin.site,
      }),
    ];
  });
}

/** What of a step's results is not finite: scalar outputs (a loss), and the parameters whose next value is not. */
export function notFinite(outputs: unknown, results: unknown, broken: readonly Node[]): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const tell = (what: string, node: Node): void => {
    found.push(
      diagnostic({
        code: "NotFinite",
        op: "update",
        message: `${what}: nothing was written`,
        operands: [noteOf(node)],
        site: node.origin.site,
        hint: "a smaller learning rate, or clipByGlobalNorm, keeps steps finite",
      }),
    );
  };
  const values = leaves(results as Tree<Value>, isValue);
  nodesOf(outputs).forEach((node, i) => {
    const { data } = values[i]!;
    if (node.dtype === "float" && data.length === 1 && !Number.isFinite(data[0])) tell(`an output is ${data[0]}`, node);
  });
  for (const node of broken) tell(`the next value of "${nameOf(node)}" has NaN or infinity`, node);
  return found;
}

function isValue(t: unknown): t is Value {
  return typeof t === "object" && t !== null && "data" in t && ArrayBuffer.isView(t.data);
}

function allFinite(data: Float64Array): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return false;
  return true;
}

export function copy(value: Value): Value {
  return { ...value, data: value.data.slice() as Float64Array };
}
