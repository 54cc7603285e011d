// DOT to SVG, for scripts, examples and tests: as `clew draw` makes it.

export { renderSvg } from "../src/cli/svg.ts";
