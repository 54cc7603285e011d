// compile: a graph becomes a WebAssembly program. What it computes is what the reference computes (evaluate.ts), in f32 or f64.
//
//   outputs, updates
//      │  graph()        all mistakes, at once
//      ▼
//   nodes in order
//      │  checkpoint    what is not kept but computed again, where a scan asks for that
//      │  hoist          what a scan need not do step by step
//      │  decide         which results are stored, which are part of their readers
//      │  lower          statements over places; a scan becomes a time loop
//      ▼
//   loop program
//      │  prepack        operands that a time loop does not move, copied for the kernels once
//      │  plan           where buffers live in one arena
//      │  schedule       who does what, where there are several threads
//      │  print          kernels, shared by all statements of one form; one function that runs them
//      ▼
//   WebAssembly

import * as E from "fp-ts/lib/Either.js";
import { type Evaluated, prepare } from "../evaluate/evaluate.ts";
import { type Feeds, readFeeds } from "../evaluate/feeds.ts";
import {
  type Program as Contract,
  copy,
  notFinite,
  type ParameterValues,
  type ProgramOptions,
  type RunOptions,
  shapeMistakes,
  type Update,
  wrongOptions,
} from "../evaluate/program.ts";
import type { Checked, Diagnostic } from "../graph/diagnostics.ts";
import { graph } from "../graph/graph.ts";
import { nameOf } from "../graph/make.ts";
import type { Node, Parameter } from "../graph/node.ts";
import { badArgument, shown, wrongCount, wrongRun } from "../graph/options.ts";
import { mapNodes, nodesOf } from "../graph/tree.ts";
import { makeValue, type Value } from "../graph/value.ts";
import { hoistScans } from "../recurrence/scan/hoist.ts";
import { checkpointed } from "./checkpoint.ts";
import { newBuffer, type Program } from "./elements.ts";
import { explained } from "./explain.ts";
import { expressions } from "./expressions.ts";
import { loopsOf } from "./graph-loops.ts";
import type { Place, Precision, Statement } from "./loops.ts";
import { assembled, printing } from "./machine.ts";
import { initialValues, misfitsOf, type Next, Parameters } from "./parameters.ts";
import { count, isRowMajor, sizesOf, wholeOf } from "./places.ts";
import { planMemory } from "./plan.ts";
import { prepacked } from "./prepack.ts";
import { gibibytes, notCompilable, notHeld, tooLarge } from "./refusals.ts";
import { mostThreads } from "./threads/team.ts";
import { packingOf } from "./wasm/print.ts";

export interface CompileOptions extends ProgramOptions {
  /** Of floats. Default "f32". */
  readonly precision?: Precision;
  /**
   * Whether products and sums are rounded once where the runtime can (relaxed SIMD: Node ≥ 22, Chrome ≥ 114): faster, and different bits there. Default:
   * in f32. With `false` the same seed gives the same bits on every machine.
   */
  readonly fma?: boolean;
  /**
   * How many threads may work at it, at most; 1 when left out. The bits of results do not depend on it. Other threads are there some 30 ms after the
   * program, and wait for the next run without rest for a millisecond at most. In a page, it takes one that is isolated from others (cross-origin).
   */
  readonly threads?: number;
}

export interface CompiledProgram<T> extends Contract<T> {
  /** What the compiler made of the graph: loops, kernels, memory. */
  explain(): string;
}

/**
 * The program that computes `outputs`, and writes the next values of parameters (`update`), as WebAssembly.
 *
 * @returns the program, or every mistake in outputs and updates; an op that only the reference can compute is one
 */
export function compile<T>(outputs: T, options: CompileOptions = {}): Checked<CompiledProgram<T>> {
  const unknown = wrongOptions("compile", options);
  const problems =
    unknown.length > 0
      ? unknown
      : [...wrongPrecision(options), ...wrongFma(options), ...wrongCount("compile", "threads", options.threads ?? 1, 1)];
  if (problems.length > 0) return E.left(problems);
  const {
    update = new Map(),
    seed = 0,
    store = new Map<string, Value>(),
    precision = "f32",
    threads = 1,
    fma = precision === "f32",
  } = options;
  const mistakes = shapeMistakes(update);
  if (mistakes.length > 0) return E.left(mistakes);
  const whole = wholeGraph(outputs, update);
  const checked = graph(whole);
  if (E.isLeft(checked)) return checked;
  const g = checked.right;
  const foreign = notCompilable(g.nodes);
  if (foreign.length > 0) return E.left(foreign);
  const parameters = new Map(g.parameters.map((p) => [nameOf(p)!, p]));
  const large = tooLarge([...g.inputs, ...g.parameters], precision);
  if (large.length > 0) return E.left(large);
  const misfits = [...parameters].filter(([name]) => store.has(name)).flatMap(([name, node]) => misfitsOf(node, store.get(name)));
  if (misfits.length > 0) return E.left(misfits);
  const initial = initialValues(parameters, store, seed); // nothing is left in the store by a graph that cannot be compiled
  if (E.isLeft(initial)) return initial;

  const spared = checkpointed(nodesOf(whole), precision);
  if (E.isLeft(spared)) return spared;
  const { outputs: roots, hoisted } = hoistScans(spared.right.outputs);
  const { program, places, statements } = loopsOf(g, roots);
  const results = roots.map((n) => places.get(n)!);
  const flags = results
    .slice(nodesOf(outputs).length, nodesOf(outputs).length + update.size)
    .map((r, i) => finiteness(r, sizesOf([...update.keys()][i]!), program, statements));
  const team = threads === 1 ? 1 : Math.min(threads, mostThreads());
  const loops = prepacked({ buffers: program.buffers, body: statements }, packingOf(printing(precision, fma), team));
  const plan = planMemory(loops, precision, new Set([...results, ...flags].map((r) => r.buffer)));
  const machine = assembled(loops, program, plan, { precision, threads: team, fma });
  if (machine === undefined) {
    const stored = tooLarge(g.nodes, precision);
    return E.left(stored.length > 0 ? stored : [notHeld("compile", `${gibibytes(plan.bytes)} GiB that the program needs at one time`)]);
  }
  for (const [name, value] of initial.right) store.set(name, value);
  const state = new Parameters(parameters, store, (node) => places.get(node)!, machine);

  /** Next values, where they are whole buffers of their own; those that are another parameter's, or a part of something, as copies. */
  const nexts = [...update.keys()].map((node: Parameter, i): Next => {
    const from = results[nodesOf(outputs).length + i]!;
    const sizes = sizesOf(node);
    const own = from.buffer.life === "temporary" && from.offset === 0 && from.buffer.size === count(sizes) && isRowMajor(from, sizes);
    return { node: parameters.get(node.parameter)!, from, own };
  });

  const run = (feeds: Feeds, runOptions: RunOptions = {}): Checked<Evaluated<T>> => {
    const wrong = wrongRun("run", runOptions);
    if (wrong.length > 0) return E.left(wrong);
    const read = readFeeds(g, feeds, runOptions);
    if (read.problems.length > 0) return E.left(read.problems);
    const misfits = state.misfits(read.values);
    if (misfits.length > 0) return E.left(misfits);
    for (const input of g.inputs) machine.write(places.get(input)!, read.values.get(input)!.data);
    state.load(read.values);
    for (const { buffer, keyAt } of program.keys) machine.write(wholeOf(buffer, [buffer.size]), keyAt(seed, runOptions.trainingStep ?? 0));
    if (machine.run() !== 0) return faultOf<T>(whole, feeds, { ...runOptions, seed }, parameters, store);
    const found = mapNodes(outputs, (n, i) => machine.read(results[i]!, n)) as unknown as Evaluated<T>;
    const broken =
      update.size === 0
        ? []
        : notFinite(
            outputs,
            found,
            nexts.filter((_, i) => machine.live(flags[i]!)[0] !== 0).map((n) => n.node),
          );
    if (broken.length > 0) return E.left(broken);
    state.commit(nexts);
    return E.right(found);
  };
  return E.right({
    inputs: g.inputs.map((i) => nameOf(i)!),
    run,
    parameters: (): ParameterValues =>
      Object.fromEntries([...parameters].map(([name, node]) => [name, makeValue(node.shape, store.get(name)!.data.slice())])),
    set: (values) => {
      const read = readFeeds({ ...g, inputs: [] }, values, {});
      if (read.problems.length > 0) return E.left(read.problems);
      for (const [node, value] of read.values) store.set(nameOf(node)!, copy(value));
      return E.right(undefined);
    },
    explain: () => explained({ nodes: g.nodes.length, loops, checkpoints: spared.right.checkpoints, hoisted, plan, precision, machine }),
  });
}

function wrongPrecision({ precision }: CompileOptions): readonly Diagnostic[] {
  return precision === undefined || precision === "f32" || precision === "f64"
    ? []
    : [badArgument("compile", `precision is ${shown(precision)}`, `precision: "f32" or "f64"`)];
}

function wrongFma({ fma }: CompileOptions): readonly Diagnostic[] {
  return fma === undefined || typeof fma === "boolean" ? [] : [badArgument("compile", `fma is ${shown(fma)}`, "fma: false or true")];
}

/** A scalar that is 0 when all elements of a place are finite: x·0 is 0, but of NaN and infinity. What stands beside them does not matter. */
function finiteness(place: Place, sizes: readonly number[], program: Program, statements: Statement[]): Place {
  const out = wholeOf(newBuffer(program, "float", 1, "temporary", "all finite"), []);
  const flat = isRowMajor(place, sizes);
  const from: Place = flat ? { ...place, strides: [1] } : place;
  const value = expressions.mul({ kind: "load", from, dtype: "float" }, expressions.constant(0));
  statements.push({ kind: "reduce", by: "sum", kept: [], reduced: flat ? [count(sizes)] : sizes, out, value });
  return out;
}

type Whole<T> = { readonly outputs: T; readonly next: unknown; readonly written: unknown };

/** The parameters themselves belong to the graph, too: one that is only written is part of the program like any other. */
function wholeGraph<T>(outputs: T, update: Update): Whole<T> {
  // by number: records put names that are whole numbers first
  const next = Object.fromEntries([...update.values()].map((value, i) => [i, value]));
  const written = Object.fromEntries([...update.keys()].map((parameter: Parameter, i) => [i, parameter]));
  return { outputs, next, written };
}

/** An id was out of range: the reference says which, in the words that users know. */
function faultOf<T>(
  whole: Whole<T>,
  feeds: Feeds,
  options: RunOptions & { seed: number },
  parameters: ReadonlyMap<string, Node>,
  store: ReadonlyMap<string, Value>,
): Checked<Evaluated<T>> {
  const state = new Map([...parameters].map(([name, node]) => [node, store.get(name)!]));
  return E.chain((p: { run: (...args: never[]) => Checked<unknown> }): Checked<Evaluated<T>> => {
    const result = p.run(feeds as never, options as never, state as never);
    if (E.isLeft(result)) return result;
    throw new Error("an id was out of range for the compiled program, and not for the reference");
  })(prepare(whole) as never);
}
