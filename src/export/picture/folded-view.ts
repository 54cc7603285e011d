// The folded picture: each cell once, with the recurrent edge. Laid out by Graphviz, layers from bottom to top.

import type { Unrolling } from "../../graph/node.ts";
import { along, arrowsOnly, type Box, boxesOf, isMask, isParameter, type Link, type Path, usersOf, weightOf } from "./boxes.ts";
import { biasesOf, linesOf, roleOf, weightsAlong } from "./describe.ts";
import { leafName } from "./names.ts";
import type { EdgeRole, Frame, Picture, PictureBox, PictureEdge } from "./print.ts";
import type { Sketch, Vertex, Wire } from "./sketch.ts";

export function foldedPicture(sketch: Sketch, title: string | undefined): Picture {
  const { vertices } = sketch;
  const users = usersOf(vertices);
  const arrow = arrowsOnly(vertices);
  const isWeight = (of: Vertex, wire: Wire) => weightOf(of) === wire;
  const isBias = (of: Vertex, wire: Wire) => isParameter(wire.from.node) && of.node.op.picture?.sum === true && arrow(of);
  const silent = (of: Vertex, wire: Wire) =>
    isWeight(of, wire) || isBias(of, wire) || (of.placeholder === "input" && wire.from.node.op.leaf === "input");
  const loud = new Set(vertices.flatMap((v) => v.wires.flatMap((w) => (silent(v, w) ? [] : [w.from]))));
  const absorbed = (v: Vertex): boolean => {
    const own = users.get(v) ?? [];
    if (arrow(v)) return true;
    if (v.placeholder === "state") return own.length <= 1;
    if (v.placeholder === "input") return v.wires[0]?.from.node.op.leaf !== "input";
    const leaf = v.node.op.leaf === "input" || v.node.op.leaf === "parameter";
    return leaf && v.output === undefined && own.length > 0 && !loud.has(v);
  };
  const { boxes, links } = boxesOf(vertices, { absorbed, silent });
  const frames = framesOf(sketch, boxes);
  const frameOf = (b: Box) => frames.find((f) => f.of === b.main.cell)?.id;
  const added = new Map<Box, readonly string[]>();
  const weightsOn = weightsAlong(arrow);
  const notesOn = along<readonly string[]>([], (before, { at }) => (at.note === undefined ? before : [...before, at.note]));
  const pictured: PictureEdge[] = links.map((l) => edgeOf(l, distinct(l, weightsOn), distinct(l, notesOn)));
  for (const b of boxes) added.set(b, biasesOf(b, arrow));
  const shown: PictureBox[] = boxes.map((b) => ({
    id: b.id,
    lines: linesOf(b, added.get(b), weightIn(b)),
    role: roleOf(b),
    frame: frameOf(b),
  }));
  return { title, pinned: false, boxes: shown, edges: pictured, frames };
}

function distinct(link: Link, on: (path: Path) => readonly string[]): readonly string[] {
  return [...new Set(link.paths.flatMap(on))];
}

function edgeOf(link: Link, weights: readonly string[], notes: readonly string[]): PictureEdge {
  const delay = link.back && link.from.main.placeholder === undefined && link.to.main.placeholder !== "state";
  const label = [...weights, ...(delay ? ["(t − 1)"] : []), ...notes.map((n) => `(${n})`)].join(" ");
  const role: EdgeRole = isMask(link) ? "mask" : link.back ? "recurrent" : "data";
  const placing = { ...(link.back && link.from !== link.to ? { constraint: "false" } : {}), ...(link.back ? { style: "dashed" } : {}) };
  return {
    from: link.from.id,
    to: link.to.id,
    role,
    label: link.kind === "mask" ? "mask" : label === "" ? undefined : ` ${label} `,
    weighs: weights.length > 0,
    placing,
  };
}

/** A product that is shown as a box has its weight in it. */
function weightIn(b: Box): string | undefined {
  const weight = b.call === undefined ? weightOf(b.main) : undefined;
  return weight === undefined ? undefined : leafName(weight.from.node);
}

function framesOf({ unrollings }: Sketch, boxes: readonly Box[]): readonly (Frame & { readonly of: Unrolling })[] {
  return unrollings.flatMap((u, i) => {
    if (!boxes.some((b) => b.main.cell === u)) return [];
    const { name, size } = u.dim;
    const range = size === 1 ? "0" : u.reverse ? `${size - 1}, …, 0` : `0, …, ${size - 1}`;
    return [{ id: `cell${i + 1}`, label: `for each ${name} = ${range}`, of: u }];
  });
}
