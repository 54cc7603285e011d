// The backward picture: the steps, and beside every state its adjoint δ = ∂loss/∂h. The gradient's way back is the forward links turned round,
// each labelled with its local derivative; what flows to one parameter from all steps meets in one box, the sum ∂loss/∂W.

import type { Node } from "../../graph/node.ts";
import { type Box, boxesOf, isParameter, type Link, type Path, partsOf, weightOf } from "./boxes.ts";
import { operationOf, roleOf } from "./describe.ts";
import type { Flow } from "./flow.ts";
import { grid, type Point } from "./grid.ts";
import { type Index, numbered, relativeTo, subscript } from "./names.ts";
import type { Picture, PictureBox, PictureEdge } from "./print.ts";
import type { Unrolled } from "./unrolled.ts";
import { above, boxLines, frameOf, framesOf, stepView, textWidth, wrapped } from "./unrolled-view.ts";

export function backwardPicture(sketch: Unrolled, flow: Flow, title: string | undefined): Picture {
  const { boxes, links } = boxesOf(sketch.vertices, stepView(sketch));
  const isWeight = (b: Box) => isParameter(b.main.node) && b.main.output === undefined;
  const own = boxes.filter((b) => !isWeight(b));
  const ownLinks = links.filter((l) => !isWeight(l.from));
  const write = writer(sketch);

  const flowing = links.flatMap((l) => {
    const paths = l.paths.filter((p) => flows(p, flow));
    return paths.length === 0 || l.kind === "mask" ? [] : [{ ...l, paths }];
  });
  const loss = own.find((b) => b.members.some((m) => flow.losses.has(m.node)));
  const starts = (b: Box) => b.members.some((m) => flow.losses.has(m.node));
  const hasAdjoint = new Set(own.filter((b) => !starts(b) && flow.has(b.main.node) && flowing.some((l) => l.from === b)));
  const back = flowing.filter((l) => hasAdjoint.has(l.from) && (hasAdjoint.has(l.to) || starts(l.to)));
  const terms = flowing.filter((l) => isWeight(l.from) && (hasAdjoint.has(l.to) || starts(l.to)));

  const E = loss === undefined ? "E" : loss.main.output || "E";
  const adjointLines = (b: Box): readonly string[] =>
    b.main.ellipsis ? ["⋯"] : [symbolOf(b, own), `∂${E}/∂${b.main.name ?? b.main.output ?? operationOf(b)}`];
  const labels = new Map(back.map((l) => [l, labelOf(l, write)]));

  const rowHeight = 104;
  const adjointWidth = Math.max(0, ...[...hasAdjoint].map((b) => textWidth(adjointLines(b))));
  const longest = Math.max(
    0,
    ...[...labels].map(([l, t]) => (l.from.main.slot !== undefined && l.to.main.slot !== undefined && l.back ? t.length * 5.4 + 20 : 0)),
  );
  const forwardWidth = Math.max(36, ...own.filter((b) => b.main.slot !== undefined).map((b) => textWidth(boxLines(b))));
  const gap = Math.max(30, longest - forwardWidth - 24);
  const placed = grid(own, ownLinks, { widthOf: (b) => textWidth(boxLines(b)), beside: adjointWidth + 8, rowHeight, gap });

  const spotOf = (b: Box): Point => {
    const { x, y } = placed.at.get(b)!;
    const column = placed.columns.find((c) => b.main.slot !== undefined && c.slot.dim === b.main.slot.dim && c.slot.t === b.main.slot.t);
    const right =
      column === undefined ? x + textWidth(boxLines(b)) / 2 + 10 : column.right - 12 - (b.main.ellipsis ? adjointWidth / 2 : adjointWidth);
    return { x: right + (b.main.ellipsis ? 0 : adjointWidth / 2), y: y + rowHeight * 0.5 };
  };
  const adjointId = (b: Box): string => (starts(b) ? b.id : `d${b.id.slice(1)}`);
  const sums = sumsOf(terms, write, E);
  const spots = above(
    sums.map((s) => ({ width: textWidth(s.lines), over: s.terms.map((l) => (starts(l.to) ? placed.at.get(l.to)!.x : spotOf(l.to).x)) })),
  );
  const y = placed.top + rowHeight * 1.5;

  const shown: PictureBox[] = [
    ...own.map(
      (b): PictureBox => ({
        id: b.id,
        lines: boxLines(b),
        role: b.main.ellipsis ? "ellipsis" : roleOf(b),
        frame: frameOf(b),
        ...placed.at.get(b)!,
      }),
    ),
    ...[...hasAdjoint].map(
      (b): PictureBox => ({
        id: adjointId(b),
        lines: adjointLines(b),
        role: b.main.ellipsis ? "ellipsis" : "adjoint",
        frame: frameOf(b),
        ...spotOf(b),
      }),
    ),
    ...sums.map((s, i): PictureBox => ({ id: s.id, lines: s.lines, role: "gradient", x: spots[i]!, y })),
  ];
  const edges: PictureEdge[] = [
    ...ownLinks.map(
      (l): PictureEdge => ({
        from: l.from.id,
        to: l.to.id,
        role: l.kind === "mask" ? "mask" : l.back ? "recurrent" : "data",
        label: forwardLabel(l),
      }),
    ),
    ...back.map(
      (l): PictureEdge => ({
        from: adjointId(l.to),
        to: adjointId(l.from),
        role: "adjoint",
        label: l.to.main.ellipsis || l.from.main.ellipsis ? undefined : labels.get(l),
      }),
    ),
    ...sums.flatMap((s) => s.terms.map((l): PictureEdge => ({ from: adjointId(l.to), to: s.id, role: "gradient" }))),
  ];
  return {
    title,
    pinned: true,
    boxes: shown,
    edges,
    frames: framesOf(placed, rowHeight, hasAdjoint.size > 0 ? rowHeight * 0.35 : 0),
    legend: { x: placed.left, y: placed.bottom - rowHeight * 0.75 },
  };
}

/** δ₃; with several states in a step, δ and the state's name. */
function symbolOf(b: Box, own: readonly Box[]): string {
  if (!b.main.state || b.main.slot === undefined) return "δ";
  const threads = new Set(own.filter((o) => o.main.state).map((o) => o.main.thread));
  return threads.size === 1 ? `δ${subscript(b.main.slot.t)}` : `δ${b.main.name}`;
}

/** True when every part of the way passes the cotangent on. */
function flows(path: Path, flow: Flow): boolean {
  return partsOf(path).every(
    ({ of, at }) => at.at < 0 || of.placeholder !== undefined || flow.passes(of.node, at.at) || of.group !== undefined,
  );
}

function forwardLabel(link: Link): string | undefined {
  const weights = new Set(
    link.paths.flatMap((p) =>
      partsOf(p).flatMap(({ of, at }) => {
        const weight = weightOf(of);
        return weight === undefined || weight === at ? [] : [weight.from.node.op.label(weight.from.node.attributes)];
      }),
    ),
  );
  return weights.size === 0 || weights.size > 2 || link.to.main.ellipsis || link.from.main.ellipsis ? undefined : [...weights].join(", ");
}

type Writer = (cotangent: string, path: Path, index: Index) => string;

/** Writes the cotangent that a path passes on, by what each op says of its derivative. */
function writer(sketch: Unrolled): Writer {
  return (cotangent, path, index) => {
    let text = cotangent;
    const parts = partsOf(path);
    const box = parts[0]!.of;
    for (const { of, at } of parts) {
      const { node } = of;
      if (of.group !== undefined) {
        if (of === box) text = `${text} ∘ ${of.group.call.name}′`;
        continue;
      }
      const rule = node.op.picture?.derivative?.[at.at];
      const name = (n: Node) => sketch.nameIn(n, index);
      if (rule === undefined) text = `${text} ∘ ${node.op.label(node.attributes)}′`;
      else
        text = rule(
          node.op.picture?.product === true && text.includes(" ") && at.at === 1 ? `(${text})` : text,
          node.inputs.map(name),
          name(node),
        );
    }
    return text.trim();
  };
}

function labelOf(link: Link, write: Writer): string {
  if (link.paths.length === 1) return write("", link.paths[0]!, numbered);
  const name = (b: Box) => b.main.name ?? b.main.output ?? operationOf(b);
  return `· ∂${name(link.to)}/∂${name(link.from)}`;
}

interface Sum {
  readonly id: string;
  readonly lines: readonly string[];
  readonly terms: readonly Link[];
}

/** ∂loss/∂W: one box for each parameter, one term from each step; parameters whose many terms come from the same places share a box. */
function sumsOf(terms: readonly Link[], write: Writer, E: string): readonly Sum[] {
  const byWeight = new Map<Box, Link[]>();
  for (const l of terms) byWeight.set(l.from, [...(byWeight.get(l.from) ?? []), l]);
  const groups = new Map<string, { readonly weights: Box[]; readonly terms: readonly Link[] }>();
  for (const [w, list] of byWeight) {
    const key = list.map((l) => l.to.id).join();
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { weights: [w], terms: list });
    else known.weights.push(w);
  }
  const label = (w: Box) => w.main.node.op.label(w.main.node.attributes);
  return [...groups.values()].flatMap(({ weights, terms: list }) =>
    weights.length > 3
      ? [
          {
            id: `g${weights[0]!.id.slice(1)}`,
            lines: [`∂${E}/∂W, summed over steps, for W =`, ...wrapped(weights.map(label))],
            terms: list,
          },
        ]
      : weights.map((w) => {
          const own = byWeight.get(w)!;
          return { id: `g${w.id.slice(1)}`, lines: [`∂${E}/∂${label(w)}`, ...formulaOf(own, write)], terms: own };
        }),
  );
}

/** Σₜ hₜ₋₁ᵀ · (δₜ ∘ (1 − hₜ²)): the terms have one form; it is written once, with t for the step. */
function formulaOf(terms: readonly Link[], write: Writer): readonly string[] {
  const last = terms.filter((l) => !l.to.main.ellipsis).at(-1);
  if (last === undefined || last.paths.length !== 1) return terms.length > 1 ? ["Σ over steps"] : [];
  const { slot, state } = last.to.main;
  if (slot === undefined) return [write(last.to.call === undefined ? "δ" : "1", last.paths[0]!, numbered).replace(/^1 ∘ |(?<=\()1 ∘ /, "")];
  const index = relativeTo(slot.t);
  const name = state ? `δ${index(slot.t)}` : "δ";
  return [`${terms.length > 1 ? `Σ${subscript("t")} ` : ""}${write(name, last.paths[0]!, index)}`];
}
