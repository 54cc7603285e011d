// Segments that are reversed by a plan (recurrence/scan/revolve.ts): a constant table of rounds, and one loop over it. In each round a state is restored,
// segments are advanced over, the state is kept, a segment is reversed; how often each is done in a round, once or not at all, and for which slot or segment,
// are ranges of loops that are read from the table. So the program is as large for ten thousand segments as for two.

import { orderOf } from "../graph/body.ts";
import type { Node } from "../graph/node.ts";
import { askedBy, type ScanAttributes, stackedOp } from "../recurrence/scan/results.ts";
import { type Reversal, revolve } from "../recurrence/scan/revolve.ts";
import { newBuffer, type Program, placeOf, type Scope } from "./elements.ts";
import type { Buffer, Loop, Place, Statement } from "./loops.ts";
import { lower } from "./lower.ts";
import { count, sizesOf, wholeOf } from "./places.ts";
import { bind, newLoop, pathOf, row } from "./rounds.ts";

/** A state of a forward pass that is kept in slots; the last of them has the state before the last segment. */
export interface Kept {
  readonly state: Node;
  readonly from: Place;
  readonly slots: Place;
}

export function slotsFor(state: Node, slots: number, program: Program): Place {
  const sizes = [slots, ...sizesOf(state)];
  return wholeOf(newBuffer(program, state.dtype, count(sizes), "temporary", `${state.op.label(state.attributes)} in slots`), sizes);
}

/** The beginning of a segment of the forward pass: the state is kept, where the plan says so. */
export function keeping(kept: readonly Kept[], slots: number | undefined, loop: Loop, program: Program): readonly Statement[] {
  if (slots === undefined || kept.length === 0) return [];
  const plan = revolve(loop.steps, slots);
  const table = new Int32Array(2 * loop.steps);
  const set = (segment: number, slot: number): void => table.set([slot, slot + 1], 2 * inTime(segment, loop.steps, loop.backwards));
  for (const [segment, slot] of plan.kept) set(segment, slot);
  set(loop.steps - 1, slots);
  const keep = ranged(slots + 1, tableOf(table, "what is kept", program), 0, loop, 2, (plan.kept.size + 1) / loop.steps);
  return [{ kind: "for", loop: keep, body: kept.map(({ state, from, slots: all }) => copy(state, row(all, keep, 0), from)) }];
}

export interface Reversed {
  /** The segment that is reversed in a round. */
  readonly loop: Loop;
  /** Where its states stand, by the variables that read them. */
  readonly states: ReadonlyMap<Node, Place>;
  /** All rounds, about the statements of one reversed segment. */
  around(segment: readonly Statement[]): readonly Statement[];
}

/** The way back: where a reversed segment reads the state before it, the loop that is this segment, and the loop of rounds around it. */
export function reversed(scan: Node, slots: number, isPresent: (variable: Node) => boolean, scope: Scope): Reversed | undefined {
  const { body, reverse, segments, recurrence } = scan.attributes as ScanAttributes;
  const first = body.captured.length + body.states.length;
  const read = body.inputs.flatMap((x, i) => {
    const operand = scan.inputs[first + i]!;
    if (operand.op !== stackedOp || !isPresent(x)) return [];
    const from = operand.inputs[0]!.attributes as ScanAttributes;
    const isOurs = from.segments === segments && from.slots === slots && from.body.states.includes(askedBy(operand).of);
    return isOurs ? [{ variable: x, operand }] : [];
  });
  if (read.length === 0) return undefined;
  const forward = read[0]!.operand.inputs[0]!;
  const steps = recurrence.dim.size;
  const plan = revolve(steps, slots);
  const { program } = scope;
  const rounds = newLoop(plan.rounds.length, false);
  const table = tableOf(columnsOf(plan, steps, !reverse), "rounds", program);
  const often = (done: number): number => done / plan.rounds.length;
  const range = (of: number, column: number, done: number): Loop => ranged(of, table, column, rounds, roundColumns, often(done));
  const restore = range(slots, 0, plan.rounds.filter((r) => r.restore !== undefined).length);
  const advance: Loop = { ...range(steps, 2, plan.advances), backwards: !reverse };
  const keep = range(slots, 4, plan.rounds.filter((r) => r.keep !== undefined).length);
  const loop = range(steps, 6, steps);
  const current = read.map(({ variable, operand }) => {
    const { of } = askedBy(operand);
    const sizes = sizesOf(of);
    const own = wholeOf(newBuffer(program, of.dtype, count(sizes), "temporary", `current ${of.op.label(of.attributes)}`), sizes);
    return { variable, state: of, own, slots: placeOf(operand, scope) };
  });
  return {
    loop,
    states: new Map(current.map(({ variable, own }) => [variable, own])) as ReadonlyMap<Node, Place>,
    around: (segment: readonly Statement[]): readonly Statement[] => [
      ...current.map(({ state: of, own, slots: all }) =>
        copy(of, own, { ...all, offset: slots * all.strides[0]!, strides: all.strides.slice(1) }),
      ),
      {
        kind: "for",
        loop: rounds,
        body: [
          { kind: "for", loop: restore, body: current.map(({ state: of, own, slots: all }) => copy(of, own, row(all, restore, 0))) },
          { kind: "for", loop: advance, body: advanced(forward, new Map(current.map((c) => [c.state, c.own])), advance, scope) },
          { kind: "for", loop: keep, body: current.map(({ state: of, own, slots: all }) => copy(of, row(all, keep, 0), own)) },
          { kind: "for", loop, body: segment },
        ],
      },
    ],
  };
}

/** A segment of the forward pass, of which only the next state is wanted. */
function advanced(forward: Node, current: ReadonlyMap<Node, Place>, loop: Loop, scope: Scope): readonly Statement[] {
  const { body, outer } = forward.attributes as ScanAttributes;
  const { captured, states, inputs } = body;
  const carried = states.filter((s) => current.has(s));
  const next = carried.map((s) => body.next[states.indexOf(s)]!);
  const graph = orderOf(body, next);
  const present = new Set(graph.order);
  const places = new Map<Node, Place>(current);
  const aliases = new Map<Node, Node>();
  for (const [i, c] of captured.entries()) if (present.has(c)) bind(c, forward.inputs[i]!, scope, places, aliases);
  for (const [i, x] of inputs.entries())
    if (present.has(x)) places.set(x, row(placeOf(forward.inputs[captured.length + states.length + i]!, scope), loop, 0));
  const wanted = new Map(
    carried.map((s, i) => {
      const sizes = sizesOf(s);
      return [next[i]!, wholeOf(newBuffer(scope.program, s.dtype, count(sizes), "temporary", `next ${s.op.label(s.attributes)}`), sizes)];
    }),
  );
  const path = [...scope.path, ...pathOf(outer), loop];
  const inner: Scope = { program: scope.program, places, aliases, outer: scope, statements: [], wanted, path };
  lower(graph, inner, new Set(next));
  return [...inner.statements, ...carried.map((s, i) => copy(s, current.get(s)!, wanted.get(next[i]!)!))];
}

/** From and to, of each of the four things that are done in a round. */
export const roundColumns = 8;

function columnsOf({ rounds }: Reversal, steps: number, backwards: boolean): Int32Array {
  const one = (at: number | undefined): readonly [number, number] => (at === undefined ? [0, 0] : [at, at + 1]);
  const table = new Int32Array(roundColumns * rounds.length);
  for (const [i, { restore, advance, keep, reverse }] of rounds.entries()) {
    const segment = reverse === undefined ? undefined : inTime(reverse, steps, backwards);
    const [from, to] = advance ?? [0, 0];
    table.set([...one(restore), ...(backwards ? [steps - to, steps - from] : [from, to]), ...one(keep), ...one(segment)], roundColumns * i);
  }
  return table;
}

/** Plans count in the order in which the forward pass runs. */
function inTime(segment: number, steps: number, backwards: boolean): number {
  return backwards ? steps - 1 - segment : segment;
}

function tableOf(data: Int32Array, label: string, program: Program): Buffer {
  const buffer = newBuffer(program, "int", data.length, "constant", label);
  program.constants.set(buffer, data);
  return buffer;
}

function ranged(steps: number, table: Buffer, column: number, at: Loop, stride: number, often: number): Loop {
  const place = (offset: number): Place => ({ buffer: table, offset, strides: [], times: [{ loop: at, stride }] });
  return newLoop(steps, false, { range: { from: place(column), to: place(column + 1), often } });
}

function copy(state: Node, to: Place, from: Place): Statement {
  return { kind: "map", sizes: sizesOf(state), out: to, value: { kind: "load", from, dtype: to.buffer.dtype } };
}
