// What is said of a state, and how wrong it is: scores of labels with cross entropy, or numbers with the mean squared error.

import { type Dim, dim, type Shape } from "../graph/dim.ts";
import type { DType, Parameter, Tensor } from "../graph/node.ts";
import { add } from "../ops/add.ts";
import { argmax } from "../ops/argmax.ts";
import { cast } from "../ops/cast.ts";
import { div } from "../ops/div.ts";
import { equal } from "../ops/equal.ts";
import { input } from "../ops/input.ts";
import type { LossOptions } from "../ops/losses.ts";
import { meanSquaredError, softmaxCrossEntropy } from "../ops/losses.ts";
import { matmul } from "../ops/matmul.ts";
import { maximum } from "../ops/maximum.ts";
import { mul } from "../ops/mul.ts";
import { parameter } from "../ops/parameter.ts";
import { mean } from "../ops/reductions.ts";
import { rename } from "../ops/reshape.ts";
import { softmax } from "../ops/softmax.ts";
import { sum } from "../ops/sum.ts";
import { transpose } from "../ops/transpose.ts";
import type { InitialWeights } from "./cell.ts";

export interface HeadOptions {
  /** Number of labels, for cross entropy: `labels` are fed. Either this or `targets`. */
  readonly labels?: number;
  /** Numbers to be told, for the mean squared error: `targets` are fed. */
  readonly targets?: number;
  readonly initial?: { readonly V?: InitialWeights["W"] };
}

/** What the options of a model say of what it tells: the compiler then knows the name of its dim. */
export type TellsLabels = { readonly targets?: never };
export type TellsNumbers = { readonly targets: number };

export interface Head {
  readonly parameters: readonly Parameter[];
  /** What is told of h [..., hidden]: scores of labels, or the numbers themselves. */
  readonly scores: (h: Tensor) => Tensor;
  /** What is fed: `labels` [...] or `targets` [..., target]. */
  readonly right: (dims: Shape) => { readonly [name: string]: Tensor<Shape, DType> };
  readonly loss: (scores: Tensor, right: { readonly [name: string]: Tensor<Shape, DType> }, options?: LossOptions) => Tensor;
  /** Probabilities of labels, or the numbers as they are. */
  readonly predictions: (scores: Tensor) => Tensor;
  /** The share of labels that are right, of those that the mask has. */
  readonly metric:
    | ((scores: Tensor, right: { readonly [name: string]: Tensor<Shape, DType> }, mask?: Tensor<Shape, "bool">) => Tensor<readonly []>)
    | undefined;
}

type Labels = Tensor<Shape, "int">;
type Logits = Tensor<readonly [...Shape, Dim]>;

/**
 * @param hidden the last dim of what is read
 * @param tied word vectors [word, vector] that are the scores' weights, too (Press & Wolf, 2017): logits = h·Eᵀ + b_y
 * @param of the dim of the labels, where they are something that has a dim: words
 */
export function headOf({ labels, targets, initial }: HeadOptions, hidden: Dim, tied?: Tensor<readonly [Dim, Dim]>, of?: Dim): Head {
  const label: Dim = targets === undefined ? (tied?.shape[0] ?? of ?? dim("label", labels ?? 2)) : dim("target", targets);
  const V = tied === undefined ? parameter("V", [hidden, label], initial?.V) : undefined;
  const b_y = parameter("b_y", [label]);
  const weights: Tensor<readonly [Dim, Dim]> = V ?? transpose(rename(tied!, -1, hidden) as Tensor<readonly [Dim, Dim]>);
  const parameters: readonly Parameter[] = V === undefined ? [b_y] : [V, b_y];
  const scores = (h: Tensor): Tensor => add(matmul(h, weights) as Tensor, b_y) as Tensor;
  if (targets !== undefined)
    return {
      parameters,
      scores,
      right: (dims) => ({ targets: input("targets", [...dims, label]) }),
      loss: (told, { targets: right }, options = {}) => meanSquaredError(told, right as Tensor, options) as Tensor,
      predictions: (told) => told,
      metric: undefined,
    };
  return {
    parameters,
    scores,
    right: (dims) => ({ labels: input("labels", dims, "int") }),
    loss: (logits, { labels: right }, options = {}) => softmaxCrossEntropy(logits as Logits, right as Labels, options) as Tensor,
    predictions: (logits) => softmax(logits as Logits, -1) as Tensor,
    metric: (logits, { labels: right }, mask) => shareOf(equal(argmax(logits as Logits, -1) as Labels, right as Labels), mask),
  };
}

/** The share of what is true, of those that the mask has. */
export function shareOf(right: Tensor<Shape, "bool">, mask?: Tensor<Shape, "bool">): Tensor<readonly []> {
  if (mask === undefined) return mean(cast(right, "float"));
  const counts = cast(mask, "float");
  return div(sum(mul(cast(right, "float"), counts)), maximum(sum(counts), 1));
}
