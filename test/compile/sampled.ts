// An op applied to one of its samples, with a loss and its gradient where it has one.

import { grad, input, mul, type Op, sum, type Tensor } from "clew";
import { make } from "../../src/graph/make.ts";
import { hasDerivative, type Sample } from "../../src/graph/node.ts";
import { uniformAt } from "../../src/graph/random.ts";
import type { Data, Value } from "../../src/graph/value.ts";

export interface Sampled {
  readonly outputs: unknown;
  readonly feeds: { readonly [name: string]: Data };
  /** Which feeds are operands that are floats. */
  readonly floats: readonly string[];
}

export function sampled(op: Op, sample: Sample<unknown>): Sampled {
  const feeds: Record<string, Data> = {};
  const operands = sample.operands.map(({ shape, dtype = "float", draw = (u: number) => u, data }, i) => {
    const size = shape.reduce((n, d) => n * d.size, 1);
    const drawn = data ?? Array.from({ length: size }, (_, k) => draw(uniformAt(11 + i, k), k));
    feeds[`x${i}`] = dtype === "float" ? Float64Array.from(drawn) : dtype === "int" ? Int32Array.from(drawn) : Uint8Array.from(drawn);
    return input(`x${i}`, shape, dtype);
  });
  const node = make(op, operands, sample.attributes as never) as Tensor;
  const floats = operands.filter((x) => x.dtype === "float") as unknown as Tensor[];
  const smooth = node.dtype === "float" && hasDerivative(op.vjp) && floats.length > 0;
  const wrt = Object.fromEntries(floats.map((x, i) => [`d${i}`, x]));
  if (smooth) feeds.weight = Float64Array.from({ length: node.shape.reduce((n, d) => n * d.size, 1) }, (_, i) => Math.cos(1 + i));
  // a loss that depends on every element in its own way
  const loss = smooth ? sum(mul(node, input("weight", node.shape) as Tensor)) : undefined;
  const g = loss === undefined ? {} : { loss, g: grad(loss as never, wrt, { unreached: "zero" }) };
  const anchor = Object.fromEntries(operands.map((x, i) => [`a${i}`, x])); // so that what is fed is part of the graph, whatever reads it
  return { outputs: { node, ...g, anchor }, feeds, floats: operands.flatMap((x, i) => (x.dtype === "float" ? [`x${i}`] : [])) };
}

/** The values in a tree of results, in its order. */
export function valuesOf(result: unknown): readonly Value[] {
  if (typeof result === "object" && result !== null && "data" in result && ArrayBuffer.isView(result.data)) return [result as Value];
  return Object.values(result as object).flatMap(valuesOf);
}
