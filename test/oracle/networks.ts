// The oracle's networks, written with public ops as a user writes them (the equations stand in README.md).

import {
  add,
  concat,
  type Dim,
  gather,
  lengthMask,
  matmul,
  meanSquaredError,
  mul,
  relu,
  sigmoid,
  softmaxCrossEntropy,
  sub,
  type Tensor,
  tanh,
  unroll,
} from "clew";
import type { Case, Leaves } from "./cases.ts";

type States = Readonly<Record<string, Tensor>>;
type Weights = (name: string) => Tensor | undefined;

/** x·U + h·W + b of a gate; b may be missing. */
function affine(p: Weights, gate: string, x: Tensor, h: Tensor): Tensor {
  const sum = add(matmul(x, p(`U${gate}`)!), matmul(h, p(`W${gate}`)!)) as Tensor;
  return biased(sum, p(`b${gate}`));
}

function biased(a: Tensor, b: Tensor | undefined): Tensor {
  return b === undefined ? a : (add(a, b) as Tensor);
}

type Cell = (settings: Case["settings"], p: Weights, state: States, x: Tensor) => States;

const cells: Readonly<Record<string, Cell>> = {
  rnn: ({ activation }, p, { h }, x) => {
    const φ = { tanh, relu, sigmoid }[activation as "tanh" | "relu" | "sigmoid"];
    return { h: φ(affine(p, "", x, h!)) };
  },
  lstm: (_, p, { h, c }, x) => {
    const gate = (k: string) => affine(p, `_${k}`, x, h!);
    const next = add(mul(sigmoid(gate("f")), c!), mul(sigmoid(gate("i")), tanh(gate("g")))) as Tensor;
    return { h: mul(sigmoid(gate("o")), tanh(next)) as Tensor, c: next };
  },
  gru: ({ reset }, p, { h }, x) => {
    const [r, z] = [sigmoid(affine(p, "_r", x, h!)), sigmoid(affine(p, "_z", x, h!))];
    const recurrent = reset === "before" ? matmul(mul(r, h!), p("W_n")!) : mul(r, biased(matmul(h!, p("W_n")!) as Tensor, p("b_hn")));
    const n = tanh(add(biased(matmul(x, p("U_n")!) as Tensor, p("b_n")), recurrent));
    return { h: add(mul(sub(1, z), n), mul(z, h!)) as Tensor };
  },
};

export interface Network {
  readonly loss: Tensor<readonly []>;
  readonly values: Readonly<Record<string, Tensor>>;
  /** Of every layer, in order; for looking at steps. */
  readonly layers: readonly { readonly steps: readonly { readonly state: States; readonly output: Tensor }[] }[];
}

export function recurrent({ settings }: Case, { dims, tensors }: Leaves): Network {
  const time = dims.time!;
  const ids = tensors.ids as unknown as Tensor<readonly Dim[], "int">;
  const x = settings.embedding ? (gather(tensors.embedding!, ids, dims.vocabulary!) as Tensor) : tensors.x!;
  const mask = settings.masked ? lengthMask(tensors.lengths as unknown as Tensor<readonly Dim[], "int">, time) : undefined;
  const prefixes = settings.bidirectional
    ? ["forward.", "backward."]
    : (settings.layers as number) > 1
      ? Array.from({ length: settings.layers as number }, (_, n) => `layer${n + 1}.`)
      : [""];
  const cell = cells[settings.cell as string]!;
  const values: Record<string, Tensor> = {};
  let over = x;
  const layers = prefixes.map((prefix) => {
    const p: Weights = (name) => tensors[`${prefix}${name}`];
    const from: States = { h: p("h0")!, ...(settings.cell === "lstm" ? { c: p("c0")! } : {}) };
    const made = unroll(
      (state: States, x_t: Tensor) => {
        const next = cell(settings, p, state, x_t);
        return { state: next, output: next.h! };
      },
      { over, from, reverse: prefix === "backward.", ...(mask === undefined ? {} : { mask }) },
    );
    values[`${prefix}final`] = made.final.h!;
    if (made.final.c !== undefined) values[`${prefix}finalCell`] = made.final.c;
    if (!settings.bidirectional) over = made.outputs as Tensor;
    return made;
  });
  const beside = (a: Tensor, b: Tensor): Tensor => concat([a, dims.hidden!], [b, dims.hidden!], dims.both!) as Tensor;
  const [first, second] = layers as unknown as readonly [Made, Made];
  const top = layers.at(-1)! as unknown as Made;
  const outputs = settings.bidirectional ? beside(first.outputs, second.outputs) : top.outputs;
  const final = settings.bidirectional ? beside(first.final.h!, second.final.h!) : top.final.h!;
  const logits = biased(matmul(settings.loss === "last" ? final : outputs, tensors.V!) as Tensor, tensors.b_y);
  const y = tensors.y as unknown as Tensor<readonly Dim[], "int">;
  const masked = settings.loss === "every" && mask !== undefined ? { mask } : {};
  const loss = softmaxCrossEntropy(logits, y, masked) as Tensor as Tensor<readonly []>;
  return { loss, values: { ...values, outputs, final, logits }, layers: layers as unknown as Network["layers"] };
}

interface Made {
  readonly outputs: Tensor;
  readonly final: States;
}

export function feedForward({ settings }: Case, { tensors }: Leaves): Omit<Network, "layers"> {
  const values: Record<string, Tensor> = {};
  let h = tensors.x!;
  for (let n = 1; n <= (settings.layers as number); n++) {
    h = tanh(add(matmul(h, tensors[`layer${n}.W`]!), tensors[`layer${n}.b`]!)) as Tensor;
    values[`hidden${n}`] = h;
  }
  const last = add(matmul(h, tensors.V!), tensors.b_y!) as Tensor;
  if (settings.loss === "softmaxCrossEntropy") {
    const y = tensors.y as unknown as Tensor<readonly Dim[], "int">;
    return { loss: softmaxCrossEntropy(last, y) as Tensor as Tensor<readonly []>, values: { ...values, logits: last } };
  }
  return { loss: meanSquaredError(last, tensors.y!) as Tensor<readonly []>, values: { ...values, prediction: last } };
}
