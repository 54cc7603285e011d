// The unrolled sketch: every shown step's own nodes. Steps that are not shown are stood for by one of them, drawn as an ellipsis.

import type { Node, Step } from "../../graph/node.ts";
import { placesIn } from "./folded.ts";
import { type Index, pretty, stateNames, subscript } from "./names.ts";
import type { Net } from "./net.ts";
import {
  groupOf,
  isPlumbing,
  outermost,
  rootOf,
  type Sketch,
  type Slot,
  shownSources,
  sourcesOf,
  unrollingsOf,
  type Vertex,
  type Wire,
} from "./sketch.ts";

/** Which steps of a dim of this size are shown, with at most `limit` columns: the first ones, an ellipsis, the last. */
export function shownSteps(
  size: number,
  limit: number,
): { readonly shown: (t: number) => boolean; readonly hidden: readonly [number, number] | undefined } {
  if (size <= Math.max(limit, 1)) return { shown: () => true, hidden: undefined };
  const first = Math.max(1, limit - 2);
  return { shown: (t) => t < first || t === size - 1, hidden: [first, size - 2] };
}

export interface Unrolled extends Sketch {
  /** The vertex of a node; undefined for what is left out. */
  readonly vertexOf: (node: Node) => Vertex | undefined;
  /** What a formula calls a node, its time index written by `index`. */
  readonly nameIn: (node: Node, index: Index) => string;
}

export function unrolled({ nodes, outputs }: Net, limit: number): Unrolled {
  const unrollings = unrollingsOf(nodes);
  const places = placesIn(unrollings);
  const names = stateNames(unrollings);
  const keys = new Map<object, number>();
  const outputOf = new Map([...outputs].flatMap(([n, name]) => shownSources(n, undefined).map((s) => [s, name] as const)));
  const maskSources = new Map(unrollings.map((u) => [u, new Set(u.mask === undefined ? [] : shownSources(u.mask, undefined))]));

  // what cells are unrolled over, where it is not another cell's outputs
  const overSources = new Map(
    unrollings.map((u) => [
      u,
      new Map(
        u.inputs.flatMap(({ input, over }) => sourcesOf(over).flatMap((s) => (s.origin.step === undefined ? [[s, input] as const] : []))),
      ),
    ]),
  );

  const hiddenAt = (step: Step): readonly [number, number] | undefined => {
    const { of, t } = outermost(step);
    const { hidden } = shownSteps(of.dim.size, limit);
    return hidden !== undefined && t >= hidden[0] && t <= hidden[1] ? hidden : undefined;
  };
  // hidden steps are stood for by the one that is made first: what comes before it is shown
  const stand = new Map<Node, Node>();
  for (const node of nodes) {
    const { step } = node.origin;
    if (step === undefined || isPlumbing(node)) continue;
    const hidden = hiddenAt(step);
    const { of, t } = outermost(step);
    if (hidden !== undefined && t === hidden[of.reverse ? 1 : 0]) stand.set(templateOf(node), node);
  }
  const shown = (node: Node): Node => {
    const { step } = node.origin;
    return step === undefined || hiddenAt(step) === undefined ? node : (stand.get(templateOf(node)) ?? node);
  };
  const slotOf = (step: Step): Slot => {
    const { of, t } = outermost(step);
    const hidden = hiddenAt(step);
    return { dim: of.dim.name, size: of.dim.size, t: hidden === undefined ? t : hidden[0], until: hidden?.[1] };
  };

  const made = new Map<Node, Vertex & { wires: Wire[] }>();
  const stepInputs = new Map<string, Vertex>();
  const stateOf = (node: Node): string | undefined => {
    const state = places.next.get(rootOf(node));
    return state === undefined ? undefined : names.get(state);
  };

  const vertex = (given: Node): Vertex & { wires: Wire[] } => {
    const node = shown(given);
    const known = made.get(node);
    if (known !== undefined) return known;
    const { step } = node.origin;
    const base = stateOf(node);
    const slot = step === undefined ? undefined : slotOf(step);
    const v = {
      node,
      wires: [],
      slot,
      thread: step === undefined ? node : rootOf(node),
      cell: step?.of,
      base,
      name: base === undefined || slot === undefined ? undefined : base + subscript(slot.t),
      state: base === undefined ? undefined : (true as const),
      group: groupOf(node, keys),
      output: outputOf.get(given) ?? outputOf.get(node),
      ellipsis: slot?.until === undefined ? undefined : (true as const),
    };
    made.set(node, v);
    return v;
  };
  /** x_t: the step of an input that a cell is unrolled over. */
  const stepInput = (source: Node, step: Step): Vertex | undefined => {
    const input = overSources.get(step.of)?.get(source);
    if (input === undefined || step.outer !== undefined) return undefined;
    const slot = slotOf(step);
    const key = `${slot.dim}/${slot.t}/${source.id}`;
    const known = stepInputs.get(key);
    if (known !== undefined) return known;
    const name = inputName(input) + subscript(slot.t);
    const leaf = source.op.leaf === "input";
    const v: Vertex = {
      node: source,
      wires: leaf ? [] : [{ from: vertex(source), at: 0 }],
      slot,
      thread: source,
      cell: step.of,
      name,
      placeholder: "input",
      ellipsis: slot.until === undefined ? undefined : true,
    };
    stepInputs.set(key, v);
    return v;
  };

  for (const given of nodes) {
    // leaves are made when something uses them: an input that cells are unrolled over is shown step by step
    if (isPlumbing(given) || shown(given) !== given || (given.op.leaf !== undefined && !outputs.has(given))) continue;
    const v = vertex(given);
    const { step } = given.origin;
    const masks = step === undefined ? undefined : maskSources.get(step.of);
    given.inputs.forEach((operand, at) => {
      for (const source of shownSources(operand, step)) {
        const x = step === undefined ? undefined : stepInput(source, step);
        const masked = isPlumbing(operand) && masks?.has(source) === true;
        if (x !== undefined) v.wires.push({ from: x, at });
        else if (!masked) v.wires.push({ from: vertex(source), at, back: step !== undefined && isBack(source, step) ? true : undefined });
      }
    });
    if (v.state && masks !== undefined) for (const m of masks) v.wires.push({ from: vertex(m), at: -1, kind: "mask" });
  }

  const nameIn = (node: Node, index: Index, depth = 2): string => {
    const sources = shownSources(node, node.origin.step);
    const over = node.origin.step === undefined ? undefined : overSources.get(node.origin.step.of);
    const source = sources.find((s) => over?.has(s)) ?? sources.find((s) => s.origin.step !== undefined) ?? sources[0];
    if (source === undefined) return literalOf(node);
    const state = stateOf(source);
    const { step } = source.origin;
    if (state !== undefined && sources.length > 1 && sources.every((s) => rootOf(s) === rootOf(source))) return state; // of all steps
    if (state !== undefined && step !== undefined) return state + index(outermost(step).t);
    // one step of what a cell is unrolled over
    const input = source === node ? undefined : over?.get(source);
    if (input !== undefined) return inputName(input) + index(outermost(node.origin.step!).t);
    const call = rootOf(source).origin.call;
    const label = call?.name ?? pretty(source.op.label(source.attributes));
    const infix = call === undefined && source.inputs.length === 2 && !/\p{L}/u.test(label);
    return infix && depth > 0 ? `(${source.inputs.map((i) => nameIn(i, index, depth - 1)).join(` ${label} `)})` : label;
  };
  const order = new Map(nodes.map((n, i) => [n, i]));
  const vertices = [...stepInputs.values(), ...[...made.values()].sort((a, b) => order.get(a.node)! - order.get(b.node)!)];
  return { vertices, unrollings, vertexOf: (n) => (isPlumbing(n) ? undefined : made.get(shown(n))), nameIn };
}

/** The node of the template in which this one's outermost step is not yet made. */
function templateOf(node: Node): Node {
  const depth = (n: Node) => {
    let d = 0;
    for (let s = n.origin.step; s !== undefined; s = s.outer) d++;
    return d;
  };
  const own = depth(node);
  let at = node;
  while (at.origin.template !== undefined && depth(at) === own) at = at.origin.template;
  return at;
}

/** x of x_t: an input's name in its cell, without the index. */
function inputName(placeholder: Node): string {
  return pretty(placeholder.op.label(placeholder.attributes).replace(/_t$/, ""));
}

function literalOf(node: Node): string {
  let at: Node | undefined = node;
  while (at !== undefined && at.op.leaf === undefined) at = at.inputs[0];
  return at === undefined ? "" : at.op.label(at.attributes);
}

function isBack(source: Node, step: Step): boolean {
  const other = source.origin.step;
  return other !== undefined && other.of === step.of && other.t !== step.t;
}
