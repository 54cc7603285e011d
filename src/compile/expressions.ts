// Formulas as expressions of the loop program: one more interpretation of the ops' arithmetic (graph/algebra.ts).

import type { Arithmetic } from "../graph/algebra.ts";
import type { DType } from "../graph/node.ts";
import type { Expression, Operation } from "./loops.ts";

const number =
  (name: Operation) =>
  (...operands: Expression[]): Expression =>
    operation(name, operands, common(operands));
const truth =
  (name: Operation) =>
  (...operands: Expression[]): Expression =>
    operation(name, operands, "bool");

/** A number in a formula has the dtype of what it is put together with. */
function common(operands: readonly Expression[]): DType {
  return (operands.find((o) => o.kind !== "constant") ?? operands[0]!).dtype;
}

function operation(name: Operation, operands: readonly Expression[], dtype: DType): Expression {
  const values = name === "where" ? operands.slice(1) : operands;
  const own = common(values);
  const fit = (o: Expression): Expression => (o.kind === "constant" && o.dtype !== own ? { ...o, dtype: own } : o);
  return { kind: "operation", name, operands: name === "where" ? [operands[0]!, ...values.map(fit)] : values.map(fit), dtype };
}

export const expressions: Arithmetic<Expression> = {
  constant: (value) => ({ kind: "constant", value, dtype: "float" }),
  add: number("add"),
  sub: number("sub"),
  mul: number("mul"),
  div: number("div"),
  pow: number("pow"),
  maximum: number("maximum"),
  minimum: number("minimum"),
  neg: number("neg"),
  exp: number("exp"),
  log: number("log"),
  sqrt: number("sqrt"),
  abs: number("abs"),
  sign: number("sign"),
  sin: number("sin"),
  cos: number("cos"),
  tanh: number("tanh"),
  sigmoid: number("sigmoid"),
  softplus: number("softplus"),
  less: truth("less"),
  lessEqual: truth("lessEqual"),
  equal: truth("equal"),
  and: truth("and"),
  or: truth("or"),
  not: truth("not"),
  where: (condition, a, b) => operation("where", [condition, a, b], common([a, b])),
};
