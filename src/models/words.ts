// How a sequence comes in: as ids, which become one-hot vectors, trained word vectors or given ones; or as numbers, as they are.

import { type Dim, dim, type Shape } from "../graph/dim.ts";
import type { DType, Parameter, Tensor } from "../graph/node.ts";
import { constant } from "../ops/constant.ts";
import { gather } from "../ops/gather.ts";
import { type Initialiser, normal } from "../ops/initialisers.ts";
import { input } from "../ops/input.ts";
import { oneHot } from "../ops/oneHot.ts";
import { parameter } from "../ops/parameter.ts";

export interface IncomingOptions {
  /** Number of ids, `vocabulary(texts).size`: the input is `ids` [time, batch]. Either this or `features`. */
  readonly words?: number;
  /** Numbers in a word vector, which is learned; left out, words come in as one-hot vectors. */
  readonly vector?: number;
  /** Word vectors that are given, [word, vector] row by row, and not learned. (To go on learning them: `initial: { E: () => vectors }`.) */
  readonly vectors?: ArrayLike<number>;
  /** Numbers at every step, when it is no ids that come in: the input is `x` [time, batch, feature]. */
  readonly features?: number;
  readonly initial?: { readonly E?: Initialiser };
}

/** Words as vectors. */
export interface Words {
  readonly word: Dim;
  /** The dim of the vectors: `vector`, or `word` for one-hot ones. */
  readonly as: Dim;
  /** The table that is learned, `E` [word, vector]. */
  readonly E: Parameter<readonly [Dim, Dim]> | undefined;
  /** [...] gives [..., as] */
  readonly vectorsOf: <S extends Shape>(ids: Tensor<S, "int">) => Tensor<readonly [...S, Dim]>;
}

/** What the table and its dims are called. Where there are two vocabularies in one graph, theirs are. */
export interface WordNames {
  readonly table: string;
  readonly word: string;
  readonly vector: string;
}

const usual: WordNames = { table: "E", word: "word", vector: "vector" };

export function wordsAs({ words = 0, vector, vectors, initial }: IncomingOptions, called: WordNames = usual): Words {
  const word = dim(called.word, words);
  const table = (E: Tensor<readonly [Dim, Dim]>): Words["vectorsOf"] => {
    return <S extends Shape>(ids: Tensor<S, "int">) => gather(E as Tensor, ids, word as Dim) as Tensor as Tensor<readonly [...S, Dim]>;
  };
  if (vectors !== undefined) {
    const as = dim(called.vector, vectors.length / Math.max(1, words));
    return { word, as, E: undefined, vectorsOf: table(constant(Float64Array.from(vectors), [word, as])) };
  }
  if (vector === undefined) return { word, as: word, E: undefined, vectorsOf: (ids) => oneHot(ids, word as Dim) };
  const as = dim(called.vector, vector);
  const E = parameter(called.table, [word, as], initial?.E ?? normal(0, 1));
  return { word, as, E, vectorsOf: table(E) };
}

/** What comes in at every step, as a model has it. */
export interface Incoming {
  /** The last dim of `x`. */
  readonly of: Dim;
  readonly words: Words | undefined;
  readonly read: <T extends Dim, B extends Dim>(
    time: T,
    batch: B,
  ) => { readonly inputs: { readonly [name: string]: Tensor<Shape, DType> }; readonly x: Tensor<readonly [T, B, Dim]> };
}

export function incoming(options: IncomingOptions, called?: WordNames): Incoming {
  if (options.features !== undefined) {
    const feature: Dim = dim("feature", options.features);
    const read: Incoming["read"] = (time, batch) => {
      const x = input("x", [time, batch, feature]);
      return { inputs: { x }, x };
    };
    return { of: feature, words: undefined, read };
  }
  const words = wordsAs(options, called);
  const read: Incoming["read"] = (time, batch) => {
    const ids = input("ids", [time, batch], "int");
    return { inputs: { ids }, x: words.vectorsOf(ids) };
  };
  return { of: words.as, words, read };
}
