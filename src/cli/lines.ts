// Places in a script, as its user wrote it. What runs is what the loader made of it, with other columns; the map that comes with it says which. Stacks are
// put into words in one place of the runtime, `Error.prepareStackTrace`, and only when somebody reads them: so every place that is told, be it of a node or
// of an exception, goes through here. A call stands where its parenthesis opens.

import { SourceMap } from "node:module";

type Frame = NodeJS.CallSite;
type Prepare = (error: Error, frames: readonly Frame[]) => unknown;

const maps = new Map<string, SourceMap>();

const inline = /\n\/\/# sourceMappingURL=data:application\/json;[^\n]*?base64,([\w+/=]+)\s*$/;

/** Keeps the map that stands at the end of loaded code, and gives the code without it. */
export function withoutMap(file: string, code: string): string {
  const found = inline.exec(code);
  if (found === null) return code;
  maps.set(file, new SourceMap(JSON.parse(Buffer.from(found[1]!, "base64").toString("utf8"))));
  return code.slice(0, found.index);
}

function told(frame: Frame): string {
  const [file, line, column] = [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()];
  const map = file === null || file === undefined ? undefined : maps.get(file);
  if (map === undefined || line === null || column === null) return `    at ${frame}`;
  const entry = map.findEntry(line - 1, column - 1);
  if (!("originalLine" in entry)) return `    at ${frame}`;
  return `    at ${String(frame).replace(`:${line}:${column}`, () => `:${entry.originalLine + 1}:${entry.originalColumn + 1}`)}`;
}

let speaking = false;

/** From now on stacks speak of scripts as they were written; of all else as before. */
export function speakOfScripts(): void {
  if (speaking) return; // who has wrapped this meanwhile, as Babel does, goes on calling it
  speaking = true;
  const others = Error.prepareStackTrace as Prepare | undefined;
  const prepare: Prepare = (error, frames) => {
    if (others !== undefined && !frames.some((frame) => maps.has(frame.getFileName() ?? ""))) return others(error, frames);
    return [String(error), ...frames.map(told)].join("\n");
  };
  Error.prepareStackTrace = prepare as NonNullable<typeof Error.prepareStackTrace>;
}
