// DOT to SVG, by the same Graphviz that the command `npx graphviz -Tsvg` runs. For scripts, examples and tests; the library draws no SVG.

import { renderGraphFromSource } from "graphviz-cli";

/** The SVG of a picture in DOT. */
export async function renderSvg(dot: string): Promise<string> {
  return withoutWarning(() => renderGraphFromSource({ input: dot }, { format: "svg" }));
}

/**
 * This Graphviz has no fonts: it takes a letter outside ASCII (→, ∂) for as wide as a space, and says so, once a process. It runs in a worker,
 * whose stderr arrives as writes to ours.
 */
const warning = /no value for width of non-ASCII character/;

async function withoutWarning<A>(work: () => Promise<A>): Promise<A> {
  const write = process.stderr.write;
  process.stderr.write = ((chunk: string | Uint8Array, ...rest: unknown[]) =>
    warning.test(typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk)) ||
    Reflect.apply(write, process.stderr, [chunk, ...rest])) as typeof write;
  try {
    const result = await work();
    await new Promise((resolve) => setTimeout(resolve, 20)); // what the worker wrote may come after what it answered
    return result;
  } finally {
    process.stderr.write = write;
  }
}
