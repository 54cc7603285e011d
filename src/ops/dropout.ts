import type { Shape } from "../graph/dim.ts";
import { make, operand, opFunction } from "../graph/make.ts";
import type { Node, Op, Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { randomKey, uniformAt } from "../graph/random.ts";
import type { Step } from "../graph/source.ts";
import { linear } from "./linear.ts";
import { failed, needsFloat } from "./operands.ts";
import { between, column, drawn, row } from "./samples.ts";

/** `steps`: the time step of the instance, outermost first; empty outside of cells. */
type Attributes = { readonly rate: number; readonly name: string; readonly steps: readonly number[] };

const dropoutOp: Op<Attributes> = {
  name: "dropout",
  doc: "Each element is 0 with probability rate, else divided by 1 − rate (Srivastava et al., 2014; inverted).",
  infer: ([a]) => needsFloat(a!, a!.shape),
  evaluate: ([a], { attributes: { rate, name, steps }, environment: { seed, trainingStep } }) => {
    const key = randomKey("dropout", seed, name, trainingStep, ...steps);
    const scale = 1 / (1 - rate);
    const { data } = a!;
    const out = new Float64Array(data.length);
    for (let i = 0; i < out.length; i++) out[i] = uniformAt(key, i) < rate ? 0 : data[i]! * scale;
    return out;
  },
  // Linear, and its own transpose: the same elements of the cotangent are dropped, at the same step.
  vjp: ({ cotangent, attributes }) => [make(dropoutOp, [cotangent], attributes)],
  jvp: linear,
  // One mask for every lifted copy: what is drawn for ones, multiplied in.
  lift: ({ node, inputs, attributes }, m) => m.mul(inputs[0]!, make(dropoutOp, [m.full(node.shape, 1)], attributes)),
  inference: (_, inputs) => inputs[0]!,
  atStep: (attributes, step) => ({ ...attributes, steps: path(step) }),
  computation: ({ attributes: { rate, name, steps } }) => ({
    kind: "drop",
    rate,
    key: (seed, trainingStep, outer) => randomKey("dropout", seed, name, trainingStep, ...outer, ...steps),
  }),
  label: ({ rate }) => `dropout ${rate}`,
  latex: ([a]) => `\\operatorname{dropout}(${a})`,
  samples: [{ name: "matrix", operands: [drawn([row, column], between(-2, 2))], attributes: { rate: 0.5, name: "sample", steps: [] } }],
};

function path(step: Step): readonly number[] {
  return step.outer === undefined ? [step.t] : [...path(step.outer), step.t];
}

/**
 * Dropout: a function of (seed, name, training step, time step, element), so that every run can be repeated. In a cell each step draws anew;
 * made outside the cell, it is one mask for all steps. `inference(outputs)` takes it away.
 */
export const dropout: <S extends Shape>(a: Tensor<S>, rate: number, name: string) => Tensor<S> = opFunction(
  dropoutOp,
  (value: unknown, rate: number, name: string): Node => {
    const a = operand("dropout", value);
    if (typeof rate !== "number" || !(rate >= 0 && rate < 1))
      return failed("dropout", "BadArgument", `the rate must be from 0 to below 1, found ${shown(rate)}`, [a], undefined, {
        shape: a.shape,
        certain: true,
      });
    if (typeof name !== "string")
      return failed("dropout", "BadArgument", "needs a name: its draws depend on it", [a], `dropout(h, 0.5, "hidden")`, {
        shape: a.shape,
        certain: true,
      });
    return make(dropoutOp, [a], { rate, name, steps: [] });
  },
);
