// What writes words, one after the other, each told of the ones before it. While it learns, the words before are the right ones (teacher forcing:
// Williams & Zipser, 1989), so that all steps are known at once; then it is on its own, and goes on from what it wrote itself, until the end symbol.

import { type Dim, dim, type Shape } from "../graph/dim.ts";
import { isNode, type Node, type Parameter, type Tensor } from "../graph/node.ts";
import { leaves, mapNodes, paths, type Tree } from "../graph/tree.ts";
import { add } from "../ops/add.ts";
import { argmax } from "../ops/argmax.ts";
import { cast } from "../ops/cast.ts";
import { concat } from "../ops/concat.ts";
import { dropout } from "../ops/dropout.ts";
import { equal } from "../ops/equal.ts";
import { full, zeros } from "../ops/full.ts";
import { greater } from "../ops/greater.ts";
import { matmul } from "../ops/matmul.ts";
import { maximum } from "../ops/maximum.ts";
import { parameter } from "../ops/parameter.ts";
import { slice } from "../ops/slice.ts";
import { tanh } from "../ops/tanh.ts";
import { where } from "../ops/where.ts";
import type { scan } from "../recurrence/scan/scan.ts";
import { byName } from "./model.ts";
import { type LayerStates, layerByLayer, type StackedCell } from "./stacked.ts";
import type { Words } from "./words.ts";

type Batch = Dim<"batch">;
type Time = Dim<"time">;
type Ids = Tensor<readonly [Time, Batch], "int">;

export interface WriterParts {
  readonly words: Words;
  readonly stack: StackedCell<Dim, Dim>;
  /** Scores of each word, of h [..., batch, hidden]. */
  readonly scores: (h: Tensor) => Tensor;
  /** The id that ends a text; it also stands for the word before the first. */
  readonly end: number;
  readonly dropout: number;
}

/** What is said, [time, batch, hidden], of each next word, when the words before it are the right ones. */
export function taught(parts: WriterParts, words: Ids, from: LayerStates, through: typeof scan): Tensor {
  const { stack, words: as, dropout: rate, end } = parts;
  const [time, batch] = words.shape;
  const first = cast(full([dim("first", 1), batch], end), "int") as Tensor<Shape, "int">;
  const before = dim("before", Math.max(0, time.size - 1));
  const rest = slice(words as Tensor<Shape, "int">, time, before, 0) as Tensor<Shape, "int">;
  const shifted = concat([first, -2], [rest, -2], time) as Tensor<Shape, "int"> as Ids;
  const x = as.vectorsOf(shifted);
  const { outputs } = layerByLayer(stack, { over: rate === 0 ? x : dropout(x, rate, "written"), from, through });
  return (rate === 0 ? outputs : dropout(outputs, rate, "said")) as Tensor;
}

/** The words [time, batch] that it writes on its own, each the likeliest after those before; behind an end symbol, end symbols. */
export function free(parts: WriterParts, time: Time, batch: Batch, from: LayerStates, through: typeof scan): Ids {
  const { stack, words, scores, end } = parts;
  type Written = Tensor<readonly [Batch], "int">;
  const ends = cast(full([batch], end), "int");
  const cell = ({ h, word, done }: { readonly h: LayerStates; readonly word: Written; readonly done: Tensor<readonly [Batch]> }) => {
    const { state, output } = stack(h, words.vectorsOf(word));
    const likeliest = argmax(scores(output) as Tensor<readonly [Batch, Dim]>, -1);
    const next: Written = where(greater(done, 0.5), ends, likeliest);
    return { state: { h: state, word: next, done: maximum(done, cast(equal(next, ends), "float")) }, output: next };
  };
  type Untyped = (cell: unknown, options: unknown) => { readonly outputs: Ids };
  return (through as unknown as Untyped)(cell, { steps: time, from: { h: from, word: ends, done: zeros([batch]) } }).outputs;
}

/** What a stack begins with when something is known: tanh(a·P + b) for each of its states, `name.P_layer1.h` and so on. */
export interface Bridge {
  readonly parameters: { readonly [name: string]: Parameter };
  readonly cross: (a: Tensor) => LayerStates;
}

/** @param from the last dim of what is known, [batch, from] */
export function bridgeOf(name: string, stack: StackedCell<Dim, Dim>, from: Dim): Bridge {
  const states: Tree<Node> = stack.zeroState(dim("batch", 1));
  const called = paths(states, isNode);
  const into = leaves(states, isNode).map((leaf, i) => {
    const width = leaf.shape.at(-1)!;
    return { P: parameter(`${name}.P_${called[i]}`, [from, width]), b: parameter(`${name}.b_${called[i]}`, [width]) };
  });
  return {
    parameters: byName(...into.flatMap(({ P, b }): readonly Parameter[] => [P, b])),
    cross: (a) => mapNodes(states, (_, i) => tanh(add(matmul(a, into[i]!.P) as Tensor, into[i]!.b)) as Node) as LayerStates,
  };
}
