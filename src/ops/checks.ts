// What op functions take besides tensors: dims, shapes, numbers, names. A user of plain JavaScript may pass anything, and op functions never
// throw: each check is the sentence that says what is wrong, or undefined.

import { ill, mistakeHere } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { shown } from "../graph/options.ts";

export function notDim(what: string, value: unknown): string | undefined {
  const { name, size } = (typeof value === "object" && value !== null ? value : {}) as { name?: unknown; size?: unknown };
  if (typeof name !== "string") return `${what} must be a dim, found ${shown(value)}`;
  if (name === "") return "a dim's name is empty";
  if (Number.isSafeInteger(size) && (size as number) >= 0) return undefined;
  return `the size of "${name}" must be a whole number of 0 or more, found ${shown(size)}`;
}

export function notShape(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `the shape must be an array of dims, found ${shown(value)}`;
  return value.map((d) => notDim("an element of the shape", d)).find((wrong) => wrong !== undefined);
}

export function notNumber(what: string, value: unknown): string | undefined {
  return typeof value === "number" ? undefined : `${what} must be a number, found ${shown(value)}`;
}

export function notOneOf(what: string, value: unknown, choices: readonly string[]): string | undefined {
  return choices.includes(value as string) ? undefined : `no such ${what}: ${shown(value)}; it is ${choices.map(shown).join(" or ")}`;
}

export const dtypes: readonly string[] = ["float", "int", "bool"];

const hint = `a dim is made by dim("hidden", 16), a shape is an array of dims`;

/**
 * `build`, when what is given besides the operands makes sense; else the failed expression. It is reported whatever the operands are: it does
 * not rest on their shapes.
 */
export function given(op: string, operands: readonly Node[], checks: readonly (string | undefined)[], build: () => Node): Node {
  const wrong = checks.find((c) => c !== undefined);
  if (wrong === undefined) return build();
  const about = /\bdim|\bshape/.test(wrong) ? hint : undefined;
  const { shape = [], dtype = "float" } = operands[0] ?? {};
  return ill(mistakeHere("BadArgument", op, wrong, operands, about), { shape, dtype, rests: operands });
}
