// How fast the products of training an RNN or LSTM are within a loop program, in GFLOP/s (a multiplication and an addition are two).
//
//   npx tsx bench/contract.ts             f32
//   npx tsx bench/contract.ts --f64
//   npx tsx bench/contract.ts --fma      where there is relaxed SIMD, and a processor that fuses
//   npx tsx bench/contract.ts 512        only shapes whose name contains that
//
// Products of a step are run as such: in a time loop, with what they need before it. The last column compares with a bare kernel on operands that stand
// ready for it: of products of two rows and more the best register tile from the first cache; of one row the best of two matrix-vector kernels (rows added up;
// dots of eight columns) on a matrix of that size. Both take turns, and each time is the least of many short runs: others may use the machine.

import type { Buffer, ContractStatement, Loop, LoopProgram, Place, Statement } from "../src/compile/loops.ts";
import { planMemory } from "../src/compile/plan.ts";
import { prepacked } from "../src/compile/prepack.ts";
import { alone } from "../src/compile/threads/schedule.ts";
import { type Code, i32, local, repeat } from "../src/compile/wasm/assembler.ts";
import { dots } from "../src/compile/wasm/contract/dot.ts";
import { Frame, point, stepping, vectors } from "../src/compile/wasm/contract/emit.ts";
import { panelBytes } from "../src/compile/wasm/contract/pack.ts";
import { panels, tile } from "../src/compile/wasm/contract/tile.ts";
import { hasFusedMultiplyAdd, host } from "../src/compile/wasm/host.ts";
import { Module } from "../src/compile/wasm/module.ts";
import { controlBytes, type PrintOptions, packingOf, print, scratchSize } from "../src/compile/wasm/print.ts";
import { sizes } from "./model.ts";

const options = process.argv.slice(2);
const precision = options.includes("--f64") ? "f64" : "f32";
const fma = options.includes("--fma");
if (fma && !hasFusedMultiplyAdd()) throw new Error("this runtime, or this processor, does not fuse multiplications and additions");
const only = options.filter((option) => !option.startsWith("--"));
const v = vectors[precision];

// ---- what is timed ----

/** Something to be run again and again. */
interface Work {
  readonly flops: number;
  /** Milliseconds of one run. */
  run(): number;
}

/** `ready`: a run that is not timed brings code and operands into the caches before each one that is. */
function work(bytes: Uint8Array, pages: number, flops: number, ready: boolean): Work {
  const memory = new host.Memory({ initial: pages });
  const all = precision === "f32" ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
  for (let i = 0; i < all.length; i++) all[i] = Math.sin(i * 0.7) * 0.1;
  const { run } = new host.Instance(new host.Module(bytes), { env: { memory } }).exports as { run: (times: number) => void };
  const times = Math.max(1, Math.round(1e6 / flops));
  return {
    flops,
    run: () => {
      if (ready) run(1);
      const from = performance.now();
      for (let i = 0; i < times; i++) run(1);
      return (performance.now() - from) / times;
    },
  };
}

/** GFLOP/s of each at its fastest, taking turns. */
function rates(works: readonly Work[]): readonly number[] {
  const least = works.map(() => Number.POSITIVE_INFINITY);
  const begin = performance.now();
  for (let round = 0; performance.now() - begin < 250 * works.length || round < 12; round++)
    for (const [i, w] of works.entries()) least[i] = Math.min(least[i]!, w.run());
  return works.map((w, i) => w.flops / least[i]! / 1e6);
}

// ---- bare kernels ----

function bare(flops: number, bytes: number, make: (frame: Frame) => Code): Work {
  const module = new Module();
  const kernel = module.add("kernel", () => {
    const frame = new Frame(3);
    return { parameters: ["i32", "i32", "i32"], results: [], body: make(frame), locals: frame.locals };
  });
  const times = Math.max(1, Math.round(2e5 / flops)); // calls from JavaScript cost something
  module.add("run", () => ({
    parameters: ["i32"],
    results: [],
    locals: [],
    body: [
      [i32.const(times), local.set(0)],
      repeat([
        [i32.const(64), i32.const(1 << 16), i32.const(1 << 15), module.call(kernel)],
        [local.get(0), i32.const(1), i32.sub, local.tee(0)],
      ]),
    ],
    exported: true,
  }));
  const pages = Math.ceil(bytes / 65536) + 2;
  return work(module.bytes({ pages }), pages, flops * times, true);
}

/** A tile on operands that stand ready for it. */
function tileOf(rows: number, widths: readonly number[], terms: number, outRow: number) {
  return {
    ...{ vectors: v, fma, rows, widths, outRow, resume: false, accumulate: false, padded: true },
    ...{ leftRow: v.bytes, rightColumn: v.bytes, outColumn: v.bytes },
    terms: [{ size: terms, left: rows * v.bytes, right: widths.length * 16 }],
  };
}

function bareTile(rows: number, wide: number): Work {
  const widths = new Array<number>(wide).fill(v.lanes);
  return bare(2 * rows * wide * v.lanes * 256, 65536, (frame) =>
    tile(frame, { ...tileOf(rows, widths, 256, wide * 16), left: 0, right: 1, out: 2 }),
  );
}

/** One row times panels of a matrix. */
function bareRow(columns: number, terms: number, wide: number): Work {
  const all = panels(columns, v.lanes, wide);
  return bare(2 * columns * terms, 2 * columns * terms * v.bytes, (frame) =>
    all.map(({ count, widths }) =>
      stepping(
        frame,
        count,
        [
          [1, panelBytes(terms, widths.length * v.lanes, v)],
          [2, widths.length * 16],
        ],
        tile(frame, { ...tileOf(1, widths, terms, 0), left: 0, right: 1, out: 2 }),
      ),
    ),
  );
}

function bareDots(columns: number, terms: number): Work {
  const [left, right] = [frameAxis(1, 0, 0, 0), frameAxis(columns, 0, terms * v.bytes, v.bytes)];
  return bare(2 * columns * terms, 2 * columns * terms * v.bytes, (frame) => {
    const [l, r, o] = [frame.integer(), frame.integer(), frame.integer()];
    const product = {
      ...({ precision, fma, accumulate: false, reassociate: true, outer: [], swapped: false } as const),
      rows: left,
      columns: right,
      terms: [frameAxis(terms, v.bytes, v.bytes, 0)],
    };
    return [point(l, 0), point(r, 1), point(o, 2), dots(frame, product, l, r, o)];
  });
}

const frameAxis = (size: number, left: number, right: number, out: number) => ({ size, left, right, out });

// ---- products ----

interface Shape {
  readonly name: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Strides (m, k), (n, k). */
  readonly a: readonly [number, number];
  readonly b: readonly [number, number];
  readonly accumulate?: boolean;
  /** In a time loop of so many steps, b the same in all. */
  readonly steps?: number;
}

function product({ m, n, k, a, b, accumulate = false, steps }: Shape): Work {
  let id = 0;
  const buffer = (size: number, label: string): Buffer => ({ id: id++, dtype: "float", size, life: "parameter", label });
  const loop: Loop = { id: 1, steps: steps ?? 1, backwards: false };
  const place = (of: Buffer, strides: readonly number[], step: number): Place => ({
    buffer: of,
    offset: 0,
    strides,
    times: steps === undefined ? [] : [{ loop, stride: step }],
  });
  const [left, right, out] = [buffer(m * k * loop.steps, "a"), buffer(n * k, "b"), buffer(m * n * loop.steps, "out")];
  const statement: ContractStatement = {
    ...{ kind: "contract", rows: [m], columns: [n], terms: [k], accumulate },
    a: place(left, a, m * k),
    b: place(right, [0, ...b], 0),
    out: place(out, [n, 1], m * n),
  };
  const body: readonly Statement[] = steps === undefined ? [statement] : [{ kind: "for", loop, body: [statement] }];
  // as compile() has it: sums of f32 may be split
  const printing: PrintOptions = { precision, fma, reassociate: precision === "f32" };
  const program: LoopProgram = prepacked({ buffers: [left, right, out], body }, packingOf(printing, 1));
  const plan = planMemory(program, precision, new Set());
  const scratch = plan.bytes + controlBytes(1);
  const pages = Math.ceil((scratch + scratchSize(program.body, printing)) / 65536);
  const layout = { addressOf: (of: Buffer) => plan.address.get(of)!, scratchOf: () => scratch, control: plan.bytes, pages };
  const { bytes } = print(alone(program), layout, printing);
  return work(bytes, pages, 2 * m * n * k * loop.steps, false);
}

function shapes(hidden: number, steps: number, batch: number): readonly Shape[] {
  const all = steps * batch;
  const word = 64;
  const four = 4 * hidden;
  return [
    { name: "h·W", m: batch, n: hidden, k: hidden, a: [hidden, 1], b: [1, hidden], steps },
    { name: "h·W, 4 gates", m: batch, n: four, k: hidden, a: [hidden, 1], b: [1, four], steps },
    { name: "δ·Wᵀ", m: batch, n: hidden, k: hidden, a: [hidden, 1], b: [hidden, 1], steps },
    { name: "δ·Wᵀ, 4 gates", m: batch, n: hidden, k: four, a: [four, 1], b: [four, 1], steps },
    { name: "Hᵀ·Δ", m: hidden, n: hidden, k: all, a: [1, hidden], b: [1, hidden] },
    { name: "Hᵀ·Δ, added", m: hidden, n: hidden, k: all, a: [1, hidden], b: [1, hidden], accumulate: true },
    { name: "Hᵀ·Δ, 4 gates", m: hidden, n: four, k: all, a: [1, hidden], b: [1, four] },
    { name: "x·V", m: all, n: hidden, k: word, a: [word, 1], b: [1, hidden] },
    { name: "y·Vᵀ", m: all, n: hidden, k: word, a: [word, 1], b: [word, 1] },
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
const bareTiles = tiles.map(([rows, wide]) => bareTile(rows, wide));
const found = rates(bareTiles);
console.log(`${process.version}, ${precision}${fma ? ", fused" : ""}; bare tiles:`);
console.log(tiles.map(([rows, wide], i) => `${rows}×${wide * v.lanes} ${found[i]!.toFixed(1)}`).join("   "));
const best = bareTiles[found.indexOf(Math.max(...found))]!;
for (const { hidden, steps, batch } of sizes.filter(({ model }) => model === "rnn")) {
  for (const shape of shapes(hidden, steps, batch)) {
    const { m, n, k } = shape;
    const name = `H ${hidden}  T ${steps}  B ${batch}  ${shape.name.padEnd(14)} ${m}×${n}×${k}`;
    if (!only.every((part) => name.includes(part))) continue;
    const [own, ...others] = rates([product(shape), ...(m === 1 ? [bareRow(n, k, 8), bareRow(n, k, 12), bareDots(n, k)] : [best])]);
    const other = Math.max(...others);
    console.log(
      name.padEnd(52),
      own!.toFixed(1).padStart(6),
      other.toFixed(1).padStart(6),
      `${((100 * own!) / other).toFixed(0)} %`.padStart(6),
    );
  }
}
