// compile: a graph becomes a WebAssembly program. What it computes is what the reference computes (evaluate.ts), in f32 or f64.
//
//   outputs, updates
//      │  graph()        all mistakes, at once
//      ▼
//   nodes in order
//      │  hoist          what a scan need not do step by step
//      │  decide         which results are stored, which are part of their readers
//      │  lower          statements over places; a scan becomes a time loop
//      ▼
//   loop program
//      │  plan           where buffers live in one arena
//      │  print          kernels, shared by all statements of one form; one function that runs them
//      ▼
//   WebAssembly

import * as E from "fp-ts/lib/Either.js";
import { type Evaluated, leafValue, prepare } from "../evaluate/evaluate.ts";
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
import { bodyOf, orderOf } from "../graph/body.ts";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { graph } from "../graph/graph.ts";
import { calledName, nameOf, noteOf } from "../graph/make.ts";
import type { Node, Parameter } from "../graph/node.ts";
import { badArgument, wrongCount, wrongRun } from "../graph/options.ts";
import { showStep } from "../graph/source.ts";
import { mapNodes, nodesOf } from "../graph/tree.ts";
import { type Data, makeValue, type Value } from "../graph/value.ts";
import { hoistScans } from "../recurrence/scan/hoist.ts";
import { explained } from "./explain.ts";
import { loopsOf } from "./graph-loops.ts";
import type { Buffer, Place, Precision } from "./loops.ts";
import type { Program, Scope } from "./lower.ts";
import { count, isRowMajor, wholeOf } from "./places.ts";
import { elementSize, type MemoryPlan, planMemory } from "./plan.ts";
import { host } from "./wasm/host.ts";
import { print } from "./wasm/print.ts";

export interface CompileOptions extends ProgramOptions {
  /** Of floats. Default "f32". */
  readonly precision?: Precision;
  /** How many threads may work at it, at most: results do not depend on it. So far one does. */
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
  const problems = unknown.length > 0 ? unknown : [...wrongPrecision(options), ...wrongCount("compile", "threads", options.threads ?? 1, 1)];
  if (problems.length > 0) return E.left(problems);
  const { update = new Map(), seed = 0, store = new Map<string, Value>(), precision = "f32" } = options;
  const mistakes = shapeMistakes(update);
  if (mistakes.length > 0) return E.left(mistakes);
  const whole = wholeGraph(outputs, update);
  const checked = graph(whole);
  if (E.isLeft(checked)) return checked;
  const g = checked.right;
  const foreign = notCompilable(g.nodes);
  if (foreign.length > 0) return E.left(foreign);
  const parameters = new Map(g.parameters.map((p) => [nameOf(p)!, p]));
  for (const [name, node] of parameters) {
    if (store.has(name)) continue;
    const value = leafValue(node, { seed, trainingStep: 0 });
    if (E.isLeft(value)) return value;
    store.set(name, value.right);
  }

  const { outputs: roots, hoisted } = hoistScans(nodesOf(whole));
  const { program, places, statements } = loopsOf(g, roots);
  const results = roots.map((n) => places.get(n)!);
  const loops = { buffers: program.buffers, body: statements };
  const plan = planMemory(loops, precision, new Set(results.map((r) => r.buffer)));
  const machine = assembled(loops, program, plan, precision);
  const held = new Map<string, Value>(); // what the arena has of each parameter

  const run = (feeds: Feeds, runOptions: RunOptions = {}): Checked<Evaluated<T>> => {
    const wrong = wrongRun("run", runOptions);
    if (wrong.length > 0) return E.left(wrong);
    const read = readFeeds(g, feeds, runOptions);
    if (read.problems.length > 0) return E.left(read.problems);
    for (const input of g.inputs) machine.write(places.get(input)!, read.values.get(input)!.data);
    for (const [name, node] of parameters) {
      const fed = read.values.get(node);
      const value = fed ?? store.get(name)!;
      if (held.get(name) !== value) machine.write(places.get(node)!, value.data);
      held.set(name, value);
    }
    for (const { buffer, keyAt } of program.keys) machine.write(wholeOf(buffer, [buffer.size]), keyAt(seed, runOptions.trainingStep ?? 0));
    if (machine.run() !== 0) return faultOf<T>(whole, feeds, { ...runOptions, seed }, parameters, store);
    const values = nodesOf(whole).map((n, i) => machine.read(results[i]!, n));
    const tree = mapNodes(whole, (_, i) => values[i]!) as unknown as Evaluated<Whole<T>>;
    const next = tree.next as unknown as Record<string, Value>;
    const broken = update.size === 0 ? [] : notFinite(outputs, tree.outputs, next, parameters);
    if (broken.length > 0) return E.left(broken);
    for (const [name, value] of Object.entries(next)) store.set(name, { ...value, data: Float64Array.from(value.data) });
    return E.right(tree.outputs as Evaluated<T>);
  };
  return E.right({
    inputs: g.inputs.map((i) => nameOf(i)!),
    run,
    parameters: (): ParameterValues => Object.fromEntries([...parameters.keys()].map((name) => [name, copy(store.get(name)!)])),
    set: (values) => {
      const read = readFeeds({ ...g, inputs: [] }, values, {});
      if (read.problems.length > 0) return E.left(read.problems);
      for (const [node, value] of read.values) store.set(nameOf(node)!, copy(value));
      return E.right(undefined);
    },
    explain: () => explained(loops, plan, precision, machine.kernels, hoisted),
  });
}

type Whole<T> = { readonly outputs: T; readonly next: unknown; readonly written: unknown };

/** The parameters themselves belong to the graph, too: one that is only written is part of the program like any other. */
function wholeGraph<T>(outputs: T, update: Update): Whole<T> {
  const next = Object.fromEntries([...update].map(([parameter, value]) => [parameter.parameter, value]));
  const written = Object.fromEntries([...update.keys()].map((parameter: Parameter, i) => [i, parameter]));
  return { outputs, next, written };
}

function wrongPrecision({ precision }: CompileOptions): readonly Diagnostic[] {
  return precision === undefined || precision === "f32" || precision === "f64"
    ? []
    : [badArgument("compile", `precision is ${String(precision)}`, `precision: "f32" or "f64"`)];
}

/** Ops of which only the reference is known. */
function notCompilable(nodes: readonly Node[]): readonly Diagnostic[] {
  const told = new Set<string>();
  const found: Diagnostic[] = [];
  const look = (node: Node): void => {
    const body = bodyOf(node);
    if (body !== undefined) for (const n of orderOf(body).order) look(n);
    const isReader = node.inputs[0] !== undefined && bodyOf(node.inputs[0]) !== undefined;
    if (body !== undefined || isReader || node.op.computation !== undefined || told.has(node.op.name)) return;
    told.add(node.op.name);
    found.push(
      diagnostic({
        code: "NotCompilable",
        op: calledName(node),
        message: "only the reference interpreter can compute it",
        operands: node.inputs.map(noteOf),
        step: showStep(node.origin.step),
        site: node.origin.site,
        hint: "give its definition a formula, or use interpret(…)",
      }),
    );
  };
  for (const node of nodes) look(node);
  return found;
}

/** Bytes that products may pack their operands into. */
const scratchSize = 1 << 22;

interface Machine {
  readonly kernels: number;
  run(): number;
  write(place: Place, data: Data): void;
  read(place: Place, node: Node): Value;
}

function assembled(
  loops: { readonly buffers: readonly Buffer[]; readonly body: Scope["statements"] },
  program: Program,
  plan: MemoryPlan,
  precision: Precision,
): Machine {
  const addressOf = (b: Buffer): number => plan.address.get(b)!;
  const pages = Math.ceil((plan.bytes + scratchSize) / 65536);
  const printed = print(loops, { addressOf, scratch: plan.bytes, pages }, { precision, fma: false });
  const memory = new host.Memory({ initial: pages });
  const instance = new host.Instance(new host.Module(printed.bytes), { env: { memory } });
  const view = (b: Buffer): Float64Array | Float32Array | Int32Array => {
    const at = addressOf(b);
    if (b.dtype !== "float") return new Int32Array(memory.buffer, at, b.size);
    return elementSize(b, precision) === 8 ? new Float64Array(memory.buffer, at, b.size) : new Float32Array(memory.buffer, at, b.size);
  };
  for (const [buffer, data] of program.constants) view(buffer).set(data);
  const entry = instance.exports.run as () => number;
  return {
    kernels: printed.kernels,
    run: () => entry(),
    write: ({ buffer }, data) => view(buffer).set(data),
    read: (place, { shape, dtype }) => {
      const all = view(place.buffer);
      const sizes = shape.map((d) => d.size);
      const size = count(sizes);
      const flat = isRowMajor(place, sizes) ? all.slice(place.offset, place.offset + size) : gathered(all, place, sizes);
      return makeValue(shape, dtype === "bool" ? Uint8Array.from(flat) : flat);
    },
  };
}

/** Elements that do not stand one after the other. */
function gathered<A extends Float64Array | Float32Array | Int32Array>(all: A, { offset, strides }: Place, sizes: readonly number[]): A {
  const out = all.slice(0, 0).constructor as new (length: number) => A;
  const flat = new out(count(sizes));
  const index = new Array<number>(sizes.length).fill(0);
  for (let i = 0; i < flat.length; i++) {
    flat[i] = all[offset + index.reduce((n, k, axis) => n + k * strides[axis]!, 0)]!;
    for (let axis = sizes.length - 1; axis >= 0 && ++index[axis]! === sizes[axis]; axis--) index[axis] = 0;
  }
  return flat;
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
