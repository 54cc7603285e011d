// How scans that ask for it are cut into segments. What a plan costs is not guessed: the body of a segment is lowered and planned by itself, for two
// lengths, and grows with the length in a straight line, but for the rounding of addresses; the plan that is taken is measured again.

import * as E from "fp-ts/lib/Either.js";
import { bodyOf, orderOf, variablesOf } from "../graph/body.ts";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { sizeOf } from "../graph/dim.ts";
import type { Node } from "../graph/node.ts";
import { topological } from "../graph/traverse.ts";
import { hoistScans } from "../recurrence/scan/hoist.ts";
import { askedBy, type ScanAttributes } from "../recurrence/scan/results.ts";
import { leastAdvances, revolve } from "../recurrence/scan/revolve.ts";
import { direct, type Group, groupsOf, isPair, type Segments, segmented } from "../recurrence/scan/segments.ts";
import type { Checkpoint } from "../recurrence/types.ts";
import { newBuffer, type Program, type Scope } from "./elements.ts";
import type { Place, Precision } from "./loops.ts";
import { lower } from "./lower.ts";
import { count, sizesOf, wholeOf } from "./places.ts";
import { elementSize, planMemory, rounded } from "./plan.ts";
import { roundColumns } from "./reversal.ts";
import { lowerScan } from "./scan.ts";

/** What was decided for a recurrence. */
export interface Checkpointed {
  /** The dim of its steps. */
  readonly time: { readonly name: string; readonly size: number };
  /** Undefined where everything fits: nothing is computed again. */
  readonly segments: Segments | undefined;
  /** Bytes of states that are kept: one for each segment and one more, or in slots, with the tables of the plan. */
  readonly snapshots: number;
  /** Bytes of all that the steps of one segment need, forward and backward. */
  readonly tape: number;
  /** How many steps are computed again. */
  readonly recomputed: number;
  /** What the user allows. */
  readonly memory: number | undefined;
}

/** The same outputs, with less to be kept. A memory that not even the smallest plan fits in is a mistake. */
export function checkpointed(
  outputs: readonly Node[],
  precision: Precision,
): Checked<{ readonly outputs: readonly Node[]; readonly checkpoints: readonly Checkpointed[] }> {
  const isAsked = (n: Node): boolean => ((n.attributes as Partial<ScanAttributes>).checkpoint ?? "none") !== "none";
  if (!topological(outputs).some(isAsked)) return E.right({ outputs, checkpoints: [] });
  const checkpoints: Checkpointed[] = [];
  const left: Diagnostic[] = [];
  let now = direct(outputs);
  for (const { recurrence } of groupsOf(now)) {
    const group = groupsOf(now).find((g) => g.recurrence === recurrence)!;
    const found = planned(now, group, precision);
    if ("code" in found) {
      left.push(found);
      continue;
    }
    checkpoints.push(found);
    if (found.segments !== undefined) now = segmented(now, group, found.segments);
  }
  return left.length > 0 ? E.left(left) : E.right({ outputs: now, checkpoints });
}

function planned(outputs: readonly Node[], group: Group, precision: Precision): Checkpointed | Diagnostic {
  const { scans, recurrence } = group;
  const time = recurrence.dim;
  const steps = time.size;
  const option = (scans[0]!.attributes as ScanAttributes).checkpoint as Exclude<Checkpoint, "none">;
  const memory = option === "sqrt" ? undefined : option.memory;
  const measured = (segments: Segments): Checkpointed => ({ time, segments, memory, ...costOf(outputs, group, segments, precision) });
  const whole: Checkpointed = { time, segments: undefined, snapshots: 0, tape: 0, recomputed: 0, memory };
  if (steps < 2) return whole;
  const countOf = (length: number): number => Math.floor(steps / length);
  if (memory === undefined) return measured({ length: aboutRoot(steps), count: countOf(aboutRoot(steps)) });
  const [tapeOfLength, state] = modelOf(steps, (length) => measured({ length, count: countOf(length) }));
  const all = tapeOfLength(steps);
  if (all <= memory) return { ...whole, tape: all };
  const pair = isPair(group);
  const estimate = (length: number): Estimate => {
    const count = countOf(length);
    const left = memory - tapeOfLength(length);
    const kept = left - (count + 1) * state;
    if (!pair || kept >= 0) return { segments: { length, count }, left: kept, again: count * length };
    // beside the slots: the state before the last segment, the current one and the next
    const slots = Math.max(1, Math.min(count, Math.floor((left - mostTables(count)) / state) - 3));
    const again = (count + leastAdvances(count, slots) - (count - 1)) * length;
    return { segments: { length, count, slots }, left: left - mostTables(count) - (slots + 3) * state, again };
  };
  const estimates = Array.from({ length: Math.max(1, Math.floor(steps / 2)) }, (_, i) => estimate(i + 1));
  const byWork = [...estimates].sort((x, y) => x.again - y.again || y.segments.length - x.segments.length);
  const least = estimates.reduce((x, y) => (y.left > x.left ? y : x));
  // what is found to need more than was estimated asks for so much to be left by the next
  for (let [spare, tries] = [0, 0]; tries < 6; tries++) {
    const plan = measured((byWork.find((e) => e.left >= spare) ?? least).segments);
    const excess = plan.snapshots + plan.tape - memory;
    if (excess <= 0) return plan;
    spare += excess;
  }
  const last = measured(least.segments);
  if (last.snapshots + last.tape <= memory) return last;
  return diagnostic({
    code: "TooLarge",
    op: "scan",
    message: `checkpoint: ${memory} bytes are not enough for the ${steps} steps of ${time.name}`,
    hint: `{ memory: ${last.snapshots + last.tape} } is about the least that segments do with`,
    site: scans[0]!.origin.site,
  });
}

interface Estimate {
  readonly segments: Segments;
  /** Bytes that are left of the memory. */
  readonly left: number;
  /** Steps that are computed again. */
  readonly again: number;
}

/** Bytes of the tables of a plan, at most: no more states are kept on the way back than segments are reversed. */
const mostTables = (count: number): number => 4 * (2 * count + roundColumns * 2 * count);

/** The tape as a function of a segment's length, and what is kept for each segment. */
function modelOf(steps: number, measured: (length: number) => Checkpointed): readonly [(length: number) => number, number] {
  const [low, high] = steps < 128 ? [1, 2] : [16, 64];
  const [one, a, b] = [measured(1), measured(low), measured(high)];
  const perStep = (b.tape - a.tape) / (high - low);
  // short segments are mostly rounding: between one step and `high` the line through these
  const below = (length: number): number => one.tape + ((b.tape - one.tape) / (high - 1)) * (length - 1);
  const above = (length: number): number => b.tape + perStep * (length - high);
  return [(length) => (length < high ? below(length) : above(length)), one.snapshots / (one.segments!.count + 1)];
}

/** A length near √T, one that divides T if there is any: then no tail is left over. */
function aboutRoot(steps: number): number {
  const root = Math.sqrt(steps);
  const near = Array.from({ length: steps }, (_, i) => i + 1).filter((n) => n >= root / 1.25 && n <= root * 1.25);
  const dividing = near.filter((n) => steps % n === 0);
  const closest = (list: readonly number[]): number => list.reduce((a, b) => (Math.abs(b - root) < Math.abs(a - root) ? b : a));
  return closest(dividing.length > 0 ? dividing : near.length > 0 ? near : [Math.ceil(root)]);
}

function costOf(outputs: readonly Node[], group: Group, segments: Segments, precision: Precision) {
  const order = topological(hoistScans(segmented(outputs, group, segments)).outputs);
  const isOurs = (n: Node): boolean => (n.attributes as Partial<ScanAttributes>).segments === group.recurrence;
  const heads = order.filter((n) => bodyOf(n) !== undefined && isOurs(n));
  const states = order.filter(
    (n) => heads.includes(n.inputs[0]!) && bodyOf(n.inputs[0]!)!.states.includes(askedBy(n).of) && askedBy(n).kind === "stacked",
  );
  const bytes = (n: Node, rows: number): number => rounded(rows * sizeOf(n.shape) * elementSize({ dtype: n.dtype }, precision));
  const again = heads.map(
    (h) => orderOf(bodyOf(h)!).order.filter((n) => bodyOf(n) !== undefined && !variablesOf(bodyOf(h)!).has(n)).length - 1,
  );
  const { count: all, length, slots } = segments;
  const within = again.reduce((sum, scans) => sum + scans * all * length, 0);
  const tapes = heads.map((h) => tapeOf(h, precision));
  if (slots === undefined) {
    return {
      snapshots: states.reduce((sum, n) => sum + bytes(askedBy(n).of, all + 1), 0),
      tape: Math.max(0, ...tapes),
      recomputed: within,
    };
  }
  // slots, one for the state before the last segment; the current state, and the next one
  const own = (rows: number): number => states.reduce((sum, n) => sum + bytes(askedBy(n).of, rows), 0);
  const plan = revolve(all, slots);
  return {
    snapshots: own(slots + 1) + own(1) + rounded(4 * 2 * all) + rounded(4 * roundColumns * plan.rounds.length),
    tape: Math.max(0, ...tapes.map((t) => t + own(1))),
    recomputed: within + plan.advances * length,
  };
}

/** Bytes of what lives only within a segment: its body, lowered and planned by itself. */
function tapeOf(head: Node, precision: Precision): number {
  const body = bodyOf(head)!;
  const program: Program = { buffers: [], constants: new Map(), keys: [], faults: [], withBody: lowerScan };
  const outside = (n: Node): Place => wholeOf(newBuffer(program, n.dtype, count(sizesOf(n)), "input", "outside"), sizesOf(n));
  const places = new Map([...variablesOf(body)].map((v) => [v, outside(v)]));
  const results = [...new Set([...body.next, ...body.outputs])];
  const wanted = new Map(results.map((n) => [n, outside(n)]));
  const scope: Scope = { program, statements: [], places, aliases: new Map(), wanted, path: [] };
  lower(orderOf(body), scope, new Set(results));
  const without = planMemory({ buffers: program.buffers.filter((b) => b.life !== "temporary"), body: [] }, precision, new Set());
  return planMemory({ buffers: program.buffers, body: scope.statements }, precision, new Set()).bytes - without.bytes;
}
