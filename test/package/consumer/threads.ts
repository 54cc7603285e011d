// Training steps on one thread and on two, in a page or in Node: what they gave, and whether two took part.

import {
  add,
  compile,
  dim,
  grad,
  input,
  matmul,
  type Parameter,
  parameter,
  scan,
  sgd,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  updates,
  zeros,
} from "clew";

// of Node and of a page alike; the types of neither are asked for
const { performance, setTimeout, URL } = globalThis as unknown as {
  readonly performance: { now(): number };
  setTimeout(then: () => void, ms: number): void;
  readonly URL: { createObjectURL: (blob: unknown) => string; revokeObjectURL: (address: string) => void };
};

const time = dim("time", 12);
const batch = dim("batch", 64);
const word = dim("word", 16);
const hidden = dim("hidden", 32);
const U = parameter("U", [word, hidden]);
const W = parameter("W", [hidden, hidden]);
const V = parameter("V", [hidden, word]);
const x = input("x", [time, batch, word]);
const y = input("y", [time, batch], "int");

const start = zeros([batch, hidden]);
const cell = (h: typeof start, x_t: Tensor<readonly [typeof batch, typeof word]>) => {
  const h_t = tanh(add(matmul(x_t, U), matmul(h, W)));
  return { state: h_t, output: h_t };
};
const { outputs } = scan(cell, { over: x, from: start });
const loss = softmaxCrossEntropy(matmul(outputs, V), y);
const gradient = grad(loss, { U, W, V });
const update = updates(
  sgd(0.1),
  new Map<Parameter, Tensor>([
    [U, gradient.U],
    [W, gradient.W],
    [V, gradient.V],
  ]),
);
const feeds = {
  x: Float64Array.from({ length: 12 * 64 * 16 }, (_, i) => Math.sin(i)),
  y: Int32Array.from({ length: 12 * 64 }, (_, i) => (5 * i) % 16),
};

// where a page finds the texts of workers
const addresses = new Set<string>();
const { createObjectURL, revokeObjectURL } = URL;
URL.createObjectURL = (blob) => {
  const address = createObjectURL(blob);
  addresses.add(address);
  return address;
};
URL.revokeObjectURL = (address) => {
  addresses.delete(address);
  revokeObjectURL(address);
};

const one = compile({ loss }, { update, seed: 1 });
const two = compile({ loss }, { update, seed: 1, threads: 2 });
const together = (): number => Number(/2 threads in (\d+) of/.exec(two.explain())?.[1] ?? 0);
let same = true;
let runs = 0;
const until = performance.now() + 5000;
while (runs < 100 || (together() < 20 && performance.now() < until && two.explain().includes("2 threads"))) {
  same &&= one.run(feeds).loss.data[0] === two.run(feeds).loss.data[0];
  runs++;
  if (runs % 10 === 0) await new Promise<void>((resolve) => setTimeout(resolve, 10)); // a page starts workers when nothing else runs
}

export const threads: {
  readonly runs: number;
  readonly same: boolean;
  readonly together: number;
  readonly mayShare: boolean;
  /** Of workers' texts, when the workers have started: those that are still to be had. */
  readonly kept: number;
} = {
  runs,
  same,
  together: together(),
  mayShare: "SharedArrayBuffer" in globalThis,
  kept: addresses.size,
};
