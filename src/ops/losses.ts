// Losses: a mean over what is not masked, unless asked otherwise.
//
// What a mask hides counts for nothing, whatever it is: a NaN, an infinity, a label that no class has. So it is replaced by a zero before the
// loss is computed. Selecting the finished losses would keep it out of the value alone: it would come back through the derivative, as 0·∞.

import { alignment, type Dim, type Shape, sameDim, showShape } from "../graph/dim.ts";
import { operand } from "../graph/make.ts";
import { isNode, type Node, type Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { composite } from "../graph/source.ts";
import type { Ok, Result, SameShape, ShapeError, ShowShape, Wide } from "../graph/types.ts";
import { algebra as m } from "./algebra.ts";
import { given, notOneOf } from "./checks.ts";
import { oneHotNode } from "./oneHot.ts";
import { failed } from "./operands.ts";
import { meanNode } from "./reductions.ts";
import { logSoftmaxNode } from "./softmax.ts";

export interface LossOptions {
  /** Which elements count; the shape of the labels, or one that broadcasts to it. What stands at the others reaches neither the loss nor a derivative. */
  readonly mask?: Tensor<Shape, "bool">;
  /** One number (the mean over what is not masked, or the sum), or the loss of every element. */
  readonly reduce?: "mean" | "sum" | "none";
}

type Reduced<S extends Shape, R> = R extends "none" ? S : readonly [];

type Labels<L extends Shape, Y extends Shape> = true extends Wide<L> | Wide<Y>
  ? Shape
  : L extends readonly [...infer P extends Shape, Dim]
    ? Y extends P
      ? Y
      : P extends Y
        ? Y
        : ShapeError<`softmaxCrossEntropy: labels ${ShowShape<Y>} must have the dims of the logits ${ShowShape<L>} but the last`>
    : ShapeError<"softmaxCrossEntropy: the logits are a scalar">;

interface CrossEntropy {
  <P extends Shape, K extends Dim, const O extends LossOptions = Record<never, never>>(
    logits: Tensor<readonly [...P, K]>,
    labels: Tensor<NoInfer<readonly [...P]>, "int">,
    options?: O,
  ): Tensor<Reduced<P, O["reduce"]>>;
  <L extends Shape, Y extends Shape, const O extends LossOptions = Record<never, never>>(
    logits: Tensor<L>,
    labels: Tensor<Y, "int"> & Ok<Labels<L, Y>>,
    options?: O,
  ): Result<Reduced<Y, O["reduce"]>>;
}

/**
 * −log softmax(logits)[label], the loss of a classifier: logits [..., label], labels [...] (int).
 *
 * The mean over the elements that are not masked (of none: 0), or their sum, or each. A label out of range is reported when the graph runs, unless it is masked.
 *
 * @example
 * import { dim, evaluate, input, item, softmaxCrossEntropy } from "clew";
 * const batch = dim("batch", 1), label = dim("label", 2);
 * const loss = softmaxCrossEntropy(input("logits", [batch, label]), input("y", [batch], "int"));
 * item(evaluate(loss, { logits: [[0, 0]], y: [1] })); // Math.LN2
 */
export const softmaxCrossEntropy: CrossEntropy = composite("softmaxCrossEntropy", (l: unknown, y: unknown, options: LossOptions = {}) => {
  const name = "softmaxCrossEntropy";
  const [logits, labels] = [operand(name, l), operand(name, y)];
  return given(name, [logits, labels], wrongOptions(options), () => crossEntropy(name, logits, labels, options));
});

function crossEntropy(name: string, logits: Node, labels: Node, options: LossOptions): Node {
  const label = logits.shape.at(-1);
  const guess = { shape: options.reduce === "none" ? labels.shape : [], rests: [logits, labels, ...masks(options)] };
  if (label === undefined) return failed(name, "RankMismatch", "the logits are a scalar", [logits], "logits [..., label]", guess);
  if (labels.dtype !== "int") {
    return failed(name, "DTypeMismatch", `labels are ${labels.dtype}, expected int`, [labels], `input("y", [batch], "int")`, {
      ...guess,
      certain: true,
    });
  }
  const rest = logits.shape.slice(0, -1);
  if (rest.length !== labels.shape.length || !rest.every((d, i) => sameDim(d, labels.shape[i]!))) {
    return failed(
      name,
      "DimMismatch",
      `labels ${showShape(labels.shape)} must have the dims of the logits ${showShape(logits.shape)} but the last`,
      [logits, labels],
      undefined,
      {
        ...guess,
        certain: true,
      },
    );
  }
  const last = logits.shape.length - 1;
  return withMask(name, [logits, labels], labels.shape, options, (mask) => {
    const chosen = m.equal(oneHotNode(real(labels, mask), label), m.constant(1));
    // selected, not multiplied: 0 · (−∞) would be NaN
    const each = m.neg(m.sum(m.where(chosen, logSoftmaxNode(real(logits, mask), last), m.constant(0)), [last]));
    return reduced(real(each, mask), mask, options);
  });
}

type OneShape<A extends Shape, B extends Shape> =
  SameShape<A, B> extends true
    ? A
    : ShapeError<`meanSquaredError: prediction ${ShowShape<A>} and target ${ShowShape<B>} must have one shape`>;

interface SquaredError {
  <S extends Shape, const O extends LossOptions = Record<never, never>>(
    prediction: Tensor<S>,
    target: Tensor<NoInfer<S>>,
    options?: O,
  ): Tensor<Reduced<S, O["reduce"]>>;
  <A extends Shape, B extends Shape, const O extends LossOptions = Record<never, never>>(
    prediction: Tensor<A>,
    target: Tensor<B> & Ok<OneShape<A, B>>,
    options?: O,
  ): Result<Reduced<A, O["reduce"]>>;
}

/** The mean of (prediction − target)²; both of one shape. */
export const meanSquaredError: SquaredError = composite("meanSquaredError", (p: unknown, t: unknown, options: LossOptions = {}): Node => {
  const name = "meanSquaredError";
  const [prediction, target] = [operand(name, p), operand(name, t)];
  return given(name, [prediction, target], wrongOptions(options), () => squaredError(name, prediction, target, options));
});

function squaredError(name: string, prediction: Node, target: Node, options: LossOptions): Node {
  const same = prediction.shape.length === target.shape.length && prediction.shape.every((d, i) => sameDim(d, target.shape[i]!));
  if (!same) {
    const shape = options.reduce === "none" ? prediction.shape : [];
    return failed(
      name,
      "DimMismatch",
      `prediction ${showShape(prediction.shape)} and target ${showShape(target.shape)} must have one shape`,
      [prediction, target],
      undefined,
      {
        shape,
        certain: true,
        rests: [prediction, target, ...masks(options)],
      },
    );
  }
  return withMask(name, [prediction, target], prediction.shape, options, (mask) => {
    const error = real(m.sub(prediction, target), mask);
    return reduced(m.mul(error, error), mask, options);
  });
}

function masks({ mask }: LossOptions): readonly Node[] {
  return mask === undefined ? [] : [mask];
}

function wrongOptions(options: unknown): readonly (string | undefined)[] {
  if (typeof options !== "object" || options === null) return [`the options must be a record, found ${shown(options)}`];
  const { mask, reduce = "mean" } = options as { mask?: unknown; reduce?: unknown };
  return [
    notOneOf("reduction", reduce, ["mean", "sum", "none"]),
    mask === undefined || isNode(mask) ? undefined : `the mask must be a bool tensor, found ${shown(mask)}`,
  ];
}

/** `build`, given the mask repeated to `shape`, that of the losses; else the failed expression. */
function withMask(
  name: string,
  operands: readonly Node[],
  shape: Shape,
  { mask, reduce }: LossOptions,
  build: (mask: Node | undefined) => Node,
): Node {
  if (mask === undefined) return build(undefined);
  const at = alignment(mask.shape, shape);
  if (at !== undefined && mask.dtype === "bool") return build(m.broadcast(mask, shape, at));
  const [code, message] =
    at === undefined
      ? (["BroadcastMismatch", `mask ${showShape(mask.shape)} does not broadcast to ${showShape(shape)}`] as const)
      : (["DTypeMismatch", `the mask is ${mask.dtype}, expected bool`] as const);
  return failed(name, code, message, [...operands, mask], undefined, { shape: reduce === "none" ? shape : [], certain: true });
}

/** a where the mask has it, 0 elsewhere; a has the mask's dims first. */
function real(a: Node, mask: Node | undefined): Node {
  if (mask === undefined) return a;
  const axes = mask.shape.map((_, i) => i);
  return m.where(m.broadcast(mask, a.shape, axes), a, m.cast(m.constant(0), a.dtype));
}

function reduced(each: Node, mask: Node | undefined, { reduce = "mean" }: LossOptions): Node {
  const axes = each.shape.map((_, i) => i);
  if (reduce === "none") return each;
  if (reduce === "sum") return m.sum(each, axes);
  if (mask === undefined) return meanNode(each, axes);
  const count = m.sum(m.cast(mask, "float"), axes);
  return m.div(m.sum(each, axes), m.maximum(count, m.constant(1)));
}
