// A place in the user's code: captured at every call of a public function (about 4 µs), formatted only when somebody asks.

/** A place in the user's code: captured cheaply as an Error, formatted only when somebody asks. */
export interface Site {
  readonly error: { readonly stack?: string };
  /** Frames of ours at the top of the stack, where the runtime cannot leave them out. */
  readonly ours?: number;
}

const depth = 8; // frames kept: enough to step out of a library of cells, cheap enough (about 4 µs)

/** Captures the caller of `public_`, a function that the user called. */
export function captureSite(public_: (...args: never[]) => unknown): Site {
  const error: { stack?: string } = {};
  const limited = Error as unknown as { stackTraceLimit?: number; captureStackTrace?: (target: object, above: unknown) => void };
  if (limited.captureStackTrace === undefined) return { error: new Error(), ours: 2 }; // this function, and public_
  const before = limited.stackTraceLimit;
  limited.stackTraceLimit = depth;
  limited.captureStackTrace(error, public_);
  if (before !== undefined) limited.stackTraceLimit = before;
  return { error };
}

/** The user's line, `file:line:column`, or undefined when the runtime gives none. */
export function showSite(site: Site | undefined): string | undefined {
  const frames = (site?.error.stack ?? "").split("\n").filter((line) => /^\s*at /.test(line) || /^[^(]*@/.test(line));
  for (const frame of frames.slice(site?.ours ?? 0)) {
    const place = placeIn(frame);
    if (place !== undefined) return place;
  }
  return undefined;
}

// V8: `at f (file:1:2)`, `at async f (file:1:2)`, `at file:1:2`. Firefox and Safari: `f@file:1:2`, `@file:1:2`.
const formats = [/^\s*at [^(]*\((.*:\d+:\d+)\)$/, /^\s*at (?:async )?(.*:\d+:\d+)$/, /^[^@]*@(.*:\d+:\d+)$/];

/** The file of a frame; undefined for one of the runtime's own, such as that of Array.map between a user's call and its callback. */
function placeIn(frame: string): string | undefined {
  for (const format of formats) {
    const place = format.exec(frame)?.[1];
    if (place !== undefined) return /^node:|<anonymous>|\[native code\]/.test(place) ? undefined : readable(place);
  }
  return undefined;
}

/** A file's URL as a path; on Windows, from its drive letter on. */
function readable(place: string): string {
  if (!place.startsWith("file://")) return place;
  const path = place.slice("file://".length).replace(/^\/(?=[A-Za-z]:)/, "");
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
