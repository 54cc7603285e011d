// The feed-forward net: layer upon layer, nothing comes back. With one hidden neuron it is a line in the space of features, with one layer
// it can draw any border (Cybenko, 1989), and an RNN over T words is one of T layers whose weights are one and the same.

import { type Dim, dim } from "../graph/dim.ts";
import type { Parameter, Tensor } from "../graph/node.ts";
import { isRecord } from "../graph/options.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { input } from "../ops/input.ts";
import { softmaxCrossEntropy } from "../ops/losses.ts";
import { matmul } from "../ops/matmul.ts";
import { parameter } from "../ops/parameter.ts";
import { softmax } from "../ops/softmax.ts";
import { accuracy, type Built, buildOf, byName, type DataDims, type Model, withoutOptions } from "./model.ts";
import { activationOf, type activations } from "./rnn.ts";

export interface FeedForwardOptions {
  /** Numbers in an example. */
  readonly features: number;
  /** Neurons of each hidden layer, in order: `[1]` is one neuron, `[]` no hidden layer at all (logistic regression). */
  readonly hidden: readonly number[];
  /** Number of labels; 2 when left out. */
  readonly labels?: number;
  /** tanh when left out. */
  readonly activation?: keyof typeof activations;
}

type Batch = DataDims["batch"];
type Label = Dim<"label">;

export interface BuiltFeedForward extends Built {
  readonly inputs: { readonly x: Tensor<readonly [Batch, Dim<"feature">]>; readonly labels: Tensor<readonly [Batch], "int"> };
  /** Scores of each label, before softmax. */
  readonly logits: Tensor<readonly [Batch, Label]>;
  /** What each hidden layer says, [batch, hidden1], … */
  readonly layers: readonly Tensor<readonly [Batch, Dim]>[];
}

/**
 * h_i = φ(h_{i−1}·W_i + b_i), h_0 = x; logits = h_n·V + b_y: inputs `x` [batch, feature], `labels` [batch]. Parameters `layer1.W` [feature, hidden1],
 * `layer1.b`, …, `V` [hidden, label], `b_y`.
 *
 * @example
 * import { dim, feedForward, graph } from "clew";
 * const model = feedForward({ features: 4, hidden: [6, 5] });
 * graph(model.build({ time: dim("time", 1), batch: dim("batch", 32) }).loss).parameters.length; // 6
 */
export function feedForward(options: FeedForwardOptions): Model<BuiltFeedForward> {
  const line = calledFrom(feedForward);
  const made = () =>
    isRecord(options)
      ? madeAt(line, options)
      : withoutOptions<Model<BuiltFeedForward>>(line, "feedForward", options, "{ features: 4, hidden: [6, 5] }");
  return standingAt(line, made);
}

function madeAt(line: Site, { features, hidden, labels = 2, activation = "tanh" }: FeedForwardOptions): Model<BuiltFeedForward> {
  const feature: Dim<"feature"> = dim("feature", features);
  const label: Label = dim("label", labels);
  const widths: readonly Dim[] = [feature, ...hidden.map((size, i) => dim(`hidden${i + 1}`, size))];
  const layers = widths.slice(1).map((width, i) => ({
    W: parameter(`layer${i + 1}.W`, [widths[i]!, width]),
    b: parameter(`layer${i + 1}.b`, [width]),
  }));
  const V = parameter("V", [widths.at(-1)!, label]);
  const b_y = parameter("b_y", [label]);
  const phi = activationOf("feedForward", activation);

  const build = buildOf(line, ({ batch }: Pick<DataDims, "batch">): BuiltFeedForward => {
    const x = input("x", [batch, feature]);
    const y = input("labels", [batch], "int");
    const said: Tensor<readonly [Batch, Dim]>[] = [];
    let h: Tensor<readonly [Batch, Dim]> = x;
    for (const { W, b } of layers) {
      h = phi(add(matmul(h, W), b));
      said.push(h);
    }
    const logits: Tensor<readonly [Batch, Label]> = add(matmul(h, V), b_y);
    return {
      inputs: { x, labels: y },
      loss: softmaxCrossEntropy(logits, y),
      predictions: softmax(logits, -1),
      metric: accuracy(logits, y),
      logits,
      layers: said,
    };
  });
  const own: readonly Parameter[] = [...layers.flatMap(({ W, b }) => [W, b] as readonly Parameter[]), V, b_y];
  return { parameters: byName(...own), build };
}
