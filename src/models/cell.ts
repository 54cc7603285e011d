// What cells have in common. A cell is a function from a state and an input to the next state and an output, made with its parameters; what its
// state looks like (an RNN's is one tensor, an LSTM's two) is its own affair, so it says what a state of zeros is, and which part of it is h.

import { diagnostic } from "../graph/diagnostics.ts";
import type { Dim, Shape } from "../graph/dim.ts";
import { ill } from "../graph/make.ts";
import type { DType, Parameter, Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import type { Site } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import type { Initialiser } from "../ops/initialisers.ts";
import { matmul } from "../ops/matmul.ts";
import { parameter } from "../ops/parameter.ts";
import type { Recurrence } from "../recurrence/types.ts";

/** A state of whatever kind: cells both take theirs and give it. */
// biome-ignore lint/suspicious/noExplicitAny: no type but any is wider and narrower than each
export type AnyState = any;

/** A cell as stacks and models take it, ready or a user's own: a function of state and input, and what belongs to it. */
export interface Cell<I extends Dim = Dim, H extends Dim = Dim> {
  (state: AnyState, x_t: Tensor<readonly [Dim, I]>): Recurrence<AnyState, Tensor<readonly [Dim, H]>>;
  /** By their names. */
  readonly parameters: { readonly [name: string]: Parameter };
  /** The state before the first step, when nothing else is known: zeros. */
  readonly zeroState: (batch: Dim) => AnyState;
  /** The h of a state: what the cell gave as output when it came into this state. */
  readonly h: (state: AnyState) => Tensor<readonly [Dim, H]>;
}

/** What makes a cell for a layer: `rnn`, `lstm`, `gru`, or `(name, input, hidden) => gru(name, input, hidden, { reset: "before" })`. */
export type CellMaker = <I extends Dim, H extends Dim>(name: string, input: I, hidden: H) => Cell<I, H>;

/** Initial values of a cell's matrices, the same for all gates; Glorot-uniform when left out. */
export interface InitialWeights {
  readonly U?: Initialiser;
  readonly W?: Initialiser;
}

/** The affine part of a gate, with its parameters. */
export interface Gate<I extends Dim, H extends Dim> {
  readonly U: Parameter<readonly [I, H]>;
  readonly W: Parameter<readonly [H, H]>;
  readonly b: Parameter<readonly [H]> | undefined;
  /** x·U + h·W + b */
  readonly into: <B extends Dim>(x_t: Tensor<readonly [B, I]>, h: Tensor<readonly [B, H]>) => Tensor<readonly [B, H]>;
}

/** `name.U_gate`, `name.W_gate` and, unless its initialiser is false, `name.b_gate`; without a gate's letter `name.U` and so on. */
export function gate<I extends Dim, H extends Dim>(
  name: string,
  letter: string,
  input: I,
  hidden: H,
  initial: InitialWeights,
  bias: Initialiser | boolean,
): Gate<I, H> {
  const called = (matrix: string): string => `${name}.${matrix}${letter === "" ? "" : `_${letter}`}`;
  const U = parameter(called("U"), [input, hidden], initial.U);
  const W = parameter(called("W"), [hidden, hidden], initial.W);
  const b = bias === false ? undefined : parameter(called("b"), [hidden], bias === true ? undefined : bias);
  return {
    U,
    W,
    b,
    into: (x_t, h) => {
      const sum = add(matmul(x_t, U), matmul(h, W));
      return b === undefined ? sum : add(sum, b);
    },
  };
}

/** Passes tensors on; for an option's value that is none of `choices`, each carries that mistake. */
export function oneOf(
  of: string,
  what: string,
  value: unknown,
  choices: readonly string[],
  site: Site,
): <T extends Tensor<Shape, DType>>(a: T) => T {
  if (choices.includes(value as string)) return (a) => a;
  return mistaken(of, `no such ${what}: ${shown(value)}`, `it is ${choices.map(shown).join(" or ")}`, site);
}

/** What an argument that makes no sense does to the tensors that rest on it. */
export function mistaken(of: string, message: string, hint: string, site: Site): <T extends Tensor<Shape, DType>>(a: T) => T {
  const problem = diagnostic({ code: "BadArgument", op: of, message, hint, site });
  return (a) => ill(problem, { shape: a.shape, dtype: a.dtype, certain: a.certain, rests: [a] }) as typeof a;
}
