// A place in the user's code: captured at every call of a public function (about 4 µs), formatted only when somebody asks.

/** A place in the user's code: captured cheaply as an Error, formatted only when somebody asks. */
export interface Site {
  readonly error: { readonly stack?: string };
}

const depth = 8; // frames kept: enough to step out of a library of cells, cheap enough (about 4 µs)

/** Captures the caller of `public_`, a function that the user called. */
export function captureSite(public_: (...args: never[]) => unknown): Site {
  const error: { stack?: string } = {};
  const limited = Error as unknown as { stackTraceLimit?: number; captureStackTrace?: (target: object, above: unknown) => void };
  if (limited.captureStackTrace === undefined) return { error: new Error() };
  const before = limited.stackTraceLimit;
  limited.stackTraceLimit = depth;
  limited.captureStackTrace(error, public_);
  if (before !== undefined) limited.stackTraceLimit = before;
  return { error };
}

/** The user's line, `file:line:column`, or undefined when the runtime gives none. */
export function showSite(site: Site | undefined): string | undefined {
  const frames = (site?.error.stack ?? "").split("\n").filter((l) => /^\s*at |@/.test(l));
  const theirs = frames.find((l) => !/node:internal|\(<anonymous>\)|<anonymous>$/.test(l) && /:\d+:\d+\)?$/.test(l));
  const place = theirs?.match(/\(?((?:file:\/\/|[A-Za-z]:\\|https?:\/\/|\/|\w)[^()]*:\d+:\d+)\)?$/)?.[1]?.replace(/^(async |at )+/, "");
  return place?.replace(/^file:\/\//, "");
}
