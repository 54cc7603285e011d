// Every example of README, docs, CONTRIBUTING and doc comments compiles and runs.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checking, type Example, isShown, markdownExamples, sourceExamples, typeErrors } from "./examples.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const folder = join(root, "out/test/docs");

const below = (path: string, ending: string): ReadonlyArray<string> =>
  existsSync(join(root, path))
    ? readdirSync(join(root, path), { recursive: true, encoding: "utf8" })
        .map((file) => `${path}/${file.replaceAll("\\", "/")}`)
        .filter((file) => file.endsWith(ending))
        .sort()
    : [];
const read = (page: string): string => readFileSync(join(root, page), "utf8");

const pages = [...["README.md", "CONTRIBUTING.md"].filter((page) => existsSync(join(root, page))), ...below("docs", ".md")];
const examples: ReadonlyArray<Example> = [
  ...pages.flatMap((page) => markdownExamples(page, read(page))),
  ...below("src", ".ts").flatMap((page) => sourceExamples(page, read(page))),
];

let runs = 0; // a module is loaded once: each run is a file of its own

/** Runs one example as a module of its own; an exception says the page's line in its stack, since the module keeps the page's lines. */
async function run(example: Example): Promise<void> {
  const file = join(folder, `${example.page}.${example.line}.${++runs}.ts`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, checking(example.code));
  try {
    await import(/* @vite-ignore */ file);
  } catch (error) {
    const line = (error instanceof Error ? (error.stack ?? "") : "").split(file)[1]?.match(/^:(\d+)/)?.[1] ?? example.line;
    throw new Error(`${example.page}:${line}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.spyOn(console, "log").mockImplementation(() => undefined); // an example may print; the test run need not
});
afterAll(() => {
  vi.restoreAllMocks();
});

describe("the examples", () => {
  const errors = typeErrors(root, examples);

  it.each(examples.map((example) => [`${example.page}:${example.line}`, example] as const))("%s", async (_, example) => {
    expect(errors.get(example)).toEqual([]);
    if (example.runs) await run(example);
  });
});

// The reading of pages, and that a wrong example is caught and named by its line.
describe("a page", () => {
  const page = (...lines: ReadonlyArray<string>): ReadonlyArray<Example> => markdownExamples("docs/page.md", lines.join("\n"));
  const errorsOf = (made: ReadonlyArray<Example>): ReadonlyArray<string> => [...typeErrors(root, made).values()].flat();

  it("gives its blocks of TypeScript, on their own lines", () => {
    const made = page("# Page", "```sh", "npm start", "```", "```ts", "const a = 1;", "```", "text", "```ts no-run", "const a = 2;", "```");
    expect(made).toEqual([
      { page: "docs/page.md", line: 5, code: "\n\n\n\n\nconst a = 1;\n", runs: true },
      { page: "docs/page.md", line: 9, code: "\n\n\n\n\n\n\n\n\nconst a = 2;\n", runs: false },
    ]);
    expect(errorsOf(made)).toEqual([]);
  });

  it("may go on from the block above", () => {
    const made = page("```ts", "const a: number = 1;", "```", "and then", "```ts continued", "export const b = a + 1;", "```");
    expect(made[1]?.code).toBe("\nconst a: number = 1;\n\n\n\nexport const b = a + 1;\n");
    expect(errorsOf(made)).toEqual([]);
  });

  it("is refused for a type error, which is named by the page's line", () => {
    expect(errorsOf(page("# Page", "", "```ts", "const a = 1;", "const b: string = a;", "```"))).toEqual([
      "docs/page.md:5: Type 'number' is not assignable to type 'string'.",
    ]);
    expect(errorsOf(page("```ts", `import { noSuchThing } from "clew";`, "```")).join()).toMatch(/^docs\/page\.md:2: .*noSuchThing/);
  });

  it("is refused for an example that throws, which is named by the page's line", async () => {
    const [example] = page(
      "# Page",
      "",
      "```ts",
      "const a: number = 1;",
      "interface Gone {}",
      `if (a > 0) throw new Error("as meant");`,
      "```",
    );
    await expect(run(example!)).rejects.toThrow("docs/page.md:6: as meant");
  });

  it("is refused for a block that is never closed, a word it does not know, and nothing to go on from", () => {
    expect(() => page("text", "```ts", "const a = 1;")).toThrow("docs/page.md:2: this block is never closed");
    expect(() => page("```ts norun", "```")).toThrow(`docs/page.md:1: "norun" is neither continued nor no-run`);
    expect(() => page("```ts continued", "```")).toThrow("docs/page.md:1: there is nothing above to go on from");
  });

  it("is refused for a value that is not what it shows, which is named by the page's line", async () => {
    const shows = (...lines: ReadonlyArray<string>): Promise<void> => run(page("# Page", "", "```ts", ...lines, "```")[0]!);
    await shows("1 + 1; // 2", "[0.126, 2]; // [0.13, 2]", `console.log("a" + "b"); // "ab"`, "1 + 1; // is two");
    await expect(shows("const a = 2;", "a + 1; // 4")).rejects.toThrow("docs/page.md:5: shows 4, but the value is 3");
    await expect(shows("console.log(0.136); // 0.13")).rejects.toThrow("docs/page.md:4: shows 0.13, but the value is 0.136");
  });

  it("shows numbers as far as it writes them, and arrays and records whole", () => {
    expect(isShown(2, "2")).toBe(true);
    expect(isShown(2.0001, "2")).toBe(false);
    expect(isShown(2.0001, "2.00")).toBe(true);
    expect(isShown(Number.NaN, "NaN")).toBe(true);
    expect(isShown(0, "NaN")).toBe(false);
    expect(isShown(Float64Array.of(1, 2), "[1, 2]")).toBe(true);
    expect(isShown(Float64Array.of(1, 2, 3), "[1, 2]")).toBe(false);
    expect(isShown(Float64Array.of(1, 2), "Float64Array [1, 2]")).toBe(true);
    expect(isShown([1, 2], "Float64Array [1, 2]")).toBe(false);
    expect(isShown(Math.log(2), "Math.LN2")).toBe(true);
    expect(isShown(0.7, "Math.LN2")).toBe(false);
    expect(isShown({ a: [1], b: true }, `{ "a": [1], "b": true }`)).toBe(true);
    expect(isShown({ a: [1], b: true }, `{ "a": [1] }`)).toBe(false);
    expect(isShown(1, "true")).toBe(false);
  });

  it("of the library gives what stands under @example: its blocks, or all of it", async () => {
    const source = [
      "const before = 1;",
      "/**",
      " * Doubles.",
      " * ```ts",
      " * not an example",
      " * ```",
      " * @example",
      " * ```ts",
      " * const one: number = 1;",
      " * ```",
      " * @category arithmetic",
      " */",
      "export const twice = (x: number): number => 2 * x;",
      "/**",
      " * @example",
      " * 1 + 1; // 3",
      " */",
      "export const more = 1;",
    ];
    const made = sourceExamples("src/twice.ts", source.join("\n"));
    expect(made).toEqual([
      { page: "src/twice.ts", line: 8, code: `${"\n".repeat(8)}const one: number = 1;\n`, runs: true },
      { page: "src/twice.ts", line: 15, code: `${"\n".repeat(15)}1 + 1; // 3\n`, runs: true },
    ]);
    expect(errorsOf(made)).toEqual([]);
    await expect(run(made[1]!)).rejects.toThrow("src/twice.ts:16: shows 3, but the value is 2");
  });
});
