// How much of the gradient a truncation loses: the truncated gradient beside the whole one, which is that of the same graph with its cuts undone.

import { grad, type Wrt } from "../autodiff/derivatives.ts";
import { type Replacement, replacing } from "../autodiff/inference.ts";
import { bodyOf } from "../graph/body.ts";
import { ill, mistakeHere, nameOf } from "../graph/make.ts";
import { isNode, type Node, type Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { userCalled } from "../graph/source.ts";
import { isTreeOfNodes, nodesOf, paths, rebuild, type Tree } from "../graph/tree.ts";
import type { Value } from "../graph/value.ts";
import type { Plan } from "./flow.ts";
import { rewritten } from "./scan/rewrite.ts";
import { cutOp } from "./truncate.ts";

/** What is left of a gradient, and what is not. */
export interface Loss {
  /** ‖g − ĝ‖ / ‖g‖: the share of the whole gradient g that the truncated one ĝ lacks. 0: nothing is lost. */
  readonly lost: number;
  /** Of the angle between g and ĝ. 1: the same direction. */
  readonly cosine: number;
  /** ‖ĝ‖ and ‖g‖. */
  readonly norm: number;
  readonly whole: number;
}

export interface TruncationLoss extends Loss {
  /** The same of each tensor by which is differentiated, by name. */
  readonly parameters: Readonly<Record<string, Loss>>;
  /** “it loses 13 % of the gradient (cosine 0.991), of W 15 %” */
  readonly sentence: string;
}

/**
 * The outputs as they are without truncation: the same values, and whole gradients (of what is differentiated afterwards).
 *
 * @example
 * import { dim, evaluate, grad, input, mul, scan, untruncated, zeros, add } from "clew";
 * const x = input("x", [dim("time", 4)]);
 * const { final } = scan((s, x_t) => ({ state: add(s, x_t), output: s }), { over: x, from: zeros([]), truncate: { forward: 2, backward: 2 } });
 * evaluate(grad(final, x), { x: [1, 1, 1, 1] }).data; // Float64Array [0, 0, 1, 1]
 * evaluate(grad(untruncated(final), x), { x: [1, 1, 1, 1] }).data; // Float64Array [1, 1, 1, 1]
 */
export const untruncated: <const O>(outputs: O) => O = userCalled((outputs: unknown) => {
  if (!isTreeOfNodes(outputs)) {
    const found = `expected a tensor or a record of tensors, found ${shown(outputs)}`;
    return ill(mistakeHere("NotTensor", "untruncated", found, [], "untruncated(loss)"));
  }
  const result = replacing(nodesOf(outputs), undone);
  return rebuild(
    outputs as Tree<Node>,
    isNode,
    nodesOf(outputs).map((n) => result.get(n)!),
  );
});

const undone: Replacement = (node, inputs) => {
  if (node.op === cutOp) return inputs[0];
  return bodyOf(node) === undefined ? undefined : rewritten(node, inputs, undone);
};

/** The plan of `truncationLoss`. */
export const truncationPlan: (loss: Tensor, wrt: Wrt) => Plan<TruncationLoss> = userCalled((loss: unknown, wrt: unknown) => {
  const gradient = (of: unknown): readonly Node[] => nodesOf(grad(of as Tensor<readonly []>, wrt as Wrt));
  const kept = gradient(loss);
  // what is wrong is told once
  if (!kept.every((n) => n.certain))
    return { outputs: Object.fromEntries(kept.map((n, i) => [`${i}`, n])), read: () => undefined as never };
  const whole = gradient(untruncated(loss));
  const names = paths(wrt as Tree<Node>, isNode).map((path, i) => (path === "" ? (nameOf(nodesOf(wrt)[i]!) ?? "gradient") : path));
  return {
    // the loss is there so that whatever it is fed with is fed to something
    outputs: {
      loss: loss as Node,
      ...Object.fromEntries(kept.map((n, i) => [`kept${i}`, n])),
      ...Object.fromEntries(whole.map((n, i) => [`whole${i}`, n])),
    },
    read: (values: Readonly<Record<string, Value>>): TruncationLoss => {
      const parts = names.map((_, i) => productsOf(values[`kept${i}`]!, values[`whole${i}`]!));
      const all = lossOf(parts.reduce((a, b) => a.map((x, k) => x + b[k]!) as unknown as Products));
      const parameters = Object.fromEntries(parts.map((p, i) => [names[i]!, lossOf(p)]));
      return { ...all, parameters, sentence: told(all, parameters) };
    },
  };
});

/** ⟨ĝ, ĝ⟩, ⟨ĝ, g⟩, ⟨g, g⟩, ⟨g − ĝ, g − ĝ⟩. */
type Products = readonly [number, number, number, number];

function productsOf({ data: kept }: Value, { data: whole }: Value): Products {
  let [kk, kw, ww, dd] = [0, 0, 0, 0];
  for (let i = 0; i < whole.length; i++) {
    const [k, w] = [kept[i]!, whole[i]!];
    kk += k * k;
    kw += k * w;
    ww += w * w;
    dd += (w - k) * (w - k);
  }
  return [kk, kw, ww, dd];
}

function lossOf([kk, kw, ww, dd]: Products): Loss {
  return {
    lost: dd === 0 ? 0 : Math.sqrt(dd / ww),
    cosine: kk === ww && dd === 0 ? 1 : kk === 0 || ww === 0 ? 0 : kw / Math.sqrt(kk * ww),
    norm: Math.sqrt(kk),
    whole: Math.sqrt(ww),
  };
}

function told(all: Loss, parameters: Readonly<Record<string, Loss>>): string {
  if (all.lost === 0) return "nothing of the gradient is lost";
  const percent = (x: number): string => `${Number((100 * x).toPrecision(2))} %`;
  const [name, worst] = Object.entries(parameters).reduce((a, b) => (b[1].lost > a[1].lost ? b : a));
  const most = Object.keys(parameters).length === 1 ? "" : `, of ${name} ${percent(worst.lost)}`;
  return `it loses ${percent(all.lost)} of the gradient (cosine ${all.cosine.toFixed(3)})${most}`;
}
