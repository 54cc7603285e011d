export {
  type Environment,
  type Evaluation,
  type ForwardAt,
  hasDerivative,
  type LiftAt,
  type Mistake,
  type NoDerivative,
  type Op,
  type ReverseAt,
  type Sample,
  type SampleOperand,
  type Typed,
} from "./node.ts";
