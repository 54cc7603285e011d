// The examples of the documentation as programs. A page is Markdown (```ts blocks) or a source of the library (what stands
// under @example in doc comments, as plain code or as ```ts blocks). Each block is a module by itself, with two words to say
// otherwise after ```ts:
//
//   ```ts continued   goes on from the blocks above it on the page: they are one module
//   ```ts no-run      is type-checked, not run
//
// A value that an example shows is checked: `item(evaluate(add(scalar(2), 3), {})); // 5` fails unless it is 5.
//
// A program keeps the lines of its page: all that is not code is blank, so the compiler and the runtime speak of the
// reader's own lines without any translation.

import ts from "typescript";

export interface Example {
  /** The page's path. */
  readonly page: string;
  /** The line of the last block's opening fence, counted from 1. */
  readonly line: number;
  /** The module: as many lines as the page has up to the block's end. */
  readonly code: string;
  readonly runs: boolean;
}

interface Block {
  readonly start: number; // the fence's line, from 0
  readonly end: number; // the closing fence's line
  readonly words: ReadonlyArray<string>;
  readonly lines: ReadonlyArray<string>;
}

const known: ReadonlySet<string> = new Set(["continued", "no-run"]);

/** Fenced blocks of TypeScript; an unclosed fence or an unknown word beside ```ts is the writer's mistake. */
function blocksOf(page: string, lines: ReadonlyArray<string>): ReadonlyArray<Block> {
  const blocks: Block[] = [];
  for (let start = 0; start < lines.length; start++) {
    const fence = /^\s*(`{3,}|~{3,})\s*(\S*)\s*(.*?)\s*$/.exec(lines[start]!);
    if (fence === null) continue;
    const [, mark, language, info] = fence as unknown as [string, string, string, string];
    const closes = new RegExp(`^\\s*${mark[0]}{${mark.length},}\\s*$`);
    const end = lines.findIndex((line, i) => i > start && closes.test(line));
    if (end < 0) throw new Error(`${page}:${start + 1}: this block is never closed`);
    if (language === "ts" || language === "typescript") {
      const words = info.split(/\s+/).filter((word) => word !== "");
      const strange = words.find((word) => !known.has(word));
      if (strange !== undefined) throw new Error(`${page}:${start + 1}: "${strange}" is neither ${[...known].join(" nor ")}`);
      blocks.push({ start, end, words, lines: lines.slice(start + 1, end) });
    }
    start = end;
  }
  return blocks;
}

function examplesOf(page: string, lines: ReadonlyArray<string>): ReadonlyArray<Example> {
  const examples: Example[] = [];
  let module: string[] = [];
  for (const { start, end, words, lines: code } of blocksOf(page, lines)) {
    if (!words.includes("continued")) module = [];
    else if (examples.length === 0) throw new Error(`${page}:${start + 1}: there is nothing above to go on from`);
    module = [...module, ...Array<string>(start + 1 - module.length).fill(""), ...code];
    examples.push({ page, line: start + 1, code: `${module.join("\n")}\n`, runs: !words.includes("no-run") });
    if (module.length !== end) throw new Error(`${page}:${start + 1}: ${module.length} lines kept, ${end} expected`);
  }
  return examples;
}

export const markdownExamples = (page: string, text: string): ReadonlyArray<Example> => examplesOf(page, text.split(/\r?\n/));

/** The examples of doc comments: the ```ts blocks under @example, or without any block all that stands there. */
export function sourceExamples(page: string, text: string): ReadonlyArray<Example> {
  return docComments(text).flatMap(({ start, lines }) => {
    const tags = lines.flatMap((line, i) => (/^\s*@\w/.test(line) ? [i] : []));
    return tags.flatMap((from, k) => {
      if (!/^\s*@example\b/.test(lines[from]!)) return [];
      const said = [lines[from]!.replace("@example", ""), ...lines.slice(from + 1, tags[k + 1])];
      const blank = Array<string>(start + from).fill("");
      const blocks = examplesOf(page, [...blank, ...said]);
      if (blocks.length > 0) return blocks;
      return [{ page, line: start + from + 1, code: `${[...blank, ...said].join("\n").trimEnd()}\n`, runs: true }];
    });
  });
}

/** Doc comments, with the line they start on (from 0) and their text without the stars. */
function docComments(text: string): ReadonlyArray<{ readonly start: number; readonly lines: ReadonlyArray<string> }> {
  const source = ts.createSourceFile("page.ts", text, ts.ScriptTarget.Latest, true);
  const seen = new Set<number>();
  const comments: { start: number; lines: ReadonlyArray<string> }[] = [];
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []) {
      if (seen.has(pos) || !text.startsWith("/**", pos)) continue;
      seen.add(pos);
      const body = text
        .slice(pos, end)
        .replace(/^\/\*\*/, "   ")
        .replace(/\*\/$/, "");
      const lines = body.split(/\r?\n/).map((line, i) => (i === 0 ? line : line.replace(/^\s*\* ?/, "")));
      comments.push({ start: source.getLineAndCharacterOfPosition(pos).line, lines });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return comments;
}

// --- values shown -----------------------------------------------------------------------------------------------------------------------

const constants: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["Math.LN2", Math.LN2],
  ["Math.PI", Math.PI],
]);

/** The value that a comment shows, with its class where it names one (`Float64Array [1, 2]`); undefined when the comment is prose. */
function literalOf(comment: string): { readonly value: unknown; readonly className: string | undefined } | undefined {
  if (constants.has(comment)) return { value: constants.get(comment), className: undefined };
  const [, className, json] = /^(?:(\w+Array) (?=\[))?(.*)$/.exec(comment) ?? [];
  try {
    return { value: JSON.parse(json!), className };
  } catch {
    return undefined;
  }
}

const isArrayLike = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);

/** Whether a value is the one shown. A number shown with d decimals stands for all that round to it; an integer for itself. */
export function isShown(value: unknown, comment: string): boolean {
  const decimals = (number: string): number => Number(/\.(\d+)/.exec(number)?.[1]?.length ?? 0);
  const places = Math.max(0, ...(comment.match(/\d+\.\d+/g) ?? []).map(decimals));
  const agrees = (actual: unknown, shown: unknown): boolean => {
    if (typeof shown === "number" && typeof actual === "number") {
      if (!Number.isFinite(shown)) return Object.is(actual, shown);
      return Math.abs(actual - shown) <= (places === 0 ? 1e-12 * Math.max(1, Math.abs(shown)) : 0.5 * 10 ** -places + 1e-12);
    }
    if (Array.isArray(shown)) return isArrayLike(actual) && actual.length === shown.length && shown.every((s, i) => agrees(actual[i], s));
    if (typeof shown === "object" && shown !== null) {
      const record = actual as Readonly<Record<string, unknown>> | null;
      const names = Object.keys(shown);
      return (
        typeof record === "object" &&
        record !== null &&
        Object.keys(record).length === names.length &&
        names.every((name) => agrees(record[name], (shown as Readonly<Record<string, unknown>>)[name]))
      );
    }
    return actual === shown;
  };
  const literal = literalOf(comment);
  if (literal === undefined) return false;
  if (literal.className !== undefined && Object.getPrototypeOf(value)?.constructor.name !== literal.className) return false;
  return agrees(value, literal.value);
}

const print = (value: unknown): string =>
  ArrayBuffer.isView(value) && isArrayLike(value)
    ? `${value.constructor.name} ${JSON.stringify(Array.from(value))}`
    : JSON.stringify(value);

/** Called by the example that runs, where it shows a value. */
export function show(value: unknown, comment: string): void {
  if (!isShown(value, comment)) throw new Error(`shows ${comment}, but the value is ${print(value)}`);
}

/** The code that runs: `e; // 5` becomes `$show(e, "5"); // 5`, and so does `console.log(e); // 5`; no line moves. */
export function checking(code: string): string {
  const source = ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest, true);
  let made = "";
  let copied = 0;
  for (const statement of source.statements) {
    if (!ts.isExpressionStatement(statement)) continue;
    const comment = /^[ \t]*\/\/\s*(.*?)\s*$/m.exec(code.slice(statement.end).split("\n")[0]!)?.[1];
    if (comment === undefined || literalOf(comment) === undefined) continue;
    const { expression } = statement;
    const logged =
      ts.isCallExpression(expression) && expression.expression.getText() === "console.log" ? expression.arguments[0] : undefined;
    const shown = logged ?? expression;
    made += `${code.slice(copied, statement.getStart())}$show(${shown.getText()}, ${JSON.stringify(comment)});`;
    copied = statement.end;
  }
  made += code.slice(copied);
  return `${made}import { show as $show } from ${JSON.stringify(import.meta.url.replace(/^file:\/\//, ""))};\n`;
}

// --- type-checking -------------------------------------------------------------------------------------------------------------------

const fileOf = (root: string, example: Example): string => `${root}/${example.page}.${example.line}.example.ts`;

/** The compiler's complaints about each example, as `page:line: message`: one program for all of them, as `clew` is a user's import. */
export function typeErrors(root: string, examples: ReadonlyArray<Example>): ReadonlyMap<Example, ReadonlyArray<string>> {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const texts = new Map(examples.map((example) => [fileOf(root, example), example.code]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, language, ...rest) => {
    const text = texts.get(file);
    // `export {}`: an example without an import is still a module; it stands behind the code so that no line moves.
    return text === undefined ? getSourceFile(file, language, ...rest) : ts.createSourceFile(file, `${text}export {};\n`, language, true);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return new Map(
    examples.map((example) => {
      const source = program.getSourceFile(fileOf(root, example));
      const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return [
        example,
        diagnostics.map(({ file, start, messageText }) => {
          const line = file === undefined || start === undefined ? example.line : file.getLineAndCharacterOfPosition(start).line + 1;
          return `${example.page}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
        }),
      ];
    }),
  );
}
