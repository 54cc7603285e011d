// The package as a stranger gets it: packed, installed into an empty folder, imported, type-checked, opened in a page.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import type { Diagnostic } from "clew";
import { publint } from "publint";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browser, needed } from "../setup/machine.ts";
import { golden as fromSources } from "./consumer/golden.ts";
import { open, serve } from "./page.ts";
import { type Copy, clew, strangersCopy, typeCheck } from "./stranger.ts";

let copy: Copy;
beforeAll(() => {
  copy = strangersCopy();
}, 180_000);
afterAll(() => {
  if (copy !== undefined) rmSync(copy.folder, { recursive: true, force: true });
});

/** The value of one export of a consumer, run by Node in the stranger's folder. */
const inNode = (module: string, name: string, flags: readonly string[] = []): unknown => {
  const script = `import { ${name} as value } from "./${module}.js"; process.stdout.write(JSON.stringify(value));`;
  const args = [...flags, "--input-type=module", "--eval", script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: copy.folder, encoding: "utf8", stdio: "pipe" }));
};

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Two engines may differ in the last bits of tanh and exp; nothing else may differ. */
const agree = (actual: typeof fromSources): void => {
  expect(actual.loss).toBeCloseTo(fromSources.loss, 12);
  expect(actual.gradientOfW).toHaveLength(256);
  actual.gradientOfW.forEach((value, i) => {
    expect(value).toBeCloseTo(fromSources.gradientOfW[i]!, 12);
  });
  expect(actual.dims).toEqual(["hidden", "hidden"]);
  expect(actual.compiled.loss).toBeCloseTo(fromSources.loss, 12);
  actual.compiled.gradientOfW.forEach((value, i) => {
    expect(value).toBeCloseTo(fromSources.gradientOfW[i]!, 12);
  });
  expect(actual.verdict).toBe("pass");
  expect(actual.dot).toBe(fromSources.dot);
};

describe("the tarball", () => {
  it("holds the built library, its licence and its description with all that this leads to, and nothing else", () => {
    const others = copy.packed.filter((path) => !path.startsWith("dist/"));
    const readme = readFileSync(join(copy.folder, "node_modules/clew/README.md"), "utf8");
    const linked = [...readme.matchAll(/\]\(([^):#]+)\)/g)].map(([, path]) => path!);
    expect(linked).toContain("docs/pictures/rnn-unrolled.svg");
    expect(others.sort()).toEqual([...new Set(["LICENSE", "README.md", "package.json", ...linked])].sort());
  });

  it("installs with fp-ts, and with what the command loads when it needs it: a loader of TypeScript and a progress bar, small ones", () => {
    const installed = readdirSync(join(copy.folder, "node_modules")).filter((name) => !name.startsWith("."));
    const bar = ["cli-progress", "string-width", "emoji-regex", "is-fullwidth-code-point", "strip-ansi", "ansi-regex"];
    expect(installed.sort()).toEqual(["clew", "fp-ts", "jiti", ...bar].sort());
    const files = ["jiti", ...bar].flatMap((name) => filesBelow(join(copy.folder, "node_modules", name)));
    expect(files.reduce((bytes, file) => bytes + statSync(file).size, 0)).toBeLessThan(2.5e6);
  });

  it("has JavaScript that imports only itself, but for the command, which imports Node's modules, and loads packages when it needs them", () => {
    const dist = join(copy.folder, "node_modules/clew/dist");
    const scripts = readdirSync(dist).filter((name) => name.endsWith(".js"));
    expect(scripts).toEqual(expect.arrayContaining(["index.js", "fp.js", "cli.js"]));
    for (const name of scripts) {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(dist, name), "utf8"), true, true);
      for (const { fileName } of importedFiles) {
        if (name === "cli.js" && /^node:|^(jiti|cli-progress|graphviz-cli)$/.test(fileName)) continue;
        expect(fileName, name).toMatch(/^\.\//);
        expect(existsSync(join(dist, fileName)), `${name}: ${fileName}`).toBe(true);
      }
    }
  });

  it("satisfies publint", async () => {
    const { messages } = await publint({ pack: { tarball: copy.tarball.buffer }, strict: true });
    expect(messages).toEqual([]);
  });

  it("satisfies arethetypeswrong, as a package of ES modules", async () => {
    const analysis = await checkPackage(createPackageFromTarballData(copy.tarball));
    if (!analysis.types) throw new Error("the package has no types");
    // node10 knows no `exports`, and `require` of an ES module is not offered: the two that an ESM-only package gives up.
    const problems = analysis.problems.filter(
      (problem) => !("resolutionKind" in problem && (problem.resolutionKind === "node10" || problem.resolutionKind === "node16-cjs")),
    );
    expect(problems).toEqual([]);
  });
});

describe("a consumer", () => {
  it.each(["nodenext", "bundler"] as const)(
    "type-checks under %s, and is refused a wrong shape",
    (resolution) => {
      expect(typeCheck(copy, resolution)).toEqual([]);
      const golden = join(copy.folder, "golden.ts");
      const right = readFileSync(golden, "utf8");
      writeFileSync(golden, right.replace("matmul(final, V)", "matmul(final, U)"));
      try {
        expect(typeCheck(copy, resolution).join("\n")).toMatch(/golden\.ts.*hidden/s);
      } finally {
        writeFileSync(golden, right);
      }
    },
    90_000,
  );

  it("evaluates the golden example in Node as the sources do", () => {
    agree(inNode("golden", "golden") as typeof fromSources);
  });

  it("gets fp-ts's own Either from clew/fp, the same ops from both doors, and diagnostics that name its own line", () => {
    const doors = inNode("fp", "doors") as {
      readonly total: number;
      readonly sameOps: boolean;
      readonly diagnostics: ReadonlyArray<Diagnostic>;
      readonly thrown: ReadonlyArray<Diagnostic>;
      readonly message: string;
    };
    const expected = [1, 2, 3, 4, 5, 6].map(Math.tanh).reduce((a, b) => a + b);
    expect(doors.total).toBeCloseTo(expected, 12);
    expect(doors.sameOps).toBe(true);
    const lines = readFileSync(join(copy.folder, "fp.js"), "utf8").split("\n");
    const line = lines.findIndex((text) => text.includes("door.matmul(")) + 1;
    expect(doors.diagnostics.map(({ op, at }) => ({ op, at }))).toEqual([
      { op: "matmul", at: expect.stringMatching(new RegExp(`fp\\.js:${line}:\\d+$`)) },
    ]);
    expect(doors.thrown).toEqual(doors.diagnostics);
    expect(doors.message).toContain(`fp.js:${line}:`);
  });
});

describe("a process", () => {
  const permission = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";

  it.each([
    ["that may start workers trains on two threads", [], true],
    ["that may only read files trains on one", [permission, "--allow-fs-read=*"], false],
  ] as const)("%s, and the bits are the same", { timeout: 30_000 }, (_, flags, several) => {
    const found = inNode("threads", "threads", flags) as { readonly same: boolean; readonly together: number };
    expect([found.same, found.together > 0]).toEqual([true, several]);
  });
});

describe("the command", () => {
  it("checks the script that it wrote, whose clew is the command's own", () => {
    const report = JSON.parse(clew(copy.folder, "check", "model.ts", "--time", "2", "--batch", "2", "--json"));
    expect([report.verdict, report.parameters.length]).toEqual(["pass", 5]);
  }, 60_000);

  it("says what to install for a picture", () => {
    const { stderr, status } = spawnSync(process.execPath, ["node_modules/clew/dist/cli.js", "draw", "model.ts", "--format", "svg"], {
      cwd: copy.folder,
      encoding: "utf8",
    });
    expect(stderr).toMatch(/which is not installed\n {2}mend {6}npm install graphviz-cli/);
    expect(status).toBe(2);
  }, 60_000);
});

describe("a plain page", () => {
  const page = (module: string): string => `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="importmap">{ "imports": { "clew": "/node_modules/clew/dist/index.js" } }</script>
<script type="module">import * as all from "${module}"; globalThis.result = Object.values(all)[0];</script>
`;

  it("evaluates the golden example from dist/index.js, with no bundler", async (context) => {
    const chromium = needed(context, browser);
    writeFileSync(join(copy.folder, "index.html"), page("./golden.js"));
    const server = await serve(copy.folder);
    try {
      const { result, problems } = await open(chromium, `${server.origin}/index.html`);
      expect(problems).toEqual([]);
      agree(result as typeof fromSources);
    } finally {
      await server.close();
    }
  }, 60_000);

  it.for([
    ["isolated from others trains on two threads", true],
    ["that is not trains on one", false],
  ] as const)("%s, and the bits are the same", { timeout: 60_000 }, async ([, isolated], context) => {
    const chromium = needed(context, browser);
    writeFileSync(join(copy.folder, "threads.html"), page("./threads.js"));
    const server = await serve(copy.folder, { isolated });
    try {
      const { result, problems } = await open(chromium, `${server.origin}/threads.html`);
      expect(problems).toEqual([]);
      expect(result).toMatchObject({ same: true, mayShare: isolated, kept: 0 });
      const { together } = result as { readonly together: number };
      if (isolated) expect(together).toBeGreaterThan(0);
      else expect(together).toBe(0);
    } finally {
      await server.close();
    }
  });

  it("that lacks its script is seen to fail", async (context) => {
    const chromium = needed(context, browser);
    writeFileSync(join(copy.folder, "broken.html"), page("./absent.js"));
    const server = await serve(copy.folder);
    try {
      const { problems } = await open(chromium, `${server.origin}/broken.html`);
      expect(problems.join("\n")).toMatch(/404/);
    } finally {
      await server.close();
    }
  }, 60_000);
});
