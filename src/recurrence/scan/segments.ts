// Checkpointing as a graph of graphs: the steps of a scan are cut into segments, and what a derivative needs of the forward pass is not kept for all
// steps but computed again, a segment at a time, from the state before the segment (Chen et al., 2016, Training deep nets with sublinear memory cost).
//
//   forward    F of T steps            a scan over N segments, in it F of L steps; asked for the states before each: snapshots
//   backward   B, which reads stacks   a scan over N segments from the other end, in it F of L steps from the snapshot, whose stacks are the tape, and B of L steps
//              of F
//
// Whatever the order of differentiation: a scan that reads stacks of others has those in its segments, each from its own snapshots. The steps that
// are left over (T − N·L, at the end of time) are ordinary scans. Values are the same, bit for bit, for every sum goes on from segment to segment.

import { type Body, bodyOf, neededFor } from "../../graph/body.ts";
import { type Dim, dim } from "../../graph/dim.ts";
import { make, withOperands } from "../../graph/make.ts";
import type { Node } from "../../graph/node.ts";
import { ambientOrigin, building, type Unrolling } from "../../graph/source.ts";
import { topological } from "../../graph/traverse.ts";
import { algebra as m } from "../../ops/algebra.ts";
import { templateOp } from "../cell.ts";
import { askedBy, final, type ScanAttributes, stacked, stackedOp, timeOf } from "./results.ts";

/** N segments of L steps; what is left over is a tail. */
export interface Segments {
  readonly count: number;
  readonly length: number;
  /** In how many slots states are kept on the way back (revolve.ts); one for each segment when left out. Of pairs alone. */
  readonly slots?: number;
}

/** The scans of one recurrence, forward and derived, of which some read stacks of others. */
export interface Group {
  readonly recurrence: Unrolling;
  readonly scans: readonly Node[];
  /** Stacks that only scans of the group read: with checkpoints they are not kept. */
  readonly inner: ReadonlySet<Node>;
}

/** The same outputs, where who asks a scan for an input of its body at all steps asks for what the scan runs over. */
export function direct(outputs: readonly Node[]): readonly Node[] {
  const now = new Map<Node, Node>();
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map((x) => now.get(x)!);
    const body = node.op === stackedOp ? bodyOf(inputs[0]!)! : undefined;
    const input = body === undefined ? -1 : body.inputs.indexOf(askedBy(node).of);
    if (input >= 0) now.set(node, inputs[0]!.inputs[body!.captured.length + body!.states.length + input]!);
    else now.set(node, inputs.every((x, i) => x === node.inputs[i]) ? node : withOperands(node, inputs));
  }
  return outputs.map((o) => now.get(o)!);
}

/** What checkpointing may change: recurrences that ask for it, with a derivative that reads the forward pass. */
export function groupsOf(outputs: readonly Node[]): readonly Group[] {
  const order = topological(outputs);
  const wanted = new Set(outputs);
  const users = new Map<Node, Node[]>();
  for (const n of order) for (const x of n.inputs) users.set(x, [...(users.get(x) ?? []), n]);
  const scans = new Map<Unrolling, Node[]>();
  for (const n of order) {
    const { recurrence, checkpoint = "none" } = n.attributes as Partial<ScanAttributes>;
    if (bodyOf(n) === undefined || recurrence === undefined || checkpoint === "none") continue;
    scans.set(recurrence, [...(scans.get(recurrence) ?? []), n]);
  }
  const found: Group[] = [];
  for (const [recurrence, all] of scans) {
    const own = new Set(all);
    const recomputable = (n: Node): boolean => {
      const { captured } = bodyOf(n.inputs[0]!)!;
      return !captured.includes(askedBy(n).of);
    };
    const isInput = (n: Node, of: Node): boolean => {
      if (!own.has(of)) return false;
      const { captured, states } = bodyOf(of)!;
      return !of.inputs.slice(0, captured.length + states.length).includes(n);
    };
    const isInner = (n: Node): boolean =>
      n.op === stackedOp && own.has(n.inputs[0]!) && !wanted.has(n) && recomputable(n) && users.get(n)!.every((u) => isInput(n, u));
    const inner = new Set(order.filter(isInner));
    const involved = all.filter((s) => s.inputs.some((x) => inner.has(x)) || users.get(s)?.some((u) => inner.has(u)));
    if (inner.size > 0) found.push({ recurrence, scans: involved, inner });
  }
  return found;
}

/** A forward pass, and one derivative of it that runs the other way: these can be reversed by a plan. */
export function isPair({ scans, inner }: Group): boolean {
  const [forward, backward] = scans as [Node, Node];
  if (scans.length !== 2 || ![...inner].every((n) => n.inputs[0] === forward && backward.inputs.includes(n))) return false;
  return (forward.attributes as ScanAttributes).reverse !== (backward.attributes as ScanAttributes).reverse;
}

/** A scan in pieces. */
interface Pieces {
  /** Over segments. */
  readonly head: Node;
  /** The head's variable for each state of the body. */
  readonly before: ReadonlyMap<Node, Node>;
  /** The node of the head's body that has a segment's values of a node of the body. */
  readonly rows: ReadonlyMap<Node, Node>;
  readonly tail: Node | undefined;
}

/** The same outputs, with the scans of a group in segments. */
export function segmented(outputs: readonly Node[], { scans, inner }: Group, { count, length, slots }: Segments): readonly Node[] {
  const order = topological(outputs);
  const own = new Set(scans);
  const readers = new Map<Node, Node[]>();
  for (const n of order) {
    const scan = n.inputs[0];
    if (scan !== undefined && own.has(scan)) readers.set(scan, [...(readers.get(scan) ?? []), n]);
  }
  const pieces = new Map<Node, Pieces>();
  const now = new Map<Node, Node>();
  const at = (n: Node): Node => now.get(n)!;
  const world: World = { now: at, inner, pieces, readers, segment: sized("segments", count), length, slots };
  for (const node of order) {
    const from = node.inputs[0];
    if (own.has(node)) {
      const { site, step, derived } = node.origin;
      pieces.set(
        node,
        building({ ...ambientOrigin(), site, step, derived }, () => cut(node, world)),
      );
      now.set(node, node);
    } else if (from !== undefined && own.has(from)) {
      if (!inner.has(node)) now.set(node, joined(node, from, world));
    } else {
      const inputs = node.inputs.map(at);
      now.set(node, inputs.every((x, i) => x === node.inputs[i]) ? node : withOperands(node, inputs));
    }
  }
  return outputs.map(at);
}

interface World {
  readonly now: (node: Node) => Node;
  readonly inner: ReadonlySet<Node>;
  readonly pieces: ReadonlyMap<Node, Pieces>;
  readonly readers: ReadonlyMap<Node, readonly Node[]>;
  readonly segment: Dim;
  readonly length: number;
  readonly slots: number | undefined;
}

/** A dim of its own: in a graph, one name has one size. */
function sized(name: string, size: number): Dim {
  return dim(`${name}:${size}`, size);
}

/** A scan without what nobody asks for, and the operands of what is left. */
function needed(scan: Node, readers: readonly Node[]) {
  const body = bodyOf(scan)!;
  const operand = new Map([...body.captured, ...body.states, ...body.inputs].map((v, i) => [v, scan.inputs[i]!]));
  const present = new Set(neededFor(body, readers.map(askedBy)).order);
  const keep = (list: readonly Node[]): readonly Node[] => list.filter((v) => present.has(v));
  const states = keep(body.states);
  const next = states.map((s) => body.next[body.states.indexOf(s)]!);
  const pruned: Body = { ...body, captured: keep(body.captured), states, inputs: keep(body.inputs), next, outputs: [] };
  return { body: pruned, operand };
}

function cut(scan: Node, world: World): Pieces {
  const { recurrence, reverse, outer } = scan.attributes as ScanAttributes;
  const { now, inner, pieces, readers, segment, length, slots } = world;
  const time = timeOf(scan);
  const asked = readers.get(scan) ?? [];
  const { body, operand } = needed(scan, asked);
  const first = body.states.map((s) => now(operand.get(s)!));
  const done = segment.size * length;
  const rest = time.size - done;

  const tailFrom = (from: readonly Node[]): Node => {
    const last = sized(time.name, rest);
    const inputs = body.inputs.map((x) => {
      const v = operand.get(x)!;
      return inner.has(v) ? stacked(pieces.get(v.inputs[0]!)!.tail!, askedBy(v).of) : m.slice(now(v), 0, done, last);
    });
    const attributes = {
      body,
      recurrence: { ...recurrence, dim: last },
      reverse,
      outer,
      part: { of: recurrence, from: done, ofSegment: false },
    };
    return make(scan.op, [...body.captured.map((c) => now(operand.get(c)!)), ...from, ...inputs], attributes);
  };
  const tailFirst = rest > 0 && reverse ? tailFrom(first) : undefined;
  const headFrom = tailFirst === undefined ? first : body.states.map((s) => final(tailFirst, s));

  // the body of a segment: variables, and what they stand for
  const captured = new Set<Node>();
  const inputs = new Map<Node, Node>();
  const shared = (v: Node): Node => {
    captured.add(v);
    return v;
  };
  const steps = sized(time.name, length);
  const variable = (like: Node, shape: Node["shape"]): Node =>
    make(templateOp, [], { shape, dtype: like.dtype, label: like.op.label(like.attributes) });
  const slices = new Map<Node, Node>();
  const sliceOf = (v: Node): Node => {
    const known = slices.get(v);
    if (known !== undefined) return known;
    const made = variable(v, [steps, ...v.shape.slice(1)]);
    const whole = now(v);
    const used = rest === 0 ? whole : m.slice(whole, 0, 0, sized(time.name, done));
    inputs.set(made, m.reshape(used, [segment, steps, ...v.shape.slice(1)]));
    slices.set(v, made);
    return made;
  };
  const within = new Map<Node, Node>();
  /** A scan over the steps of the segment. */
  const ofSegment = (of: Node, needs: ReturnType<typeof needed>, from: readonly Node[]): Node => {
    const { recurrence: whole, reverse: backwards } = of.attributes as ScanAttributes;
    const over = needs.body.inputs.map((x) => {
      const v = needs.operand.get(x)!;
      return inner.has(v) ? stacked(again(v.inputs[0]!), askedBy(v).of) : sliceOf(v);
    });
    const attributes = {
      body: needs.body,
      recurrence: { ...whole, dim: steps },
      reverse: backwards,
      part: { of: whole, from: 0, ofSegment: true },
    };
    return make(of.op, [...needs.body.captured.map((c) => shared(now(needs.operand.get(c)!))), ...from, ...over], attributes);
  };
  /** The steps of another scan once more, from its state before the segment. */
  const again = (of: Node): Node => {
    const known = within.get(of);
    if (known !== undefined) return known;
    const needs = needed(
      of,
      (readers.get(of) ?? []).filter((r) => inner.has(r)),
    );
    const own = pieces.get(of)!;
    const from = needs.body.states.map((s) => {
      const made = variable(s, s.shape);
      inputs.set(made, stacked(own.head, own.before.get(s)!));
      return made;
    });
    const made = ofSegment(of, needs, from);
    within.set(of, made);
    return made;
  };
  const states = body.states.map((s) => variable(s, s.shape));
  const loop = ofSegment(scan, { body, operand }, states);
  const rows = new Map<Node, Node>();
  for (const { kind, of } of asked.filter((r) => !inner.has(r)).map(askedBy)) {
    if (kind === "stacked" && !body.captured.includes(of) && !rows.has(of)) rows.set(of, stacked(loop, of));
  }
  const outerBody: Body = {
    captured: [...captured],
    states,
    inputs: [...inputs.keys()],
    next: body.states.map((s) => final(loop, s)),
    outputs: [...rows.values()],
  };
  const head = make(scan.op, [...captured, ...headFrom, ...inputs.values()], {
    body: outerBody,
    recurrence: { ...recurrence, dim: segment },
    reverse,
    outer,
    segments: recurrence,
    slots,
  });
  const tail = rest > 0 && !reverse ? tailFrom(body.states.map((_, i) => final(head, states[i]!))) : tailFirst;
  return { head, before: new Map(body.states.map((s, i) => [s, states[i]!])), rows, tail };
}

/** What a reader asks for, put together from the pieces. */
function joined(reader: Node, scan: Node, { now, pieces, segment, length }: World): Node {
  const { kind, of } = askedBy(reader);
  const { head, before, rows, tail } = pieces.get(scan)!;
  const { reverse } = scan.attributes as ScanAttributes;
  if (kind === "final") return tail === undefined || reverse ? final(head, before.get(of)!) : final(tail, of);
  const body = bodyOf(scan)!;
  const time = timeOf(scan);
  const shared = body.captured.indexOf(of);
  if (shared >= 0)
    return m.broadcast(
      now(scan.inputs[shared]!),
      [time, ...of.shape],
      of.shape.map((_, i) => i + 1),
    );
  const all = stacked(head, rows.get(of)!);
  if (tail === undefined) return m.reshape(all, [time, ...of.shape]);
  const done = sized(time.name, segment.size * length);
  return m.concat([m.reshape(all, [done, ...of.shape]), stacked(tail, of)], 0, time);
}
