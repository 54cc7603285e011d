// A stranger's copy of clew: the packed tarball, installed into an empty folder outside the project.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../../", import.meta.url));
const consumers = ["golden", "fp", "threads"] as const;

export interface Copy {
  readonly folder: string;
  readonly tarball: Uint8Array<ArrayBuffer>;
  /** What the tarball holds, by path. */
  readonly packed: ReadonlyArray<string>;
}

const npm = (cwd: string, ...args: ReadonlyArray<string>): string =>
  execFileSync("npm", args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
    // Run by `npm test`, npm would take this project's settings for the stranger's.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  });

/** The command, as npm has linked it. */
export const clew = (folder: string, ...args: ReadonlyArray<string>): string =>
  execFileSync(join(folder, "node_modules/.bin/clew"), args, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" });

/**
 * Builds the project (unless `npm test` has just done so), packs it, and installs the tarball with what it needs, and the consumers; one of them is the script
 * that `clew init` writes.
 */
export function strangersCopy(): Copy {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "clew-stranger-")));
  if (process.env.CLEW_BUILT !== "1") npm(root, "run", "build");
  const [pack] = JSON.parse(npm(root, "pack", "--json", "--silent", "--ignore-scripts", "--pack-destination", folder)) as [
    { filename: string; files: ReadonlyArray<{ path: string }> },
  ];
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
  npm(folder, "install", "--no-audit", "--no-fund", "--prefer-offline", `./${pack.filename}`);
  for (const name of consumers) {
    const source = join(root, "test/package/consumer", `${name}.ts`);
    copyFileSync(source, join(folder, `${name}.ts`));
    writeFileSync(join(folder, `${name}.js`), stripTypes(readFileSync(source, "utf8")));
  }
  clew(folder, "init", "model.ts");
  return { folder, tarball: new Uint8Array(readFileSync(join(folder, pack.filename))), packed: pack.files.map((file) => file.path) };
}

const stripTypes = (text: string): string =>
  ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  }).outputText;

/** The compiler's complaints about the consumers and about every declaration they reach. */
export function typeCheck({ folder }: Copy, resolution: "nodenext" | "bundler"): ReadonlyArray<string> {
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts"],
    types: [],
    ...(resolution === "nodenext"
      ? { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext }
      : { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }),
  };
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => folder;
  const program = ts.createProgram(
    [...consumers, "model"].map((name) => join(folder, `${name}.ts`)),
    options,
    host,
  );
  return ts
    .getPreEmitDiagnostics(program)
    .map((diagnostic) =>
      ts
        .formatDiagnostic(diagnostic, { getCurrentDirectory: () => folder, getCanonicalFileName: (name) => name, getNewLine: () => "\n" })
        .trim(),
    );
}
