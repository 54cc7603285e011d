// Training steps of small nets, unrolled or scanned: a character model's loss and the gradient of all parameters.

import {
  add,
  dim,
  gather,
  grad,
  input,
  matmul,
  mul,
  parameter,
  type scan,
  sigmoid,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  uniform,
  zeros,
} from "clew";

export interface TrainingStep {
  readonly outputs: { readonly loss: Tensor<readonly []>; readonly g: { readonly [name: string]: Tensor } };
  readonly feeds: { readonly [name: string]: Float64Array | Int32Array };
}

export interface Sizes {
  readonly hidden: number;
  readonly steps: number;
  readonly batch: number;
  readonly vocabulary: number;
}

const small: Sizes = { hidden: 8, steps: 6, batch: 3, vocabulary: 8 };

const dimsOf = ({ hidden, steps, batch, vocabulary }: Sizes) => ({
  time: dim("time", steps),
  batch: dim("batch", batch),
  hidden: dim("hidden", hidden),
  word: dim("word", vocabulary),
  label: dim("label", vocabulary),
});

type Recur = typeof scan;

function step(recur: Recur, sizes: Sizes, gates: readonly string[], cell: Cell): TrainingStep {
  const { time, batch, hidden, word, label } = dimsOf(sizes);
  const parameters: Record<string, Tensor> = {};
  const made = gates.map((gate) => {
    const U = parameter(`U${gate}`, [word, hidden], uniform(-1, 1));
    const W = parameter(`W${gate}`, [hidden, hidden], uniform(-0.5, 0.5));
    const b = parameter(`b${gate}`, [hidden], uniform(-0.1, 0.1));
    Object.assign(parameters, { [`U${gate}`]: U, [`W${gate}`]: W, [`b${gate}`]: b });
    return { U, W, b };
  });
  const V = parameter("V", [hidden, label], uniform(-1, 1));
  parameters.V = V;
  const [x, y] = [input("x", [time, batch], "int"), input("y", [time, batch], "int")];
  const sums = (h: Tensor, id: Tensor): readonly Tensor[] =>
    made.map(({ U, W, b }) => add(add(gather(U, id as never, word) as Tensor, matmul(h, W as Tensor) as Tensor), b as Tensor) as Tensor);
  const zero = zeros([batch, hidden]) as Tensor;
  const { outputs } = (recur as unknown as LooseRecur)(
    ({ h, s }, id) => {
      const next = cell(sums(h, id), s);
      return { state: next, output: next.h };
    },
    { over: x, from: { h: zero, s: zero } },
  );
  const loss = softmaxCrossEntropy(matmul(outputs as never, V) as never, y as never) as Tensor<readonly []>;
  // |W| keeps errors from growing with the steps: sums of a row's magnitudes are less than 1
  const wave = (n: number, phase: number): Float64Array => Float64Array.from({ length: n }, (_, i) => 0.2 * Math.sin(1.3 * i + phase));
  const ids = (by: number): Int32Array => Int32Array.from({ length: sizes.steps * sizes.batch }, (_, i) => (i * by + 3) % sizes.vocabulary);
  const given = Object.fromEntries(
    Object.entries(parameters).map(([name, p], i) => [
      name,
      wave(
        p.shape.reduce((n, d) => n * d.size, 1),
        i,
      ),
    ]),
  );
  return { outputs: { loss, g: grad(loss, parameters) as never }, feeds: { ...given, x: ids(5), y: ids(7) } };
}

type State = { readonly h: Tensor; readonly s: Tensor };
type Cell = (sums: readonly Tensor[], s: Tensor) => State;
type LooseRecur = (
  cell: (state: State, x: Tensor) => { readonly state: State; readonly output: Tensor },
  options: { readonly over: unknown; readonly from: State },
) => { readonly outputs: Tensor };

export function rnnStep(recur: Recur, sizes: Sizes = small): TrainingStep {
  return step(recur, sizes, [""], ([a], s) => ({ h: tanh(a!), s }));
}

export function lstmStep(recur: Recur, sizes: Sizes = small): TrainingStep {
  return step(recur, sizes, ["i", "f", "g", "o"], ([i, f, g, o], s) => {
    const s_t = add(mul(sigmoid(f!), s), mul(sigmoid(i!), tanh(g!))) as Tensor;
    return { h: mul(sigmoid(o!), tanh(s_t)) as Tensor, s: s_t };
  });
}
