// What both doors have: ops, transforms, types. None of it can fail: mistakes are carried by the nodes until a verb reports them.

export type { CheckOptions } from "./autodiff/check/check.ts";
export type {
  CheckedEntry,
  CurvePoint,
  Element,
  GradientReport,
  Kink,
  ParameterCheck,
  StepContribution,
} from "./autodiff/check/report.ts";
export { type GradOptions, grad, hessian, hvp, jacobian, jvp, type Like, valueAndGrad, vjp, type Wrt } from "./autodiff/derivatives.ts";
export { inference } from "./autodiff/inference.ts";
export type { CompileOptions } from "./compile/compile.ts";
export type { Evaluated, EvaluateOptions } from "./evaluate/evaluate.ts";
export type { Feeds } from "./evaluate/feeds.ts";
export type { ParameterStore, ParameterValues, ProgramOptions, RunOptions, Update } from "./evaluate/program.ts";
export { type DotOptions, toDot } from "./export/dot.ts";
export { type Checked, ClewError, type Code, type Diagnostic, showDiagnostic, showDiagnostics } from "./graph/diagnostics.ts";
export { type Dim, dim, type Shape } from "./graph/dim.ts";
export type { Graph } from "./graph/graph.ts";
export type { DType, Node, Op, Parameter, Tensor, ValueOf } from "./graph/node.ts";
export type { Binary, Unary } from "./graph/types.ts";
export { item, type Value } from "./graph/value.ts";
export * from "./models/index.ts";
export { defineOp, type ElementwiseDefinition, type OpDefinition } from "./ops/defineOp.ts";
export * from "./ops/index.ts";
export { type Contributions, contributions } from "./recurrence/contributions.ts";
export type { FlowOptions, GradientFlow, JacobianOptions, JacobianTable, Steps } from "./recurrence/flow.ts";
export type { JacobianNorm } from "./recurrence/jacobians.ts";
export { lengthMask } from "./recurrence/mask.ts";
export { type Scanned, scan } from "./recurrence/scan/scan.ts";
export { type TruncationLoss, untruncated } from "./recurrence/truncation-loss.ts";
export type { Checkpoint, Truncation } from "./recurrence/types.ts";
export { unroll } from "./recurrence/unroll.ts";
export { type Copy, type Untied, untie } from "./recurrence/untie.ts";
export type { Verdict } from "./recurrence/verdict.ts";
export * from "./train/index.ts";
