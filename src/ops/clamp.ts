import type { Shape } from "../graph/dim.ts";
import { operand } from "../graph/make.ts";
import type { Tensor } from "../graph/node.ts";
import { composite } from "../graph/source.ts";
import { algebra as m } from "./algebra.ts";
import { given, notNumber } from "./checks.ts";

/** a, but not below `low` nor above `high`; no gradient passes outside. */
export const clamp: <S extends Shape>(a: Tensor<S>, low: number, high: number) => Tensor<S> = composite(
  "clamp",
  (value: unknown, low: number, high: number) => {
    const a = operand("clamp", value);
    return given("clamp", [a], [notNumber("low", low), notNumber("high", high)], () =>
      m.minimum(m.maximum(a, m.constant(low)), m.constant(high)),
    );
  },
);
