// Copies of operands in the order in which a tile reads them: panels of so many rows (or vectors of columns), term after term. What is read side by
// side stands side by side, so that no pitch, however unlucky for the cache's sets, is felt more than once.

import { type Code, local } from "../assembler.ts";
import {
  advance,
  type Frame,
  gather,
  loadSome,
  point,
  scatter,
  stepping,
  times,
  transpose,
  type Vectors,
  walking,
  zeroVector,
} from "./emit.ts";

/** Panels that follow each other, all alike. */
export interface Group {
  readonly count: number;
  /** Elements of one panel for one term: those of the operand, and with what is filled up with zeros. */
  readonly used: number;
  readonly stored: number;
}

export interface Packing {
  readonly vectors: Vectors;
  readonly groups: readonly Group[];
  readonly terms: number;
  /** How far elements of a panel, and terms, stand apart in the operand, in bytes. */
  readonly element: number;
  readonly term: number;
}

/** Bytes from one panel to the next. The line more keeps panels out of each other's cache sets. */
export const panelBytes = (terms: number, stored: number, v: Vectors): number => Math.ceil((terms * stored * v.bytes) / 64) * 64 + 64;

export const packedBytes = (groups: readonly Group[], terms: number, v: Vectors): number =>
  groups.reduce((sum, { count, stored }) => sum + count * panelBytes(terms, stored, v), 0);

/** From the address in local `from` to that in local `to`; neither is changed. */
export function pack(frame: Frame, p: Packing, from: number, to: number): Code {
  const v = p.vectors;
  const source = frame.integer();
  const target = frame.integer();
  const along = p.element === v.bytes;
  const block = along ? 2 : v.lanes;
  const whole = Math.floor(p.terms / block);
  const rest = p.terms - whole * block;

  /** `terms` terms of a panel from those addresses on. */
  const some = (g: Group, terms: number, from: number, to: number): Code =>
    !along && p.term === v.bytes && terms === v.lanes
      ? turned(frame, p, g, source, target)
      : Array.from({ length: terms }, (_, k) => copied(frame, p, g, source, from + k * p.term, target, to + k * g.stored * v.bytes));

  if (!along) {
    return [
      point(source, from),
      point(target, to),
      p.groups.map((g) =>
        stepping(
          frame,
          g.count,
          [
            [source, g.used * p.element],
            [target, panelBytes(p.terms, g.stored, v)],
          ],
          [
            walking(
              frame,
              whole,
              [
                [source, block * p.term],
                [target, block * g.stored * v.bytes],
              ],
              whole === 0 ? [] : some(g, block, 0, 0),
            ),
            some(g, rest, whole * block * p.term, whole * block * g.stored * v.bytes),
          ],
        ),
      ),
    ];
  }

  // Elements stand side by side: a few terms of all panels, then the next, so that the operand is read along its rows; more than two rows at once are slower.
  const row = frame.integer();
  const heads = p.groups.map(() => frame.integer());
  const starts = p.groups.map((_, i) => packedBytes(p.groups.slice(0, i), p.terms, v));
  const across = (terms: number): Code => [
    point(source, row),
    p.groups.map((g, i) => [
      point(target, heads[i]!),
      stepping(
        frame,
        g.count,
        [
          [source, g.used * p.element],
          [target, panelBytes(p.terms, g.stored, v)],
        ],
        some(g, terms, 0, 0),
      ),
      advance(heads[i]!, terms * g.stored * v.bytes),
    ]),
    advance(row, terms * p.term),
  ];
  return [
    point(row, from),
    heads.map((head, i) => point(head, to, starts[i]!)),
    times(frame, whole, across(block)),
    rest === 0 ? [] : across(rest),
  ];
}

/** One term of a panel. */
function copied(frame: Frame, p: Packing, g: Group, source: number, from: number, target: number, to: number): Code {
  const v = p.vectors;
  const parts: Code[] = [];
  for (let i = 0; i < g.stored; i += v.lanes) {
    const width = Math.min(v.lanes, g.used - i);
    const value = gather(v, source, from + i * p.element, p.element, width);
    const room = Math.min(v.lanes, g.stored - i);
    if (room === v.lanes) parts.push(scatter(v, target, to + i * v.bytes, v.bytes, room, value));
    else {
      const held = frame.vector(0);
      parts.push(value, local.set(held), scatter(v, target, to + i * v.bytes, v.bytes, room, local.get(held)));
    }
  }
  return parts;
}

/** As many terms as a vector has lanes, which stand side by side in the operand: turned around in registers. */
function turned(frame: Frame, p: Packing, g: Group, source: number, target: number): Code {
  const v = p.vectors;
  const lane = Array.from({ length: v.lanes }, (_, j) => j);
  const x = lane.map((j) => frame.vector(j));
  const spare = lane.map((j) => frame.vector(v.lanes + j));
  const parts: Code[] = [];
  for (let i = 0; i < g.stored; i += v.lanes) {
    const room = Math.min(v.lanes, g.stored - i);
    parts.push(
      lane.map((j) => [i + j < g.used ? loadSome(v, source, (i + j) * p.element, v.lanes) : zeroVector, local.set(x[j]!)]),
      transpose(v, x, spare),
      lane.map((k) => scatter(v, target, (k * g.stored + i) * v.bytes, v.bytes, room, local.get(x[k]!))),
    );
  }
  return parts;
}
