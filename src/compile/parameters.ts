// Parameters between runs. They belong to a store, which several programs may share, and which a user may write to: what a program's memory has of them is
// brought up to date before a run. After a step the memory has the latest values, and the store has values that stand there: nothing is copied for as long
// as one program trains.

import * as E from "fp-ts/lib/Either.js";
import { evaluateNode, leafValue } from "../evaluate/evaluate.ts";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { showShape, sizeOf } from "../graph/dim.ts";
import { nameOf, noteOf } from "../graph/make.ts";
import type { Environment, Node } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import type { Value } from "../graph/value.ts";
import type { Place } from "./loops.ts";
import type { Machine } from "./machine.ts";

/** A parameter's next value: where it is when the program has run. `own`: in a buffer that is nothing else's. */
export interface Next {
  readonly node: Node;
  readonly from: Place;
  readonly own: boolean;
}

type Fed = ReadonlyMap<Node, Value>;

export class Parameters {
  /** What the memory has of each. */
  private readonly held = new Map<string, Value>();

  constructor(
    private readonly named: ReadonlyMap<string, Node>,
    private readonly store: Map<string, Value>,
    private readonly placeOf: (node: Node) => Place,
    private readonly machine: Machine,
  ) {}

  /** What is wrong with values in the store that were not looked at before. */
  misfits(fed: Fed): readonly Diagnostic[] {
    return [...this.named].flatMap(([name, node]) => {
      const value = this.store.get(name);
      return fed.has(node) || (value !== undefined && this.held.get(name) === value) ? [] : misfitsOf(node, value);
    });
  }

  /** Into memory, where it does not have them: what is fed, or what the store has. */
  load(fed: Fed): void {
    for (const [name, node] of this.named) {
      const value = fed.get(node) ?? this.store.get(name)!;
      const before = this.held.get(name);
      if (before === value) continue;
      if (before instanceof Latest) before.leave();
      this.machine.write(this.placeOf(node), value instanceof Latest ? value.live : value.data);
      this.held.set(name, value);
    }
  }

  /** The next values are the values. Those that are another parameter's, or a part of something, are read before any is written. */
  commit(nexts: readonly Next[]): void {
    const copies = nexts.map(({ from, own, node }) => (own ? undefined : this.machine.read(from, node).data));
    for (const [i, { node, from }] of nexts.entries()) {
      const to = this.placeOf(node);
      const copied = copies[i];
      if (copied === undefined) this.machine.move(from, to);
      else this.machine.write(to, copied);
      const value = new Latest(node, this.machine.live(to));
      const name = nameOf(node)!;
      this.store.set(name, value);
      this.held.set(name, value);
    }
  }
}

/** First values of those that the store does not have. Only those which may fail are computed now. */
export function initialValues(
  named: ReadonlyMap<string, Node>,
  store: ReadonlyMap<string, Value>,
  seed: number,
): Checked<ReadonlyMap<string, Value>> {
  const values = new Map<string, Value>();
  const environment = { seed, trainingStep: 0 };
  for (const [name, node] of named) {
    if (store.has(name)) continue;
    if (node.op.certain?.(node.attributes) === true) values.set(name, new First(node, environment));
    else {
      const value = leafValue(node, environment);
      if (E.isLeft(value)) return value;
      values.set(name, value.right);
    }
  }
  return E.right(values);
}

/** What a store holds under a parameter's name may be of another program, or of a user's making. */
export function misfitsOf(node: Node, value: unknown): readonly Diagnostic[] {
  const name = nameOf(node)!;
  const told = (message: string): readonly Diagnostic[] => [
    diagnostic({ code: "BadFeed", op: "store", message: `"${name}": ${message}`, operands: [noteOf(node)], site: node.origin.site }),
  ];
  if (typeof value !== "object" || value === null || !("dims" in value && "shape" in value)) return told(`${shown(value)} is no value`);
  const { dims, shape } = value as Value;
  const fits = dims.length === node.shape.length && node.shape.every((d, i) => d.name === dims[i] && d.size === shape[i]);
  if (!fits) return told(`a value of shape [${dims.map((d, i) => `${d}=${shape[i]}`).join(", ")}] for ${showShape(node.shape)}`);
  if (value instanceof Latest || value instanceof First) return [];
  const data: unknown = (value as Value).data;
  return ArrayBuffer.isView(data) && (data as Float64Array).length === sizeOf(node.shape) ? [] : told("its data are not its shape's");
}

/**
 * The value that a parameter has after a step. It stays in the program's memory until somebody looks at it, and another program of the same store
 * takes it from there.
 */
class Latest implements Value {
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  // private to the engine: who copies a value field by field does not get them
  #live: Float64Array | Float32Array | Int32Array;
  #copied: Float64Array | undefined;
  constructor({ shape }: Node, live: Float64Array | Float32Array | Int32Array) {
    this.dims = shape.map((d) => d.name);
    this.shape = shape.map((d) => d.size);
    this.#live = live;
  }
  get live(): Float64Array | Float32Array | Int32Array {
    return this.#live;
  }
  get data(): Float64Array {
    this.#copied ??= Float64Array.from(this.#live);
    return this.#copied;
  }
  /** Something else takes its place in the program's memory. */
  leave(): void {
    this.#live = this.data;
  }
}

/** A parameter's first value, drawn when somebody looks at it: never, where another one is set, or read from a file, before the first run. */
class First implements Value {
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  #drawn: Float64Array | undefined;
  readonly #draw: () => Float64Array;
  constructor(node: Node, environment: Environment) {
    this.dims = node.shape.map((d) => d.name);
    this.shape = node.shape.map((d) => d.size);
    this.#draw = () => evaluateNode(node, [], environment).data as Float64Array;
  }
  get data(): Float64Array {
    this.#drawn ??= this.#draw();
    return this.#drawn;
  }
}
