// Where the type level does not defer, it says what the graph says: the same shape, or the same refusal in the same words.

import * as E from "fp-ts/lib/Either.js";
import ts from "typescript";
import { beforeAll, expect, test } from "vitest";
import * as clew from "../../src/fp.ts";
import * as vocabulary from "../../src/ops/index.ts";
import { lines, prelude } from "./agreement.ts";
import { programOf, refusals, root } from "./compiler.ts";

const perOp = 16;

/** Evenly spread over all combinations, so that every kind of operand is met. */
function spread<T>(all: readonly T[], count: number): readonly T[] {
  if (all.length <= count) return all;
  return Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / count)]!);
}

const calls = Object.entries(lines).flatMap(([op, all]) => spread(all, perOp).map((text) => ({ op, text })));
const head = prelude(calls.map((c) => c.text).join("\n"));
const path = `${root}test/types/generated.ts`;

/** What one side says of a call: the shape and dtype, or why not. */
type Said = { readonly shape: string } | { readonly refused: string };

/** Sizes that only run time knows, as the compiler prints them. */
function unsized(text: string): string {
  return text.replace(/\b(n=5|n=number)\b/g, "n").replace(/\ba=(2|number)\b/g, "a");
}

// What must be left to run time: arithmetic on sizes, and sizes that are `number` to the compiler (dim m).
const deferred = [
  /^concat: [\d +]+ elements do not fill/,
  /^reshape: \d+ elements .* do not fill/,
  /^slice: \d+ elements from 0 are not within/,
  /^pad: .* does not fit into/,
  /^stack: 2 parts for/,
];
function isDeferred(text: string, why: string): boolean {
  return deferred.some((d) => d.test(why)) || /\bm\b|_m/.test(text);
}

let typed: readonly Said[];
let run: readonly Said[];

beforeAll(() => {
  const imports = [...new Set([...calls.map((c) => c.op), "dim", "input"])].join(", ");
  const declared = `import { ${imports} } from "clew";\ndeclare function size(n: number): number;\n${head}\n`;
  const first = declared.split("\n").length;
  const program = programOf([], new Map([[path, declared + calls.map((c, i) => `export const r${i} = ${c.text};`).join("\n")]]));
  const refused = refusals(program, path);
  const results = new Map<string, ts.Type>();
  ts.forEachChild(program.getSourceFile(path)!, (s) => {
    if (ts.isVariableStatement(s))
      for (const d of s.declarationList.declarations) results.set(d.name.getText(), program.getTypeChecker().getTypeAtLocation(d.name));
  });
  typed = calls.map((_, i) => {
    const why = refused.get(first + i);
    return why === undefined ? { shape: showType(program.getTypeChecker(), results.get(`r${i}`)!) } : { refused: why.join("\n") };
  });
  const scope: Readonly<Record<string, unknown>> = { ...clew, size: (n: number) => n };
  const body = `${head}\nreturn [${calls.map((c) => `() => ${c.text}`).join(",\n")}];`;
  const thunks = new Function(...Object.keys(scope), body)(...Object.values(scope)) as readonly (() => clew.Node)[];
  run = thunks.map((thunk) => {
    const node = thunk();
    const checked = clew.graph(node);
    // one name with two sizes is said of a whole graph, not of an op
    if (E.isLeft(checked) && !checked.left.every((d) => d.code === "InconsistentDim"))
      return { refused: checked.left.map((d) => `${d.code === "DTypeMismatch" ? "dtype " : ""}${d.op}: ${d.message}`).join("\n") };
    return { shape: `[${node.shape.map((d) => `${d.name}=${d.size}`).join(", ")}] ${node.dtype}` };
  });
});

/** A tensor type as run time shows a node. */
function showType(checker: ts.TypeChecker, type: ts.Type): string {
  const property = (of: ts.Type, name: string): ts.Type | undefined => {
    const symbol = checker.getPropertyOfType(of, name);
    return symbol === undefined ? undefined : checker.getTypeOfSymbol(symbol);
  };
  const shape = property(type, "shape");
  if (shape === undefined || !checker.isTupleType(shape)) return checker.typeToString(type);
  const dims = checker.getTypeArguments(shape as ts.TypeReference).map((d) => {
    const size = checker.getTypeOfSymbol(property(d, "sized")!.getCallSignatures()[0]!.parameters[0]!);
    return `${checker.typeToString(property(d, "name")!).replaceAll('"', "")}=${checker.typeToString(size)}`;
  });
  return `[${dims.join(", ")}] ${checker.typeToString(property(type, "dtype")!).replaceAll('"', "")}`;
}

test("every op has lines", () => {
  const initialisers = ["constantly", "glorot", "he", "identity", "normal", "orthogonal", "uniform"];
  expect(Object.keys(lines).sort()).toEqual(
    Object.keys(vocabulary)
      .filter((f) => !initialisers.includes(f))
      .sort(),
  );
});

test.each(Object.keys(lines))("%s: the compiler and the graph agree", (op) => {
  const apart: string[] = [];
  calls.forEach((call, i) => {
    if (call.op !== op) return;
    const [t, r] = [typed[i]!, run[i]!];
    const describe = () => apart.push(`${call.text}\n  types: ${JSON.stringify(t)}\n  run:   ${JSON.stringify(r)}`);
    if ("shape" in t && "shape" in r) {
      if (unsized(t.shape) !== unsized(r.shape)) describe();
    } else if ("refused" in r && "shape" in t) {
      if (!isDeferred(call.text, r.refused)) describe();
    } else if ("refused" in t && "shape" in r) describe();
    else if (
      "refused" in t &&
      "refused" in r &&
      !r.refused.startsWith("dtype ") &&
      t.refused.includes("ShapeError") &&
      !/_m|\bm\b/.test(call.text)
    ) {
      if (!unsized(t.refused).includes(unsized(r.refused.split("\n")[0]!))) describe();
    }
  });
  expect(apart).toEqual([]);
});
