import type { Diagnostic } from "../graph/diagnostics.ts";
import { type Shape, sizeOf } from "../graph/dim.ts";
import { createParameter, ill, mistakeHere, opFunction } from "../graph/make.ts";
import type { Op, Parameter } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { Fault } from "../graph/value.ts";
import { notShape } from "./checks.ts";
import { constantly, glorot, type Initialiser, isOurs } from "./initialisers.ts";

type Attributes = { readonly name: string; readonly shape: Shape; readonly initial: Initialiser };

const parameterOp: Op<Attributes> = {
  name: "parameter",
  doc: "A trainable tensor: its initialiser's value, unless it is fed or has been trained.",
  leaf: "parameter",
  certain: ({ initial }) => isOurs(initial),
  infer: (_, { shape }) => ({ shape, dtype: "float" }),
  evaluate: (_, { attributes, shape, environment }) => {
    const made = attributes.initial(shape, environment.seed, attributes.name);
    if (made instanceof Float64Array && made.length === sizeOf(shape)) return made;
    const found = made instanceof Float64Array ? `${made.length} elements` : shown(made);
    throw new Fault("BadArgument", `"${attributes.name}": the initialiser gave ${found}, expected a Float64Array of ${sizeOf(shape)}`);
  },
  vjp: () => [],
  jvp: () => undefined,
  lift: ({ node }) => node,
  computation: () => ({ kind: "given" }),
  label: ({ name }) => name,
  latex: (_, { name }) => name,
  samples: [],
};

/**
 * A trainable tensor. The same node used at every time step is what "one W for all time steps" means.
 *
 * Without an initialiser, weights (two dims or more) start Glorot-uniform, biases (one dim) and scalars at 0.
 *
 * @example
 * import { dim, evaluate, orthogonal, parameter } from "clew";
 * const hidden = dim("hidden", 2);
 * const W = parameter("W", [hidden, hidden], orthogonal());
 * evaluate(W, {}, { seed: 1 }).dims; // ["hidden", "hidden"]
 */
export const parameter: <const S extends Shape>(name: string, shape: S, initial?: Initialiser) => Parameter<S> = opFunction(
  parameterOp,
  (name: string, shape: Shape, initial?: Initialiser) => {
    const problem = badShape("parameter", name, shape);
    if (problem !== undefined) return ill(problem);
    if (initial !== undefined && typeof initial !== "function")
      return ill(mistakeHere("BadArgument", "parameter", `"${name}": the initialiser must be a function, found ${shown(initial)}`, []), {
        shape,
      });
    return createParameter(parameterOp, { name, shape, initial: initial ?? (shape.length >= 2 ? glorot() : constantly(0)) });
  },
);

/** What is wrong with a name and shape that a leaf was given. */
export function badShape(op: string, name: unknown, shape: unknown): Diagnostic | undefined {
  if (typeof name !== "string" || name === "") {
    return mistakeHere(
      "BadArgument",
      op,
      `the name must be a text, found ${name === "" ? "an empty one" : shown(name)}`,
      [],
      `${op}("x", [batch, hidden])`,
    );
  }
  const wrong = notShape(shape);
  if (wrong === undefined) return undefined;
  return mistakeHere("BadArgument", op, `"${name}": ${wrong}`, [], `a shape is an array of dims: [dim("batch", 8), dim("hidden", 16)]`);
}
