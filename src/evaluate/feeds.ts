// Feeds: what users give by name becomes typed arrays, checked against the graph's inputs.

import { type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { showShape } from "../graph/dim.ts";
import type { Graph } from "../graph/graph.ts";
import { nameOf, noteOf } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { isRecord, meant, shown } from "../graph/options.ts";
import { topological } from "../graph/traverse.ts";
import { allocate, type Data, flatten, makeValue, misfit, type NestedArray, type Value } from "../graph/value.ts";

/**
 * A value for every input by name, and for any parameter that shall not take its initial value. What came out may be fed back; what comes from
 * elsewhere (a file) may have sizes alone, and no names of dims.
 */
export type Feeds = { readonly [name: string]: NestedArray | Value | Unnamed };

/** Elements and sizes. */
export interface Unnamed {
  readonly dims?: readonly string[];
  readonly shape: readonly number[];
  readonly data: Data;
}

export interface FeedOptions {
  /** NaN in a feed is a mistake unless it is allowed (padding that a mask hides). */
  readonly nan?: "refuse" | "allow";
}

/** The fed nodes' values, or everything that is wrong with the feeds. */
export function readFeeds(
  graph: Graph<unknown>,
  feeds: Feeds,
  { nan = "refuse" }: FeedOptions,
): { readonly values: Map<Node, Value>; readonly problems: readonly Diagnostic[] } {
  const values = new Map<Node, Value>();
  const problems: Diagnostic[] = [];
  const wrong = (code: "BadFeed" | "MissingFeed", node: Node, message: string, hint?: string) =>
    problems.push(diagnostic({ code, op: node.op.name, message, operands: [noteOf(node)], site: node.origin.site, hint }));
  const leaves = new Map([...graph.inputs, ...graph.parameters].map((n) => [nameOf(n)!, n]));
  if (!isRecord(feeds)) {
    const hint = (feeds as unknown) instanceof Map ? "Object.fromEntries(feeds)" : "{ x: …, y: … }, by the inputs' names";
    return {
      values,
      problems: [diagnostic({ code: "BadFeed", op: "feeds", message: `feeds must be a record, found ${shown(feeds)}`, hint })],
    };
  }
  for (const [name, node] of leaves) {
    const given = Object.hasOwn(feeds, name) ? feeds[name] : undefined;
    if (given === undefined) {
      if (node.op.leaf === "input")
        wrong("MissingFeed", node, `input "${name}" is not fed`, `feeds: { ${name}: … } of shape ${showShape(node.shape)}`);
      continue;
    }
    const value = read(node, given, nan === "allow");
    if (typeof value === "string") wrong("BadFeed", node, `"${name}": ${value}`);
    else values.set(node, value);
  }
  const others = Object.keys(feeds).filter((name) => !leaves.has(name));
  if (others.length === 0) return { values, problems };
  const behind = new Map(inputsBehind(graph).map((n) => [nameOf(n)!, n]));
  for (const name of others) {
    const node = behind.get(name);
    const given = feeds[name]!;
    const value = node === undefined ? undefined : read(node, given, nan === "allow");
    if (node !== undefined && typeof value === "string") wrong("BadFeed", node, `"${name}": ${value}`);
    if (node !== undefined || isEmpty(given)) continue;
    const known = [...leaves.keys()];
    problems.push(
      diagnostic({
        code: "BadFeed",
        op: "feeds",
        message: `nothing in the graph is named "${name}"`,
        hint: known.length === 0 ? "the graph takes no feeds" : `${meant(name, known)}it has ${known.map((n) => `"${n}"`).join(", ")}`,
      }),
    );
  }
  return { values, problems };
}

/**
 * Inputs that the outputs do not reach, but what the graph was made from does: a cell may ignore what it is unrolled over, and a gradient need
 * not have all that its loss has. Who feeds them makes no mistake.
 */
function inputsBehind(graph: Graph<unknown>): readonly Node[] {
  const behind = new Set<Node>();
  for (const { origin } of graph.nodes) {
    if (origin.derived !== undefined) behind.add(origin.derived.of);
    for (let step = origin.step; step !== undefined; step = step.outer) {
      const { inputs, carries, mask } = step.of;
      for (const { over } of inputs) behind.add(over);
      for (const { from } of carries) behind.add(from);
      if (mask !== undefined) behind.add(mask);
    }
  }
  return topological([...behind]).filter((n) => n.op.leaf === "input" || n.op.leaf === "parameter");
}

/** Whether there is not one element in it, as in an input over no time steps: whatever it is for, nothing of it is lost. */
function isEmpty(given: unknown): boolean {
  if (Array.isArray(given)) return given.every(isEmpty);
  if (ArrayBuffer.isView(given)) return given.byteLength === 0;
  return typeof given === "object" && given !== null && "data" in given && isEmpty(given.data);
}

/** A fed value, or a sentence that says what does not fit. */
function read(node: Node, given: NestedArray | Value | Unnamed, nanAllowed: boolean): Value | string {
  let data: unknown = given;
  if (typeof given === "object" && given !== null && ("dims" in given || "shape" in given) && "data" in given) {
    const { dims, shape } = given as Unnamed;
    if ((dims !== undefined && !Array.isArray(dims)) || !Array.isArray(shape)) return "a value has dims, shape and data";
    const fits = shape.length === node.shape.length && node.shape.every((d, i) => (dims?.[i] ?? d.name) === d.name && d.size === shape[i]);
    if (!fits || (dims !== undefined && dims.length !== shape.length)) {
      const sizes = shape.map((size: number, i: number) => (dims === undefined ? String(size) : `${dims[i]}=${size}`));
      return `a value of shape [${sizes.join(", ")}] for ${showShape(node.shape)}`;
    }
    data = (given as Unnamed).data;
  }
  const flat = flatten(data, node.shape);
  if (typeof flat === "string") return flat;
  for (let i = 0; i < flat.length; i++) {
    const x = flat[i]!;
    if (node.dtype === "float" && Number.isNaN(x) && !nanAllowed) return `element ${i} is NaN`;
  }
  const wrong = misfit(flat, node.dtype);
  if (wrong !== undefined) return wrong;
  const exact =
    (node.dtype === "float" && flat instanceof Float64Array) ||
    (node.dtype === "int" && flat instanceof Int32Array) ||
    (node.dtype === "bool" && flat instanceof Uint8Array);
  if (exact) return makeValue(node.shape, flat as Float64Array);
  const own = allocate(node.dtype, flat.length);
  own.set(flat);
  return makeValue(node.shape, own);
}
