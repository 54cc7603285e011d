// Where a mistake was made: the user's own line, on every runtime, at a cost that a graph of a hundred thousand calls can bear.

import {
  add,
  dim,
  gather,
  grad,
  input,
  layerNorm,
  lengthMask,
  matmul,
  parameter,
  softmaxCrossEntropy,
  sum,
  tanh,
  unroll,
  zeros,
} from "clew";
import * as fp from "clew/fp";
import { describe, expect, test } from "vitest";
import { showSite } from "../../src/graph/site.ts";
import { here, lineOf, told, toldOf, type Untyped } from "./told.ts";

const batch = dim("batch", 8);
const hidden = dim("hidden", 16);
const time = dim("time", 3);
const h: Untyped = input("h", [batch, hidden]);
const x: Untyped = input("x", [time, batch, hidden]);
const U: Untyped = parameter("U", [dim("word", 12), hidden]);

function linesOf(outputs: unknown): readonly (string | undefined)[] {
  return told(outputs).map((d) => lineOf(d.at));
}

/** A user's helper: the mistake is in its line, not in the caller's. */
function dense(a: Untyped): Untyped {
  return matmul(a, U);
}
const inDense = here(-2);

describe("the line of the very call", () => {
  test("at once, in a helper, as a callback, in a constructor, in an arrow, in an async function", async () => {
    const at = tanh(matmul(h, U));
    expect(linesOf(at)).toEqual([here(-1)]);
    expect(linesOf(tanh(dense(h)))).toEqual([inDense]);
    expect(linesOf([h].map(dense)[0])).toEqual([inDense]);
    expect(linesOf([h].map((a) => add(a, U))[0])).toEqual([here()]);
    class Layer {
      readonly out = matmul(h, U);
    }
    expect(linesOf(new Layer().out)).toEqual([here(-2)]);
    const later = async (): Promise<Untyped> => {
      await Promise.resolve();
      return matmul(h, U);
    };
    expect(linesOf(await later())).toEqual([here(-2)]);
  });

  test("of a call over several lines: where the function is named", () => {
    const at = matmul(
      h, //
      U,
    );
    expect(linesOf(at)).toEqual([here(-4)]);
  });

  test("of composites, transforms and cells", () => {
    const loss = softmaxCrossEntropy(h, input("y", [hidden], "int") as Untyped);
    expect(linesOf(loss)).toEqual([here(-1)]);
    const normal = layerNorm(h, time as Untyped);
    expect(linesOf(normal)).toEqual([here(-1)]);
    const gradient = grad(h, U);
    expect(linesOf(gradient)).toEqual([here(-1)]);
    const mask = lengthMask(input("lengths", [batch]) as Untyped, time);
    expect(linesOf(mask)).toEqual([here(-1)]);
    const from: Untyped = zeros([batch, hidden]);
    const cell = (s: Untyped, x_t: Untyped) => ({ state: s, output: matmul(x_t, U) });
    const inCell = here(-1);
    expect(linesOf(unroll(cell, { over: x, from }).outputs)).toEqual([inCell]);
    const helped = (s: Untyped, x_t: Untyped) => ({ state: s, output: dense(x_t) });
    expect(linesOf(unroll(helped, { over: x, from }).outputs)).toEqual([inDense]);
  });

  test("of an index out of range, found when the graph runs", () => {
    const rows = gather(U, input("ids", [batch], "int"), -2 as Untyped);
    const [d] = toldOf(sum(rows as Untyped), { ids: [0, 0, 0, 0, 0, 0, 0, 12] });
    expect([d!.op, lineOf(d!.at)]).toEqual(["gather", here(-2)]);
    expect(d!.message).toBe("ids[7] is 12, out of range: there are 12 (0 … 11)");
  });

  test("no frame of the library is shown", () => {
    for (const d of told({ a: matmul(h, U), b: layerNorm(h, time as Untyped), c: grad(h, U), d: fp.add(x, U) })) {
      expect(d.at).toContain("/test/graph/source.test.ts:");
    }
  });
});

describe("stacks of every runtime", () => {
  const site = (...lines: readonly string[]) => showSite({ error: { stack: ["Error", ...lines].join("\n") } });

  test.each([
    ["    at dense (/home/me/net.ts:3:10)", "/home/me/net.ts:3:10"],
    ["    at /home/me/net.ts:3:10", "/home/me/net.ts:3:10"],
    ["    at file:///home/me/my%20net.ts:3:10", "/home/me/my net.ts:3:10"],
    ["    at dense (file:///home/me/net.ts:3:10)", "/home/me/net.ts:3:10"],
    ["    at async build (file:///home/me/net.ts:3:10)", "/home/me/net.ts:3:10"],
    ["    at async file:///home/me/net.ts:3:10", "/home/me/net.ts:3:10"],
    ["    at new Net (/home/me/net.ts:3:10)", "/home/me/net.ts:3:10"],
    ["    at Object.<anonymous> (/home/me/net.ts:3:10)", "/home/me/net.ts:3:10"],
    ["    at Net.build [as make] (/home/me/net.ts:3:10)", "/home/me/net.ts:3:10"],
    ["    at dense (/home/me (old)/net.ts:3:10)", "/home/me (old)/net.ts:3:10"],
    ["    at dense (C:\\me\\net.ts:3:10)", "C:\\me\\net.ts:3:10"],
    ["    at file:///C:/me/net.ts:3:10", "C:/me/net.ts:3:10"],
    ["    at dense (https://example.org/net.js:3:10)", "https://example.org/net.js:3:10"],
    ["dense@https://example.org/net.js:3:10", "https://example.org/net.js:3:10"],
    ["@https://example.org/net.js:3:10", "https://example.org/net.js:3:10"],
    ["global code@https://example.org/net.js:3:10", "https://example.org/net.js:3:10"],
    ["async*build@https://example.org/net.js:3:10", "https://example.org/net.js:3:10"],
  ])("%s", (line, place) => {
    expect(site(line)).toBe(place);
  });

  test("frames of the runtime itself are passed over", () => {
    expect(
      site("    at Array.map (<anonymous>)", "    at node:internal/process/task_queues:95:5", "    at dense (/home/me/net.ts:3:10)"),
    ).toBe("/home/me/net.ts:3:10");
    expect(site("map@[native code]", "dense@https://example.org/net.js:3:10")).toBe("https://example.org/net.js:3:10");
  });

  test("none, where there is none", () => {
    expect(site("    at <anonymous>")).toBeUndefined();
    expect(site()).toBeUndefined();
    expect(showSite(undefined)).toBeUndefined();
  });

  test("where the runtime cannot leave our frames out, they are counted off", () => {
    const errors = Error as unknown as { captureStackTrace?: unknown };
    const before = errors.captureStackTrace;
    delete errors.captureStackTrace;
    try {
      const at = matmul(h, U);
      expect(linesOf(at)).toEqual([here(-1)]);
    } finally {
      errors.captureStackTrace = before;
    }
  });
});

test("Error.stackTraceLimit is left as it was", () => {
  const before = Error.stackTraceLimit;
  tanh(h);
  expect(Error.stackTraceLimit).toBe(before);
});
