// DOT to SVG, by the same Graphviz that the command `npx graphviz -Tsvg` runs. For scripts, examples and tests; the library draws no SVG.

import { renderGraphFromSource } from "graphviz-cli";

/** The SVG of a picture in DOT: the same for the same text. */
export async function renderSvg(dot: string): Promise<string> {
  return inOrder(await renderGraphFromSource({ input: dot }, { format: "svg" }));
}

/** Graphviz writes clusters in an order that depends on where they lie in memory; here it is that of the text. */
function inOrder(svg: string): string {
  const clusters = [...svg.matchAll(/<g id="clust(\d+)" class="cluster">\n[\s\S]*?<\/g>\n/g)];
  const sorted = [...clusters].sort((a, b) => Number(a[1]) - Number(b[1])).map((m) => m[0]);
  let next = 0;
  return svg.replace(/<g id="clust\d+" class="cluster">\n[\s\S]*?<\/g>\n/g, () => sorted[next++]!);
}
