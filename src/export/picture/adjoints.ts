// What the backward picture adds to the forward one: which boxes have an adjoint, the way of the gradient from one to the next, and the terms
// of each ∂loss/∂W; each with the local derivative written out.

import type { Node } from "../../graph/node.ts";
import { along, type Box, type Boxes, boxesOf, isParameter, type Link, type Path, usersOf, type View } from "./boxes.ts";
import { operationOf } from "./describe.ts";
import type { GradientWay } from "./gradient-way.ts";
import { type Index, numbered, relativeTo, subscript } from "./names.ts";
import type { Vertex } from "./sketch.ts";
import type { Unrolled } from "./unrolled.ts";

export interface Adjoints {
  /** Forward boxes that have an adjoint beside them. */
  readonly boxes: readonly Box[];
  /** Where the gradient starts. */
  readonly starts: (b: Box) => boolean;
  /** Forward links that the gradient goes back through. */
  readonly back: readonly Link[];
  /** From a parameter to what uses it: the terms of its gradient. */
  readonly terms: readonly Link[];
}

export function adjointsOf(sketch: Unrolled, forward: Boxes, view: View, way: GradientWay): Adjoints {
  // what only feeds steps (word vectors) has no adjoint of its own in the picture: each step's term goes straight to the parameter
  const feeds = feedersIn(sketch.vertices);
  const { links } = boxesOf(sketch.vertices, { ...view, absorbed: (v) => view.absorbed(v) || feeds(v) });
  const shown = (b: Box): Box => forward.boxOf.get(b.main)!;
  const flows = passing(way);
  const flowing = links.flatMap((l): readonly Link[] => {
    const paths = l.paths.filter(flows);
    return paths.length === 0 || l.kind === "mask" ? [] : [{ ...l, from: shown(l.from), to: shown(l.to), paths }];
  });
  const starts = (b: Box) => b.members.some((m) => way.losses.has(m.node));
  const passed = new Set(flowing.map((l) => l.from));
  const boxes = forward.boxes.filter((b) => !isParameter(b.main.node) && !starts(b) && passed.has(b) && way.has(b.main.node));
  const counted = new Set(boxes);
  const arrives = (l: Link) => counted.has(l.to) || starts(l.to);
  return {
    boxes,
    starts,
    back: flowing.filter((l) => counted.has(l.from) && arrives(l)),
    terms: flowing.filter((l) => isParameter(l.from.main.node) && arrives(l)),
  };
}

/** Computed inputs of steps, and what only they rest on. */
function feedersIn(vertices: readonly Vertex[]): (v: Vertex) => boolean {
  const users = usersOf(vertices);
  const found = new Set(vertices.filter((v) => v.placeholder === "input" && v.wires.length > 0));
  for (let i = vertices.length - 1; i >= 0; i--) {
    const v = vertices[i]!;
    const own = users.get(v) ?? [];
    if (v.node.op.leaf === undefined && v.output === undefined && v.slot === undefined && own.length > 0 && own.every((u) => found.has(u)))
      found.add(v);
  }
  return (v) => found.has(v);
}

/** True when every part of the way passes the cotangent on. */
function passing(way: GradientWay): (path: Path) => boolean {
  return along<boolean>(
    true,
    (before, { of, at }) => before && at.at >= 0 && (of.placeholder !== undefined || of.group !== undefined || way.passes(of.node, at.at)),
  );
}

export type Writer = (cotangent: string, path: Path, index: Index) => string;

interface Written {
  readonly text: string;
  /** The composite that the way is in. */
  readonly entered: string | undefined;
}

/** Writes the cotangent that a path passes on, by what each op says of its derivative. */
export function writer(sketch: Unrolled): Writer {
  const written = (cotangent: string, index: Index) => {
    const names = new Map<Node, string>();
    const name = (n: Node): string => {
      const known = names.get(n) ?? sketch.nameIn(n, index);
      names.set(n, known);
      return known;
    };
    return along<Written>({ text: cotangent, entered: undefined }, (before, { of, at }) => {
      const { text, entered } = before;
      if (of.placeholder !== undefined) return before; // one step of a whole: nothing is computed
      // a composite is one function, on however many of its nodes the way leads
      if (of.group !== undefined)
        return { text: of.group.key === entered ? text : `${text} ∘ ${of.group.call.name}′`, entered: of.group.key };
      const { node } = of;
      const picture = node.op.picture;
      const rule = picture?.derivative?.[at.at];
      const factor = picture?.product === true && text.includes(" ") && (cotangent !== "" || at.at > 0) ? `(${text})` : text;
      return {
        text: rule === undefined ? `${text} ∘ ${node.op.label(node.attributes)}′` : rule(factor, node.inputs.map(name), name(node)),
        entered,
      };
    });
  };
  const local = written("", numbered);
  return (cotangent, path, index) => (cotangent === "" && index === numbered ? local : written(cotangent, index))(path).text.trim();
}

/** `∘ (1 − h₂²) · Wᵀ`; where there are several ways, the derivative by its name. */
export function localDerivative(link: Link, write: Writer): string {
  if (link.paths.length === 1) return write("", link.paths[0]!, numbered);
  return `· ∂${titleOf(link.to)}/∂${titleOf(link.from)}`;
}

export function titleOf(b: Box): string {
  return b.main.name ?? (b.main.output || operationOf(b));
}

const one = "\u0001"; // stands for ∂loss/∂loss

/** `hᵀ · (1 ∘ f′)` is `hᵀ · f′`. */
function withoutOne(text: string): string {
  return text
    .replace(`(${one} ∘ `, `${one}(`)
    .replace(`${one} ∘ `, "")
    .replace(new RegExp(`${one}\\(([^ ()]+)\\)`), "$1")
    .replace(one, "");
}

/** Σₜ hₜ₋₁ᵀ · (δₜ ∘ (1 − hₜ²)): the terms have one form; it is written once, with t for the step. */
export function formulaOf(
  terms: readonly Link[],
  write: Writer,
  starts: Adjoints["starts"],
  symbol: (b: Box, index: Index) => string,
): readonly string[] {
  const last = terms.filter((l) => !l.to.main.ellipsis).at(-1);
  if (last === undefined || last.paths.length !== 1) return terms.length > 1 ? ["Σ over steps"] : [];
  const { slot } = last.to.main;
  const path = last.paths[0]!;
  if (slot === undefined) return [starts(last.to) ? withoutOne(write(one, path, numbered)) : write("δ", path, numbered)];
  const index = relativeTo(slot.t);
  return [`${terms.length > 1 ? `Σ${subscript("t")} ` : ""}${write(symbol(last.to, index), path, index)}`];
}
