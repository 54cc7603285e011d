// The backward picture: the steps, and beside every state its adjoint δ = ∂loss/∂h. The gradient's way back is the forward links turned round,
// each labelled with its local derivative; what flows to one parameter from all steps meets in one box, the sum ∂loss/∂W.

import { type Adjoints, adjointsOf, formulaOf, localDerivative, titleOf, type Writer, writer } from "./adjoints.ts";
import { arrowsOnly, type Box, boxesOf, isMask, isParameter, type Link, type Path } from "./boxes.ts";
import { biasesOf, linesOf, roleOf, weightsAlong } from "./describe.ts";
import type { GradientWay } from "./gradient-way.ts";
import { grid, type Placed, type Point } from "./grid.ts";
import { grouped, largest } from "./grouped.ts";
import { type Index, leafName, numbered } from "./names.ts";
import { aside, type Picture, type PictureBox, type PictureEdge } from "./print.ts";
import { slotKey } from "./ranks.ts";
import type { Unrolled } from "./unrolled.ts";
import { above, boxLines, frameOf, framesOf, stepView, textWidth, wrapped } from "./unrolled-view.ts";

const rowHeight = 104;
const letter = 5.8; // width of a letter of an edge's label

export function backwardPicture(sketch: Unrolled, way: GradientWay, title: string | undefined): Picture {
  const view = stepView(sketch);
  const forward = boxesOf(sketch.vertices, view);
  const adjoints = adjointsOf(sketch, forward, view, way);
  const { starts, back } = adjoints;
  const write = writer(sketch);
  const arrow = arrowsOnly(sketch.vertices);
  const textOf = (b: Box): readonly string[] =>
    b.main.ellipsis
      ? boxLines(b)
      : linesOf(
          b,
          biasesOf(b, (v) => arrow(v) || view.absorbed(v)),
        );
  // parameters are written on the arrows of the forward pass; their gradients are boxes
  const isOwn = (b: Box) => !isParameter(b.main.node) || b.main.output !== undefined;
  const own = forward.boxes.filter(isOwn);
  const links = forward.links.filter((l) => isOwn(l.from));
  const loss = own.filter(starts).map((b) => b.main.output || "E")[0] ?? "E";

  const symbol = symbols(own);
  const adjointLines = new Map(adjoints.boxes.map((b) => [b, b.main.ellipsis ? ["⋯"] : [symbol(b, numbered), `∂${loss}/∂${titleOf(b)}`]]));
  // of many arrows from every step to one box, the last says what all are
  const last = new Map<string, number>();
  const threads = new Map([...new Set(own.map((b) => b.main.thread))].map((thread, i) => [thread, i]));
  const fan = (l: Link) => `${l.to.id}/${threads.get(l.from.main.thread)}`;
  const collected = links.filter((l) => l.to.main.slot === undefined && l.from.main.slot !== undefined);
  for (const l of collected) last.set(fan(l), Math.max(l.from.main.slot!.t, last.get(fan(l)) ?? 0));
  const fans = (l: Link) => l.to.main.slot === undefined && l.from.main.slot !== undefined && l.from.main.slot.t < last.get(fan(l))!;
  const labels = new Map(
    back.map((l) => [l, l.to.main.ellipsis || l.from.main.ellipsis || fans(l) ? undefined : localDerivative(l, write)]),
  );
  const width = largest([...adjointLines.values()].map(textWidth), 0);
  const placed = grid(own, links, { widthOf: (b) => textWidth(textOf(b)), beside: width + 8, rowHeight, gap: gapFor(own, textOf, labels) });
  const columns = grouped(placed.columns, (c) => slotKey(c.slot));
  const columnOf = ({ main: { slot } }: Box) => (slot === undefined ? undefined : columns.get(slotKey(slot))?.[0]);
  const spots = new Map(adjoints.boxes.map((b) => [b, spotBeside(b, textOf(b), columnOf(b), placed.at.get(b)!, width)]));
  const spotOf = (b: Box): Point => spots.get(b) ?? placed.at.get(b)!;
  const idOf = (b: Box): string => (spots.has(b) ? `d${b.id.slice(1)}` : b.id);

  const sums = sumsOf(adjoints, write, loss, symbol);
  const sumXs = above(sums.map((s) => ({ width: textWidth(s.lines), over: s.terms.map((l) => spotOf(l.to).x) })));
  const sumY = Math.max(placed.top + rowHeight * 1.55, ...placed.collectors.map((c) => placed.at.get(c)!.y + rowHeight));

  const boxes: PictureBox[] = [
    ...own.map((b): PictureBox => ({ id: b.id, lines: textOf(b), role: roleOf(b), frame: frameOf(b), ...placed.at.get(b)! })),
    ...adjoints.boxes.map(
      (b): PictureBox => ({
        id: idOf(b),
        lines: adjointLines.get(b)!,
        role: b.main.ellipsis ? "ellipsis" : "adjoint",
        frame: frameOf(b),
        ...spots.get(b)!,
      }),
    ),
    ...sums.map((s, i): PictureBox => ({ id: s.id, lines: s.lines, role: "gradient", x: sumXs[i]!, y: sumY })),
  ];
  // a weight is written on an arrow only where every arrow into the box has one, and where adjoints of other rows leave room
  const single = new Set(own.filter((b) => b.main.state).map((b) => b.main.thread)).size <= 1;
  const weightsOn = weightsAlong();
  const labelOf = (l: Link) => forwardLabel(l, weightsOn);
  const weighed = (l: Link) => l.kind === "mask" || l.from.main.slot === undefined || l.from.main.ellipsis || labelOf(l) !== undefined;
  const unweighed = new Set(links.filter((l) => !weighed(l)).map((l) => l.to));
  const told = (l: Link) => (fans(l) || (l.back && !single) || unweighed.has(l.to) ? undefined : labelOf(l));
  const beside = (label: string | undefined, a: Point, b: Point) => (label !== undefined && Math.abs(a.x - b.x) < 8 ? aside(label) : label);
  const edges: PictureEdge[] = [
    ...links.map(
      (l): PictureEdge => ({
        from: l.from.id,
        to: l.to.id,
        role: isMask(l) ? "mask" : l.back ? "recurrent" : "data",
        weighs: true,
        label: beside(told(l), placed.at.get(l.from)!, placed.at.get(l.to)!),
      }),
    ),
    ...back.map(
      (l): PictureEdge => ({
        from: idOf(l.to),
        to: idOf(l.from),
        role: "adjoint",
        label: beside(labels.get(l), spotOf(l.to), spotOf(l.from)),
      }),
    ),
    ...sums.flatMap((s) => s.terms.map((l): PictureEdge => ({ from: idOf(l.to), to: s.id, role: "gradient" }))),
  ];
  const frames = framesOf(placed, rowHeight, adjoints.boxes.length > 0 ? rowHeight * 0.35 : 0);
  return { title, pinned: true, boxes, edges, frames, legend: { x: placed.left, y: placed.bottom - rowHeight * 0.8 } };
}

type TextOf = (b: Box) => readonly string[];

/** Room between columns, for the longest label on an arrow from one step to the next. */
function gapFor(own: readonly Box[], textOf: TextOf, labels: ReadonlyMap<Link, string | undefined>): number {
  const longest = largest(
    [...labels].map(([l, text]) => (l.back && text !== undefined ? text.length * letter + 30 : 0)),
    0,
  );
  const inSteps = largest(
    own.filter((b) => b.main.slot !== undefined).map((b) => textWidth(textOf(b))),
    36,
  );
  return Math.max(30, longest - inSteps - 24);
}

/** An adjoint stands half a row above its box, in the right half of the column: no arrow of the forward pass goes there. */
function spotBeside(b: Box, text: readonly string[], column: Placed["columns"][number] | undefined, { x, y }: Point, width: number): Point {
  if (column === undefined) return { x: x + textWidth(text) / 2 + 10 + width / 2, y: y + rowHeight * 0.5 };
  return { x: column.right - 12 - (b.main.ellipsis ? width / 4 : width / 2), y: y + rowHeight * 0.5 };
}

type Symbol = (b: Box, index: Index) => string;

/** δ₃; with several states in a step, δ and the state's name. */
function symbols(own: readonly Box[]): Symbol {
  const single = new Set(own.filter((o) => o.main.state).map((o) => o.main.thread)).size === 1;
  return ({ main }, index) =>
    main.base === undefined || main.slot === undefined ? "δ" : `δ${single ? "" : main.base}${index(main.slot.t)}`;
}

/** The weight of a link that is one product. */
function forwardLabel(link: Link, weightsOn: (path: Path) => readonly string[]): string | undefined {
  if (link.paths.length !== 1 || link.to.main.ellipsis || link.from.main.ellipsis) return undefined;
  const weights = weightsOn(link.paths[0]!);
  return weights.length === 0 ? undefined : weights.join(" ");
}

interface Sum {
  readonly id: string;
  readonly lines: readonly string[];
  readonly terms: readonly Link[];
}

/** ∂loss/∂W: one box for each parameter, one term from each step; many parameters whose terms come from the same places share a box. */
function sumsOf({ terms, starts }: Adjoints, write: Writer, loss: string, symbol: Symbol): readonly Sum[] {
  const byWeight = grouped(terms, (l) => l.from);
  const groups = grouped(byWeight.keys(), (w) =>
    byWeight
      .get(w)!
      .map((l) => l.to.id)
      .join(),
  );
  const label = (w: Box) => leafName(w.main.node);
  return [...groups.values()].flatMap((weights) => {
    const id = (w: Box) => `g${w.id.slice(1)}`;
    const first = weights[0]!;
    if (weights.length > 5)
      return [{ id: id(first), lines: [`∂${loss}/∂…, sums over steps, for`, ...wrapped(weights.map(label))], terms: byWeight.get(first)! }];
    return weights.map((w) => ({
      id: id(w),
      lines: [`∂${loss}/∂${label(w)}`, ...formulaOf(byWeight.get(w)!, write, starts, symbol)],
      terms: byWeight.get(w)!,
    }));
  });
}
