import type { Shape } from "../graph/dim.ts";
import { operand } from "../graph/make.ts";
import type { Tensor } from "../graph/node.ts";
import { composite } from "../graph/source.ts";
import { algebra as m } from "./algebra.ts";

/** a, but not below `low` nor above `high`; no gradient passes outside. */
export const clamp: <S extends Shape>(a: Tensor<S>, low: number, high: number) => Tensor<S> = composite(
  "clamp",
  (a: unknown, low: number, high: number) => m.minimum(m.maximum(operand("clamp", a), m.constant(low)), m.constant(high)),
);
