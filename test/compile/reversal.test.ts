// Segments that are reversed by a plan give the bits of segments whose states are all kept, however few slots there are, in as many steps as was said.

import { add, dropout, grad, graph, input, mul, scan, sum, type Tensor, tanh } from "clew";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loopsOf } from "../../src/compile/graph-loops.ts";
import type { Loop, LoopProgram, Statement } from "../../src/compile/loops.ts";
import { sizeOf } from "../../src/graph/dim.ts";
import { nameOf } from "../../src/graph/make.ts";
import type { Node } from "../../src/graph/node.ts";
import { nodesOf } from "../../src/graph/tree.ts";
import { hoistScans } from "../../src/recurrence/scan/hoist.ts";
import { leastAdvances } from "../../src/recurrence/scan/revolve.ts";
import { direct, groupsOf, isPair, type Segments, segmented } from "../../src/recurrence/scan/segments.ts";
import { batch, cellOf, inputsFor, lossOf, type Mask, parameters, plans, type Run } from "../recurrence/random-cells.ts";
import { interpret, memoryFor, roundsOf } from "./interpret.ts";

const loosely = scan as unknown as (cell: unknown, options: unknown) => Run;

/** The numbers of a graph in segments, by the meaning of its loop program. */
function carriedOut(outputs: unknown, segments: Segments, feeds: Readonly<Record<string, ArrayLike<number>>>) {
  const g = graph(outputs);
  const plain = direct(nodesOf(outputs));
  const [group] = groupsOf(plain);
  if (group === undefined) return undefined;
  const roots = hoistScans(segmented(plain, group, segments)).outputs;
  const lowered = loopsOf(g, roots);
  const memory = memoryFor(lowered.program.buffers, "f64");
  for (const n of [...g.inputs, ...g.parameters]) memory.get(lowered.places.get(n)!.buffer)!.set(feeds[nameOf(n)!]!);
  for (const [buffer, data] of lowered.program.constants) memory.get(buffer)!.set(data);
  for (const { buffer, keyAt } of lowered.program.keys) memory.get(buffer)!.set(keyAt(3, 0));
  const loops: LoopProgram = { buffers: lowered.program.buffers, body: lowered.statements };
  interpret(loops, memory, "f64");
  const numbers = roots.map((n: Node) => {
    const { buffer, offset } = lowered.places.get(n)!;
    return Array.from(memory.get(buffer)!.slice(offset, offset + sizeOf(n.shape)), (v) => v + 0);
  });
  return { isPair: isPair(group), numbers, steps: stepsOf(lowered.statements, memory) };
}

/** How often the innermost loops over steps run, those that only copy states aside. */
function stepsOf(statements: readonly Statement[], memory: ReturnType<typeof memoryFor>): number {
  const at = new Map<Loop, number>();
  const run = (list: readonly Statement[]): number => {
    let n = 0;
    for (const s of list) {
      if (s.kind !== "for") continue;
      const read = (p: Parameters<Parameters<typeof roundsOf>[1]>[0]): number =>
        memory.get(p.buffer)![p.offset + p.times.reduce((sum, t) => sum + t.stride * at.get(t.loop)!, 0)]!;
      for (const t of roundsOf(s.loop, read)) {
        at.set(s.loop, t);
        n += s.loop.ofSegment === true ? 1 : run(s.body);
      }
    }
    return n;
  };
  return run(statements);
}

it("a program that is reversed by a plan does not grow with the segments", () => {
  const statements = (count: number): number => {
    const { x, first } = inputsFor(count, 1);
    const run = loosely((s: Run["final"], x_t: Tensor) => ({ state: { h: tanh(add(s.h, mul(s.c, x_t))), c: tanh(s.h) }, output: {} }), {
      over: x,
      from: first,
      checkpoint: "sqrt",
    });
    const outputs = { g: grad(sum(run.final.h) as never, x as never) };
    const plain = direct(nodesOf(outputs));
    const roots = hoistScans(segmented(plain, groupsOf(plain)[0]!, { count, length: 1, slots: 3 })).outputs;
    const all = (list: readonly Statement[]): number => list.reduce((n, s) => n + 1 + (s.kind === "for" ? all(s.body) : 0), 0);
    return all(loopsOf(graph(outputs), roots).statements);
  };
  expect(statements(400)).toBe(statements(4));
});

describe("random cells in segments that are reversed by a plan", () => {
  const nets = fc.record({
    plan: plans,
    count: fc.integer({ min: 1, max: 6 }),
    length: fc.integer({ min: 1, max: 2 }),
    rest: fc.integer({ min: 0, max: 1 }),
    slots: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(1000),
    backwards: fc.boolean(),
    masked: fc.boolean(),
    drops: fc.boolean(),
  });

  it("have the bits of those whose states are all kept, and make as many steps as the formula says", () => {
    let planned = 0;
    fc.assert(
      fc.property(nets, ({ plan, count, length, rest, slots, seed, backwards, masked, drops }) => {
        const steps = count * length + (length > 1 ? rest : 0);
        const { x, h0, first, time, feeds } = inputsFor(steps, seed);
        const mask = input("mask", [time, batch], "bool") as Mask;
        const cell = cellOf(plan, { x, h0 });
        const dropping = (s: Parameters<typeof cell>[0], x_t: Tensor) => cell(drops ? { ...s, h: dropout(s.h, 0.3, "h") } : s, x_t);
        const run = loosely(dropping, { over: x, from: first, reverse: backwards, checkpoint: "sqrt", ...(masked ? { mask } : {}) });
        const wrt = { x, h0, ...parameters };
        const outputs = {
          anchor: { ...wrt, mask },
          run: { outputs: run.outputs, final: run.final },
          g: grad(lossOf(run), wrt, { unreached: "zero" }),
        };
        const real = Uint8Array.from({ length: steps * 2 }, (_, i) => Number(Math.sin(seed + 2.1 * i) > -0.4));
        const fed = { ...feeds, mask: real };
        const kept = carriedOut(outputs, { count, length }, fed);
        if (kept === undefined || !kept.isPair) return;
        const found = carriedOut(outputs, { count, length, slots }, fed)!;
        expect(found.numbers).toEqual(kept.numbers);
        // the way there, each segment's tape and its way back; and what is advanced over in between
        if (kept.steps !== 3 * count * length) return;
        planned++;
        expect(found.steps).toBe((3 * count + leastAdvances(count, slots) - (count - 1)) * length);
      }),
      { numRuns: 120, seed: 9 },
    );
    expect(planned).toBeGreaterThan(40);
  });
});
