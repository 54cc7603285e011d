// Loop programs as WebAssembly do what the interpreter says, to the bit; and write nowhere else.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Buffer, LoopProgram, Precision } from "../../src/compile/loops.ts";
import { host } from "../../src/compile/wasm/host.ts";
import { print } from "../../src/compile/wasm/print.ts";
import { interpret, type Memory, memoryFor } from "./interpret.ts";
import { randomProgram } from "./random-programs.ts";

const precisions = ["f64", "f32"] as const;

/** Runs a program both ways, from the same contents, and compares every element, and what lies between buffers. */
function agree(program: LoopProgram, contents: ReadonlyMap<Buffer, readonly number[]>, precision: Precision): number {
  const expected: Memory = memoryFor(program.buffers, precision);
  for (const [buffer, values] of contents) expected.get(buffer)!.set(values);

  const addresses = new Map<Buffer, number>();
  let end = 64;
  for (const b of program.buffers) {
    addresses.set(b, end);
    end += Math.ceil((b.size * 8) / 16) * 16 + 48; // memory in between that nobody may touch
  }
  const pages = Math.ceil((end + 64) / 65536);
  const { bytes, kernels } = print(program, { addressOf: (b) => addresses.get(b)!, scratch: end, pages }, { precision, fma: false });
  const memory = new host.Memory({ initial: pages });
  new Uint8Array(memory.buffer).fill(0xa5);
  const view = (b: Buffer): Float64Array | Float32Array | Int32Array => {
    const kind = expected.get(b)!.constructor as Float64ArrayConstructor;
    return new kind(memory.buffer, addresses.get(b)!, b.size);
  };
  for (const [b, values] of expected) view(b).set(values);
  const before = new Uint8Array(memory.buffer.slice(0));
  const { run } = new host.Instance(new host.Module(bytes), { env: { memory } }).exports as { run: () => number };

  const fault = run();
  expect(fault).toBe(interpret(program, expected, precision));
  const after = new Uint8Array(memory.buffer);
  for (const b of program.buffers) {
    const [found, wanted] = [view(b), expected.get(b)!];
    for (let i = 0; i < b.size; i++) if (!Object.is(found[i], wanted[i])) expect([b.id, i, found[i]]).toEqual([b.id, i, wanted[i]]);
    const start = addresses.get(b)!;
    after.subarray(start, start + found.byteLength).fill(0);
    before.subarray(start, start + found.byteLength).fill(0);
  }
  expect(after.every((byte, i) => byte === before[i])).toBe(true);
  return kernels;
}

describe.each(precisions)("%s", (precision) => {
  test("random programs", () => {
    fc.assert(
      fc.property(randomProgram, ({ program, contents }) => {
        agree(program, contents, precision);
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });
});
