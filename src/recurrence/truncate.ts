// Truncated backpropagation through time. Every `forward` steps there is a backward pass, for the losses of those steps, and it goes back over the
// last `backward` steps (Williams & Peng, 1990: BPTT(h; h')). With b(t) for the end of the stretch in which step t stands, what is kept of
//
//   ∂E/∂W = Σ_t Σ_{k≤t} ∂E_t/∂h_t · ∂h_t/∂h_k · ∂⁺h_k/∂W       are the terms with   k ≥ b(t) − backward
//
// and nothing else is changed. The gradient is that of a graph in which some states count as constant: so it is right in every mode and to any
// order, checks prove it, and pictures show where it is cut. Where forward = backward, one chain of states is cut at the end of every stretch. Otherwise
// passes overlap, and what is cut for one must not be cut for another: the cell is then made several times in a step, in *lanes*. All have the same
// values; each is cut where its own next pass begins, and a step's outputs are read from the lane of its pass.

import { type Body, dependsOn, orderOf } from "../graph/body.ts";
import type { Dim } from "../graph/dim.ts";
import { make, withOperands } from "../graph/make.ts";
import type { Node, Op } from "../graph/node.ts";
import { ambientOrigin, building } from "../graph/source.ts";
import { dependents } from "../graph/traverse.ts";
import { algebra as m } from "../ops/algebra.ts";
import { constantNode } from "../ops/constant.ts";
import { type Template, templateOp } from "./cell.ts";
import { identity, passOp } from "./copy.ts";
import type { Truncation } from "./types.ts";

/** The state before a step, which counts as constant: no gradient passes. A node of its own, so that it can be told from what a user stops. */
export const cutOp: Op = {
  ...identity,
  name: "truncate",
  doc: "The state before a step; a truncated gradient ends here.",
  constant: true,
  vjp: () => [undefined],
  jvp: () => undefined,
  label: () => "truncate",
  latex: ([a]) => `\\operatorname{stop}(${a})`,
};

/** A backward pass: the losses of steps `from` to `end`, back to step `start`. In the order in which steps are made; ends are excluded. */
export interface Pass {
  readonly start: number;
  readonly from: number;
  readonly end: number;
  /** The lane whose states it goes back through. */
  readonly lane: number;
}

export function passesOf(steps: number, { forward, backward }: Truncation): readonly Pass[] {
  const busy: number[] = []; // until which step each lane serves another pass
  const passes: Pass[] = [];
  for (let from = 0; from < steps; from += forward) {
    const end = Math.min(steps, from + forward);
    const start = Math.max(0, end - backward);
    const free = busy.findIndex((until) => until <= start);
    const lane = free < 0 ? busy.length : free;
    busy[lane] = end;
    passes.push({ start, from, end, lane });
  }
  return passes;
}

/** The template with its states cut where passes begin. Where every pass goes back to the first step, the template itself. */
export function truncated(template: Template, truncation: Truncation | undefined): Template {
  const { body, first, over, own, recurrence } = template;
  const time = recurrence.dim as Dim;
  const passes = truncation === undefined ? [] : passesOf(time.size, truncation);
  if (passes.every((p) => p.start === 0)) return template;
  const stepOf = (k: number): number => (recurrence.reverse ? time.size - 1 - k : k);
  /** A yes or no for each step: the name that it has in the step, and the values. */
  const flag = (label: string, steps: readonly number[]) => {
    const data = new Uint8Array(time.size);
    for (const k of steps) data[stepOf(k)] = 1;
    const values = building(outside, () => constantNode([time], "bool", data));
    return { variable: make(templateOp, [], { shape: [], dtype: "bool" as const, label }), values };
  };
  const outside = ambientOrigin();
  return building({ ...outside, cell: time }, () => {
    const byLane = Array.from({ length: Math.max(...passes.map((p) => p.lane)) + 1 }, (_, lane) => passes.filter((p) => p.lane === lane));
    const cuts = byLane.map((list) =>
      flag(
        "cut_t",
        list.map((p) => p.start).filter((k) => k > 0),
      ),
    );
    const reads = byLane.slice(1).map((list) =>
      flag(
        "lane_t",
        list.flatMap(({ from, end }) => Array.from({ length: end - from }, (_, i) => from + i)),
      ),
    );
    const lanes = cuts.map((cut, i) => laneOf(template, cut.variable, i === 0));
    const outputs = body.outputs.map((_, o) =>
      lanes.slice(1).reduce((read, lane, i) => {
        const other = lane.outputs[o]!;
        return other === read ? read : selected(reads[i]!.variable, other, read, 1);
      }, lanes[0]!.outputs[o]!),
    );
    const flags = [...cuts, ...reads];
    const whole: Body = {
      captured: body.captured,
      states: lanes.flatMap((l) => l.states),
      inputs: [...body.inputs, ...flags.map((f) => f.variable)],
      next: lanes.flatMap((l) => l.next),
      outputs,
    };
    const { order } = orderOf(whole);
    const variables = new Set([...whole.states, ...whole.inputs]);
    const anew = dependents(order, new Set([...variables, ...own, ...lanes.flatMap((l) => l.copies)]));
    const instances = order.filter((n) => anew.has(n) && !variables.has(n));
    return {
      ...template,
      body: whole,
      own: instances,
      first: lanes.flatMap(() => first),
      over: [...over, ...flags.map((f) => f.values)],
      recurrence: {
        ...recurrence,
        template: [...variables, ...instances],
        carries: whole.states.map((state, i) => ({ state, next: whole.next[i]!, from: first[i % first.length]! })),
      },
      laneAt: (t) => passes[Math.floor(stepOf(t) / truncation!.forward)]!.lane,
    };
  });
}

interface Lane extends Pick<Body, "states" | "next" | "outputs"> {
  /** Next states that are no lane's own: what rests on inputs alone is made once for all lanes. */
  readonly copies: readonly Node[];
}

/** The cell once more, from states of its own. */
function laneOf({ body, own }: Template, cut: Node, isFirst: boolean): Lane {
  const graph = orderOf(body);
  const isCarried = dependsOn(graph, (n) => body.states.includes(n));
  const carried = new Set(graph.order.filter((_, i) => isCarried[i] === 1));
  const states = body.states.map((s) => (isFirst ? s : make(templateOp, [], s.attributes as Parameters<typeof templateOp.label>[0])));
  const now = new Map(states.map((s, i) => [body.states[i]!, cutAt(cut, s)]));
  const at = (n: Node): Node => now.get(n) ?? n;
  for (const n of own) if (carried.has(n)) now.set(n, withOperands(n, n.inputs.map(at)));
  const copies: Node[] = [];
  const copy = (n: Node): Node => {
    const made = make(passOp, [n], {});
    copies.push(made);
    return made;
  };
  return { states, next: body.next.map((n) => (isFirst || carried.has(n) ? at(n) : copy(n))), outputs: body.outputs.map(at), copies };
}

/** The state before a step, cut where a pass begins. Whole numbers carry no gradient. */
function cutAt(cut: Node, state: Node): Node {
  return state.dtype === "float" ? selected(cut, make(cutOp, [state], {}), state, 2) : state;
}

/** One of two nodes of equal value: `shows` is the operand that pictures draw. */
function selected(flag: Node, a: Node, b: Node, shows: 1 | 2): Node {
  const { call } = ambientOrigin();
  return building({ ...ambientOrigin(), call: { name: call?.name ?? "truncate", glue: true, selects: shows } }, () => m.where(flag, a, b));
}
