// Loop programs as WebAssembly do what the interpreter says, to the bit; and write nowhere else.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Buffer, Expression, Loop, LoopProgram, Operation, Place, Precision, Statement } from "../../src/compile/loops.ts";
import { alone } from "../../src/compile/threads/schedule.ts";
import { host } from "../../src/compile/wasm/host.ts";
import { controlBytes, type Printed, print, scratchSize } from "../../src/compile/wasm/print.ts";
import type { DType } from "../../src/graph/node.ts";
import { uniformAt } from "../../src/graph/random.ts";
import { numbers } from "../../src/ops/numbers.ts";
import { interpret, type Memory, memoryFor } from "./interpret.ts";
import { randomProgram } from "./random-programs.ts";

const precisions = ["f64", "f32"] as const;

// ---- programs written by hand ----

let buffers: Buffer[] = [];
const contents = new Map<Buffer, readonly number[]>();

/** What a test declares is the program's. */
function program(body: readonly Statement[]): LoopProgram {
  const made = { buffers, body };
  buffers = [];
  return made;
}

function buffer(dtype: DType, size: number, values: (i: number) => number = () => 7): Buffer {
  const made: Buffer = { id: buffers.length, dtype, size, life: "temporary", label: "" };
  buffers.push(made);
  contents.set(
    made,
    Array.from({ length: size }, (_, i) => values(i)),
  );
  return made;
}

const place = (b: Buffer, strides: readonly number[], offset = 0, times: Place["times"] = []): Place => ({
  buffer: b,
  offset,
  strides,
  times,
});
const load = (from: Place): Expression => ({ kind: "load", from, dtype: from.buffer.dtype });
const constant = (value: number, dtype: DType = "float"): Expression => ({ kind: "constant", value, dtype });
const operation = (name: Operation, dtype: DType, ...operands: Expression[]): Expression => ({ kind: "operation", name, operands, dtype });
const cast = (operand: Expression, dtype: DType): Expression => ({ kind: "cast", operand, dtype });
const map = (sizes: readonly number[], out: Place, value: Expression): Statement => ({ kind: "map", sizes, out, value });

// ---- both ways ----

interface Ran {
  readonly memory: Memory;
  readonly fault: number;
  readonly printed: Printed;
}

/** Runs a program as WebAssembly; what does not belong to a buffer must be what it was. */
function ran(
  program: LoopProgram,
  from: ReadonlyMap<Buffer, readonly number[]>,
  precision: Precision,
  { shared = false, reassociate = false }: { shared?: boolean; reassociate?: boolean } = {},
): Ran {
  const memory = memoryFor(program.buffers, precision);
  const addresses = new Map<Buffer, number>();
  let end = 64;
  for (const b of program.buffers) {
    addresses.set(b, end);
    end += Math.ceil((b.size * 8) / 16) * 16 + 48; // memory in between that nobody may touch
  }
  const options = { precision, fma: false, shared, reassociate };
  const scratch = Math.ceil(end / 64) * 64;
  const own = Math.ceil(scratchSize(program.body, options) / 64) * 64;
  const control = scratch + own;
  const pages = Math.ceil((control + controlBytes(1)) / 65536);
  const printed = print(alone(program), { addressOf: (b) => addresses.get(b)!, scratchOf: () => scratch, control, pages }, options);
  const linear = new host.Memory(shared ? { initial: pages, maximum: 65536, shared } : { initial: pages });
  const bytes = new Uint8Array(linear.buffer);
  bytes.fill(0xa5);
  for (const [b, values] of memory) {
    values.set(from.get(b) ?? []);
    bytes.set(new Uint8Array(values.buffer), addresses.get(b));
  }
  const { run } = new host.Instance(new host.Module(printed.bytes), { env: { memory: linear } }).exports as { run: () => number };
  const fault = run();
  for (const [b, values] of memory) {
    const own = bytes.subarray(addresses.get(b)!, addresses.get(b)! + values.byteLength);
    new Uint8Array(values.buffer).set(own);
    own.fill(0xa5);
  }
  bytes.fill(0xa5, scratch, scratch + own);
  bytes.fill(0xa5, control, control + 4);
  expect(bytes.every((byte) => byte === 0xa5)).toBe(true);
  return { memory, fault, printed };
}

/** Runs it both ways and compares every element. */
function agree(program: LoopProgram, from: ReadonlyMap<Buffer, readonly number[]>, precision: Precision, reassociate = false): Ran {
  const found = ran(program, from, precision, { reassociate });
  const expected = memoryFor(program.buffers, precision);
  for (const [b, values] of expected) values.set(from.get(b) ?? []);
  expect(found.fault).toBe(interpret(program, expected, precision));
  for (const [b, wanted] of expected) {
    const own = found.memory.get(b)!;
    for (let i = 0; i < b.size; i++) if (!Object.is(own[i], wanted[i])) expect([b.id, i, own[i]]).toEqual([b.id, i, wanted[i]]);
  }
  return found;
}

const special = [
  ...[
    0,
    1,
    2,
    3,
    0.5,
    1 / 3,
    7,
    88,
    104,
    709,
    745,
    1e-3,
    1e-8,
    1e-40,
    5e-324,
    2.2e-308,
    3e38,
    1e300,
    2 ** 24 + 1,
    2 ** 31,
    2 ** 32 + 3,
    2 ** 53,
  ],
  Number.POSITIVE_INFINITY,
].flatMap((x) => [x, -x]);
special.push(Number.NaN);
const whole = [0, 1, -1, 2, 7, -13, 2 ** 31 - 1, -(2 ** 31), 65536, 123456789];

/** Every pair of values: the left and the right one's positions. */
const pairs = (values: readonly number[]) => ({
  count: values.length ** 2,
  left: (i: number) => values[Math.floor(i / values.length)]!,
  right: (i: number) => values[i % values.length]!,
});

const exact = ["add", "sub", "mul", "div", "maximum", "minimum", "neg", "abs", "sign", "sqrt"] as const;
const rounded = ["exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus", "pow"] as const;
const arity = (name: Operation): number => numbers[name].length;

describe.each(precisions)("%s", (precision) => {
  /** One map over all pairs of values. */
  const overPairs = (name: Operation, of: DType, result: DType): Ran => {
    const all = pairs(of === "float" ? special : of === "int" ? whole : [0, 1]);
    const [a, b, out] = [buffer(of, all.count, all.left), buffer(of, all.count, all.right), buffer(result, all.count)];
    const operands = [a, b].slice(0, arity(name)).map((x) => load(place(x, [1])));
    return agree(program([map([all.count], place(out, [1]), operation(name, result, ...operands))]), contents, precision);
  };

  test.each(exact)("%s of special values, to the bit", (name) => {
    overPairs(name, "float", "float");
  });

  test.each(["add", "sub", "mul", "maximum", "minimum", "neg", "abs", "sign"] as const)("%s of whole numbers", (name) => {
    overPairs(name, "int", "int");
  });

  test.each(["less", "lessEqual", "equal"] as const)("%s", (name) => {
    overPairs(name, "float", "bool");
    overPairs(name, "int", "bool");
    overPairs(name, "bool", "bool");
  });

  test.each(["and", "or", "not"] as const)("%s", (name) => {
    overPairs(name, "bool", "bool");
  });

  test.each(rounded)("%s of special values: NaN, infinities and zeros as Math has them, others nearly", (name) => {
    const all = pairs(special);
    const [a, b, out] = [buffer("float", all.count, all.left), buffer("float", all.count, all.right), buffer("float", all.count)];
    const operands = [a, b].slice(0, arity(name)).map((x) => load(place(x, [1])));
    const { memory } = ran(program([map([all.count], place(out, [1]), operation(name, "float", ...operands))]), contents, precision);
    const [epsilon, least] = precision === "f32" ? [2 ** -23, 2 ** -149] : [2 ** -52, 2 ** -1074];
    memory.get(out)!.forEach((found, i) => {
      const exactly = (numbers[name] as (...x: number[]) => number)(memory.get(a)![i]!, memory.get(b)![i]!);
      const wanted = precision === "f32" ? Math.fround(exactly) : exactly;
      if (Number.isFinite(wanted) && wanted !== 0 && found !== 0)
        expect(Math.abs(found - wanted)).toBeLessThanOrEqual(Math.max(4 * epsilon * Math.abs(wanted), least));
      else if (!Object.is(found, wanted))
        expect(Math.abs(wanted) <= 2 * least ? [i, Math.abs(found) <= 2 * least] : [i, found]).toEqual([
          i,
          Math.abs(wanted) <= 2 * least ? true : wanted,
        ]);
    });
  });

  test("conversions between dtypes, and where by each", () => {
    const n = special.length;
    const [x, k, b] = [
      buffer("float", n, (i) => special[i]!),
      buffer("int", n, (i) => whole[i % whole.length]!),
      buffer("bool", n, (i) => i % 2),
    ];
    const body = [x, k, b].flatMap((from) =>
      (["float", "int", "bool"] as const).flatMap((to) => {
        const value = load(place(from, [1]));
        const chosen = operation("where", to, cast(value, "bool"), cast(load(place(k, [1])), to), cast(load(place(b, [1])), to));
        return [cast(value, to), chosen].map((e) => map([n], place(buffer(to, n), [1]), e));
      }),
    );
    agree(program(body), contents, precision);
  });

  test.each(Array.from({ length: 17 }, (_, i) => i + 1))(
    "%i elements: contiguous, one for all, apart, backwards, in every combination",
    (n) => {
      const value = (i: number): number => special[(i * 7) % special.length]!;
      const x = buffer("float", 3 * n + 3, value);
      const k = buffer("int", 3 * n + 3, (i) => i - 5);
      const strides = [1, 0, 3, -1, -2];
      const at = (b: Buffer, s: number): Place => place(b, [s], s < 0 ? -s * (n - 1) : 1);
      const body = strides.flatMap((s) =>
        strides.flatMap((t) => {
          const outs = t === 0 ? [] : [buffer("float", 3 * n + 3), buffer("int", 3 * n + 3), buffer("bool", 3 * n + 3)];
          return outs.map((out) =>
            map([n], at(out, t), cast(operation("add", "float", load(at(x, s)), cast(load(at(k, s)), "float")), out.dtype)),
          );
        }),
      );
      agree(program(body), contents, precision);
    },
  );

  test.each(rounded)("%s: an element's bits do not depend on where in a vector it stands", (name) => {
    const x = buffer("float", 64, (i) => (i - 20) / 7);
    const y = buffer("float", 64, (i) => (i - 30) / 11);
    const value = (from: number): Expression =>
      operation(name, "float", ...[x, y].slice(0, arity(name)).map((b) => load(place(b, [1], from))));
    const all = buffer("float", 64);
    const runs = Array.from({ length: 17 }, (_, i) => ({ from: 2 * i, n: i + 1, out: buffer("float", i + 1) }));
    const body = [map([64], place(all, [1]), value(0)), ...runs.map(({ from, n, out }) => map([n], place(out, [1]), value(from)))];
    const { memory } = ran(program(body), contents, precision);
    for (const { from, n, out } of runs) expect([...memory.get(out)!]).toEqual([...memory.get(all)!.subarray(from, from + n)]);
  });

  test("no axes, axes of one element, and of none", () => {
    const [x, zero] = [buffer("float", 6, (i) => i + 0.5), buffer("float", 6, () => 9)];
    const sum = (kept: number[], reduced: number[]): Statement => ({
      ...{
        kind: "reduce",
        by: "sum",
        kept,
        reduced,
        out: place(
          buffer("float", 6),
          kept.map(() => 1),
        ),
      },
      value: load(
        place(
          x,
          [...kept, ...reduced].map(() => 1),
        ),
      ),
    });
    const body = [
      map([], place(buffer("float", 2), [], 1), load(place(x, [], 3))),
      map([1, 1], place(buffer("float", 2), [50, 70]), load(place(x, [99, -99], 3))),
      map([3, 0], place(zero, [1, 1]), load(place(x, [1, 1]))),
      ...[sum([], []), sum([1], [1]), sum([3], [0]), sum([3], [2, 0]), sum([0], [3]), sum([], [6]), sum([2, 1, 2], [1, 2])],
    ];
    agree(program(body), contents, precision);
  });

  test("-0 and NaN in reductions", () => {
    const rows = [
      [-0],
      [-0, 0],
      [0, -0],
      [1, Number.NaN, 3],
      [Number.NaN, 5, Number.NaN],
      [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
      [2, 2, 1],
    ];
    const body = rows.flatMap((row) =>
      (["sum", "max", "argmax"] as const).flatMap((by): Statement[] => {
        const n = row.length;
        const flat = buffer("float", n, (i) => row[i]!);
        const upright = buffer("float", 5 * n, (i) => row[Math.floor(i / 5)]!);
        const out = (size: number): Buffer => buffer(by === "argmax" ? "int" : "float", size);
        return [
          { kind: "reduce", by, kept: [], reduced: [n], out: place(out(1), []), value: load(place(flat, [1])) },
          { kind: "reduce", by, kept: [5], reduced: [n], out: place(out(5), [1]), value: load(place(upright, [1, 5])) },
        ];
      }),
    );
    agree(program(body), contents, precision);
  });

  test("sums that may be split: of whole numbers, which no order rounds; products, too", () => {
    const x = buffer("float", 300, (i) => (i % 7) - 2);
    const term = (...strides: number[]): Expression =>
      operation("add", "float", constant(1), operation("mul", "float", load(place(x, strides)), load(place(x, strides, 5))));
    const sizes = Array.from({ length: 41 }, (_, i) => i);
    const sum = (kept: number[], reduced: number[], ...strides: number[]): Statement => ({
      ...{
        kind: "reduce",
        by: "sum",
        kept,
        reduced,
        out: place(
          buffer("float", 8),
          kept.map(() => 1),
        ),
        value: term(...strides),
      },
    });
    const body = sizes.flatMap((n): Statement[] => [
      ...[sum([], [n], 1), sum([3], [n], n, 1), sum([3], [2, n], 50, 60, 1), sum([], [n], 0), sum([], [n], 3), sum([2], [n], 1, 3)],
      {
        ...{ kind: "contract", rows: [2], columns: [3], terms: [n], accumulate: true },
        ...{ a: place(x, [41, 1]), b: place(x, [0, 41, 1]), out: place(buffer("float", 6), [3, 1]) },
      },
    ]);
    agree(program(body), contents, precision, true);
  });

  test("sums that may be split: a sum is one of a run of its own", () => {
    const x = buffer("float", 1000, (i) => Math.sin(i) / 3);
    const out = buffer("float", 8);
    const sum = (to: number): Statement => ({
      kind: "reduce",
      by: "sum",
      kept: [],
      reduced: [1000],
      out: place(out, [], to),
      value: load(place(x, [1])),
    });
    const { memory } = ran(program([sum(0), sum(5)]), contents, precision, { reassociate: true });
    const exactly = [...memory.get(x)!].reduce((a: number, b: number) => a + b, 0);
    expect(memory.get(out)![0]).toBe(memory.get(out)![5]);
    expect(Math.abs(memory.get(out)![0]! - exactly)).toBeLessThan(1000 * (precision === "f32" ? 2 ** -24 : 2 ** -50));
  });

  test("dropout draws what the reference draws: keys and numbers of 32 bits, rates at the edges", () => {
    const keys = [0, 1, -1, 123456789, -(2 ** 31)];
    const body = keys.flatMap((key) =>
      [0, 2 ** -53, 0.1, 0.5, 1 / 3, 1 - 2 ** -53].flatMap((rate) =>
        [1, 3, 2 ** 30 + 1].map((stride) => {
          const at = place(
            buffer("int", 2, () => key),
            [0],
            1,
          );
          return map([103], place(buffer("float", 103), [1]), {
            kind: "dropout",
            rate,
            key: at,
            first: 0,
            number: [stride],
            dtype: "float",
          });
        }),
      ),
    );
    agree(program(body), contents, precision);
  });

  test("dropout: an element is dropped if its number is below the rate, by as little as 2⁻⁵³, and kept if it is the rate", () => {
    const [key, n] = [987654321, 6];
    const drawn = Array.from({ length: n }, (_, i) => uniformAt(key, i));
    const outs = drawn.flatMap((u) => [u, u + 2 ** -53]).map((rate) => ({ rate, out: buffer("float", n) }));
    const at = place(
      buffer("int", 1, () => key),
      [0],
    );
    const body = outs.map(({ rate, out }) =>
      map([n], place(out, [1]), { kind: "dropout", rate, key: at, first: 0, number: [1], dtype: "float" }),
    );
    const { memory } = agree(program(body), contents, precision);
    for (const [i, { out }] of outs.entries()) expect(memory.get(out)![Math.floor(i / 2)] === 0).toBe(i % 2 === 1);
  });

  test("time loops: a recurrence, in both directions, one within the other", () => {
    const run = (backwards: boolean, within: boolean): void => {
      const [outer, inner]: Loop[] = [
        { id: 0, steps: 3, backwards: within },
        { id: 1, steps: 4, backwards },
      ];
      const h = buffer("float", 3 * 5 * 6, (i) => Math.sin(i));
      const step = backwards ? -1 : 1;
      // h_{t+1} = 2·h_t + h_{t+1}, or the other way round; a layer for each step of the outer loop
      const at = (t: number): Place =>
        place(h, [1], 6 * t, [
          { loop: outer!, stride: 30 },
          { loop: inner!, stride: 6 },
        ]);
      const [before, next] = [at(backwards ? 1 : 0), at((backwards ? 1 : 0) + step)];
      const value = operation("add", "float", operation("mul", "float", constant(2), load(before)), load(next));
      const carry = map(
        [6],
        place(h, [1], 0, [{ loop: outer!, stride: 30 }]),
        operation("neg", "float", load(place(h, [1], 0, [{ loop: outer!, stride: 30 }]))),
      );
      const steps: Statement = { kind: "for", loop: inner!, body: [map([6], next, value)] };
      agree(program([{ kind: "for", loop: outer!, body: [carry, steps, carry] }]), contents, precision);
    };
    for (const backwards of [true, false]) for (const within of [true, false]) run(backwards, within);
  });

  test("what differs in nothing but its step, or its zero's sign, is not one", () => {
    const loop: Loop = { id: 0, steps: 3, backwards: false };
    const [x, out] = [buffer("float", 5 * 4, Math.sqrt), buffer("float", 3 * 5)];
    const at = (b: Buffer, stride: number): Place => place(b, [1], 0, [{ loop, stride }]);
    const value = operation("sub", "float", operation("mul", "float", load(at(x, 5)), load(at(x, 0))), load(place(x, [1])));
    const [one, other] = [0, -0].map((zero) => operation("div", "float", constant(1), constant(zero)));
    const between = operation("minimum", "float", one!, operation("maximum", "float", other!, value));
    agree(program([{ kind: "for", loop, body: [map([5], at(out, 5), between)] }]), contents, precision);
  });

  test("a statement that meets an id out of range moves nothing, and is told by its number", () => {
    const rowsBy = (kind: "gather" | "scatter", id: number, fault: number): Statement => {
      const at = place(
        buffer("int", 3, (i) => (i === 1 ? id : 0)),
        [1],
      );
      const common = { outer: [], ids: [3], inner: [2], along: 4, stride: 2, at, fault };
      const [rows, list] = [place(buffer("float", 8, Math.sqrt), [1]), place(buffer("float", 6), [2, 1])];
      return kind === "gather" ? { kind, ...common, table: rows, out: list } : { kind, ...common, updates: list, out: rows };
    };
    const loop: Loop = { id: 0, steps: 2, backwards: false };
    for (const kind of ["gather", "scatter"] as const) {
      for (const id of [-1, 4, 2 ** 31 - 1, -(2 ** 31)]) {
        const after = buffer("float", 1);
        const body: Statement[] = [
          rowsBy(kind, 3, 1),
          { kind: "for", loop, body: [rowsBy(kind, id, 2)] },
          map([1], place(after, [1]), constant(1)),
        ];
        const { fault, memory } = agree(program(body), contents, precision);
        expect(fault).toBe(2);
        expect(memory.get(after)![0]).toBe(1);
      }
      expect(agree(program([rowsBy(kind, 3, 1)]), contents, precision).fault).toBe(0);
    }
  });

  test("statements that differ only in where their elements stand have one kernel", () => {
    const x = buffer("float", 40, Math.sqrt);
    const add = (from: number, to: number, n: number, by = 1): Statement =>
      map([n], place(x, [1], to), operation("add", "float", load(place(x, [1], from)), constant(by)));
    const count = (...body: Statement[]): number =>
      print(alone(program(body)), { addressOf: () => 64, scratchOf: () => 0, control: 0, pages: 1 }, { precision, fma: false }).kernels;
    expect(count(add(0, 10, 5), add(5, 20, 5), add(0, 10, 5))).toBe(1);
    expect(count(add(0, 10, 5), add(5, 20, 6))).toBe(2);
    expect(count(add(0, 10, 5), add(0, 10, 5, 2))).toBe(2);
    // the same walk through memory, by more axes
    expect(count(add(0, 10, 6), map([2, 3], place(x, [3, 1]), operation("add", "float", load(place(x, [3, 1], 20)), constant(1))))).toBe(1);
  });

  test("the same object twice is computed once: a sum of 2³⁰ terms by doubling", () => {
    const [x, out] = [buffer("float", 3, (i) => i), buffer("float", 3)];
    let value = load(place(x, [1]));
    for (let i = 0; i < 30; i++) value = operation("add", "float", value, value);
    const { memory } = agree(program([map([3], place(out, [1]), value)]), contents, precision);
    expect([...memory.get(out)!]).toEqual([0, 2 ** 30, 2 ** 31]);
  });

  test("a long list of statements becomes several functions, none of them large", () => {
    const x = buffer("float", 2, () => 0);
    const at = buffer("int", 1, () => 0);
    const row = (out: Buffer, fault: number): Statement => ({
      ...{ kind: "gather", outer: [], ids: [1], inner: [1], along: 1, stride: 1, table: place(x, [1]), at: place(at, [1]) },
      ...{ out: place(out, [1, 1]), fault },
    });
    const one = map([1], place(x, [1]), operation("add", "float", load(place(x, [1])), constant(1)));
    const [loop, inner]: Loop[] = [
      { id: 0, steps: 2, backwards: false },
      { id: 1, steps: 2, backwards: true },
    ];
    const many = Array.from({ length: 9000 }, () => one);
    const list: Statement = { kind: "for", loop: loop!, body: many };
    const body: Statement[] = [list, { kind: "for", loop: inner!, body: [list, list, map([1], place(at, [1]), constant(5, "int"))] }];
    const { memory, fault, printed } = ran(program([...body, ...many, row(x, 3), ...many]), contents, precision);
    expect([fault, memory.get(x)![0]]).toEqual([3, 5 * 2 * 9000 + 2 * 9000]);
    const sizes = functionSizes(printed.bytes);
    expect(sizes.length).toBeGreaterThan(6);
    expect(Math.max(...sizes)).toBeLessThan(48 * 1024);
  });

  test("random programs", () => {
    fc.assert(
      fc.property(randomProgram, ({ program, contents }) => {
        agree(program, contents, precision);
      }),
      { numRuns: 300, endOnFailure: true }, // programs shrink slowly: run the seed again to see one
    );
  });
});

test("memory that threads share", () => {
  const x = buffer("float", 9, Math.sqrt);
  const { memory } = ran(program([map([9], place(x, [1]), operation("neg", "float", load(place(x, [1]))))]), contents, "f64", {
    shared: true,
  });
  expect(memory.get(x)![4]).toBe(-2);
});

/** Bytes of every function of a module: section 10. */
function functionSizes(bytes: Uint8Array): number[] {
  let at = 8;
  const read = (): number => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const [section, length] = [bytes[at++], read()];
    if (section !== 10) {
      at += length;
      continue;
    }
    return Array.from({ length: read() }, () => {
      const size = read();
      at += size;
      return size;
    });
  }
  return [];
}
