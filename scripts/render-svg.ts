// DOT to SVG, by the same Graphviz that the command `npx graphviz -Tsvg` runs. For scripts, examples and tests; the library draws no SVG.

import { renderGraphFromSource } from "graphviz-cli";

/** The SVG of a picture in DOT. */
export async function renderSvg(dot: string): Promise<string> {
  return renderGraphFromSource({ input: dot }, { format: "svg" });
}
