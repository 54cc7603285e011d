// The kernels of contractions against plain loops: bit for bit where sums ascend, fused or not, within a derived bound where they may be split.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { local } from "../../src/compile/wasm/assembler.ts";
import { type ContractSpec, contractKernel, scratchBytes } from "../../src/compile/wasm/contract.ts";
import { hasFusedMultiplyAdd, host } from "../../src/compile/wasm/host.ts";
import { Module } from "../../src/compile/wasm/module.ts";

// ---- running a kernel ----

interface Case {
  readonly spec: ContractSpec;
  /** Elements that each operand's buffer has, and where its first element is (not 0 when a stride is negative). */
  readonly sizes: { readonly a: number; readonly b: number; readonly out: number };
  readonly starts: { readonly a: number; readonly b: number; readonly out: number };
}

type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

const up = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;
const floats = (precision: "f32" | "f64", from: Iterable<number>): Floats =>
  precision === "f32" ? Float32Array.from(from) : Float64Array.from(from);

/** −0 is not 0; every NaN is the same. */
const firstDifference = (x: Floats, y: Floats): number => x.findIndex((value, i) => !Object.is(value, y[i]));

/** `last` stands at the very end of the memory, where whatever is read behind it traps; a guard behind the scratch memory must stay as it is. */
function runKernel({ spec, sizes, starts }: Case, a: Floats, b: Floats, out: Floats, last: "a" | "b"): Floats {
  const bytes = spec.precision === "f32" ? 4 : 8;
  const scratch = 1024;
  const guard = scratch + up(scratchBytes(spec), 16);
  const outAt = guard + 64;
  const first = up(outAt + sizes.out * bytes, 64);
  const lengths = { a: sizes.a * bytes, b: sizes.b * bytes };
  const other = last === "a" ? "b" : "a";
  const pages = Math.max(1, Math.ceil((first + lengths.a + lengths.b + 64) / 65536));
  const at = { [other]: first, [last]: pages * 65536 - lengths[last] } as { readonly a: number; readonly b: number };
  const module = new Module();
  const kernel = contractKernel(module, { ...spec, scratch });
  expect(contractKernel(module, { ...spec, scratch })).toBe(kernel);
  module.add("run", () => ({
    parameters: ["i32", "i32", "i32"],
    results: [],
    locals: [],
    body: [local.get(0), local.get(1), local.get(2), module.call(kernel)],
    exported: true,
  }));
  const memory = new host.Memory({ initial: pages });
  const view = (from: number, length: number): Floats =>
    spec.precision === "f32" ? new Float32Array(memory.buffer, from, length) : new Float64Array(memory.buffer, from, length);
  view(at.a, sizes.a).set(a);
  view(at.b, sizes.b).set(b);
  view(outAt, sizes.out).set(out);
  new Uint8Array(memory.buffer, guard, 64).fill(77);
  const instance = new host.Instance(new host.Module(module.bytes({ pages })), { env: { memory } });
  const run = instance.exports.run as (a: number, b: number, out: number) => void;
  run(at.a + starts.a * bytes, at.b + starts.b * bytes, outAt + starts.out * bytes);
  expect(new Uint8Array(memory.buffer, guard, 64).every((byte) => byte === 77)).toBe(true);
  expect(firstDifference(view(at.a, sizes.a), a)).toBe(-1);
  expect(firstDifference(view(at.b, sizes.b), b)).toBe(-1);
  return view(outAt, sizes.out).slice();
}

// ---- the plain loop ----

const indices = (sizes: readonly number[]): readonly (readonly number[])[] =>
  sizes.reduce<readonly (readonly number[])[]>(
    (all, size) => all.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
    [[]],
  );
const offset = (index: readonly number[], strides: readonly number[]): number => index.reduce((sum, i, k) => sum + i * strides[k]!, 0);

/**
 * a·b + c of f32s, rounded once. The product is exact in f64; the sum is rounded to odd there, so that rounding it again, to f32, is as if from the exact
 * value (Boldo & Melquiond 2008: 53 ≥ 2·24 + 2 bits).
 */
function fused(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const back = sum - product;
  const error = product - (sum - back) + (c - back); // exact (Møller, Knuth)
  if (!Number.isFinite(sum) || error === 0) return Math.fround(sum);
  bits.setFloat64(0, sum);
  const pattern = bits.getBigInt64(0);
  const towards = error > 0 === sum > 0 ? 1n : -1n;
  if ((pattern & 1n) === 0n) bits.setBigInt64(0, pattern + (towards > 0n ? 1n : -1n));
  return Math.fround(bits.getFloat64(0));
}
const bits = new DataView(new ArrayBuffer(8));

/** The result, and for each element the sum of the absolute values of its terms. */
function plain({ spec, starts }: Case, a: Floats, b: Floats, before: Floats): { readonly out: Floats; readonly sizes: Floats } {
  const round = spec.precision === "f32" ? Math.fround : (x: number): number => x;
  const out = before.slice();
  const sizes = before.slice().fill(0);
  const terms = indices(spec.terms);
  const [termsOfA, termsOfB] = [terms.map((k) => offset(k, spec.a.terms)), terms.map((k) => offset(k, spec.b.terms))];
  const columns = indices(spec.columns);
  for (const m of indices(spec.rows)) {
    for (const n of columns) {
      const [p, q] = [starts.a + offset(m, spec.a.rows), starts.b + offset(m, spec.b.rows) + offset(n, spec.b.columns)];
      const to = starts.out + offset(m, spec.out.rows) + offset(n, spec.out.columns);
      let sum = 0;
      let size = 0;
      for (let k = 0; k < terms.length; k++) {
        const product = round(a[p + termsOfA[k]!]! * b[q + termsOfB[k]!]!);
        sum = spec.fma && spec.precision === "f32" ? fused(a[p + termsOfA[k]!]!, b[q + termsOfB[k]!]!, sum) : round(sum + product);
        size += Math.abs(product);
      }
      sizes[to] = size + Math.abs(before[to]!);
      out[to] = spec.accumulate ? round(before[to]! + sum) : sum;
    }
  }
  return { out, sizes };
}

function agree(c: Case, seed: number, rare: boolean): void {
  let state = seed | 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
  const value = (): number => {
    const u = next();
    if (rare && u < 0.02)
      return [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e-310, 3e38][Math.floor(u * 350)]!;
    return (next() * 2 - 1) * 10 ** Math.floor(next() * 4 - 2);
  };
  const some = (length: number): Floats => floats(c.spec.precision, Array.from({ length }, value));
  const [a, b, before] = [some(c.sizes.a), some(c.sizes.b), some(c.sizes.out)];
  const expected = plain(c, a, b, before);
  const found = runKernel(c, a, b, before, seed % 2 === 0 ? "a" : "b");
  const exact = c.spec.reassociate !== true && !(c.spec.fma && c.spec.precision === "f64");
  if (exact) {
    const i = firstDifference(found, expected.out);
    expect({ i, found: found[i] }).toEqual({ i: -1, found: undefined });
    return;
  }
  // Two ways to sum K terms, fused or not, differ by at most 2·(K + 1)·u·Σ|terms|, u half an ulp of 1; rounded products and the addition in the end are in
  // the + 2.
  const terms = c.spec.terms.reduce((x, y) => x * y, 1);
  const unit = c.spec.precision === "f32" ? 2 ** -24 : 2 ** -53;
  found.forEach((x, i) => {
    if (Object.is(x, expected.out[i])) return;
    expect(Math.abs(x - expected.out[i]!)).toBeLessThanOrEqual(2 * (terms + 2) * unit * expected.sizes[i]! * 1.01);
  });
}

/** How long the functions of a module are: section 10 is a list of them, each with its length before it (all numbers in LEB128). */
function functionSizes(bytes: Uint8Array): readonly number[] {
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (;;) {
    const section = bytes[at++];
    const end = number() + at;
    if (section !== 10) {
      at = end;
      continue;
    }
    return Array.from({ length: number() }, () => {
      const size = number();
      at += size;
      return size;
    });
  }
}

// ---- random contractions ----

/** Strides of a buffer that holds axes of these sizes, some order of them from the slowest to the fastest, with gaps and backwards here and there. */
function layout(
  sizes: readonly number[],
  choice: { readonly order: readonly number[]; readonly gaps: readonly number[]; readonly tight: boolean },
) {
  const order = sizes.map((_, i) => i).sort((x, y) => choice.order[x]! - choice.order[y]!);
  const strides = new Array<number>(sizes.length).fill(0);
  let size = 1;
  let start = 0;
  for (const axis of [...order].reverse()) {
    const gap = choice.tight ? 0 : choice.gaps[axis]!;
    size += gap % 4 === 3 ? gap : 0;
    strides[axis] = size;
    if (!choice.tight && gap === 6) {
      strides[axis] = -size;
      start += size * Math.max(0, sizes[axis]! - 1);
    }
    size *= Math.max(1, sizes[axis]!);
  }
  return { strides, start, size };
}

const choices = fc.record({
  order: fc.array(fc.nat(100), { minLength: 7, maxLength: 7 }),
  gaps: fc.array(fc.nat(7), { minLength: 7, maxLength: 7 }),
  tight: fc.boolean(),
});

function cases(size: fc.Arbitrary<number>, most: number): fc.Arbitrary<Case> {
  const axes = fc.array(size, { maxLength: most });
  return fc
    .record({
      precision: fc.constantFrom("f32" as const, "f64" as const),
      batch: fc.array(fc.nat(3), { maxLength: most - 1 }),
      rows: axes,
      columns: axes,
      terms: axes,
      first: fc.boolean(),
      a: choices,
      b: choices,
      out: choices,
      accumulate: fc.boolean(),
      reassociate: fc.boolean(),
    })
    .map((c) => {
      const rows = c.first ? [...c.batch, ...c.rows] : [...c.rows, ...c.batch];
      const isBatch = (i: number): boolean => (c.first ? i < c.batch.length : i >= c.rows.length);
      const a = layout([...rows, ...c.terms], c.a);
      const shared = rows.filter((_, i) => isBatch(i));
      const b = layout([...shared, ...c.columns, ...c.terms], c.b);
      const out = layout([...rows, ...c.columns], c.out);
      const batch = b.strides.slice(0, shared.length);
      let next = 0;
      return {
        spec: {
          precision: c.precision,
          rows,
          columns: c.columns,
          terms: c.terms,
          a: { rows: a.strides.slice(0, rows.length), terms: a.strides.slice(rows.length) },
          b: {
            rows: rows.map((_, i) => (isBatch(i) ? batch[next++]! : 0)),
            columns: b.strides.slice(shared.length, shared.length + c.columns.length),
            terms: b.strides.slice(shared.length + c.columns.length),
          },
          out: { rows: out.strides.slice(0, rows.length), columns: out.strides.slice(rows.length) },
          accumulate: c.accumulate,
          fma: false,
          ...(c.reassociate ? { reassociate: true } : {}),
        },
        sizes: { a: a.size, b: b.size, out: out.size },
        starts: { a: a.start, b: b.start, out: out.start },
      };
    });
}

const plainCase = (
  precision: "f32" | "f64",
  [m, n, k]: readonly [number, number, number],
  {
    a = "mk",
    b = "nk",
    out = "mn",
    accumulate = false,
  }: { a?: "mk" | "km"; b?: "nk" | "kn"; out?: "mn" | "nm"; accumulate?: boolean } = {},
): Case => ({
  spec: {
    precision,
    rows: [m],
    columns: [n],
    terms: [k],
    a: a === "mk" ? { rows: [k], terms: [1] } : { rows: [1], terms: [m] },
    b: b === "nk" ? { rows: [0], columns: [k], terms: [1] } : { rows: [0], columns: [1], terms: [n] },
    out: out === "mn" ? { rows: [n], columns: [1] } : { rows: [1], columns: [m] },
    accumulate,
    fma: false,
  },
  sizes: { a: m * k, b: n * k, out: m * n },
  starts: { a: 0, b: 0, out: 0 },
});

describe("a contraction", () => {
  test("is that of plain loops, bit for bit: several axes, batches, gaps, negative strides", () => {
    fc.assert(
      fc.property(cases(fc.nat(5), 2), fc.integer(), fc.boolean(), (c, seed, rare) => agree(c, seed, rare && c.spec.reassociate !== true)),
      { numRuns: 600 },
    );
  });

  test("of one axis each, up to 20", () => {
    fc.assert(
      fc.property(cases(fc.nat(20), 1), fc.integer(), fc.boolean(), (c, seed, rare) => agree(c, seed, rare && c.spec.reassociate !== true)),
      { numRuns: 600 },
    );
  });

  test("of longer axes: blocks, packed operands", () => {
    const size = fc.oneof(fc.nat(20), fc.integer({ min: 20, max: 140 }), fc.constantFrom(256, 257, 300, 520));
    const bounded = cases(size, 1).filter(({ sizes }) => sizes.a * sizes.b < 4e8 && sizes.out < 80_000);
    fc.assert(
      fc.property(bounded, fc.integer(), (c, seed) => agree(c, seed, false)),
      { numRuns: 80 },
    );
  });

  const layouts = (["mk", "km"] as const).flatMap((a) =>
    (["nk", "kn"] as const).flatMap((b) => (["mn", "nm"] as const).map((out) => ({ a, b, out }))),
  );

  test.each(layouts)("with every tail: $a · $b → $out", (strides) => {
    for (const precision of ["f32", "f64"] as const) {
      for (let m = 1; m <= 17; m++) {
        for (let n = 1; n <= 17; n++)
          agree(plainCase(precision, [m, n, 1 + ((m * 7 + n) % 19)], { ...strides, accumulate: n % 2 === 0 }), m + n, false);
      }
    }
  });

  test.each(layouts)("over blocks of all three kinds: $a · $b → $out", (strides) => {
    for (const precision of ["f32", "f64"] as const) {
      const accumulate = (strides.out === "mn") === (precision === "f32");
      agree(plainCase(precision, [131, 259, 515], { ...strides, accumulate }), 3, false);
      agree(plainCase(precision, [6, 19, 1030], { ...strides, accumulate: !accumulate }), 4, false);
    }
  });

  test("over blocks, whose terms are several axes", () => {
    for (const accumulate of [false, true]) {
      const c = plainCase("f64", [40, 50, 3 * 290], { accumulate });
      const gap: Case = {
        spec: {
          ...c.spec,
          terms: [3, 290],
          a: { rows: [900], terms: [300, 1] },
          b: { rows: [0], columns: [1], terms: [290 * 51, 51] },
        },
        sizes: { a: 40 * 900, b: 3 * 290 * 51, out: 2000 },
        starts: c.starts,
      };
      expect(scratchBytes(gap.spec)).toBeGreaterThan(0);
      agree(gap, 5, false);
    }
  });

  test("of one or two rows may split its sums, if it is told so: every tail", () => {
    for (const precision of ["f32", "f64"] as const) {
      for (const m of [1, 2]) {
        for (let n = 2; n <= 18; n++) {
          for (const k of [4, 8, 9, 15, 16, 31, 100]) {
            const c = plainCase(precision, [m, n, k], { accumulate: k % 2 === 0 });
            agree({ ...c, spec: { ...c.spec, reassociate: true } }, n + k, false);
          }
        }
      }
    }
  });

  // On a runtime or a processor without it there is nothing to look at.
  test.skipIf(!hasFusedMultiplyAdd())("fuses its products and sums, if it is told so: one rounding for each term, bit for bit", () => {
    const size = fc.oneof(fc.nat(20), fc.constantFrom(64, 100, 257));
    const c = fc.oneof(cases(fc.nat(5), 2), cases(size, 1)).map((x): Case => ({ ...x, spec: { ...x.spec, fma: true } }));
    fc.assert(
      fc.property(c, fc.integer(), (x, seed) => agree(x, seed, false)),
      { numRuns: 300 },
    );
    const rounded = plainCase("f32", [1, 1, 2], {});
    const x = Math.fround(1 + 2 ** -12);
    const run = (fma: boolean): number =>
      runKernel(
        { ...rounded, spec: { ...rounded.spec, fma } },
        floats("f32", [-(1 + 2 ** -11), x]),
        floats("f32", [1, x]),
        floats("f32", [0]),
        "a",
      )[0]!;
    expect([run(false), run(true)]).toEqual([0, 2 ** -24]);
  });

  test("over no terms is 0, and adds 0", () => {
    for (const accumulate of [false, true]) agree(plainCase("f64", [9, 9, 0], { accumulate }), 1, false);
  });

  test("has functions of less than 48 KB", () => {
    for (const precision of ["f32", "f64"] as const) {
      for (const [m, n, k] of [
        [131, 259, 515],
        [19, 19, 19],
        [1, 255, 255],
        [2, 255, 255],
        [3, 255, 255],
        [255, 255, 1],
      ] as const) {
        for (const strides of layouts) {
          const module = new Module();
          contractKernel(module, { ...plainCase(precision, [m, n, k], strides).spec, scratch: 0, accumulate: true });
          expect(Math.max(...functionSizes(module.bytes({ pages: 1 })))).toBeLessThan(48 * 1024);
        }
      }
    }
  });

  test("of large operands copies blocks of them, whichever way they lie", () => {
    for (const { a, b, out } of layouts) expect(scratchBytes(plainCase("f32", [256, 256, 1024], { a, b, out }).spec)).toBeGreaterThan(0);
  });

  test("says so when it has no scratch memory that it needs", () => {
    expect(() => contractKernel(new Module(), plainCase("f32", [64, 64, 1000]).spec)).toThrow("scratch");
  });
});
