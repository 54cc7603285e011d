// The order of sums. An adjoint is a sum of what reaches a node from all its uses, and floating-point sums depend on their order. Here it is
// fixed, by a rule that asks nothing but where in time a use stands. It is the order in which the derivative of a scan sums by its very
// form, and the derivative of an unrolled recurrence is made to follow it: that is why both give the same bits.
//
//   a node of step t       the steps behind it, each one sum, folded as the derivative runs      what a scan hands from step to step
//                          what is outside reads of it as the last state, one sum                where that begins
//                          the stacked outputs                                                   what joins it at step t
//                          later derivatives of this step, each one sum                          the stacks that their scans read
//                          the uses within the step, in the order of the cell                    the step itself
//   a node outside (W)     each recurrence and each of its derivatives: one sum, older ones first: what is read from outside (steps
//                          folded as the derivative runs), then the first state, then inputs; then all other uses

import { bodyOf } from "../graph/body.ts";
import type { Node, Op, Origin } from "../graph/node.ts";
import { ambientOrigin, building, type Step, type Unrolling } from "../graph/source.ts";
import { algebra as m } from "../ops/algebra.ts";

export interface Contribution {
  readonly cotangent: Node;
  /** The node through which it came; undefined for what is given from outside. */
  readonly by: Node | undefined;
}

/** What reaches a node, in the order in which it is summed; each is the sum of a group, or a single contribution. */
export function termsOf(node: Node, contributions: readonly Contribution[]): readonly Node[] {
  return terms(contributions, node.origin.step, passOf(node.origin));
}

/** A sum of terms: those that know a better way to be put together are combined, the others added in order. */
export function sumTerms(list: readonly Node[]): Node {
  const rest: Node[] = [];
  const groups = new Map<Op, Node[]>();
  for (const t of list) {
    const group = t.op.combine === undefined ? undefined : groups.get(t.op);
    if (t.op.combine === undefined) rest.push(t);
    else if (group === undefined) groups.set(t.op, [t]);
    else group.push(t);
  }
  for (const group of groups.values()) {
    const combined = group.length === 1 ? group[0] : group[0]!.op.combine!(group, m);
    if (combined === undefined) rest.push(...group);
    else rest.push(combined);
  }
  return rest.reduce((a, b) => m.add(a, b));
}

/** `own` is the step of the node whose adjoint it is; `pass` the differentiation that made the node. */
function terms(list: readonly Contribution[], own: Step | undefined, pass: number): readonly Node[] {
  if (own === undefined) return atLevel(list, undefined, pass);
  const behind: Contribution[] = [];
  const beyond: Contribution[] = [];
  const stacked: Contribution[] = [];
  const within: Contribution[] = [];
  for (const c of list) {
    const at = below(c.by, own.outer);
    if (c.by === undefined || (at?.of === own.of && at.t === own.t)) within.push(c);
    else if (at?.of === own.of) behind.push(c);
    else if (c.by.op.picture?.stacks === true && sameStep(c.by.origin.step, own.outer)) stacked.push(c);
    else beyond.push(c);
  }
  return [
    ...(behind.length === 0 ? [] : [sumTerms(folded(behind, own.outer, pass))]),
    ...(beyond.length === 0 ? [] : [sumTerms(terms(beyond, own.outer, pass))]),
    ...inOrder(stacked).map((c) => c.cotangent),
    ...atLevel(within, own, pass),
  ];
}

/** What comes from a step, or from outside of all recurrences: what is given first; the sums of other passes; those of the recurrences in it; the rest. */
function atLevel(list: readonly Contribution[], step: Step | undefined, pass: number): readonly Node[] {
  if (list.length === 1) return [list[0]!.cotangent];
  const given: Node[] = [];
  const others = new Map<number, Contribution[]>();
  const recurrences = new Map<string, Recurrent>();
  const rest: Contribution[] = [];
  for (const c of list) {
    const { by } = c;
    if (by === undefined) {
      given.push(c.cotangent);
      continue;
    }
    const own = passOf(by.origin);
    const of = below(by, step)?.of ?? (bodyOf(by) === undefined ? undefined : (by.attributes.recurrence as Unrolling));
    if (step !== undefined && own !== pass) push(others, own, c);
    else if (of === undefined) rest.push(c);
    else {
      const id = of.template[0]?.id ?? 0;
      const key = `${own}/${id}`;
      const known = recurrences.get(key);
      if (known === undefined) recurrences.set(key, { pass: own, id, list: [c] });
      else known.list.push(c);
    }
  }
  const later = [...others].sort(([a], [b]) => a - b);
  const older = [...recurrences.values()].sort((a, b) => a.pass - b.pass || a.id - b.id);
  return [
    ...given,
    ...later.map(([own, group]) => sumTerms(atLevel(group, step, own))),
    ...older.map((r) => sumTerms(folded(r.list, step, r.pass))),
    ...inOrder(rest).map((c) => c.cotangent),
  ];
}

interface Recurrent {
  readonly pass: number;
  readonly id: number;
  readonly list: Contribution[];
}

/** One recurrence's steps, each a sum, in the order in which its derivative runs; a scan's own sums as they are. */
function folded(list: readonly Contribution[], outer: Step | undefined, pass: number): readonly Node[] {
  const steps = new Map<number, { readonly step: Step; readonly list: Contribution[] }>();
  const sums: Node[] = [];
  let backwards = false;
  for (const c of list) {
    const step = below(c.by, outer);
    if (step === undefined) sums.push(c.cotangent);
    else {
      backwards = runsBackwards(c.by!.origin, step.of);
      const known = steps.get(step.t);
      if (known === undefined) steps.set(step.t, { step, list: [c] });
      else known.list.push(c);
    }
  }
  const inTurn = [...steps.values()].sort((a, b) => (backwards ? a.step.t - b.step.t : b.step.t - a.step.t));
  for (const { step, list: here } of inTurn) {
    const parts = atLevel(here, step, pass);
    // pieces of one array are put together once, over all steps
    if (parts.every((n) => n.op.combine !== undefined)) sums.push(...parts);
    else sums.push(building({ ...ambientOrigin(), step }, () => sumTerms(parts)));
  }
  return sums;
}

/** The step of a node just inside of `outer`; undefined when it stands at that level itself, or elsewhere. */
function below(node: Node | undefined, outer: Step | undefined): Step | undefined {
  for (let s = node?.origin.step; s !== undefined; s = s.outer) if (sameStep(s.outer, outer)) return s;
  return undefined;
}

function sameStep(a: Step | undefined, b: Step | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && a.of === b.of && a.t === b.t && sameStep(a.outer, b.outer);
}

/** Whether the steps of a recurrence, or of a derivative of it, are computed from the last to the first: every reverse pass turns around. */
function runsBackwards({ derived }: Origin, of: Unrolling): boolean {
  let backwards = of.reverse;
  for (let d = derived; d !== undefined; d = d.of.origin.derived) if (d.pass.reverse) backwards = !backwards;
  return backwards;
}

function passOf({ derived }: Origin): number {
  return derived?.pass.number ?? 0;
}

function push<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const known = groups.get(key);
  if (known === undefined) groups.set(key, [value]);
  else known.push(value);
}

function inOrder(list: readonly Contribution[]): readonly Contribution[] {
  return list.length < 2 ? list : [...list].sort((a, b) => compare(a.by!, b.by!));
}

/** The order of a cell: that of its template; what was derived stands behind it, in the order of what it was derived from. */
function compare(a: Node, b: Node): number {
  const [x, y] = [a.origin.template ?? a, b.origin.template ?? b];
  if (x === y) return 0;
  const [d, e] = [x.origin.derived, y.origin.derived];
  if ((d === undefined) !== (e === undefined)) return d === undefined ? -1 : 1;
  if (d === undefined || e === undefined) return x.id - y.id;
  if ((d.rule === "Σ") !== (e.rule === "Σ")) return d.rule === "Σ" ? 1 : -1;
  return d.of === e.of ? x.id - y.id : compare(d.of, e.of) || x.id - y.id;
}
