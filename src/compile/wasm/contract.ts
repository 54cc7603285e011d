// The kernels of contractions: out[m, n] (+)= Σ_k a[m, k] · b[m?, n, k], the terms ascending.
//
//   spec ── product.ts ──►  left, right, axes sorted
//        ── plan.ts    ──►  which operand is the left one, copied or not, block by block; strips.ts: the tiles
//        ── tiles.ts, packed.ts, dot.ts ──►  functions
//
// All of them keep a tile of sums in registers while the terms go by (tile.ts); they differ in where the tile reads. Small products read the
// operands where they are. Others read copies of blocks (pack.ts): vectors that no load could take, or pitches that the cache cannot take. A sum
// over several blocks goes on through the memory of the result, so that its bits are those of one ascending sum. docs/engine.md has the measurements.

import type { Code } from "./assembler.ts";
import { dots } from "./contract/dot.ts";
import { Frame, walking } from "./contract/emit.ts";
import { packed } from "./contract/packed.ts";
import { layoutOf, planOf } from "./contract/plan.ts";
import type { ContractSpec } from "./contract/product.ts";
import { direct } from "./contract/tiles.ts";
import type { Module } from "./module.ts";

export { panelsOf, scratchBytes, sumsOf } from "./contract/plan.ts";
export type { ContractSpec } from "./contract/product.ts";

/** The number of a function (a, b, out: addresses of the first elements) → (). */
export function contractKernel(module: Module, spec: ContractSpec): number {
  const plan = planOf(spec);
  const parameters = ["i32", "i32", "i32"] as const;
  if (plan === undefined) return module.add("contract nothing", () => ({ parameters, results: [], locals: [], body: [] }));
  const scratch = layoutOf(plan).bytes === 0 ? 0 : (spec.scratch ?? fail("the contraction needs scratch memory"));
  return module.add(`contract ${JSON.stringify([plan, scratch])}`, () => {
    const frame = new Frame(3);
    const { product } = plan;
    const [left, right, out] = [product.swapped ? 1 : 0, product.swapped ? 0 : 1, 2];
    const one =
      plan.kind === "packed"
        ? packed(module, frame, plan, scratch, left, right, out)
        : plan.kind === "dots"
          ? dots(frame, product, left, right, out)
          : direct(frame, plan, left, right, out);
    const body = product.outer.reduceRight<Code>(
      (inside, axis) =>
        walking(
          frame,
          axis.size,
          [
            [left, axis.left],
            [right, axis.right],
            [out, axis.out],
          ],
          inside,
        ),
      one,
    );
    return { parameters, results: [], locals: frame.locals, body };
  });
}

function fail(message: string): never {
  throw new Error(message);
}
