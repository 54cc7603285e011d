// Errors are data. Whatever a user can do wrong is a Diagnostic: one record, printed in one place. The `clew/fp` door returns them, the
// `clew` door throws them in a ClewError.

import type { Either } from "fp-ts/lib/Either.js";
import { type Shape, showShape } from "./dim.ts";
import { type Site, showSite } from "./site.ts";

/** What can be wrong, as a name that scripts may test for. */
export type Code =
  | "AmbiguousDim" // an axis named by a dim that occurs twice
  | "BadArgument" // a number, name or option that makes no sense
  | "BadFeed" // a feed of the wrong size, type or name; NaN; an index out of range
  | "BadFile" // a file that cannot be read, or does not hold what it should
  | "BroadcastMismatch"
  | "CellMismatch" // a cell's next state does not look like its state
  | "DTypeMismatch"
  | "DimMismatch"
  | "DuplicateName" // two parameters or inputs of one name
  | "EscapedTemplate" // a cell's own node used outside the cell
  | "InconsistentDim" // one name with two sizes in a graph
  | "MissingDim" // an axis named by a dim that the operand lacks
  | "MissingFeed"
  | "NoDerivative" // an op without a derivative stands between loss and parameter
  | "NonScalarLoss"
  | "NotCompilable" // an op of which only the reference is known
  | "NotFinite" // NaN or infinity where none may be
  | "NotTensor" // an argument that is no node
  | "RankMismatch"
  | "TooLarge" // a tensor that no memory holds
  | "Unreached"; // a parameter that the loss does not reach

/** An operand as a message shows it: name when it has one, shape by dimension name. */
export interface OperandNote {
  readonly name?: string | undefined;
  readonly shape: Shape;
  readonly dtype?: string;
}

/** One mistake: what, where in the user's code, how to mend it. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** The op, or the verb, that noticed. */
  readonly op?: string | undefined;
  readonly operands?: readonly OperandNote[] | undefined;
  /** `time = 3`, or `cell of time (each step)`. */
  readonly step?: string | undefined;
  /** The user's source line, `file:line:column`. */
  readonly at?: string | undefined;
  /** Further places that matter: the other of two definitions. */
  readonly related?: readonly { readonly message: string; readonly at?: string | undefined }[] | undefined;
  /** What would mend it. */
  readonly hint?: string | undefined;
}

/** What a verb gives that can fail: all that is wrong, or the result. */
export type Checked<A> = Either<readonly Diagnostic[], A>;

/** A diagnostic whose line is formatted when asked for (formatting a stack costs a hundred times its capture). */
export function diagnostic(
  fields: Omit<Diagnostic, "severity" | "at"> & { readonly site?: Site | undefined; readonly severity?: "warning" },
): Diagnostic {
  const { site, severity = "error", ...rest } = fields;
  const made = { severity, ...rest };
  let at: string | undefined;
  let asked = false;
  Object.defineProperty(made, "at", {
    enumerable: true,
    get: () => {
      if (!asked) at = showSite(site);
      asked = true;
      return at;
    },
  });
  return made as Diagnostic;
}

function showOperand(o: OperandNote): string {
  const dtype = o.dtype === undefined || o.dtype === "float" ? "" : ` ${o.dtype}`;
  return `${o.name === undefined ? "" : `${o.name} `}${showShape(o.shape)}${dtype}`;
}

/** One diagnostic as a compiler would print it. */
export function showDiagnostic(d: Diagnostic): string {
  const head = `${d.severity}[${d.code}]: ${d.op === undefined ? "" : `${d.op}: `}${d.message}`;
  const lines = [head];
  if (d.operands !== undefined && d.operands.length > 0) lines.push(`  operands  ${d.operands.map(showOperand).join("  ·  ")}`);
  if (d.step !== undefined) lines.push(`  step      ${d.step}`);
  if (d.at !== undefined) lines.push(`  at        ${d.at}`);
  for (const r of d.related ?? []) lines.push(`  ${r.message.padEnd(8)}  ${r.at ?? ""}`.trimEnd());
  if (d.hint !== undefined) lines.push(`  mend      ${d.hint}`);
  return lines.join("\n");
}

/** The printed report of all that is wrong. */
export function showDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(showDiagnostic).join("\n\n");
}

/** What the `clew` door throws: the same data as `clew/fp` returns, and the same printed report as its message. */
export class ClewError extends Error {
  override readonly name = "ClewError";
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(showDiagnostics(diagnostics));
  }
}
