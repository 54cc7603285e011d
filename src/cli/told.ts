// What a user's script throws, told as a mistake of the user's: the message and the line, and nothing of the stack. Whose mistake it is, the stack says: the
// user's, unless a function of ours threw it.

import { sep } from "node:path";
import { ClewError, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { ours } from "./where.ts";

const isForeign = (frame: string): boolean => frame.includes(`${sep}node_modules${sep}`) || frame.includes("/node_modules/");

/** The frames that are code of somebody's. */
function framesOf({ stack = "" }: { readonly stack?: string }): readonly string[] {
  return stack.split("\n").filter((line) => /^\s*at /.test(line) && /:\d+:\d+\)?$/.test(line) && !/\(?node:|<anonymous>:/.test(line));
}

const isOurs = (frame: string): boolean => frame.includes(ours) || frame.includes(encodeURI(ours));

/** The user's mistakes; undefined for a bug of ours. */
export function toldOf(thrown: unknown): readonly Diagnostic[] | undefined {
  if (thrown instanceof ClewError) return thrown.diagnostics;
  if (thrown instanceof Error && "syscall" in thrown) return [diagnostic({ code: "BadFile", op: "clew", message: thrown.message })]; // of a file, or a folder
  const { stack, message, name } = thrown instanceof Error ? thrown : { stack: "", message: String(thrown), name: "a value" };
  const frames = framesOf({ stack: stack ?? "" });
  if (frames[0] !== undefined && isOurs(frames[0])) return undefined;
  const user = frames.filter((frame) => !isForeign(frame) && !isOurs(frame));
  const text = message.replaceAll(/\(0 , \w+\.([\w$]+)\)/g, "$1"); // how a call of an import reads once it is loaded
  const what = name === "Error" ? text : `${name}: ${text}`;
  return [diagnostic({ code: "BadFile", op: "script", message: `it threw ${what}`, site: { error: { stack: user.join("\n") } } })];
}
