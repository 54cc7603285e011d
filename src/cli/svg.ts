// DOT to SVG, by the Graphviz that the command `npx graphviz -Tsvg` of graphviz-cli runs. It is loaded when a picture is asked for: who asks for none need
// not have it.

/** The SVG of a picture in DOT: the same for the same text. Rejects with ERR_MODULE_NOT_FOUND where graphviz-cli is not installed. */
export async function renderSvg(dot: string): Promise<string> {
  const { renderGraphFromSource } = await import("graphviz-cli");
  return inOrder(await withoutWarning(() => renderGraphFromSource({ input: dot }, { format: "svg" })));
}

/** Graphviz writes clusters in an order that depends on where they lie in memory; here it is that of the text. */
function inOrder(svg: string): string {
  const clusters = [...svg.matchAll(/<g id="clust(\d+)" class="cluster">\n[\s\S]*?<\/g>\n/g)];
  const sorted = [...clusters].sort((a, b) => Number(a[1]) - Number(b[1])).map((m) => m[0]);
  let next = 0;
  return svg.replace(/<g id="clust\d+" class="cluster">\n[\s\S]*?<\/g>\n/g, () => sorted[next++]!);
}

/**
 * This Graphviz has no fonts: it takes a letter outside ASCII (→, ∂) for as wide as a space, and says so, once a process. It runs in a worker,
 * whose stderr arrives as writes to ours.
 */
const warning = /no value for width of non-ASCII character/;
const write = process.stderr.write;
let rendering = 0;

async function withoutWarning<A>(work: () => Promise<A>): Promise<A> {
  rendering++;
  process.stderr.write = ((chunk: string | Uint8Array, ...rest: unknown[]) =>
    warning.test(typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk)) ||
    Reflect.apply(write, process.stderr, [chunk, ...rest])) as typeof write;
  try {
    const result = await work();
    await new Promise((resolve) => setTimeout(resolve, 20)); // what the worker wrote may come after what it answered
    return result;
  } finally {
    if (--rendering === 0) process.stderr.write = write;
  }
}
