// Formulas as expressions of the loop program: one more interpretation of the ops' arithmetic (graph/algebra.ts).

import type { Arithmetic } from "../graph/algebra.ts";
import type { DType } from "../graph/node.ts";
import type { Expression, Operation } from "./loops.ts";

/** Whole numbers stay whole under these. */
const whole: ReadonlySet<Operation> = new Set(["add", "sub", "mul", "maximum", "minimum", "neg", "abs", "sign"] as const);

const number =
  (name: Operation) =>
  (...operands: Expression[]): Expression => {
    const dtype = whole.has(name) ? common(operands) : "float";
    return { kind: "operation", name, operands: operands.map((o) => as(o, dtype)), dtype };
  };
const comparison =
  (name: Operation) =>
  (...operands: Expression[]): Expression => {
    const dtype = common(operands);
    return { kind: "operation", name, operands: operands.map((o) => as(o, dtype)), dtype: "bool" };
  };
const truth =
  (name: Operation) =>
  (...operands: Expression[]): Expression => ({ kind: "operation", name, operands: operands.map((o) => as(o, "bool")), dtype: "bool" });

/** A number in a formula has the dtype of what it is put together with; where floats and others meet, all are floats. Truth values count as floats. */
function common(operands: readonly Expression[]): DType {
  const isWhole = (o: Expression): boolean => (o.kind === "constant" ? Number.isInteger(o.value) : o.dtype === "int");
  return operands.some((o) => o.kind !== "constant") && operands.every(isWhole) ? "int" : "float";
}

/** What a formula puts together need not be of one dtype: for numbers, truth values are 1 and 0, and anything but 0 is true. */
export function as(e: Expression, dtype: DType): Expression {
  if (e.dtype === dtype) return e;
  if (e.kind !== "constant" || dtype === "bool") return { kind: "cast", operand: e, dtype };
  return { ...e, dtype };
}

function where(condition: Expression, a: Expression, b: Expression): Expression {
  const dtype = a.dtype === "bool" && b.dtype === "bool" ? "bool" : common([a, b]);
  return { kind: "operation", name: "where", operands: [as(condition, "bool"), as(a, dtype), as(b, dtype)], dtype };
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
  less: comparison("less"),
  lessEqual: comparison("lessEqual"),
  equal: comparison("equal"),
  and: truth("and"),
  or: truth("or"),
  not: truth("not"),
  where,
};
