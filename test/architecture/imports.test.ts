import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cycles, namesOfNode, roomOf, type Sources, violations } from "./imports.ts";

const root = new URL("../../", import.meta.url);

const files = existsSync(new URL("src/", root)) ? readdirSync(new URL("src/", root), { recursive: true, encoding: "utf8" }) : [];
const src: Sources = new Map(
  files
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts"))
    .map((path) => [path, readFileSync(new URL(`src/${path}`, root), "utf8")]),
);
const { dependencies } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { dependencies: Record<string, string> };

describe("the sources", () => {
  it("are read", () => {
    expect(src.has("graph/dim.ts")).toBe(true);
  });
  it("import in the direction of the design, and only what a plain install has", () => {
    expect(violations(src, Object.keys(dependencies))).toEqual([]);
  });
  it("name no module of Node, but where files or threads are asked for", () => {
    expect(namesOfNode(src)).toEqual([]);
  });
  it("have no import cycle", () => {
    expect(cycles(src)).toEqual([]);
  });
});

// The laws must be able to fail: small trees that break them, one way each.
describe("the laws of imports", () => {
  const lawful: Sources = new Map([
    ["graph/dim.ts", "export const dim = 1;"],
    ["graph/node.ts", `import { dim } from "./dim.ts"; export const node = dim;`],
    ["ops/add.ts", `import { node } from "../graph/node.ts"; import type { Either } from "fp-ts/lib/Either.js"; export const add = node;`],
    ["train/fit.ts", `import { add } from "../ops/add.ts"; export const fit = add;`],
    [
      "cli/main.ts",
      `import { readFileSync } from "node:fs"; import { fit } from "../train/fit.ts"; export const main = [readFileSync, fit];`,
    ],
    ["fp.ts", `export * from "./ops/add.ts";`],
    ["index.ts", `export * from "./fp.ts";`],
  ]);
  const broken = (path: string, text: string): ReadonlyArray<string> => violations(new Map([...lawful, [path, text]]), ["fp-ts"]);

  it("hold for a lawful tree", () => {
    expect(violations(lawful, ["fp-ts"])).toEqual([]);
    expect(cycles(lawful)).toEqual([]);
  });

  it.each([
    ["a value", `export const x = 1;\nimport { add } from "../ops/add.ts";`],
    ["a type", `export const x = 1;\nimport type { add } from "../ops/add.ts";`],
    ["a type within a value import", `export const x = 1;\nimport { type add } from "../ops/add.ts";`],
    ["a side effect", `export const x = 1;\nimport "../ops/add.ts";`],
    ["a re-export", `export const x = 1;\nexport * from "../ops/add.ts";`],
    ["a re-exported type", `export const x = 1;\nexport type { add } from "../ops/add.ts";`],
    ["a dynamic import", `export const x = 1;\nexport const y = () => import("../ops/add.ts");`],
    ["an import type", `export const x = 1;\nexport type Y = typeof import("../ops/add.ts").add;`],
  ])("refuse %s from a later room", (_, text) => {
    expect(broken("graph/late.ts", text)).toEqual(["graph/late.ts:2 imports ops/add.ts: graph may import nothing of ours"]);
  });

  it("refuse the door from inside", () => {
    expect(broken("train/log.ts", `import { add } from "../index.ts";`)).toEqual([
      "train/log.ts:1 imports index.ts: train may import graph, ops, evaluate, autodiff, recurrence, compile, models",
    ]);
  });

  it("refuse Node outside the command line, and packages that a plain install has not", () => {
    expect(broken("train/save.ts", `import { writeFile } from "node:fs/promises";`)).toEqual([
      "train/save.ts:1 imports node:fs/promises: train must run in a browser",
    ]);
    expect(broken("export/chart.ts", `import { View } from "vega";`)).toEqual([
      "export/chart.ts:1 imports vega: not a dependency in package.json",
    ]);
  });

  it("refuse a name of Node's that an import may compute", () => {
    const tree: Sources = new Map([
      ["train/a.ts", `export const x = 1;\nexport const y = \`node:\${x}\`;`],
      ["ops/b.ts", `export const z = "node:" + 1;`],
      ["train/files.ts", `export const f = "node:";`],
      ["cli/c.ts", `export const g = "node:fs";`],
    ]);
    expect(namesOfNode(tree)).toEqual(["train/a.ts:2 names node:", "ops/b.ts:1 names node:"]);
  });

  it("refuse a file outside src, and a file in no room", () => {
    expect(broken("ops/far.ts", `import "../../test/setup/machine.ts";`)).toEqual([
      "ops/far.ts:1 imports test/setup/machine.ts: no such file in src",
    ]);
    expect(broken("utils/misc.ts", "export const x = 1;")).toEqual(["utils/misc.ts is in no room of the design"]);
    expect(roomOf("utils.ts")).toBeUndefined();
    expect(roomOf("graph.ts")).toBeUndefined();
    expect(roomOf("index/a.ts")).toBeUndefined();
  });

  it("find a cycle, also through types", () => {
    const knot: Sources = new Map([
      ["graph/a.ts", `import { b } from "./b.ts";`],
      ["graph/b.ts", `import type { C } from "./c.ts";`],
      ["graph/c.ts", `export type { A } from "./a.ts";`],
      ["graph/d.ts", `import "./a.ts";`],
    ]);
    expect(cycles(knot)).toEqual(["graph/a.ts → graph/b.ts → graph/c.ts → graph/a.ts"]);
    expect(cycles(new Map([["graph/self.ts", `import "./self.ts";`]]))).toEqual(["graph/self.ts → graph/self.ts"]);
  });
});
