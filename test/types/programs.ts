// Programs that use Clew, and what the compiler must say of them: a line that ends in `// ERR: words` must be refused with these words, any
// other line must pass.

import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { refusals, root } from "./compiler.ts";

export const folder: string = `${root}test/types/programs/`;
export const programs: readonly string[] = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((f) => f.endsWith(".ts"))
  .sort();

/** What the compiler and the marks disagree about, one sentence each. */
export function disagreements(program: ts.Program, path: string): readonly string[] {
  const found = refusals(program, path);
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line, i) => {
      const expected = line.match(/\/\/ ERR: (.*)$/)?.[1];
      const said = (found.get(i + 1) ?? []).join("\n");
      if (expected === undefined) return said === "" ? [] : [`line ${i + 1} is refused: ${line.trim()}\n${said}`];
      if (said === "") return [`line ${i + 1} is accepted: ${line.trim()}`];
      return said.includes(expected) ? [] : [`line ${i + 1} is refused without "${expected}": ${line.trim()}\n${said}`];
    });
}

/** Names of functions that a program calls: on lines that must pass; with `generic`, only inside functions with type parameters. */
export function called(program: ts.Program, path: string, generic = false): ReadonlySet<string> {
  const file = program.getSourceFile(path)!;
  const lines = file.text.split("\n");
  const names = new Set<string>();
  const visit = (node: ts.Node, inside: boolean): void => {
    const within = inside || (ts.isFunctionLike(node) && (node.typeParameters?.length ?? 0) > 0);
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && (within || !generic)) {
      const line = lines[file.getLineAndCharacterOfPosition(node.getStart()).line]!;
      if (!line.includes("// ERR:")) names.add(node.expression.text);
    }
    ts.forEachChild(node, (child) => visit(child, within));
  };
  visit(file, false);
  return names;
}
