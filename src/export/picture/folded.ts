// The folded sketch: each cell once, as the user wrote it, with an edge from the next state back to the state.

import type { Node, Unrolling } from "../../graph/node.ts";
import { pretty, stateNames, subscript } from "./names.ts";
import type { Net } from "./net.ts";
import { groupOf, isPlumbing, rootOf, type Sketch, shownSources, unrollingsOf, type Vertex, type Wire } from "./sketch.ts";

export function folded({ nodes, outputs }: Net): Sketch {
  const unrollings = unrollingsOf(nodes);
  const places = placesIn(unrollings);
  const names = stateNames(unrollings);
  const keys = new Map<object, number>();
  const outputOf = new Map([...outputs].flatMap(([n, name]) => shownSources(n, undefined).map((s) => [rootOf(s), name] as const)));
  const made = new Map<Node, Vertex & { wires: Wire[] }>();
  const pending: (Vertex & { wires: Wire[] })[] = [];

  // one vertex for the steps of one input, in however many cells
  const ofInput = new Map<Node, readonly Node[]>();
  for (const [input, { over }] of places.inputs) if (over.op.leaf === "input") ofInput.set(over, [...(ofInput.get(over) ?? []), input]);
  const alike = (node: Node): readonly Node[] => ofInput.get(places.inputs.get(node)?.over as Node) ?? [node];

  const vertex = (given: Node): Vertex => {
    const node = alike(rootOf(given))[0]!;
    const known = made.get(node);
    if (known !== undefined) return known;
    const state = places.states.get(node);
    const next = places.next.get(node);
    const placeholder = state !== undefined ? ("state" as const) : places.inputs.has(node) ? ("input" as const) : undefined;
    const cell = places.cells.get(node);
    const name =
      state !== undefined
        ? names.get(node)! + subscript(cell!.reverse ? "t+1" : "t−1")
        : next !== undefined
          ? names.get(next)! + subscript("t")
          : placeholder === "input"
            ? pretty(node.op.label(node.attributes))
            : undefined;
    const v = {
      node,
      wires: [],
      thread: node,
      cell: alike(node).length > 1 ? undefined : cell,
      name,
      state: next === undefined ? undefined : (true as const),
      placeholder,
      group: groupOf(node, keys),
      output: outputOf.get(node),
    };
    made.set(node, v);
    pending.push(v);
    return v;
  };

  const into = (operand: Node, at: number, extra: Partial<Wire> = {}): Wire[] => {
    const sources = operand.op.leaf === "template" ? [operand] : shownSources(operand, undefined);
    const wires = new Map<Vertex, Wire>(); // a stack of all steps is one wire
    for (const s of sources) {
      // a step taken by itself, used outside of its cell, says which one it is
      const step = s.origin.step;
      const note = step !== undefined && sources.length === 1 ? noteOfStep(step.of, step.t) : undefined;
      const from = vertex(s);
      if (!wires.has(from)) wires.set(from, { from, at, note, ...extra });
    }
    return [...wires.values()];
  };

  for (const node of nodes) if (!isPlumbing(node)) vertex(node);
  for (const v of pending) {
    const { node } = v;
    const carry = places.states.get(node);
    const input = places.inputs.get(node);
    if (carry !== undefined) {
      v.wires.push(...into(carry.next, 0, { back: true, note: undefined }), ...into(carry.from, 0, { note: "first" }));
    } else if (input !== undefined) v.wires.push(...into(input.over, 0, { note: undefined }));
    else for (const [at, i] of node.inputs.entries()) v.wires.push(...into(i, at, places.cells.has(node) ? { note: undefined } : {}));
    const { mask } = v.state ? v.cell! : { mask: undefined };
    if (mask !== undefined) v.wires.push(...into(mask, -1, { kind: "mask" }));
  }
  return { vertices: [...made.values()], unrollings };
}

function noteOfStep(of: Unrolling, t: number): string | undefined {
  const last = of.reverse ? 0 : of.dim.size - 1;
  return of.dim.size === 1 ? undefined : t === last ? "last" : `${of.dim.name} = ${t}`;
}

interface Places {
  readonly states: ReadonlyMap<Node, { readonly next: Node; readonly from: Node }>;
  readonly inputs: ReadonlyMap<Node, { readonly over: Node }>;
  /** Next state → the state that it becomes. */
  readonly next: ReadonlyMap<Node, Node>;
  readonly cells: ReadonlyMap<Node, Unrolling>;
}

/** What each template node is in its cell. */
export function placesIn(unrollings: readonly Unrolling[]): Places {
  const states = new Map<Node, { next: Node; from: Node }>();
  const inputs = new Map<Node, { over: Node }>();
  const next = new Map<Node, Node>();
  const cells = new Map<Node, Unrolling>();
  for (const u of unrollings) {
    for (const node of u.template) cells.set(rootOf(node), u);
    for (const { input, over } of u.inputs) {
      inputs.set(input, { over });
      cells.set(input, u);
    }
    for (const c of u.carries) {
      states.set(c.state, c);
      cells.set(c.state, u);
      if (c.next.op.leaf !== "template" && cells.get(rootOf(c.next)) === u && !next.has(rootOf(c.next))) next.set(rootOf(c.next), c.state);
    }
  }
  return { states, inputs, next, cells };
}
