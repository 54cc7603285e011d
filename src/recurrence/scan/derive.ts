// The derivative of a scan is a scan. The body of the forward pass is a function of a step
//
//   f: (s, x, θ) → (s', o)
//
// and what runs back through time is its derivative by reverse mode, (s̄', ō) ↦ (s̄, x̄, θ̄), over the same steps in the opposite direction: s̄
// is carried from step to step, θ̄ is summed on the way, x̄ is stacked. Forward mode carries ṡ in the direction of the scan. What either
// reads of the forward body it takes from stacks of the forward scan: a node of the forward body serves as a variable of the derived one, so
// nothing is copied, and the body of a derivative does not grow with T nor with the order.
//
// The order of all sums is that of the unrolled recurrence (autodiff/bracket.ts): what comes from the next step, then what joins from outside,
// then the uses within the step; θ̄ += this step's.

import { sumTerms } from "../../autodiff/bracket.ts";
import { forward } from "../../autodiff/forward.ts";
import { activeNodes, reverse } from "../../autodiff/reverse.ts";
import type { Algebra } from "../../graph/algebra.ts";
import { type Body, bodyOf, dependsOn, drawsAnew, orderOf } from "../../graph/body.ts";
import { make, nameOf } from "../../graph/make.ts";
import { type ForwardAt, hasDerivative, type Node, type ReverseAt } from "../../graph/node.ts";
import { ambientOrigin, building } from "../../graph/source.ts";
import { type Numbered, numbered } from "../../graph/traverse.ts";
import { templateOp } from "../cell.ts";
import { passOp } from "../copy.ts";
import { askedBy, final, partsOf, type ScanAttributes, several, stacked } from "./results.ts";

/** Cotangents of a scan's operands, from those of what was asked of it. */
export function backward(at: ReverseAt<ScanAttributes>, m: Algebra<Node>): readonly (Node | undefined)[] {
  const { attributes, wanted } = at;
  const { body, recurrence } = attributes;
  const asked = partsOf(at.cotangent).map(({ reader, node }) => ({ ...askedBy(reader), cotangent: node }));
  const stacks = asked.filter((a) => a.kind === "stacked");
  const whole = orderOf(body, [...body.next, ...stacks.map((s) => s.of)]);
  const operands = [...body.captured, ...body.states, ...body.inputs];
  const sources = new Set(operands.filter((v, i) => wanted[i] && v.dtype === "float"));
  const moving = movingStates(body, whole, sources);
  const finals = new Map(body.states.map((s) => [s, asked.filter((a) => a.kind === "final" && a.of === s).map((a) => a.cotangent)]));
  const reached = reachedStates(
    body,
    whole,
    moving,
    stacks.map((s) => s.of),
    (s) => finals.get(s)!.length > 0,
  );

  const carried = body.states.flatMap((state, i) => {
    if (!reached.has(state)) return [];
    const last = finals.get(state)!;
    return [
      {
        state,
        next: body.next[i]!,
        carry: variable(`δ${labelOf(state)}`, state),
        first: last.length === 0 ? m.full(state.shape, 0) : sumTerms(last),
      },
    ];
  });
  const joined = stacks.map(({ of, cotangent }) => ({ of, cotangent, part: variable(`∂${labelOf(of)}`, of) }));
  const captured = body.captured.filter((c) => sources.has(c));
  const inputs = body.inputs.filter((x) => sources.has(x));
  return building({ ...ambientOrigin(), step: undefined, cell: recurrence.dim }, () => {
    const roots = [...carried.map((c) => c.next), ...joined.map((j) => j.of)];
    const cotangents = [...carried.map((c) => c.carry), ...joined.map((j) => j.part)];
    const wrt = [...carried.map((c) => c.state), ...captured, ...inputs];
    const adjoints = new Map(reverse(roots, cotangents, wrt, orderOf(body, roots)).map((a, i) => [wrt[i]!, a]));
    const found = new Map<Node, (derived: Derived) => Node>();
    const states: DerivedState[] = [];
    for (const { state, carry, first } of carried) {
      states.push({ variable: carry, value: first, next: adjoints.get(state) ?? m.full(state.shape, 0) });
      found.set(state, (derived) => derived.final(carry));
    }
    for (const c of captured) {
      const term = adjoints.get(c);
      if (term === undefined) continue;
      const sum = variable(`∂${labelOf(c)}`, c);
      states.push({ variable: sum, value: m.full(c.shape, 0), next: m.add(sum, term) });
      found.set(c, (derived) => derived.final(sum));
    }
    const perStep: Node[] = [];
    for (const x of inputs) {
      const part = adjoints.get(x);
      if (part === undefined) continue;
      perStep.push(part);
      found.set(x, (derived) => derived.stacked(part));
    }
    const derived = scanOver(
      at.node,
      { captured: [], states, inputs: joined.map((j) => ({ variable: j.part, value: j.cotangent })) },
      perStep,
      !attributes.reverse,
    );
    return operands.map((v, i) => (wanted[i] ? found.get(v)?.(derived) : undefined));
  });
}

/** Tangents of what is asked of a scan, from those of its operands. */
export function onward(at: ForwardAt<ScanAttributes>, m: Algebra<Node>): Node | undefined {
  const { attributes, tangents, readers } = at;
  const { body, recurrence, reverse: backwards } = attributes;
  const asked = readers.map((reader) => ({ reader, ...askedBy(reader) }));
  const whole = orderOf(body, [...body.next, ...asked.filter((a) => a.kind === "stacked").map((a) => a.of)]);
  const operands = [...body.captured, ...body.states, ...body.inputs];
  const given = new Map(operands.flatMap((v, i) => (tangents[i] === undefined ? [] : [[v, tangents[i]] as const])));
  const moving = movingStates(body, whole, new Set(given.keys()));
  const bound = (v: Node, value: Node): Bound => ({ variable: variable(`d${labelOf(v)}`, v), value });
  const captured = new Map(body.captured.flatMap((c) => (given.has(c) ? [[c, bound(c, given.get(c)!)] as const] : [])));
  const inputs = new Map(body.inputs.flatMap((x) => (given.has(x) ? [[x, bound(x, given.get(x)!)] as const] : [])));
  const carried = new Map([...moving].map((s) => [s, bound(s, given.get(s) ?? m.full(s.shape, 0))]));
  return building({ ...ambientOrigin(), step: undefined, cell: recurrence.dim }, () => {
    const all = new Map([...captured, ...carried, ...inputs]);
    const targets = [
      ...new Set(
        [...moving].map((s) => body.next[body.states.indexOf(s)]!).concat(asked.flatMap((a) => (a.kind === "stacked" ? [a.of] : []))),
      ),
    ];
    const moved = forward(
      targets,
      [...all.keys()],
      [...all.values()].map((b) => b.variable),
      orderOf(body, targets),
    );
    const tangentOf = new Map(targets.map((t, i) => [t, moved[i]]));
    const states = [...carried].map(([s, b]): DerivedState => {
      const next = tangentOf.get(body.next[body.states.indexOf(s)]!);
      return { ...b, next: next ?? m.full(s.shape, 0) };
    });
    const parts = asked.flatMap((a) => {
      const of = a.kind === "final" ? carried.get(a.of)?.variable : tangentOf.get(a.of);
      return of === undefined ? [] : [{ ...a, tangent: of }];
    });
    if (parts.length === 0) return undefined;
    const perStep = parts.flatMap((p) => (p.kind === "stacked" ? [p.tangent] : []));
    const derived = scanOver(at.node, { captured: [...captured.values()], states, inputs: [...inputs.values()] }, perStep, backwards);
    return several(
      parts.map((p) => p.reader),
      parts.map((p) => (p.kind === "final" ? derived.final : derived.stacked)(p.tangent)),
    );
  });
}

/** A variable of a derived body, and the operand that gives it its value. */
interface Bound {
  readonly variable: Node;
  readonly value: Node;
}
interface DerivedState extends Bound {
  readonly next: Node;
}

/** A derived scan, and how its results are asked for. */
interface Derived {
  final(state: Node): Node;
  stacked(of: Node): Node;
}

/**
 * The derived scan. What its body reads of the forward body are variables: an outer node is bound to the same operand, what differs from step to
 * step to a stack of the forward scan; what is the same in all steps is computed in the derived body again. A state that passes every step as it is
 * (the sum of a derivative, differentiated again) is the same in all of them: no state.
 */
function scanOver(
  scan: Node,
  own: { readonly captured: readonly Bound[]; readonly states: readonly DerivedState[]; readonly inputs: readonly Bound[] },
  outputs: readonly Node[],
  backwards: boolean,
): Derived {
  const { body, recurrence, outer, checkpoint } = scan.attributes as ScanAttributes;
  const constant = own.states.filter((s) => s.next === s.variable);
  const states = own.states.filter((s) => s.next !== s.variable);
  const captured = [...own.captured, ...constant];
  const variables = new Set([...captured, ...states, ...own.inputs].map((b) => b.variable));
  const steps = orderOf(body);
  const changing = new Set([...body.states, ...body.inputs]);
  const outerNodes = new Set(body.captured);
  const varies = dependsOn(steps, (n) => changing.has(n) || (!outerNodes.has(n) && drawsAnew(n)));
  const inForward = new Set(steps.order.filter((_, i) => varies[i] === 1));
  const taken = new Set<Node>();
  const next = states.map((s) => {
    // each is computed here, and another one: as the next states of a cell are
    const given = variables.has(s.next) || outerNodes.has(s.next) || inForward.has(s.next) || taken.has(s.next);
    const result = given ? make(passOp, [s.next], {}) : s.next;
    taken.add(result);
    return result;
  });
  // what is asked of a scan within the forward body is taken from there; the scan itself has no value to be stacked
  const several = new Set([...inForward].filter((n) => bodyOf(n) !== undefined));
  const valued = [...inForward].filter((n) => !several.has(n));
  const known = new Set([...variables, ...outerNodes, ...valued, ...several]);
  for (const n of numbered([...next, ...outputs], known).order) if (!known.has(n) && n.inputs.some((x) => several.has(x))) inForward.add(n);
  for (const n of several) inForward.delete(n);
  const read = numbered([...next, ...outputs], new Set([...variables, ...outerNodes, ...inForward])).order;
  const residuals = read.filter((n) => inForward.has(n));
  const outside = read.filter((n) => outerNodes.has(n));
  const derived: Body = {
    captured: [...outside, ...captured.map((b) => b.variable)],
    states: states.map((b) => b.variable),
    inputs: [...own.inputs.map((b) => b.variable), ...residuals],
    next,
    outputs,
  };
  const operands = [
    ...outside.map((c) => scan.inputs[body.captured.indexOf(c)]!),
    ...captured.map((b) => b.value),
    ...states.map((b) => b.value),
    ...own.inputs.map((b) => b.value),
    ...residuals.map((r) => stacked(scan, r)),
  ];
  const made = make(scan.op, operands, { body: derived, recurrence, reverse: backwards, outer, checkpoint });
  return {
    final: (state) => constant.find((c) => c.variable === state)?.value ?? final(made, state),
    stacked: (of) => stacked(made, of),
  };
}

/** States that differentiable operands reach, through however many steps. */
function movingStates(body: Body, whole: Numbered, sources: ReadonlySet<Node>): ReadonlySet<Node> {
  const moving = new Set(body.states.filter((s) => sources.has(s)));
  const number = new Map(whole.order.map((n, i) => [n, i]));
  for (let before = -1; before !== moving.size; ) {
    before = moving.size;
    const active = activeNodes(whole, [...sources, ...moving]);
    for (const [i, s] of body.states.entries()) if (s.dtype === "float" && active[number.get(body.next[i]!)!] === 1) moving.add(s);
  }
  return moving;
}

/** Those of them from which something asked for is reached, through however many steps. */
function reachedStates(
  body: Body,
  { order, operands, start }: Numbered,
  moving: ReadonlySet<Node>,
  stacks: readonly Node[],
  isAsked: (state: Node) => boolean,
): ReadonlySet<Node> {
  const reached = new Set([...moving].filter(isAsked));
  const number = new Map(order.map((n, i) => [n, i]));
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    const marked = new Uint8Array(order.length);
    for (const n of stacks) marked[number.get(n)!] = 1;
    for (const [i, s] of body.states.entries()) if (reached.has(s)) marked[number.get(body.next[i]!)!] = 1;
    for (let i = order.length - 1; i >= 0; i--) {
      const { op, dtype } = order[i]!;
      if (marked[i] === 0 || dtype !== "float" || op.constant === true || !hasDerivative(op.vjp)) continue;
      for (let k = start[i]!; k < start[i + 1]!; k++) marked[operands[k]!] = 1;
    }
    for (const s of moving) if (number.has(s) && marked[number.get(s)!] === 1) reached.add(s);
  }
  return reached;
}

function variable(label: string, { shape }: Node): Node {
  return make(templateOp, [], { shape, dtype: "float" as const, label });
}

function labelOf(node: Node): string {
  return nameOf(node) ?? node.op.label(node.attributes);
}
