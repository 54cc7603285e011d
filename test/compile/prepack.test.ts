// Operands that are copied once for many products: the program computes the same bits as before, interpreted and printed.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type {
  Buffer,
  ContractStatement,
  ForStatement,
  Loop,
  LoopProgram,
  MapStatement,
  Place,
  Precision,
} from "../../src/compile/loops.ts";
import { type Packing, prepacked } from "../../src/compile/prepack.ts";
import { alone } from "../../src/compile/threads/schedule.ts";
import { turningCopy } from "../../src/compile/wasm/copy.ts";
import { host } from "../../src/compile/wasm/host.ts";
import { Module } from "../../src/compile/wasm/module.ts";
import { controlBytes, packingOf, print, scratchSize } from "../../src/compile/wasm/print.ts";
import { interpret, type Memory, memoryFor } from "./interpret.ts";
import { randomProgram } from "./random-programs.ts";

type Contents = ReadonlyMap<Buffer, readonly number[]>;

function memoryOf({ buffers }: LoopProgram, from: Contents, precision: Precision): Memory {
  const memory = memoryFor(buffers, precision);
  for (const [b, values] of memory) values.set(from.get(b) ?? []);
  return memory;
}

function interpreted(program: LoopProgram, from: Contents, precision: Precision): { readonly fault: number; readonly memory: Memory } {
  const memory = memoryOf(program, from, precision);
  return { fault: interpret(program, memory, precision), memory };
}

function printed(program: LoopProgram, from: Contents, precision: Precision): { readonly fault: number; readonly memory: Memory } {
  const memory = memoryOf(program, from, precision);
  const at = new Map<Buffer, number>();
  let end = 64;
  for (const [b, values] of memory) {
    at.set(b, end);
    end += Math.ceil(values.byteLength / 64) * 64;
  }
  const options = { precision, fma: false };
  const scratch = end + controlBytes(1);
  const pages = Math.ceil((scratch + scratchSize(program.body, options)) / 65536);
  const linear = new host.Memory({ initial: pages });
  const view = (b: Buffer): Uint8Array => new Uint8Array(linear.buffer, at.get(b)!, memory.get(b)!.byteLength);
  for (const [b, values] of memory) view(b).set(new Uint8Array(values.buffer));
  const { bytes } = print(alone(program), { addressOf: (b) => at.get(b)!, scratchOf: () => scratch, control: end, pages }, options);
  const fault = (new host.Instance(new host.Module(bytes), { env: { memory: linear } }).exports as { run: () => number }).run();
  for (const [b, values] of memory) new Uint8Array(values.buffer).set(view(b));
  return { fault, memory };
}

/** The buffers of the first, in both. */
function same(x: Memory, y: Memory): void {
  for (const [b, wanted] of x) {
    const found = y.get(b)!;
    const i = wanted.findIndex((value, at) => !Object.is(value, found[at]));
    expect({ buffer: b.id, i, found: found[i] }).toEqual({ buffer: b.id, i: -1, found: undefined });
  }
}

/** Everything as panels of at most so many columns, with so much room between terms and panels. */
const panelled =
  (most: number, room: number): Packing =>
  ({ columns, terms }) => {
    const all = columns.reduce((a, b) => a * b, 1);
    const steps = terms.reduce((a, b) => a * b, 1);
    if (all === 0) return undefined;
    const group = (count: number, width: number) => ({ count, width, term: width + room, pitch: steps * (width + room) + room });
    return [group(Math.floor(all / most), most), group(all % most === 0 ? 0 : 1, all % most)].filter(({ count }) => count > 0);
  };

const isCopy = (s: LoopProgram["body"][number]): boolean => s.kind === "map" && s.out.buffer.label.endsWith("in panels");

// ---- programs ----

let id = 0;
const buffer = (size: number, label = ""): Buffer => ({ id: id++, dtype: "float", size, life: "temporary", label });
const place = (b: Buffer, strides: readonly number[], times: Place["times"] = []): Place => ({ buffer: b, offset: 0, strides, times });
const filled = (...buffers: readonly Buffer[]): Contents =>
  new Map(buffers.map((b) => [b, Array.from({ length: b.size }, (_, i) => Math.sin(i * b.id + i + 1))]));

/** h_t = h_{t-1}·W (or Wᵀ, or W on the left) for some steps, in a stack. */
function recurrence(
  [batch, hidden, steps]: readonly [number, number, number],
  form: "h·W" | "h·Wᵀ" | "W·h",
): {
  readonly program: LoopProgram;
  readonly contents: Contents;
  readonly W: Buffer;
  readonly loop: Loop;
  readonly product: ContractStatement;
} {
  const [W, h] = [buffer(hidden * hidden, "W"), buffer((steps + 1) * batch * hidden, "h")];
  const loop: Loop = { id: 1, steps, backwards: false };
  const times = [{ loop, stride: batch * hidden }];
  const before = place(h, [hidden, 1], times);
  const out: Place = { ...place(h, form === "W·h" ? [1, hidden] : [hidden, 1], times), offset: batch * hidden };
  const product: ContractStatement = {
    kind: "contract",
    rows: [form === "W·h" ? hidden : batch],
    columns: [form === "W·h" ? batch : hidden],
    terms: [hidden],
    a: form === "W·h" ? place(W, [hidden, 1]) : before,
    b: form === "W·h" ? place(h, [0, hidden, 1], times) : place(W, form === "h·W" ? [0, 1, hidden] : [0, hidden, 1]),
    out,
    accumulate: false,
  };
  const program: LoopProgram = { buffers: [W, h], body: [{ kind: "for", loop, body: [product] }] };
  return { program, contents: filled(W, h), W, loop, product };
}

const inner = (program: LoopProgram): ForStatement => program.body.find((s) => s.kind === "for") as ForStatement;

describe("a program whose products read panels", () => {
  test("is the program, whatever the panels: interpreted and printed, bit for bit", () => {
    let copies = 0;
    fc.assert(
      fc.property(randomProgram, fc.integer({ min: 1, max: 9 }), fc.nat(3), ({ program, contents }, most, room) => {
        const packed = prepacked(program, panelled(most, room));
        copies += packed.buffers.length - program.buffers.length;
        for (const precision of ["f32", "f64"] as const) {
          const expected = interpreted(program, contents, precision);
          for (const found of [interpreted(packed, contents, precision), printed(packed, contents, precision)]) {
            expect(found.fault).toBe(expected.fault);
            if (expected.fault === 0) same(expected.memory, found.memory);
          }
        }
      }),
      { numRuns: 250 },
    );
    expect(copies).toBeGreaterThan(5);
  });

  test.each(["h·W", "h·Wᵀ", "W·h"] as const)("%s of many steps: W is copied once, before the loop; bit for bit", (form) => {
    for (const precision of ["f32", "f64"] as const) {
      for (const size of [
        [1, 131, 40],
        [3, 127, 20],
        [16, 136, 5],
        [5, 400, 4],
      ] as const) {
        const { program, contents, W, loop } = recurrence(size, form);
        const packed = prepacked(program, packingOf({ precision, fma: false }, 1));
        const copies = packed.body.filter(isCopy) as MapStatement[];
        expect(copies.length).toBeGreaterThan(0);
        expect(packed.body.at(-1)).toMatchObject({ kind: "for", loop });
        expect(inner(packed).body.every((s) => s.kind === "contract" && s.b.buffer !== W)).toBe(true);
        same(interpreted(program, contents, precision).memory, printed(packed, contents, precision).memory);
      }
    }
  });

  test("does not copy for a step or two, nor what kernels read as well where it is", () => {
    const packing = packingOf({ precision: "f32", fma: false }, 1);
    for (const [size, form] of [
      [[1, 64, 1], "h·Wᵀ"],
      [[1, 32, 64], "h·W"],
      [[1, 4, 1000], "h·W"],
      [[16, 128, 0], "h·W"],
    ] as const) {
      const { program } = recurrence(size, form);
      expect(prepacked(program, packing).body).toEqual(program.body);
    }
  });

  test("copies within a loop what the loop changes, and before it what an outer one changes", () => {
    const { program, contents, W, loop, product } = recurrence([4, 12, 3], "h·W");
    const one = { kind: "constant", value: 1.5, dtype: "float" } as const;
    const changed: MapStatement = {
      kind: "map",
      sizes: [12],
      out: place(W, [13]),
      value: { kind: "operation", name: "add", operands: [{ kind: "load", from: place(W, [13]), dtype: "float" }, one], dtype: "float" },
    };
    const inside: LoopProgram = { ...program, body: [{ kind: "for", loop, body: [product, changed] }] };
    const packed = prepacked(inside, panelled(5, 0));
    expect(packed.body.filter(isCopy)).toEqual([]);
    expect(inner(packed).body.map((s) => isCopy(s))).toEqual([true, true, false, false, false]);
    same(interpreted(inside, contents, "f64").memory, interpreted(packed, contents, "f64").memory);

    const epochs: Loop = { id: 2, steps: 3, backwards: false };
    const nested: LoopProgram = { ...program, body: [{ kind: "for", loop: epochs, body: [...program.body, changed] }] };
    const both = prepacked(nested, panelled(5, 0));
    expect(inner(both).body.map((s) => (isCopy(s) ? "copy" : s.kind))).toEqual(["copy", "copy", "for", "map"]);
    same(interpreted(nested, contents, "f64").memory, interpreted(both, contents, "f64").memory);
  });

  test("copies what stands still in a place that speaks of the step", () => {
    const { program, contents, loop, product } = recurrence([4, 12, 3], "h·W");
    const still: ContractStatement = { ...product, b: { ...product.b, times: [{ loop, stride: 0 }] } };
    const said: LoopProgram = { ...program, body: [{ kind: "for", loop, body: [still] }] };
    const packed = prepacked(said, panelled(5, 0));
    expect(packed.body.filter(isCopy).length).toBe(2);
    same(interpreted(said, contents, "f64").memory, printed(packed, contents, "f64").memory);
  });

  test("copies an operand once for all its products, and panels of it cover each column", () => {
    const { program, loop, product } = recurrence([4, 50, 8], "h·W");
    const twice = prepacked({ ...program, body: [{ kind: "for", loop, body: [product, product] }] }, panelled(20, 0));
    expect(twice.body.filter(isCopy).length).toBe(2); // two panels of 20, and one of 10
    const { product: long } = recurrence([4, 2000, 1], "h·W");
    for (const columns of [8, 19, 20, 21, 29, 33, 47, 48, 64, 100, 131, 512]) {
      const wide = { ...long, columns: [columns] };
      const panels = packingOf({ precision: "f32", fma: false }, 1)(wide, 1000)!;
      expect(panels.reduce((sum, { count, width }) => sum + count * width, 0)).toBe(columns);
    }
  });
});

test("what has to be turned around is copied for a few steps where it is small, for many where it is large", () => {
  const packs = (size: number, uses: number): boolean => {
    const { product } = recurrence([1, size, 8], "h·Wᵀ");
    return packingOf({ precision: "f32", fma: false, reassociate: true }, 1)(product, uses) !== undefined;
  };
  expect([4, 16, 64].map((uses) => packs(32, uses))).toEqual([false, true, true]);
  expect([4, 16, 64].map((uses) => packs(128, uses))).toEqual([false, false, true]);
});

test("a copy that turns vectors around is the copy, at every size", () => {
  for (const precision of ["f32", "f64"] as const) {
    let turned = 0;
    for (let m = 1; m <= 13; m++) {
      for (let n = 1; n <= 13; n++) {
        const [from, to] = [buffer(3 * m * (n + 2)), buffer(3 * n * (m + 1))];
        const read: Place = { ...place(from, [m * (n + 2), n + 2, 1]), offset: 1 };
        const out = m % 3 === 0 ? { ...place(to, [-n * (m + 1), 1, m + 1]), offset: 2 * n * (m + 1) } : place(to, [n * (m + 1), 1, m + 1]);
        const statement: MapStatement = { kind: "map", sizes: [3, m, n], out, value: { kind: "load", from: read, dtype: "float" } };
        if (turningCopy(new Module(), statement, precision) !== undefined) turned++;
        const program: LoopProgram = { buffers: [from, to], body: [statement] };
        same(interpreted(program, filled(from, to), precision).memory, printed(program, filled(from, to), precision).memory);
      }
    }
    expect(turned).toBe(precision === "f32" ? 100 : 144);
  }
});
