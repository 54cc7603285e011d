// Who imports whom in src, and the two laws that it must obey: the direction of dependences between rooms
// (docs/architecture.md), and no cycle between files. A tree of sources is a map from path to text, so the laws
// can be tried on small trees as well as on the real one.

import ts from "typescript";

/** Sources by path below src, with forward slashes: `graph/dim.ts`. */
export type Sources = ReadonlyMap<string, string>;

export interface Import {
  readonly from: string;
  /** The path below src, or the bare specifier of a package. */
  readonly to: string;
  readonly line: number;
  readonly ours: boolean;
}

const core = ["graph", "ops", "evaluate", "autodiff", "recurrence"] as const;
const rooms = [...core, "compile", "export", "models", "train", "cli", "index", "fp", "both-doors"] as const;
export type Room = (typeof rooms)[number];

/** The rooms that are single files: the two doors, and what both have. */
const singleFiles: ReadonlySet<string> = new Set(["index", "fp", "both-doors"]);

/** What each room may import, besides itself. */
export const mayImport: { readonly [R in Room]: ReadonlyArray<Room> } = {
  graph: [],
  ops: ["graph"],
  evaluate: ["graph"],
  autodiff: ["graph", "ops", "evaluate"],
  recurrence: ["graph", "ops", "autodiff"],
  compile: ["graph", "ops", "evaluate", "recurrence"],
  export: ["graph", "ops", "recurrence"],
  models: ["graph", "ops", "recurrence"],
  train: [...core, "compile", "models"],
  cli: rooms,
  index: rooms,
  fp: rooms,
  "both-doors": [...core, "compile", "export", "models", "train"],
};

/** The files of the library that may ask for Node's modules, when files or threads are asked for, never at the start. */
const askForNode: ReadonlySet<string> = new Set(["train/files.ts", "compile/threads/team.ts"]);

/** The rooms that run under Node alone; all others must run in a browser. */
const nodeRooms: ReadonlySet<Room> = new Set(["cli"]);

const isRoom = (name: string): name is Room => (rooms as ReadonlyArray<string>).includes(name);

/** `graph/dim.ts` → graph; `index.ts` → index; any other file at the top, or in a folder that the design has not, is no room. */
export function roomOf(path: string): Room | undefined {
  const [first = "", ...rest] = path.split("/");
  const name = rest.length === 0 ? first.replace(/\.ts$/, "") : first;
  return isRoom(name) && singleFiles.has(name) === (rest.length === 0) ? name : undefined;
}

/** Every specifier in a source: import and export declarations, with or without `type`, dynamic imports, and import types. */
function specifiers(path: string, text: string): ReadonlyArray<{ readonly specifier: string; readonly line: number }> {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: { specifier: string; line: number }[] = [];
  const visit = (node: ts.Node): void => {
    const literal =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
            ? node.arguments[0]
            : undefined;
    if (literal !== undefined && ts.isStringLiteralLike(literal)) {
      found.push({ specifier: literal.text, line: source.getLineAndCharacterOfPosition(literal.getStart()).line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const resolve = (from: string, specifier: string): string => new URL(specifier, `file:///${from}`).pathname.slice(1);

export const importsOf = (sources: Sources): ReadonlyArray<Import> =>
  [...sources].flatMap(([from, text]) =>
    specifiers(from, text).map(({ specifier, line }) => {
      const ours = specifier.startsWith(".");
      return { from, to: ours ? resolve(from, specifier) : specifier, line, ours };
    }),
  );

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

/** One line for each import that goes against the direction of dependences, leaves src, or brings in what a plain install has not. */
export function violations(sources: Sources, dependencies: ReadonlyArray<string>): ReadonlyArray<string> {
  const strays = [...sources.keys()].filter((path) => roomOf(path) === undefined).map((path) => `${path} is in no room of the design`);
  const wrong = importsOf(sources).flatMap(({ from, to, line, ours }) => {
    const room = roomOf(from);
    if (room === undefined) return [];
    const at = `${from}:${line} imports ${to}`;
    if (!ours) {
      if (nodeRooms.has(room)) return [];
      if (to.startsWith("node:")) return [`${at}: ${room} must run in a browser`];
      return dependencies.includes(packageOf(to)) ? [] : [`${at}: not a dependency in package.json`];
    }
    if (!sources.has(to)) return [`${at}: no such file in src`];
    const target = roomOf(to);
    if (target === undefined || target === room || mayImport[room].includes(target)) return [];
    return [`${at}: ${room} may import ${mayImport[room].join(", ") || "nothing of ours"}`];
  });
  return [...strays, ...wrong];
}

/** One line for each text that begins as the name of a module of Node: a computed import would use it. */
export function namesOfNode(sources: Sources): ReadonlyArray<string> {
  return [...sources].flatMap(([path, text]) => {
    if (askForNode.has(path) || nodeRooms.has(roomOf(path) ?? "graph")) return [];
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const literal = ts.isStringLiteralLike(node) || node.kind === ts.SyntaxKind.TemplateHead ? (node as ts.StringLiteralLike).text : "";
      if (literal.startsWith("node:"))
        found.push(`${path}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1} names ${literal}`);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

/** Cycles between files, each as `a.ts → b.ts → a.ts`: the back edges of one depth-first walk, so none exactly when this is empty. */
export function cycles(sources: Sources): ReadonlyArray<string> {
  const next = new Map<string, string[]>([...sources.keys()].map((path) => [path, []]));
  for (const { from, to, ours } of importsOf(sources)) if (ours && next.has(to)) next.get(from)!.push(to);

  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string): void => {
    if (done.has(file)) return;
    const start = path.indexOf(file);
    if (start >= 0) {
      found.push([...path.slice(start), file].join(" → "));
      return;
    }
    path.push(file);
    for (const to of new Set(next.get(file))) walk(to);
    path.pop();
    done.add(file);
  };
  for (const file of sources.keys()) walk(file);
  return found;
}
