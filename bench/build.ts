// How long it takes to build a plain RNN, unrolled over T steps, and to differentiate it: both are to be linear in T.
//
//   npm run bench:build              a table
//   npm run bench:build -- --json    the same numbers, for scripts
//   … --deep                         three layers, a loss at every step: gradients through stacked recurrences

import { add, type Dim, dim, grad, graph, input, matmul, parameter, softmaxCrossEntropy, type Tensor, tanh, unroll, zeros } from "clew";

interface Row {
  readonly steps: number;
  readonly nodes: number;
  readonly buildSeconds: number;
  readonly gradSeconds: number;
  readonly nodesPerSecond: number;
}

const [batch, word, hidden, label] = [dim("batch", 8), dim("word", 12), dim("hidden", 16), dim("label", 2)] as const;

function layer(
  name: string,
  over: Tensor,
  from: Dim,
): { readonly outputs: Tensor; readonly final: Tensor; readonly parameters: readonly Tensor[] } {
  const U = parameter(`${name}.U`, [from, hidden]);
  const W = parameter(`${name}.W`, [hidden, hidden]);
  const b = parameter(`${name}.b`, [hidden]);
  const cell = (h: Tensor, x: Tensor) => {
    const h_t = tanh(add(add(matmul(x, U), matmul(h, W)), b)) as Tensor;
    return { state: h_t, output: h_t };
  };
  const { outputs, final } = unroll(cell, { over, from: zeros([batch, hidden]) as Tensor });
  return { outputs, final, parameters: [U, W, b] };
}

function lossOf(
  steps: number,
  layers: number,
): { readonly loss: Tensor<readonly []>; readonly parameters: Readonly<Record<string, Tensor>> } {
  const time = dim("time", steps);
  const V = parameter("V", [hidden, label]);
  const parameters: Tensor[] = [V];
  let over: Tensor = input("x", [time, batch, word]);
  let final: Tensor = over;
  for (let n = 0; n < layers; n++) {
    const made = layer(`layer${n + 1}`, over, n === 0 ? word : hidden);
    parameters.push(...made.parameters);
    ({ outputs: over, final } = made);
  }
  const deep = layers > 1;
  const y = input("y", deep ? [time, batch] : [batch], "int") as Tensor<readonly Dim[], "int">;
  const loss = softmaxCrossEntropy(matmul(deep ? over : final, V) as Tensor, y);
  return { loss: loss as Tensor<readonly []>, parameters: Object.fromEntries(parameters.map((p, i) => [`p${i}`, p])) };
}

function timed<A>(run: () => A): readonly [A, number] {
  const start = performance.now();
  const result = run();
  return [result, (performance.now() - start) / 1000];
}

/** The best of several runs: what is measured is the program, not what else the machine does. */
function measure(steps: number, layers: number, repeat: number): Row {
  let best: Row | undefined;
  for (let i = 0; i < repeat; i++) {
    const [{ loss, parameters }, buildSeconds] = timed(() => lossOf(steps, layers));
    const [gradient, gradSeconds] = timed(() => grad(loss, parameters));
    const nodes = graph({ loss, ...gradient }).nodes.length;
    const seconds = buildSeconds + gradSeconds;
    const row = { steps, nodes, buildSeconds, gradSeconds, nodesPerSecond: Math.round(nodes / seconds) };
    if (best === undefined || row.nodesPerSecond > best.nodesPerSecond) best = row;
  }
  return best!;
}

const layers = process.argv.includes("--deep") ? 3 : 1;
const sizes = [64, 256, 1024, 4096];
// the first run is as a user meets it: nothing is compiled yet
const cold = measure(4096, layers, 1);
const rows = sizes.map((steps) => measure(steps, layers, 5));

if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ layers, cold, rows }, null, 2));
} else {
  const show = (cells: readonly string[]): string => cells.map((c) => c.padStart(12)).join("");
  console.log(`a plain RNN, ${layers} ${layers === 1 ? "layer" : "layers"}: built and differentiated`);
  console.log(show(["steps", "nodes", "build ms", "grad ms", "nodes/s"]));
  for (const [row, note] of [...rows.map((r) => [r, ""] as const), [cold, "  first run in a process"] as const]) {
    const ms = (s: number): string => (s * 1000).toFixed(1);
    console.log(
      show([`${row.steps}`, `${row.nodes}`, ms(row.buildSeconds), ms(row.gradSeconds), row.nodesPerSecond.toLocaleString("en")]) + note,
    );
  }
}
