// How the tests of diagnostics read them: untyped programs (as plain JavaScript, where the compiler does not step in), and this file's lines.

import { type Diagnostic, type Feeds, showDiagnostics, type Tensor } from "clew";
import * as fp from "clew/fp";
import * as E from "fp-ts/lib/Either.js";

// biome-ignore lint/suspicious/noExplicitAny: a tensor whose shape the compiler is not told, in any position
export type Untyped = any;

/** A tensor as plain JavaScript sees it: the compiler accepts every use. */
export function untyped(tensor: unknown): Untyped {
  return tensor;
}

/** All that graph() says of these outputs. */
export function told(outputs: unknown): readonly Diagnostic[] {
  return E.match(
    (diagnostics: readonly Diagnostic[]) => diagnostics,
    () => [] as readonly Diagnostic[],
  )(fp.graph(outputs) as E.Either<readonly Diagnostic[], unknown>);
}

/** All that evaluate() says of these outputs with these feeds. */
export function toldOf(outputs: unknown, feeds: unknown, options = {}): readonly Diagnostic[] {
  const result = fp.evaluate(outputs as Tensor, feeds as Feeds, options);
  return E.isLeft(result) ? result.left : [];
}

/** `op: message` of each. */
export function messages(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map((d) => `${d.op}: ${d.message}`);
}

/** The printed report, with places as `file:line` of the file's name alone. */
export function printed(diagnostics: readonly Diagnostic[]): string {
  return showDiagnostics(diagnostics).replace(/\S*\/([\w.-]+\.ts):\d+:\d+/g, "$1");
}

/** The line from which this was called, `file:line`. */
export function here(offset = 0): string {
  const [, file, line] = /([\w.-]+\.ts):(\d+):\d+\)?$/.exec(new Error().stack!.split("\n")[2]!)!;
  return `${file}:${Number(line) + offset}`;
}

/** A diagnostic's place, `file:line`. */
export function lineOf(at: string | undefined): string | undefined {
  return at?.match(/([\w.-]+\.ts:\d+):\d+$/)?.[1];
}
