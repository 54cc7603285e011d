// A scan for a whole new leading dim of its operands at once: its body is lifted, and states that depend on what is lifted are lifted with it.

import { lift } from "../../autodiff/lift.ts";
import type { Algebra } from "../../graph/algebra.ts";
import { type Body, dependsOn, orderOf } from "../../graph/body.ts";
import type { Shape } from "../../graph/dim.ts";
import { make } from "../../graph/make.ts";
import type { LiftAt, Node } from "../../graph/node.ts";
import { ambientOrigin, building } from "../../graph/source.ts";
import { templateOp } from "../cell.ts";
import { passOp } from "../copy.ts";
import { askedBy, final, type ScanAttributes, several, stacked } from "./results.ts";

export function lifted(at: LiftAt<ScanAttributes>, m: Algebra<Node>): Node {
  const { attributes, dim, readers } = at;
  const { body, recurrence } = attributes;
  const operands = [...body.captured, ...body.states, ...body.inputs];
  const isLifted = new Set(operands.filter((_, i) => at.lifted[i]));
  const asked = readers.map((reader) => ({ reader, ...askedBy(reader) }));
  const stacks = asked.flatMap((a) => (a.kind === "stacked" ? [a.of] : []));
  const whole = orderOf(body, [...body.next, ...stacks]);
  const number = new Map(whole.order.map((n, i) => [n, i]));
  let depends = new Uint8Array(0);
  for (let before = -1; before !== isLifted.size; ) {
    before = isLifted.size;
    depends = dependsOn(whole, (n) => isLifted.has(n)) as Uint8Array<ArrayBuffer>;
    for (const [i, s] of body.states.entries()) if (depends[number.get(body.next[i]!)!] === 1) isLifted.add(s);
  }
  const wide = (n: Node, shape: Shape = n.shape): Node =>
    m.broadcast(
      n,
      [dim, ...shape],
      shape.map((_, i) => i + 1),
    );
  return building({ ...ambientOrigin(), step: undefined, cell: recurrence.dim }, () => {
    const given = new Map(
      [...isLifted].map((v) => [v, make(templateOp, [], { shape: [dim, ...v.shape], dtype: v.dtype, label: v.op.label(v.attributes) })]),
    );
    const targets = [...new Set([...body.next.filter((_, i) => isLifted.has(body.states[i]!)), ...stacks])];
    const made = new Map(lift(targets, given, dim, orderOf(body, targets)).map((n, i) => [targets[i]!, n]));
    const isComputed = (n: Node): boolean => ![...given.values()].includes(n);
    const next = body.next.map((n, i) => {
      if (!isLifted.has(body.states[i]!)) return n;
      const own = made.get(n)!;
      return isComputed(own) ? own : make(passOp, [own], {});
    });
    const moves = (of: Node): boolean => depends[number.get(of)!] === 1;
    const outputs = stacks.map((s) => (moves(s) ? made.get(s)! : s));
    const variables = (list: readonly Node[]): readonly Node[] => list.map((v) => given.get(v) ?? v);
    const derived: Body = {
      captured: variables(body.captured),
      states: variables(body.states),
      inputs: variables(body.inputs),
      next,
      outputs: [...body.outputs, ...outputs],
    };
    const [firstState, firstInput] = [body.captured.length, body.captured.length + body.states.length];
    const values = operands.map((v, i) => {
      const value = at.inputs[i]!;
      if (!isLifted.has(v)) return value;
      if (i >= firstInput) return m.transpose(value, [1, 0, ...v.shape.map((_, k) => k + 2)]);
      return i >= firstState && !at.lifted[i] ? wide(value) : value;
    });
    const scan = make(at.node.op, values, { ...attributes, body: derived });
    const results = asked.map(({ kind, of }) => {
      if (kind === "final") return isLifted.has(of) ? final(scan, given.get(of)!) : wide(final(scan, of));
      if (!moves(of)) return wide(stacked(scan, of));
      const stack = stacked(scan, made.get(of)!);
      return m.transpose(stack, [1, 0, ...of.shape.map((_, k) => k + 2)]);
    });
    return several(readers, results);
  });
}
