// The TypeScript compiler, asked about programs that use Clew: which lines it refuses, and with which words. One ts.Program serves all files,
// so that lib and sources are read once.

import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root: string = fileURLToPath(new URL("../../", import.meta.url));

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
  paths: { clew: [`${root}src/index.ts`], "clew/fp": [`${root}src/fp.ts`] },
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

/** A program over files on disk, and over others that exist only here: absolute path → text. */
export function programOf(files: readonly string[], virtual: ReadonlyMap<string, string> = new Map()): ts.Program {
  const host = ts.createCompilerHost(options, true);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => virtual.has(path) || fileExists(path);
  host.readFile = (path) => virtual.get(path) ?? readFile(path);
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = virtual.get(path);
    return text === undefined ? getSourceFile(path, languageVersion, ...rest) : ts.createSourceFile(path, text, languageVersion, true);
  };
  return ts.createProgram([...files, ...virtual.keys()], options, host);
}

/** What the compiler refuses in one file: line (from 1) → the whole text of every error that starts there. */
export function refusals(program: ts.Program, path: string): ReadonlyMap<number, readonly string[]> {
  const file = program.getSourceFile(path);
  if (file === undefined) throw new Error(`${path} is not in the program`);
  const found = new Map<number, string[]>();
  for (const d of [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]) {
    const line = file.getLineAndCharacterOfPosition(d.start ?? 0).line + 1;
    const text = ts.flattenDiagnosticMessageText(d.messageText, "\n");
    found.set(line, [...(found.get(line) ?? []), text]);
  }
  return found;
}
