// A user's own op: the same record as ours, made a function by the same means.

import { make, opFunction } from "../graph/make.ts";
import type { Attributes, Node, Op } from "../graph/node.ts";
import { type ElementwiseRecord, elementwise } from "./elementwise.ts";
import { numeric } from "./operands.ts";

/** An elementwise op: a formula and its derivatives. Operands and result are float unless said. */
export type ElementwiseDefinition = Pick<ElementwiseRecord, "name" | "doc" | "formula" | "derivative"> &
  Partial<Pick<ElementwiseRecord, "operands" | "result" | "branch" | "inference" | "label" | "latex" | "samples">>;

type Needed = "name" | "doc" | "infer" | "evaluate" | "vjp" | "jvp";

/** Any other op: shape rule, reference, derivatives both ways. */
export type OpDefinition = Pick<Op, Needed> &
  Partial<Omit<Op, Needed | "leaf">> & {
    /** How many of the arguments are tensors (or numbers); they come first. Default: all. */
    readonly arity?: number;
    /** Attributes from the arguments behind them. Default: none. */
    // biome-ignore lint/suspicious/noExplicitAny: the signature types the arguments
    readonly attributes?: (...rest: any[]) => Attributes;
  };

/**
 * A function for an op of your own: `Signature` is its type, overloads and all (`Unary`, `Binary<"name">`, or one that you write); the
 * record says everything else. Nodes carry the caller's source line; numbers count as scalars.
 *
 * An elementwise op needs `formula` (over an abstract arithmetic) and `derivative` (one for each operand: v ↦ v·∂y/∂x; "none" with a
 * reason, where there is none). Any other needs `infer`, `evaluate`, `vjp` and `jvp`. Without `lift` it is lifted one by one. An op with
 * kinks says by `branch` on which side each element is, so that `checkGradients`, which is how to prove the rules, can tell them.
 *
 * @example
 * import { checkGradients, defineOp, dim, evaluate, parameter, scalar, sum, type Unary, uniform } from "clew";
 * const swish = defineOp<Unary>({
 *   name: "swish",
 *   doc: "a · sigmoid(a).",
 *   formula: (m, a) => m.mul(a!, m.sigmoid(a!)),
 *   derivative: [
 *     (m, v, [a], y) => {
 *       const s = m.sigmoid(a!);
 *       return m.mul(v, m.add(s, m.mul(y, m.sub(m.constant(1), s))));
 *     },
 *   ],
 * });
 * evaluate(swish(scalar(0)), {}).data; // Float64Array [0]
 * checkGradients(sum(swish(parameter("a", [dim("hidden", 3)], uniform(-2, 2)))), { order: 2 }).verdict; // "pass"
 */
export function defineOp<Signature extends (...args: never[]) => unknown>(definition: ElementwiseDefinition): Signature;
export function defineOp<Signature extends (...args: never[]) => unknown>(definition: OpDefinition): Signature;
export function defineOp<Signature extends (...args: never[]) => unknown>(definition: ElementwiseDefinition | OpDefinition): Signature {
  if ("derivative" in definition) return functionOf(elementwiseOp(definition));
  const { arity, attributes, ...record } = definition;
  return functionOf(completed(record), arity, attributes);
}

function functionOf<F extends object>(op: Op, arity?: number, attributes?: OpDefinition["attributes"]): F {
  return opFunction<F>(op, (...args: unknown[]): Node => {
    const count = arity ?? args.length;
    const operands = Array.from({ length: count }, (_, i) => numeric(op.name, args[i]));
    return make(op, operands, attributes?.(...args.slice(count)) ?? {});
  });
}

function elementwiseOp(definition: ElementwiseDefinition): Op {
  const { name, derivative } = definition;
  // the formula's first parameter is the arithmetic
  const count = "none" in derivative ? definition.formula.length - 1 : derivative.length;
  return elementwise({
    operands: new Array<"float">(count).fill("float"),
    result: "float",
    latex: (...operands) => latexOf(name, operands),
    samples: [],
    ...definition,
  });
}

function completed(record: Omit<OpDefinition, "arity" | "attributes">): Op {
  const { name } = record;
  return {
    label: () => name,
    latex: (operands) => latexOf(name, operands),
    samples: [],
    lift: ({ node, inputs, lifted, attributes, dim }, m) => {
      const one = (i: number) =>
        make(
          node.op,
          inputs.map((x, k) => (lifted[k] ? m.index(x, 0, i) : x)),
          attributes,
        );
      return m.stack(
        Array.from({ length: dim.size }, (_, i) => one(i)),
        dim,
      );
    },
    ...record,
  };
}

function latexOf(name: string, operands: readonly string[]): string {
  return `\\operatorname{${name}}(${operands.join(", ")})`;
}
