// What the compiler made of a graph, for the curious: each pass and what it changed, the loops, what was taken out of them and what was not and
// why, who lives where, and what the clock says.

import { calledName, nameOf } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { showSite } from "../graph/source.ts";
import type { Hoisted } from "../recurrence/scan/hoist.ts";
import type { ScanAttributes } from "../recurrence/scan/results.ts";
import type { Checkpointed } from "./checkpoint.ts";
import type { Buffer, LoopProgram, Precision, Statement } from "./loops.ts";
import type { Machine } from "./machine.ts";
import { count } from "./places.ts";
import { elementSize, type MemoryPlan } from "./plan.ts";

export interface Explained {
  readonly nodes: number;
  readonly loops: LoopProgram;
  readonly checkpoints: readonly Checkpointed[];
  readonly hoisted: readonly Hoisted[];
  readonly plan: MemoryPlan;
  readonly precision: Precision;
  readonly machine: Machine;
}

export function explained({ nodes, loops, checkpoints, hoisted, plan, precision, machine }: Explained): string {
  const { kernels, schedule } = machine;
  const milliseconds = machine.fastest();
  const runs = machine.runs();
  const products: string[] = [];
  const kinds = new Map<string, number>();
  let multiplyAdds = 0;
  // as planning numbers them (plan.ts): a loop counts again at its end
  let position = 0;
  const line = (at: number, indent: string, what: string): number => products.push(`${String(at).padStart(8)}  ${indent}${what}`);
  const visit = (statements: readonly Statement[], rounds: number, indent: string): void => {
    for (const s of statements) {
      kinds.set(s.kind, (kinds.get(s.kind) ?? 0) + 1);
      const at = position++;
      if (s.kind === "for") {
        const steps = s.loop.range?.often ?? s.loop.steps;
        const how = s.loop.range !== undefined ? " in the mean" : s.loop.backwards ? ", from the last one" : "";
        line(at, indent, `for ${Number(steps.toFixed(2))} steps${how}`);
        visit(s.body, rounds * steps, `${indent}  `);
        position++;
      } else if (s.kind === "contract") {
        const [m, n, k] = [count(s.rows), count(s.columns), count(s.terms)];
        multiplyAdds += rounds * m * n * k;
        line(at, indent, `product ${m}×${k} · ${k}×${n}`);
      }
    }
  };
  visit(loops.body, 1, "");
  const lives = (life: string): string =>
    bytes(loops.buffers.filter((b) => b.life === life).reduce((n, b) => n + b.size * elementSize(b, precision), 0));
  const largest = loops.buffers
    .filter((b) => b.life === "temporary" && plan.address.has(b))
    .sort((a, b) => b.size - a.size)
    .slice(0, 6);
  const when = (b: Buffer): string => {
    const { from, to } = plan.lives.get(b)!;
    return Number.isFinite(to) ? `statements ${from} to ${to}` : `from statement ${from} until it is read`;
  };
  const copies = new Set(loops.buffers.flatMap((b) => (b.label.endsWith(" in panels") ? [b.label] : [])));
  const speed = (ms: number): string => `${((2 * multiplyAdds) / ms / 1e6).toFixed(1)} GFLOP/s of products`;
  return [
    ...checkpoints.map(spared),
    ...hoisted.flatMap((h, i) => taken(h, i === 0 ? "hoist  " : "       ")),
    `lower    ${nodes} nodes became ${[...kinds].map(([k, n]) => `${n} ${k}`).join(", ")}`,
    ...products,
    ...(copies.size === 0 ? [] : [`pack     once, for all steps: ${[...copies].join(", ")}`]),
    `plan     ${bytes(plan.bytes)} in one arena (no plan needs less than ${bytes(plan.lowerBound)}): parameters ${lives("parameter")}, inputs ${lives("input")}, constants ${lives("constant")}`,
    ...largest.map((b) => `          ${bytes(b.size * elementSize(b, precision))} at ${plan.address.get(b)}: ${b.label}, ${when(b)}`),
    `print    ${kernels} kernels, ${precision}`,
    ...(schedule.threads === 1
      ? []
      : [
          `deal     ${schedule.threads} threads in ${runs.together} of ${runs.all} runs so far; they meet ${schedule.barriers} times in a run`,
        ]),
    `clock    ${multiplyAdds.toLocaleString("en-US")} multiply-adds in products; ${milliseconds === undefined ? "not run yet" : `fastest run ${milliseconds.toFixed(3)} ms, ${speed(milliseconds)}`}`,
  ].join("\n");
}

function spared({ time, segments, snapshots, tape, recomputed, memory }: Checkpointed): string {
  const allowed = memory === undefined ? "" : ` of ${bytes(memory)} allowed`;
  if (segments === undefined) return `keep     all ${time.size} steps of ${time.name}: ${bytes(tape)}${allowed}, nothing is computed again`;
  const rest = time.size - segments.count * segments.length;
  const tail = rest === 0 ? "" : `, and a tail of ${rest}`;
  return [
    `keep     scan over ${time.name}: ${segments.count} segments of ${segments.length} steps${tail}; ${recomputed.toLocaleString("en-US")} steps are computed again`,
    `          ${bytes(snapshots)} of states${segments.slots === undefined ? "" : ` in ${segments.slots} slots, reversed by Revolve`}, ${bytes(tape)} for the steps of a segment: ${bytes(snapshots + tape)}${allowed}`,
  ].join("\n");
}

function taken({ scan, before, after, sums, stayed, products }: Hoisted, head: string): readonly string[] {
  const { reverse } = scan.attributes as ScanAttributes;
  const name = `${scan.op.label(scan.attributes)}${scan.origin.derived === undefined ? "" : ", derived"}${reverse ? ", from the last step" : ""}`;
  const list = (nodes: readonly Node[]): string => nodes.map(called).join(", ");
  const moved = [
    ...(before.length === 0 ? [] : [`before the loop, for all steps at once: ${list(before)}`]),
    ...(after.length === 0 ? [] : [`after the loop, for all steps at once: ${list(after)}`]),
    ...(sums.length === 0 ? [] : [`summed over all steps at once: ${list(sums)}`]),
  ];
  return [
    `${head}  ${name}: ${moved.length === 0 ? "nothing to take out" : moved[0]}`,
    ...moved.slice(1).map((m) => `          ${m}`),
    ...stayed.map(({ sum, why }) => `          the sum ${called(sum)} stays in the loop: ${why}`),
    ...products.map(({ product, why }) => `          the product ${called(product)} stays in the loop: ${why}`),
  ];
}

/** A node as its user knows it: a name, or what was called and where. */
function called(node: Node): string {
  const name = nameOf(node) ?? (node.op.leaf === "template" ? node.op.label(node.attributes) : undefined);
  if (name !== undefined) return name;
  const at = showSite(node.origin.site);
  return `${node.origin.derived === undefined ? "" : "∂"}${calledName(node)}${at === undefined ? "" : ` (${at.split("/").at(-1)})`}`;
}

function bytes(n: number): string {
  return n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(2)} MB`;
}
