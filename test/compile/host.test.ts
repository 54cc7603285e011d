import { expect, test } from "vitest";
import { hasFusedMultiplyAdd, host } from "../../src/compile/wasm/host.ts";

test("multiply-add is fused only where the runtime knows relaxed SIMD", () => {
  // (module (func (param v128 v128 v128) (result v128) local.get 0 local.get 1 local.get 2 f32x4.relaxed_madd)), as wat2wasm writes it
  const hex = "0061736d0100000001080160037b7b7b017b030201000a0d010b00200020012002fd85020b";
  const known = host.validate(Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16)));
  const [major] = process.versions.node.split(".").map(Number);
  expect(known).toBe(major! >= 21); // V8 11.4
  expect(known || !hasFusedMultiplyAdd()).toBe(true);
  if (known && process.arch === "arm64") expect(hasFusedMultiplyAdd()).toBe(true); // every processor of that kind fuses
});
