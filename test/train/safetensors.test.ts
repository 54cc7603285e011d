// safetensors: what is written is read again, to the bit; Python reads ours and we read Python's; what is cut off or changed is told.

import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  bagOfWords,
  ClewError,
  decodeSafetensors,
  dim,
  encodeSafetensors,
  evaluate,
  load,
  parameter,
  predict,
  type Stored,
  save,
} from "clew";
import * as fp from "clew/fp";
import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { needed, oraclePython } from "../setup/machine.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "clew-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const told = (result: E.Either<readonly fp.Diagnostic[], unknown>): readonly string[] =>
  E.isLeft(result) ? result.left.map((d) => `${d.code} ${d.op}: ${d.message}`) : [];
// biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript may call it
const anything = (value: unknown): any => value;

const stored: fc.Arbitrary<Stored> = fc
  .tuple(
    fc.array(fc.nat(3), { maxLength: 3 }),
    fc.constantFrom("float", "single", "int", "bool"),
    fc.boolean(),
    fc.infiniteStream(fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324))),
  )
  .map(([shape, kind, named, draw]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const drawn = Array.from({ length: size }, () => draw.next().value as number);
    const data =
      kind === "float"
        ? Float64Array.from(drawn)
        : kind === "single"
          ? Float32Array.from(drawn)
          : kind === "int"
            ? Int32Array.from(drawn)
            : Uint8Array.from(drawn, (x) => Number(x > 0));
    return named ? { dims: shape.map((_, i) => `d${i}`), shape, data } : { shape, data };
  });

/** Bits, so that −0 and NaN count. */
const bitsOf = ({ data }: Stored): readonly number[] => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];

describe("what is written is read again", () => {
  const name = fc
    .oneof(fc.string(), fc.constantFrom("W/adam.m", "/adam.step", "__proto__", "constructor", "größe"))
    .filter((n) => n !== "__metadata__");
  test("to the bit, with names of dims and texts", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, stored), { selector: ([n]) => n, maxLength: 6 }),
        fc.dictionary(name, fc.string()),
        (all, texts) => {
          const metadata = Object.fromEntries(Object.entries(texts).filter(([key]) => key !== "clew.dims"));
          const values = Object.fromEntries(all);
          const bytes = encodeSafetensors(values, { metadata });
          const read = decodeSafetensors(bytes);
          expect(read.metadata).toEqual(metadata);
          expect(Object.keys(read.values).sort()).toEqual(Object.keys(values).sort());
          for (const [n, value] of all) {
            const again = read.values[n]!;
            expect([again.dims, again.shape, again.data.constructor, bitsOf(again)]).toEqual([
              value.dims,
              value.shape,
              value.data.constructor,
              bitsOf(value),
            ]);
          }
          expect(encodeSafetensors(read.values, { metadata })).toEqual(bytes);
        },
      ),
    );
  });

  test("from bytes that stand anywhere in memory", () => {
    const bytes = encodeSafetensors({ W: { shape: [2], data: Float64Array.of(1, 2) } });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeSafetensors(shifted.subarray(3)).values.W!.data).toEqual(Float64Array.of(1, 2));
  });

  test("elements are aligned to their size", () => {
    const bytes = encodeSafetensors({ a: { shape: [1], data: Uint8Array.of(1) }, b: { shape: [1], data: Float64Array.of(1) } });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as {
      readonly b: { readonly data_offsets: unknown };
    };
    expect(header.b.data_offsets).toEqual([0, 8]);
  });

  test("floats in half the size, when that is asked for", () => {
    const bytes = encodeSafetensors({ W: { shape: [1], data: Float64Array.of(0.1) } }, { precision: "f32" });
    expect(decodeSafetensors(bytes).values.W!.data).toEqual(Float32Array.of(0.1));
  });
});

describe("Python", () => {
  const expected: { readonly [name: string]: Stored } = {
    double: { shape: [2, 3], data: Float64Array.of(0.1, -2.5e-300, Math.PI, 1e300, 0, -0) },
    single: { shape: [3], data: Float32Array.of(0.1, 3.5, -1e-40) },
    half: { shape: [5], data: Float32Array.of(1.5, -65504, 2 ** -24, Number.POSITIVE_INFINITY, 0.0999755859375) },
    long: { shape: [2, 1], data: Int32Array.of(-1, 2 ** 31 - 1) },
    longer: { shape: [2], data: Float64Array.of(2 ** 40, -1) },
    int: { shape: [2], data: Int32Array.of(-(2 ** 31), 7) },
    byte: { shape: [2], data: Int32Array.of(0, 255) },
    bool: { shape: [2], data: Uint8Array.of(1, 0) },
    scalar: { shape: [], data: Float32Array.of(2) },
    empty: { shape: [0, 3], data: new Float32Array(0) },
    größe: { shape: [1], data: Float32Array.of(1) },
  };

  test("its file is read (a committed one)", async () => {
    const { values, metadata } = await load(here("python.safetensors"));
    expect(values).toEqual(expected);
    expect(metadata).toEqual({ by: "numpy" });
  });

  test("reads ours, and writes the committed file", async (context) => {
    const python = needed(context, oraclePython);
    const run = promisify(execFile);
    const its = join(folder, "its.safetensors");
    await run(python, [here("exchange.py"), "write", its]);
    expect(readFileSync(its)).toEqual(readFileSync(here("python.safetensors")));
    const { half: _, ...others } = expected; // Clew writes no F16
    const ours = join(folder, "ours.safetensors");
    const data = Float64Array.of(1, 2);
    await save(ours, { ...others, named: { dims: ["word"], shape: [2], data } }, { metadata: { by: "clew" } });
    const { stdout } = await run(python, [here("exchange.py"), "read", ours]);
    const read = JSON.parse(stdout) as {
      readonly metadata: unknown;
      readonly tensors: { readonly [name: string]: { readonly dtype: string; readonly shape: unknown; readonly data: readonly unknown[] } };
    };
    expect(read.metadata).toEqual({ by: "clew", "clew.dims": '{"named":["word"]}' });
    expect(Object.keys(read.tensors).sort()).toEqual([...Object.keys(others), "named"].sort());
    for (const [name, value] of Object.entries(others)) {
      expect(read.tensors[name]!.shape).toEqual(value.shape);
      expect(read.tensors[name]!.data.map(Number)).toEqual([...value.data]);
    }
    expect([read.tensors.double!.dtype, read.tensors.single!.dtype, read.tensors.int!.dtype, read.tensors.bool!.dtype]).toEqual([
      "float64",
      "float32",
      "int32",
      "bool",
    ]);
  });
});

test("bfloat16 is the first half of an f32", () => {
  const header = new TextEncoder().encode('{"x":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}');
  const bytes = new Uint8Array(8 + header.length + 6);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  for (const [i, bits] of [0x3fc0, 0xc228, 0xff80].entries()) view.setUint16(8 + header.length + 2 * i, bits, true);
  expect(decodeSafetensors(bytes).values.x!.data).toEqual(Float32Array.of(1.5, -42, Number.NEGATIVE_INFINITY));
});

describe("what is no such file", () => {
  const good = encodeSafetensors({ W: { shape: [2], data: Float64Array.of(1, 2) }, b: { shape: [1], data: Int32Array.of(3) } });
  const withHeader = (header: string, rest = 16): Uint8Array => {
    const text = new TextEncoder().encode(header);
    const bytes = new Uint8Array(8 + text.length + rest);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
    bytes.set(text, 8);
    return bytes;
  };
  const tensor = (fields: object): string => JSON.stringify({ W: { dtype: "F64", shape: [2], data_offsets: [0, 16], ...fields } });

  test("cut off anywhere, it is told", () => {
    for (let length = 0; length < good.length; length++) {
      const [message, ...others] = told(fp.decodeSafetensors(good.slice(0, length)));
      expect(others).toEqual([]);
      expect(message).toMatch(/^BadFile decodeSafetensors: the bytes: .*(cut off|no safetensors file)/);
    }
  });

  test("changed anywhere, it is told or read: nothing is thrown", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = good.slice();
        changed[at]! ^= change;
        const result = fp.decodeSafetensors(changed);
        if (E.isLeft(result)) expect(result.left.map((d) => d.code)).toEqual(["BadFile"]);
      }),
    );
  });

  test.each<readonly [unknown, string]>([
    [null, "expected a Uint8Array, found null"],
    [new Uint8Array(3), "3 bytes are no safetensors file, which begins with 8 that say how long its header is"],
    [new TextEncoder().encode("the weather is fine today"), "the header would have 8386095543459604000 bytes: this is no safetensors file"],
    [withHeader("[1]"), "its header is no JSON object"],
    [withHeader("{"), "its header is no JSON object"],
    [withHeader("{} x"), "its header is no JSON object"],
    [withHeader("{}"), "after the last tensor there are 16 bytes too many"],
    [withHeader('{"__metadata__":{"a":1}}', 0), "its __metadata__ are not texts by name"],
    [
      withHeader('{"W":1}'),
      'of "W" its header says the dtype undefined; known are F64, F32, F16, BF16, I64, U64, I32, U32, I16, U16, I8, U8, BOOL',
    ],
    [
      withHeader(tensor({ dtype: "F8_E4M3" })),
      'of "W" its header says the dtype "F8_E4M3"; known are F64, F32, F16, BF16, I64, U64, I32, U32, I16, U16, I8, U8, BOOL',
    ],
    [
      withHeader(tensor({ dtype: "toString" })),
      'of "W" its header says the dtype "toString"; known are F64, F32, F16, BF16, I64, U64, I32, U32, I16, U16, I8, U8, BOOL',
    ],
    [withHeader(tensor({ shape: [-2] })), 'of "W" its header says the shape [-2]'],
    [withHeader(tensor({ shape: 2 })), 'of "W" its header says the shape 2'],
    [withHeader(tensor({ shape: [3] })), 'of "W" its header says 16 bytes, where F64 [3] takes 24'],
    [withHeader(tensor({ data_offsets: [16, 0] })), 'of "W" its header says -16 bytes, where F64 [2] takes 16'],
    [withHeader(tensor({ data_offsets: [0] })), 'of "W" its header says the offsets [0]'],
    [withHeader(tensor({ data_offsets: [8, 24] }), 24), '"W" begins at byte 8 of the data, where the tensor before it ends at 0'],
    [
      withHeader(`${tensor({}).slice(0, -1)},"X":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}`),
      '"X" begins at byte 8 of the data, where the tensor before it ends at 16',
    ],
    [withHeader(tensor({}), 8), "the tensors take 16 bytes, of which 8 are there: the file is cut off"],
    [
      withHeader(tensor({ dtype: "I64" })).fill(0x7f, -16),
      'element 0 of "W" is 9187201950435738000: beyond 2^53 whole numbers are not exact here',
    ],
  ])("%o: %s", (bytes, message) => {
    expect(told(fp.decodeSafetensors(anything(bytes)))).toEqual([`BadFile decodeSafetensors: the bytes: ${message}`]);
  });

  test.each<readonly [unknown, unknown, readonly string[]]>([
    [null, {}, ["the values must be a record, found null"]],
    [
      { __metadata__: { shape: [], data: Float64Array.of(1) } },
      {},
      ["no tensor can be named __metadata__: the format takes that name for its texts"],
    ],
    [{ W: [1, 2] }, {}, ['"W" is an array, expected { shape, data }']],
    [{ W: { shape: [2], data: Float64Array.of(1) } }, {}, ['"W" has 1 elements for the shape [2]']],
    [{ W: { shape: [1], dims: [], data: Float64Array.of(1) } }, {}, ['"W" has the dims an array for the shape [1]']],
    [{}, null, ["the options must be a record, found null"]],
    [{}, { metadata: { a: 1 }, precision: "f16" }, ["metadata must be a record of texts", 'precision is "f16"']],
  ])("what cannot be written: %o %o", async (values, options, messages) => {
    const expected = messages.map((m) => `BadArgument encodeSafetensors: ${m}`);
    expect(told(fp.encodeSafetensors(anything(values), anything(options)))).toEqual(expected);
    const path = join(folder, "never.safetensors");
    expect(told(await fp.save(path, anything(values), anything(options))())).toEqual(expected);
    expect(readdirSync(folder)).not.toContain("never.safetensors");
  });
});

describe("files", () => {
  const b = { shape: [1], data: Float64Array.of(1) };

  test("are replaced; folders are made, and nothing is left beside them", async () => {
    const path = join(folder, "a/b/c.safetensors");
    await save(path, { b });
    await save(path, { b: { shape: [1], data: Float64Array.of(2) } });
    await Promise.all(Array.from({ length: 8 }, (_, i) => save(path, { b: { shape: [1], data: Float64Array.of(i) } })));
    expect((await load(path)).values.b!.data[0]).toBeLessThan(8);
    expect(readdirSync(join(folder, "a/b"))).toEqual(["c.safetensors"]);
  });

  test("what is wrong with them is told by path", async () => {
    const path = join(folder, "text.safetensors");
    writeFileSync(path, "good\tbad\n");
    expect(told(await fp.load(path)())).toEqual([
      `BadFile load: "${path}": the header would have 7233170269012980000 bytes: this is no safetensors file`,
    ]);
    expect(told(await fp.load(join(folder, "none"))())).toEqual([
      `BadFile load: "${join(folder, "none")}" cannot be read: there is no such file`,
    ]);
    expect(told(await fp.load(folder)())).toEqual([`BadFile load: "${folder}" cannot be read: it is a folder`]);
    expect(told(await fp.save(join(path, "x"), { b })())).toEqual([
      `BadFile save: "${join(path, "x")}" cannot be written: a part of its path is a file, no folder`,
    ]);
    expect(told(await fp.save(folder, { b })())).toEqual([expect.stringMatching(/^BadFile save: .* cannot be written: /)]);
    expect(readdirSync(join(folder, "..")).filter((name) => name.startsWith(`${basename(folder)}.`))).toEqual([]);
    expect(told(await fp.load("")())).toEqual(['BadArgument load: the path is ""']);
    expect(told(await fp.save(anything(undefined), { b })())).toEqual(["BadArgument save: the path is undefined"]);
    await expect(load(join(folder, "none"))).rejects.toThrow(ClewError);
  });
});

describe("what was loaded is fed", () => {
  const W = parameter("W", [dim("word", 2), dim("vector", 3)]);
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  test("by its sizes, in order", () => {
    expect(evaluate({ W }, { W: { shape: [2, 3], data } }).W.data).toEqual(Float64Array.from(data));
  });
  test.each<readonly [Stored, string]>([
    [{ shape: [3, 2], data }, "a value of shape [3, 2] for [word=2, vector=3]"],
    [{ shape: [6], data }, "a value of shape [6] for [word=2, vector=3]"],
    [{ dims: ["word", "hidden"], shape: [2, 3], data }, "a value of shape [word=2, hidden=3] for [word=2, vector=3]"],
    [{ dims: ["word"], shape: [2, 3], data }, "a value of shape [word=2, undefined=3] for [word=2, vector=3]"],
  ])("%o does not fit", (value, message) => {
    expect(told(fp.evaluate({ W }, { W: value }))).toEqual([`BadFeed parameter: "W": ${message}`]);
  });
  test("to a model", async () => {
    const model = bagOfWords({ words: 4 });
    const path = join(folder, "model.safetensors");
    const { values } = decodeSafetensors(
      encodeSafetensors({ score: { shape: [4, 2], data: Float64Array.from({ length: 8 }, (_, i) => i) } }),
    );
    await save(path, values);
    expect(predict(model, (await load(path)).values, [[2]])).toEqual(predict(model, values, [[2]]));
  });
});
