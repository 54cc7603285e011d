// What the compiler made of a graph, for the curious: how many statements of which kind, the products and how large they are, who lives where.

import type { Hoisted } from "../recurrence/scan/hoist.ts";
import type { LoopProgram, Precision, Statement } from "./loops.ts";
import { count } from "./places.ts";
import { elementSize, type MemoryPlan } from "./plan.ts";

export function explained(
  { buffers, body }: LoopProgram,
  plan: MemoryPlan,
  precision: Precision,
  kernels: number,
  hoisted: readonly Hoisted[],
): string {
  const lines: string[] = [];
  const taken = hoisted.flatMap(({ scan, before, after, sums, stayed }) => [
    `${scan.op.label(scan.attributes)}: ${before.length} results before the loop, ${after.length} after it, ${sums.length} sums over time in one`,
    ...stayed.map(({ sum, why }) => `  the sum ${sum.op.label(sum.attributes)} stays in the loop: ${why}`),
  ]);
  const kinds = new Map<string, number>();
  let multiplyAdds = 0;
  const visit = (statements: readonly Statement[], rounds: number, indent: string): void => {
    for (const s of statements) {
      kinds.set(s.kind, (kinds.get(s.kind) ?? 0) + 1);
      if (s.kind === "for") {
        lines.push(`${indent}for ${s.loop.steps} steps${s.loop.backwards ? ", from the last" : ""}`);
        visit(s.body, rounds * s.loop.steps, `${indent}  `);
      } else if (s.kind === "contract") {
        const [m, n, k] = [count(s.rows), count(s.columns), count(s.terms)];
        multiplyAdds += rounds * m * n * k;
        lines.push(`${indent}${s.out.buffer.label}: product ${m}×${k} · ${k}×${n}`);
      }
    }
  };
  visit(body, 1, "  ");
  const temporary = buffers.filter((b) => b.life === "temporary");
  const largest = [...temporary].sort((a, b) => b.size - a.size).slice(0, 8);
  return [
    ...taken,
    `statements: ${[...kinds].map(([k, n]) => `${n} ${k}`).join(", ")}; ${kernels} kernels`,
    `multiply-adds of products: ${multiplyAdds.toLocaleString("en-US")}`,
    ...lines,
    `memory: ${plan.bytes.toLocaleString("en-US")} bytes (no plan needs less than ${plan.lowerBound.toLocaleString("en-US")})`,
    ...largest.map(
      (b) => `  ${b.label}: ${(b.size * elementSize(b, precision)).toLocaleString("en-US")} bytes at ${plan.address.get(b) ?? "—"}`,
    ),
  ].join("\n");
}
