// The Either door: the verbs that can fail return Either<readonly Diagnostic[], A>. Everything else is the same as in clew.

import * as E from "fp-ts/lib/Either.js";
import { type CheckOptions, checkGradients as checkDerived } from "./autodiff/check/check.ts";
import type { GradientReport } from "./autodiff/check/report.ts";
import type { Wrt } from "./autodiff/derivatives.ts";
import { inference } from "./autodiff/inference.ts";
import { type EvaluateOptions, evaluate } from "./evaluate/evaluate.ts";
import type { Feeds } from "./evaluate/feeds.ts";
import type { Checked, Diagnostic } from "./graph/diagnostics.ts";
import type { Tensor } from "./graph/node.ts";
import { badArgument, shown, wrongCount, wrongRun } from "./graph/options.ts";
import { userCalled } from "./graph/source.ts";
import { oddIn } from "./graph/tree.ts";
import {
  type FlowOptions,
  flowPlan,
  type GradientFlow,
  type JacobianOptions,
  type JacobianTable,
  jacobianPlan,
  type Plan,
  type Steps,
} from "./recurrence/flow.ts";
import { type TruncationLoss, truncationPlan } from "./recurrence/truncation-loss.ts";

export * from "./both-doors.ts";
export { type CompiledProgram, compile } from "./compile/compile.ts";
export { evaluate } from "./evaluate/evaluate.ts";
export { interpret, type Program } from "./evaluate/program.ts";
export { graph } from "./graph/graph.ts";
export { fromPyTorch, toPyTorch } from "./models/pytorch.ts";
export { batches } from "./train/batches.ts";
export { fit } from "./train/fit.ts";
export { predict } from "./train/predict.ts";
export { decodeSafetensors } from "./train/safetensors/decode.ts";
export { encodeSafetensors } from "./train/safetensors/encode.ts";
export { load, save } from "./train/save.ts";
export { score } from "./train/score.ts";
export { sentences } from "./train/sentences.ts";
export { sequences, stream, tagged } from "./train/sequences.ts";
export { vocabulary, vocabularyFrom } from "./train/vocabulary.ts";
export { embeddingOf, loadWordVectors, wordVectors } from "./train/word-vectors.ts";

/** A verb on its options, when they make sense. */
function checked<A>(verb: string, options: EvaluateOptions, carryOut: () => Checked<A>): Checked<A> {
  const problems = wrongRun(verb, options);
  return problems.length > 0 ? E.left(problems) : carryOut();
}

/** Checks the derived gradient of a scalar loss against numeric differences, in f64. */
export const checkGradients: (loss: Tensor, options?: CheckOptions) => Checked<GradientReport> = userCalled(
  (loss: Tensor, options: CheckOptions = {}) =>
    checked("checkGradients", options, () => {
      const problems = wrongCheck(options);
      return problems.length > 0 ? E.left(problems) : checkDerived(loss, options);
    }),
);

function wrongCheck({ wrt, order = 1, tolerance = 1e-7, entries = 1024, directions = 16 }: CheckOptions): readonly Diagnostic[] {
  const verb = "checkGradients";
  const odd = wrt === undefined ? undefined : oddIn(wrt);
  const at = odd === undefined || odd.path === "" ? "" : `.${odd.path}`;
  return [
    ...(odd === undefined ? [] : [badArgument(verb, `wrt${at} is ${odd.is}`, "a tensor, or a record of tensors: wrt: { U, W, V }")]),
    ...(order === 1 || order === 2 ? [] : [badArgument(verb, `order is ${shown(order)}`, "it is 1 or 2")]),
    ...(tolerance > 0 && Number.isFinite(tolerance)
      ? []
      : [badArgument(verb, `tolerance is ${shown(tolerance)}`, "a number above 0, such as 1e-7")]),
    ...wrongCount(verb, "entries", entries, 0),
    ...wrongCount(verb, "directions", directions, 1),
  ];
}

/** Evaluates what a plan asks for, as the net is used when training is over: dropout would make the numbers those of one draw. */
function carriedOut<A>(plan: Plan<A>, feeds: Feeds, options: EvaluateOptions): Checked<A> {
  return E.map(plan.read)(evaluate(inference(plan.outputs), feeds, options));
}

/** How much of the gradient of `loss` reaches the state after each step, with a verdict in words. */
export const gradientFlow: (loss: Tensor, steps: Steps, feeds: Feeds, options?: FlowOptions & EvaluateOptions) => Checked<GradientFlow> =
  userCalled((loss: Tensor, steps: Steps, feeds: Feeds, options: FlowOptions & EvaluateOptions = {}) =>
    checked("gradientFlow", options, () => carriedOut(flowPlan(loss, steps, options), feeds, options)),
  );

/** How much of a gradient the truncation of `unroll` or `scan` loses. */
export const truncationLoss: (loss: Tensor, wrt: Wrt, feeds: Feeds, options?: EvaluateOptions) => Checked<TruncationLoss> = userCalled(
  (loss: Tensor, wrt: Wrt, feeds: Feeds, options: EvaluateOptions = {}) =>
    checked("truncationLoss", options, () => carriedOut(truncationPlan(loss, wrt), feeds, options)),
);

/** ‖∂h_t/∂h_k‖ and the singular values, for every t and k. */
export const jacobianNorms: (steps: Steps, feeds: Feeds, options?: JacobianOptions & EvaluateOptions) => Checked<JacobianTable> =
  userCalled((steps: Steps, feeds: Feeds, options: JacobianOptions & EvaluateOptions = {}) =>
    checked("jacobianNorms", options, () => carriedOut(jacobianPlan(steps, options), feeds, options)),
  );
