// A user's script, as it is: TypeScript that nobody has built. jiti takes the types out and leaves every line where it was. `import … from "clew"` is this
// very package, wherever the script stands: two copies would not know each other's nodes.

import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import type { JitiOptions } from "jiti";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { dim } from "../graph/dim.ts";
import { isNode } from "../graph/node.ts";
import { isRecord, meant, shown } from "../graph/options.ts";
import { type Built, built } from "../models/model.ts";
import type { ModelScript } from "../train/learning.ts";
import { wrongModel } from "../train/predict.ts";
import { speakOfScripts, withoutMap } from "./lines.ts";

const bad = (file: string, message: string, hint: string, at?: string) =>
  E.left([{ ...diagnostic({ code: "BadFile", op: "script", message: `"${file}" ${message}`, hint }), at }]);

/** The script's default export. What the script itself throws is thrown on. */
export async function loadScript(file: string): Promise<Checked<ModelScript>> {
  const path = resolve(file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return bad(file, "is not there", "clew init writes a script to start from");
  if (!found.isFile()) return bad(file, "is no file", "name the script in it");
  const { createJiti } = await import("jiti");
  const virtualModules = { clew: await import("../index.ts"), "clew/fp": await import("../fp.ts") };
  // comments are left out: those before an import would come to stand behind it, and move all lines below
  const made = createJiti(path, { fsCache: false });
  const transform: NonNullable<JitiOptions["transform"]> = (options) => {
    const babel = { ...options.babel, comments: false, sourceMaps: "inline", sourceFileName: options.filename };
    return { code: withoutMap(options.filename ?? path, made.transform({ ...options, babel })) };
  };
  speakOfScripts();
  const jiti = createJiti(path, { fsCache: false, interopDefault: false, virtualModules, transform });
  let module: { readonly default?: unknown };
  try {
    module = await jiti.import(path);
  } catch (thrown) {
    const { message = "", code } = thrown as { readonly message?: string; readonly code?: string };
    const parse = /^ParseError: (.*?)\s*\n\s*(.*:\d+:\d+)/s.exec(message);
    if (parse !== null) return bad(file, `cannot be read: ${parse[1]}`, "the syntax is TypeScript's", parse[2]);
    if (code !== "MODULE_NOT_FOUND" && code !== "ERR_MODULE_NOT_FOUND") throw thrown;
    return bad(
      file,
      `imports what is not there: ${message.split("\n")[0]}`,
      "a path from the script's own folder, or a package that is installed there",
    );
  }
  const given = module.default;
  if (wrongModel("script", given).length > 0) {
    const hint = "export default { parameters: { U, W, V }, build: ({ time, batch }) => ({ inputs, loss, predictions }) }";
    return bad(file, `has ${shown(given)} as its default export, which is no model`, hint);
  }
  const problems = wrongBesides(given as ModelScript);
  return problems.length > 0 ? E.left(problems.map((d) => ({ ...d, at: file }))) : E.right(given as ModelScript);
}

/** What the script says besides the model and nobody can make sense of: the loader has taken its types for granted. What others are given, they check. */
function wrongBesides({ example, learning }: { readonly example?: unknown; readonly learning?: unknown }): readonly Diagnostic[] {
  const wrong = (message: string, hint: string) => diagnostic({ code: "BadArgument", op: "script", message, hint });
  const functions = (of: { readonly [name: string]: unknown }, hints: { readonly [name: string]: string }): readonly Diagnostic[] =>
    Object.entries(hints).flatMap(([name, hint]) =>
      of[name] === undefined || typeof of[name] === "function" ? [] : [wrong(`${name} is ${shown(of[name])}, expected a function`, hint)],
    );
  const found = functions({ example }, { example: "example: ({ time, batch }, seed) => ({ ids, lengths, labels })" });
  if (learning === undefined) return found;
  const hint = 'learning: { asks: "label", model: ({ words, labels }) => …, optimiser: adam(1e-3) }';
  if (!isRecord(learning)) return [...found, wrong(`learning is ${shown(learning)}, expected a record`, hint)];
  const { asks, model } = learning;
  return [
    ...found,
    ...(asks === "label" || asks === "tags" || asks === "next"
      ? []
      : [wrong(`asks is ${shown(asks)}`, `${meant(String(asks), ["label", "tags", "next"])}it is "label", "tags" or "next"`)]),
    ...(model === undefined ? [wrong("learning has no model", hint)] : []),
    ...functions(learning, { model: hint, rows: "rows: (content) => [{ text, label }, …]", tokenise: "tokenise: characters" }),
  ];
}

/** The model's graph for sizes; what the user's `build` gives may be anything. */
export function builtFor(script: ModelScript, sizes: { readonly time: number; readonly batch: number }): Checked<Built> {
  const made: unknown = built(script, { time: dim("time", sizes.time), batch: dim("batch", sizes.batch) });
  if (isRecord(made) && isNode(made.loss)) return E.right(made as unknown as Built);
  const message = `the model's build gave ${isRecord(made) ? `${shown(made.loss)} as its loss` : shown(made)}`;
  return E.left([
    diagnostic({ code: "BadArgument", op: "build", message, hint: "build: ({ time, batch }) => ({ inputs, loss, predictions })" }),
  ]);
}

/** As a heading names it. */
export const titleOf = (file: string): string => basename(file);
