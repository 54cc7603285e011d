// Where NaN or infinity came up. A step that fails has written nothing, so it can be made again: by the reference interpreter, which goes through
// the nodes in order, into the bodies of scans too, and knows of each the user's line and the time step.
//
// Bad numbers spread, and some are meant (a mask's −∞, a quotient that `where` does not select). So what is looked for is a node whose operands are
// all finite and which is not, from which bad numbers lead to the loss or to a next value; the first of these.

import * as E from "fp-ts/lib/Either.js";
import { evaluateNode } from "../evaluate/evaluate.ts";
import { type Feeds, readFeeds } from "../evaluate/feeds.ts";
import type { ParameterStore, Update } from "../evaluate/program.ts";
import { bodyOf, FaultInBody, readersIn } from "../graph/body.ts";
import { type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { graph } from "../graph/graph.ts";
import { calledName, nameOf, noteOf } from "../graph/make.ts";
import type { Environment, Node, Step } from "../graph/node.ts";
import { showStep } from "../graph/source.ts";
import { nodesOf } from "../graph/tree.ts";
import { type Data, Fault, type Value } from "../graph/value.ts";

export interface FailedStep {
  /** The loss, and what else the step gives. */
  readonly outputs: unknown;
  readonly update: Update;
  readonly feeds: Feeds;
  readonly store: ParameterStore;
  readonly seed: number;
  readonly trainingStep: number;
  /** Whether floats are rounded to f32, as the engine does that failed. */
  readonly f32: boolean;
}

/** The first node that is not finite; undefined when by the reference all of them are. */
export function firstBad({ outputs, update, feeds, store, seed, trainingStep, f32 }: FailedStep): Diagnostic | undefined {
  const whole = { outputs, next: Object.fromEntries([...update.values()].map((next, i) => [i, next])) };
  const checked = graph(whole);
  if (E.isLeft(checked)) return undefined;
  const { nodes } = checked.right;
  const fed = readFeeds(checked.right, feeds, { nan: "allow" }).values;
  const readers = readersIn(nodes);
  const environment: Environment = { seed, trainingStep, inBody: (_, __, compute) => rounded(compute(), f32) };

  const last = new Map<Node, Node>();
  for (const node of nodes) for (const x of node.inputs) last.set(x, node);
  const values = new Map<Node, Value>();
  const bad = new Set<Node>();
  const origins = new Map<Node, { readonly operands: readonly Value[]; readonly value: Value }>();
  for (const node of nodes) {
    const operands = node.inputs.map((x) => values.get(x)!);
    const held = fed.get(node) ?? (node.op.leaf === "parameter" ? store.get(nameOf(node)!) : undefined);
    const value = held ?? withRounded(evaluateNode(node, operands, environment, readers.get(node)), f32);
    values.set(node, value);
    if (!allFinite(value.data)) {
      bad.add(node);
      if (node.op.leaf !== "constant" && !node.inputs.some((x) => bad.has(x))) origins.set(node, { operands, value });
    }
    for (const x of node.inputs) if (last.get(x) === node && !origins.has(x)) values.delete(x);
  }

  const leading = ancestors(nodesOf(whole), bad);
  const first = nodes.find((n) => origins.has(n) && leading.has(n));
  if (first === undefined) return undefined;
  const { operands, value } = origins.get(first)!;
  return bodyOf(first) === undefined
    ? toldOf(first, operands, value.data, first.origin.step)
    : firstInBody(first, operands, { seed, trainingStep }, readers.get(first) ?? [], f32);
}

/** The nodes from which bad numbers lead to one of `to`. */
function ancestors(to: readonly Node[], bad: ReadonlySet<Node>): ReadonlySet<Node> {
  const found = new Set<Node>();
  const open = to.filter((n) => bad.has(n));
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    open.push(...node.inputs.filter((x) => bad.has(x)));
  }
  return found;
}

/** The scan again, up to the first bad node of its body. */
function firstInBody(
  scan: Node,
  operands: readonly Value[],
  { seed, trainingStep }: Environment,
  readers: readonly Node[],
  f32: boolean,
): Diagnostic | undefined {
  let found: { readonly node: Node; readonly operands: readonly Value[]; readonly data: Data } | undefined;
  const inBody: Environment["inBody"] = (node, ready, compute) => {
    const data = rounded(compute(), f32);
    if (allFinite(data) || node.op.leaf === "constant" || !ready.every((x) => allFinite(x.data))) return data;
    found = { node, operands: ready, data };
    throw new Fault("NotFinite", "");
  };
  try {
    evaluateNode(scan, operands, { seed, trainingStep, inBody }, readers);
  } catch (e) {
    if (!(e instanceof FaultInBody) || found === undefined) throw e;
    return toldOf(found.node, found.operands, found.data, e.step);
  }
  return undefined;
}

function toldOf(node: Node, operands: readonly Value[], data: Data, step: Step | undefined): Diagnostic {
  const at = data.findIndex((x) => !Number.isFinite(x));
  const { derived } = node.origin;
  const what =
    nameOf(node) !== undefined ? `"${nameOf(node)}" has` : derived === undefined ? "gives" : `its derivative (${derived.rule}) gives`;
  const of = operands.map((x) => (x.data.length === data.length ? x.data[at]! : x.data.length === 1 ? x.data[0]! : undefined));
  const from =
    node.op.formula !== undefined && of.length > 0 && of.every((x) => x !== undefined) ? `, from ${of.map(String).join(" and ")}` : "";
  const place = node.shape.length === 0 ? "" : ` at [${placeOf(at, node).join(", ")}]`;
  return diagnostic({
    code: "NotFinite",
    op: derived === undefined ? calledName(node) : calledName(derived.of),
    message: `${what} ${data[at]}${place}${from}`,
    operands: node.inputs.map(noteOf),
    step: showStep(step),
    site: node.origin.site,
  });
}

function placeOf(at: number, { shape }: Node): readonly string[] {
  const place: string[] = [];
  for (let axis = shape.length - 1, rest = at; axis >= 0; axis--) {
    const { name, size } = shape[axis]!;
    place.unshift(`${name}=${rest % size}`);
    rest = Math.floor(rest / size);
  }
  return place;
}

/** A node with several results has them as a Map. */
function allFinite(data: Data | ReadonlyMap<unknown, Data>): boolean {
  if (data instanceof Map) return [...data.values()].every(allFinite);
  for (let i = 0; i < (data as Data).length; i++) if (!Number.isFinite((data as Data)[i]!)) return false;
  return true;
}

/** As f32 would have it; in a body results of a scan within it are rounded already. */
function rounded(data: Data, f32: boolean): Data {
  return f32 && data instanceof Float64Array ? data.map(Math.fround) : data;
}

function withRounded(value: Value, f32: boolean): Value {
  return f32 ? { ...value, data: rounded(value.data, true) as Float64Array } : value;
}
