// What a user can do wrong: one message each, with the user's line where there is one; exit code 2, no stack trace, nothing written.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { toldOf } from "../../src/cli/told.ts";
import { ours } from "../../src/cli/where.ts";
import { at, clear, clew, clewProcess, folder, script, write } from "./command.ts";

afterAll(clear);

const fine = `{
  parameters: { W },
  build: ({ batch }) => { const x = input("x", [batch, hidden]); return { inputs: { x }, loss: mean(tanh(matmul(x, W))), predictions: x }; },
}`;
const hidden = `const hidden = dim("hidden", 2); const W = parameter("W", [hidden, dim("label", 3)]);`;
const ok = write("ok.ts", script(fine, hidden));
const learning = "asks: 'label', optimiser: sgd(0.1), model: () => { throw new Error('not asked'); }";
const learns = write("learns.ts", script(`{ ...${fine}, learning: { ${learning} } }`, hidden));
const rows = write("rows.tsv", "text\tlabel\ngood\tpos\nbad\tneg\n");

/** A script of which the line 4 is wrong. */
const atLine4 = (name: string, line: string): string => write(name, ["// 1", "// 2", "// 3", line].join("\n"));

type Mistake = readonly [what: string, args: readonly string[], message: RegExp];

const mistakes: readonly Mistake[] = [
  ["a misspelt command", ["chekc", ok], /no such command: chekc\n {2}mend {6}did you mean "check"\?/],
  ["a misspelt option", ["check", "--sede", "1", ok], /has no option --sede\n {2}mend {6}did you mean --seed\?/],
  ["an option without its value", ["check", ok, "--seed"], /--seed has no value/],
  ["an option in the place of a value", ["draw", ok, "--view", "--out"], /--view has no value/],
  ["a value of a switch", ["check", ok, "--json=1"], /--json takes no value/],
  ["a number that is none", ["check", ok, "--time", "two"], /--time is "two"\n {2}mend {6}a whole number, 1 or more/],
  ["a misspelt choice", ["draw", ok, "--view", "foldet"], /--view is "foldet"\n {2}mend {6}did you mean "folded"\?/],
  ["nothing to work on", ["check"], /check takes model.ts/],
  ["too much", ["check", ok, "other"], /nothing like "other"/],
  ["a script that is not there", ["check", at("none.ts")], /none.ts" is not there/],
  ["a folder", ["check", folder], /is no file/],
  [
    "a script that is no TypeScript",
    ["check", atLine4("syntax.ts", "const a = = 1;")],
    /cannot be read: Unexpected token\n {2}at +\S*syntax.ts:4:/,
  ],
  [
    "a script that throws",
    ["check", atLine4("throws.ts", "function f(): never { throw new TypeError('mine'); } f();")],
    /it threw TypeError: mine\n {2}at +\S*throws.ts:4:29$/m,
  ],
  ["a script that throws what is no error", ["check", atLine4("text.ts", "throw 'words';")], /it threw a value: words/],
  [
    "an import of nothing",
    ["check", atLine4("import.ts", 'import "./nothing.ts";')],
    /imports what is not there: Cannot find module '\.\/nothing.ts'/,
  ],
  [
    "an export of clew that is none",
    ["check", atLine4("export.ts", 'import { lstn } from "clew"; lstn();')],
    /it threw TypeError: lstn is not a function\n {2}at +\S*export.ts:4:/,
  ],
  [
    "no default export",
    ["check", atLine4("nodefault.ts", "export const model = 1;")],
    /undefined as its default export, which is no model/,
  ],
  [
    "a build that throws",
    ["check", write("build.ts", script("{ parameters: {},\n build: () => { throw new Error('built'); } }"))],
    /it threw built\n {2}at +\S*build.ts:4:/,
  ],
  [
    "a build that gives nothing",
    ["draw", write("nobuild.ts", script("{ parameters: {}, build: () => ({}) }"))],
    /gave undefined as its loss/,
  ],
  [
    "shapes that do not fit",
    ["check", write("shapes.ts", script("{ parameters: { W },\n build: () => ({ loss: mean(matmul(W, W)) }) }", hidden))],
    /error\[DimMismatch\]: matmul: .*\n(.*\n)* {2}at +\S*shapes.ts:4:/,
  ],
  [
    "a verb of clew's in the script",
    ["check", atLine4("verb.ts", 'import { graph } from "clew"; graph(3 as never);')],
    /error\[NotTensor\]: graph/,
  ],
  [
    "an example that does not fit",
    ["check", write("example.ts", script(`{ ...${fine}, example: () => ({ x: [1] }) }`, hidden))],
    /error\[BadFeed\]/,
  ],
  [
    "a learning that is none",
    ["check", write("learning.ts", script(`{ ...${fine}, example: 3, learning: { asks: "lable", rows: [] } }`, hidden))],
    /example is 3, [\s\S]*asks is "lable"\n.*\n {2}mend {6}did you mean "label"\?[\s\S]*learning has no model[\s\S]*rows is an array/,
  ],
  ["no data", ["train", learns], /train needs --data[\s\S]*train needs --out/],
  ["a script that does not learn", ["train", ok, "--data", rows, "--out", at("run")], /does not say how it learns/],
  ["data that are not there", ["train", learns, "--data", at("none.tsv"), "--out", at("run")], /there is no such file/],
  [
    "data without a column",
    ["train", learns, "--data", write("column.tsv", "texts\tlabel\na\tb\n"), "--out", at("run")],
    /no column "text"\n {2}at +\S*column.tsv:1\n {2}mend {6}did you mean "texts"\?/,
  ],
  [
    "a row that is too short",
    ["train", learns, "--data", write("short.tsv", "text\tlabel\na\tb\nc\n"), "--out", at("run")],
    /1 columns[\s\S]*short.tsv:3/,
  ],
  [
    "a row without its label",
    ["train", learns, "--data", write("empty.tsv", "text\tlabel\na\tb\nc\t\n"), "--out", at("run")],
    /the label is empty[\s\S]*empty.tsv:3/,
  ],
  ["one label", ["train", learns, "--data", write("one.tsv", "text\tlabel\na\tb\nc\tb\n"), "--out", at("run")], /one label only: "b"/],
  [
    "JSON that is none",
    ["train", learns, "--data", write("bad.jsonl", '{"text":"a","label":1}\n{"text":\n'), "--out", at("run")],
    /no JSON object[\s\S]*bad.jsonl:2/,
  ],
  [
    "an unknown kind of data",
    ["train", learns, "--data", write("data.csv", "text,label\na,b\n"), "--out", at("run")],
    /files that end in ".csv" are not read/,
  ],
  ["texts without labels", ["train", learns, "--data", write("data.txt", "a\nb\n"), "--out", at("run")], /a .txt has texts, and no labels/],
  ["nothing to go on with", ["train", learns, "--data", rows, "--out", at("run"), "--resume"], /is no folder of a training/],
  ["no run", ["predict", folder, "good"], /is no folder of a training/],
  ["a folder within a file", ["check", join(ok, "model.ts")], /error\[BadFile\]: (clew: ENOTDIR|script: .* is not there)/],
  ["another language", ["init", at("model.py")], /no name of a TypeScript file/],
  ["a file that is there", ["init", ok], /is there already/],
];

describe("a mistake is told in one message", () => {
  const before = readdirSync(folder).sort();

  test.each(mistakes)("%s", async (_, args, message) => {
    const { code, out, err } = await clew(args);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/^\s+at .*\(/m); // a frame of a stack
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  test("and nothing was written", () => {
    expect(readdirSync(folder).sort()).toEqual(before);
  });

  test("for scripts as JSON", async () => {
    const { code, out, err } = await clew(["check", at("throws.ts"), "--json"]);
    expect([code, err]).toEqual([2, ""]);
    expect(JSON.parse(out)).toMatchObject({
      kind: "failure",
      diagnostics: [{ code: "BadFile", at: expect.stringMatching(/throws.ts:4:/) }],
    });
  });

  test("by a process, too", { timeout: 90_000 }, async () => {
    const { code, out, err } = await clewProcess(["check", "throws.ts"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/^error\[BadFile\]: script: it threw TypeError: mine\n {2}at {8}\S*throws.ts:4:\d+\n$/);
  });
});

test("a bug of ours is none of them", () => {
  const thrownAt = (...places: readonly string[]) =>
    Object.assign(new TypeError("of undefined"), {
      stack: ["TypeError: of undefined", ...places.map((p) => `    at f (${p}:3:1)`)].join("\n"),
    });
  const [own, user, other] = [join(ours, "graph/graph.ts"), "/home/u/model.ts", "/home/u/node_modules/cells/index.js"];
  expect(toldOf(thrownAt(own, user))).toBeUndefined();
  for (const places of [
    [user, own],
    ["node:internal/x", user, own],
    [other, user, own],
  ])
    expect(toldOf(thrownAt(...places))).toMatchObject([{ message: "it threw TypeError: of undefined", at: "/home/u/model.ts:3:1" }]);
});

describe("help", () => {
  test("of all commands", async () => {
    const { code, out } = await clew(["--help"]);
    expect(code).toBe(0);
    for (const name of ["init", "check", "draw", "train", "predict"]) expect(out).toContain(`clew ${name}`);
    expect((await clew([])).code).toBe(2);
    expect((await clew(["check", "-h"])).out).toMatch(/^clew check /);
    expect((await clew(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each(["init", "check", "draw", "train", "predict"])("of %s", async (name) => {
    const { code, out, err } = await clew([name, "--help"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(new RegExp(`^clew ${name} `));
    expect(out).toContain("--json");
  });
});
