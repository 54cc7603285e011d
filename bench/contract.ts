// How fast the kernels of contractions are, in GFLOP/s (a multiplication and an addition are two), for the products of training an RNN or LSTM.
//
//   npx tsx bench/contract.ts             f32
//   npx tsx bench/contract.ts --f64
//   npx tsx bench/contract.ts --fma      where there is relaxed SIMD
//   npx tsx bench/contract.ts 512        only shapes whose name contains that
//
// The time of a kernel is the least of many short runs; of runs that cannot be short it is the processor's: others may use the machine. The last column is in per cent of the best bare tile: nothing but the loop over the terms, on
// operands in the first cache.

import { i32, local, repeat } from "../src/compile/wasm/assembler.ts";
import { Frame, vectors } from "../src/compile/wasm/contract/emit.ts";
import { tile } from "../src/compile/wasm/contract/tile.ts";
import { type ContractSpec, contractKernel, scratchBytes } from "../src/compile/wasm/contract.ts";
import { host } from "../src/compile/wasm/host.ts";
import { Module } from "../src/compile/wasm/module.ts";
import { sizes } from "./model.ts";

const options = process.argv.slice(2);
const precision = options.includes("--f64") ? "f64" : "f32";
const fma = options.includes("--fma");
const only = options.filter((option) => !option.startsWith("--"));
const v = vectors[precision];

type Run = (a: number, b: number, out: number, times: number) => void;

/** The least time of one call, in ms. `flops` is what a call does. */
function least(module: Module, kernel: number, flops: number, addresses: readonly [number, number, number], bytes: number): number {
  module.add("run", () => ({
    parameters: ["i32", "i32", "i32", "i32"],
    results: [],
    locals: [],
    body: repeat([
      [local.get(0), local.get(1), local.get(2), module.call(kernel)],
      [local.get(3), i32.const(1), i32.sub, local.tee(3)],
    ]),
    exported: true,
  }));
  const pages = Math.ceil(bytes / 65536) + 1;
  const memory = new host.Memory({ initial: pages });
  const all = precision === "f32" ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
  for (let i = 0; i < all.length; i++) all[i] = Math.sin(i * 0.7) * 0.1;
  const instance = new host.Instance(new host.Module(module.bytes({ pages })), { env: { memory } });
  const run = instance.exports["run" as string] as Run;
  const times = Math.max(1, Math.round(5e6 / flops));
  let best = Number.POSITIVE_INFINITY;
  const begin = performance.now();
  for (let i = 0; performance.now() - begin < 700 || i < 12; i++) {
    const from = performance.now();
    const before = process.cpuUsage();
    run(...addresses, times);
    const { user, system } = process.cpuUsage(before);
    const time = flops < 2e7 ? performance.now() - from : (user + system) / 1000;
    best = Math.min(best, time / times);
  }
  return best;
}

function bare(rows: number, wide: number): number {
  const terms = 256;
  const module = new Module();
  const kernel = module.add("tile", () => {
    const frame = new Frame(3);
    const body = tile(frame, {
      vectors: v,
      fma,
      left: 0,
      right: 1,
      out: 2,
      rows,
      leftRow: v.bytes,
      outRow: wide * 16,
      widths: new Array<number>(wide).fill(v.lanes),
      padded: true,
      rightColumn: v.bytes,
      outColumn: v.bytes,
      terms: [{ size: terms, left: rows * v.bytes, right: wide * 16 }],
      resume: false,
      accumulate: false,
    });
    return { parameters: ["i32", "i32", "i32"], results: [], locals: frame.locals, body };
  });
  const flops = 2 * rows * wide * v.lanes * terms;
  return flops / least(module, kernel, flops, [64, 64 + 16 * 1024, 64 + 40 * 1024], 65536) / 1e6;
}

interface Shape {
  readonly name: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Strides (m, k), (n, k), (m, n). */
  readonly a: readonly [number, number];
  readonly b: readonly [number, number];
  readonly accumulate?: boolean;
  readonly reassociate?: boolean;
}

function rate({ m, n, k, a, b, accumulate = false, reassociate = false }: Shape): number {
  const spec: ContractSpec = {
    precision,
    rows: [m],
    columns: [n],
    terms: [k],
    a: { rows: [a[0]], terms: [a[1]] },
    b: { rows: [0], columns: [b[0]], terms: [b[1]] },
    out: { rows: [n], columns: [1] },
    accumulate,
    fma,
    reassociate,
  };
  const size = (elements: number): number => Math.ceil((elements * v.bytes) / 64) * 64 + 192;
  const extent = (of: readonly [number, number], rows: number): number => (rows - 1) * of[0] + (k - 1) * of[1] + 1;
  const scratch = 1024;
  const atA = scratch + size(scratchBytes(spec) / v.bytes);
  const atB = atA + size(extent(a, m));
  const out = atB + size(extent(b, n));
  const module = new Module();
  const kernel = contractKernel(module, { ...spec, scratch });
  const flops = 2 * m * n * k;
  return flops / least(module, kernel, flops, [atA, atB, out], out + size(m * n)) / 1e6;
}

function shapes(hidden: number, steps: number, batch: number): readonly Shape[] {
  const all = steps * batch;
  const word = 64;
  return [
    { name: "h·W", m: batch, n: hidden, k: hidden, a: [hidden, 1], b: [1, hidden] },
    { name: "h·W, 4 gates", m: batch, n: 4 * hidden, k: hidden, a: [hidden, 1], b: [1, 4 * hidden] },
    { name: "δ·Wᵀ", m: batch, n: hidden, k: hidden, a: [hidden, 1], b: [hidden, 1] },
    ...(batch <= 2
      ? [{ name: "δ·Wᵀ, split sums", m: batch, n: hidden, k: hidden, a: [hidden, 1], b: [hidden, 1], reassociate: true } as const]
      : []),
    { name: "δ·Wᵀ, 4 gates", m: batch, n: hidden, k: 4 * hidden, a: [4 * hidden, 1], b: [4 * hidden, 1] },
    { name: "Hᵀ·Δ", m: hidden, n: hidden, k: all, a: [1, hidden], b: [1, hidden] },
    { name: "Hᵀ·Δ, added", m: hidden, n: hidden, k: all, a: [1, hidden], b: [1, hidden], accumulate: true },
    { name: "Hᵀ·Δ, 4 gates", m: hidden, n: 4 * hidden, k: all, a: [1, hidden], b: [1, 4 * hidden] },
    { name: "x·V", m: all, n: hidden, k: word, a: [word, 1], b: [1, hidden] },
    ...(batch === 1 ? [{ name: "h⊗δ, added", m: hidden, n: hidden, k: 1, a: [1, 1], b: [1, 1], accumulate: true } as const] : []),
  ];
}

const tiles = [
  [4, 2],
  [5, 2],
  [6, 2],
  [3, 3],
  [2, 5],
  [1, 8],
] as const;
const rates = tiles.map(([rows, wide]) => bare(rows, wide));
console.log(tiles.map(([rows, wide], i) => `${rows}×${wide * v.lanes} ${rates[i]!.toFixed(1)}`).join("   "));
const best = Math.max(...rates);
for (const { hidden, steps, batch } of sizes.filter(({ model }) => model === "rnn")) {
  for (const shape of shapes(hidden, steps, batch)) {
    const name = `H ${hidden}  T ${steps}  B ${batch}  ${shape.name.padEnd(18)} ${shape.m}×${shape.n}×${shape.k}`;
    if (!only.every((part) => name.includes(part))) continue;
    const found = rate(shape);
    console.log(name.padEnd(58), found.toFixed(1).padStart(6), `${((100 * found) / best).toFixed(0)} %`.padStart(6));
  }
}
