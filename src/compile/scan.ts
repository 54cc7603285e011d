// A scan becomes a time loop over its body. Slices of inputs are places that move with the step. What is asked for at every step is stored in its row
// of the stack right away; a state of which all steps are asked for lives in a stack with one row more than there are steps, so that the state
// before a step and the state after it are two rows, and nothing is copied.

import { type Body, bodyOf, dependsOn, drawsAnew, neededFor, variablesOf } from "../graph/body.ts";
import type { Node } from "../graph/node.ts";
import type { Numbered } from "../graph/traverse.ts";
import { askedBy, type ScanAttributes } from "../recurrence/scan/results.ts";
import { elementsOf, fresh, newBuffer, placeOf, type Scope } from "./elements.ts";
import type { Buffer, Expression, Loop, Place, Statement } from "./loops.ts";
import { lower } from "./lower.ts";
import { count, identityMap, rowMajor, sizesOf } from "./places.ts";
import { buffersOf } from "./plan.ts";
import { type Kept, keeping, reversed, slotsFor } from "./reversal.ts";
import { bind, newLoop, pathOf, row } from "./rounds.ts";

export function lowerScan(scan: Node, readers: readonly Node[], scope: Scope): void {
  const { body, recurrence, reverse, outer, part, slots } = scan.attributes as ScanAttributes;
  const { captured, states, inputs, next } = body;
  const steps = recurrence.dim.size;
  const asked = readers.map((r) => ({ reader: r, ...askedBy(r) }));
  const graph = neededFor(body, asked);
  const present = new Set(graph.order);
  const { program } = scope;
  const reversal = slots === undefined ? undefined : reversed(scan, slots, (x) => present.has(x), scope);
  const loop: Loop = reversal?.loop ?? newLoop(steps, reverse, { from: part?.from ?? 0, ofSegment: part?.ofSegment ?? false });

  const places = new Map<Node, Place>();
  const aliases = new Map<Node, Node>();
  for (const [i, c] of captured.entries()) if (present.has(c)) bind(c, scan.inputs[i]!, scope, places, aliases);
  for (const [i, x] of inputs.entries()) {
    if (!present.has(x)) continue;
    const current = reversal?.states.get(x);
    if (current !== undefined) {
      places.set(x, current);
      continue;
    }
    const all = placeOf(scan.inputs[captured.length + states.length + i]!, scope);
    places.set(x, row(all, loop, 0));
  }

  const stacked = new Set(asked.flatMap((a) => (a.kind === "stacked" ? [a.of] : [])));
  const wanted = new Map<Node, Place>();
  const copies: Copy[] = [];
  const kept: Kept[] = [];
  const last = new Map<Node, Place>();
  const stacks = new Map<Node, Place>();
  for (const [i, s] of states.entries()) {
    if (!present.has(s)) continue;
    const after = next[i]!;
    const sizes = sizesOf(s);
    const label = s.op.label(s.attributes);
    const first = scan.inputs[captured.length + i]!;
    const start = (out: Place): void => {
      scope.statements.push({ kind: "map", sizes, out, value: elementsOf(first, identityMap(sizes.length), fresh(scope, sizes.length)) });
    };
    const isKept = slots !== undefined && stacked.has(s); // in slots, not in a stack
    if (!isKept && (stacked.has(s) || stacked.has(after))) {
      const all: Place = {
        buffer: newBuffer(program, s.dtype, (steps + 1) * count(sizes), "temporary", `${label} of all steps`),
        offset: 0,
        strides: rowMajor([steps + 1, ...sizes]),
        times: [],
      };
      const size = count(sizes);
      const [before, behind] = reverse ? [size, 0] : [0, size];
      start({ ...all, offset: reverse ? steps * size : 0, strides: all.strides.slice(1) });
      places.set(s, row({ ...all, offset: before }, loop, 0));
      wanted.set(after, row({ ...all, offset: behind }, loop, 0));
      stacks.set(s, { ...all, offset: before });
      stacks.set(after, { ...all, offset: behind });
      last.set(s, { ...all, offset: reverse ? 0 : steps * size, strides: all.strides.slice(1) });
    } else {
      const own: Place = {
        buffer: newBuffer(program, s.dtype, count(sizes), "temporary", label),
        offset: 0,
        strides: rowMajor(sizes),
        times: [],
      };
      const aside: Place = { ...own, buffer: newBuffer(program, s.dtype, count(sizes), "temporary", `next ${label}`) };
      start(own);
      places.set(s, own);
      wanted.set(after, aside);
      last.set(s, own);
      copies.push({ to: own, from: aside, sizes });
      if (isKept) kept.push({ state: s, from: own, slots: slotsFor(s, slots + 1, program) });
    }
  }
  for (const { state, slots: all } of kept) stacks.set(state, all);
  for (const of of stacked) {
    if (stacks.has(of) || variablesOf(body).has(of)) continue;
    const sizes = [steps, ...sizesOf(of)];
    const all: Place = {
      buffer: newBuffer(program, of.dtype, count(sizes), "temporary", `${of.op.label(of.attributes)} of all steps`),
      offset: 0,
      strides: rowMajor(sizes),
      times: [],
    };
    stacks.set(of, all);
    wanted.set(of, row(all, loop, 0));
  }

  const path = [...scope.path, ...pathOf(outer), loop];
  const common = { program, places, aliases, outer: scope };
  // what is the same in every step is computed once, before the loop
  const fixed = fixedIn(graph, body);
  const isMoving = (n: Node): boolean => !fixed.has(n);
  const before: Scope = { ...common, statements: scope.statements, wanted: new Map(), path: scope.path };
  lower(
    restrictedTo(graph, (n) => fixed.has(n) || places.has(n) || aliases.has(n)),
    before,
    readBy(graph, fixed, isMoving),
  );
  const inner: Scope = { ...common, statements: [], wanted, path };
  lower(graph, inner, new Set([...wanted.keys()]));
  const every = inPlace(inner.statements, copies);
  if (reversal !== undefined) scope.statements.push(...reversal.around(every));
  else scope.statements.push({ kind: "for", loop, body: [...keeping(kept, slots, loop, program), ...every] });

  for (const { reader, kind, of } of asked) {
    const made = kind === "final" ? last.get(of)! : (stacks.get(of) ?? everyStep(of, scan, scope));
    const elsewhere = scope.wanted.get(reader); // a row of a stack around
    if (elsewhere !== undefined) {
      scope.statements.push({
        kind: "map",
        sizes: sizesOf(reader),
        out: elsewhere,
        value: { kind: "load", from: made, dtype: reader.dtype },
      });
    }
    scope.places.set(reader, elsewhere ?? made);
  }
}

/** The end of a step: the next state takes the state's place. */
interface Copy {
  readonly to: Place;
  readonly from: Place;
  readonly sizes: readonly number[];
}

/** A next state that is computed when nobody reads the state any more is written right where the state is. The others are copied at the end. */
function inPlace(statements: readonly Statement[], copies: readonly Copy[]): readonly Statement[] {
  let body = statements;
  const left: Statement[] = [];
  for (const { to, from, sizes } of copies) {
    const writer = body.findIndex((s) => touches(s, from.buffer));
    const after = body.slice(writer + 1).every((s) => !touches(s, to.buffer));
    const free = writer >= 0 && after && (!touches(body[writer]!, to.buffer) || elementByElement(body[writer]!, to.buffer));
    if (free) body = body.map((s) => renamed(s, from.buffer, to.buffer));
    else left.push({ kind: "map", sizes, out: to, value: { kind: "load", from, dtype: to.buffer.dtype } });
  }
  return [...body, ...left];
}

/** Whether a statement reads of a buffer, for each element, just the one that stands where the result goes. */
function elementByElement(s: Statement, buffer: Buffer): boolean {
  if (s.kind !== "map") return false;
  const { out } = s;
  const reads = (e: Expression): boolean => {
    if (e.kind === "load")
      return e.from.buffer !== buffer || (e.from.offset === out.offset && e.from.strides.every((x, i) => x === out.strides[i]));
    return e.kind === "cast" ? reads(e.operand) : e.kind !== "operation" || e.operands.every(reads);
  };
  return reads(s.value);
}

function touches(s: Statement, buffer: Buffer): boolean {
  return s.kind === "for" ? s.body.some((b) => touches(b, buffer)) : buffersOf(s).includes(buffer);
}

/** The statement with one buffer in the place of another. */
function renamed(s: Statement, from: Buffer, to: Buffer): Statement {
  if (!touches(s, from)) return s;
  const place = (p: Place): Place => (p.buffer === from ? { ...p, buffer: to } : p);
  const known = new Map<Expression, Expression>();
  const value = (e: Expression): Expression => {
    const before = known.get(e);
    if (before !== undefined) return before;
    const made: Expression =
      e.kind === "load"
        ? { ...e, from: place(e.from) }
        : e.kind === "cast"
          ? { ...e, operand: value(e.operand) }
          : e.kind === "operation"
            ? { ...e, operands: e.operands.map(value) }
            : e;
    known.set(e, made);
    return made;
  };
  switch (s.kind) {
    case "for":
      return { ...s, body: s.body.map((b) => renamed(b, from, to)) };
    case "map":
    case "reduce":
      return { ...s, out: place(s.out), value: value(s.value) };
    case "contract":
      return { ...s, out: place(s.out), a: place(s.a), b: place(s.b) };
    case "gather":
      return { ...s, out: place(s.out), table: place(s.table), at: place(s.at) };
    case "scatter":
      return { ...s, out: place(s.out), updates: place(s.updates), at: place(s.at) };
  }
}

/** A variable that is asked for at every step: an input is its own stack, what is captured the same at every step. */
function everyStep(variable: Node, scan: Node, scope: Scope): Place {
  const { body } = scan.attributes as ScanAttributes;
  const input = body.inputs.indexOf(variable);
  if (input >= 0) return placeOf(scan.inputs[body.captured.length + body.states.length + input]!, scope);
  const outside = placeOf(scan.inputs[body.captured.indexOf(variable)]!, scope);
  return { ...outside, strides: [0, ...outside.strides] };
}

function fixedIn(graph: Numbered, body: Body): ReadonlySet<Node> {
  const variables = variablesOf(body);
  const changing = new Set([...body.states, ...body.inputs]);
  const varies = dependsOn(graph, (n) => changing.has(n) || (!variables.has(n) && drawsAnew(n)));
  return new Set(graph.order.filter((n, i) => varies[i] === 0 && !variables.has(n) && graph.start[i] !== graph.start[i + 1]));
}

/** Fixed nodes that moving ones read. */
function readBy({ order, operands, start }: Numbered, fixed: ReadonlySet<Node>, reads: (n: Node) => boolean): ReadonlySet<Node> {
  const found = new Set<Node>();
  for (const [i, node] of order.entries()) {
    if (!reads(node)) continue;
    for (let k = start[i]!; k < start[i + 1]!; k++) {
      const x = order[operands[k]!]!;
      if (fixed.has(x) && bodyOf(x) === undefined) found.add(x);
    }
  }
  return found;
}

/** The part of an order that a test selects; what is read from elsewhere must be bound. */
function restrictedTo(graph: Numbered, keep: (n: Node) => boolean): Numbered {
  const order: Node[] = [];
  const number = new Map<number, number>();
  for (const [i, n] of graph.order.entries()) {
    if (!keep(n) && graph.start[i] !== graph.start[i + 1]) continue;
    number.set(i, order.length);
    order.push(n);
  }
  const start = new Int32Array(order.length + 1);
  const operands: number[] = [];
  for (const [i] of graph.order.entries()) {
    const own = number.get(i);
    if (own === undefined) continue;
    for (let k = graph.start[i]!; k < graph.start[i + 1]!; k++) operands.push(number.get(graph.operands[k]!)!);
    start[own + 1] = operands.length;
  }
  return { order, operands: Int32Array.from(operands), start, outputs: new Int32Array() };
}
