import { defineConfig } from "tsup";

export default defineConfig({
  entry: { index: "src/index.ts", fp: "src/fp.ts", cli: "src/cli/main.ts" },
  format: "esm",
  target: "es2022",
  platform: "neutral",
  tsconfig: "tsconfig.lib.json",
  // rollup's declaration bundler still sets an option that TypeScript 6.0 calls deprecated.
  // The command has no declarations: nobody imports it.
  dts: { entry: { index: "src/index.ts", fp: "src/fp.ts" }, compilerOptions: { ignoreDeprecations: "6.0" } },
  // Of the command alone; the library names no module of Node.
  external: [/^node:/],
  removeNodeProtocol: false,
  // A plain page has no resolver for bare specifiers, so the JavaScript carries the few functions of fp-ts that it uses;
  // the declarations go on importing fp-ts, so that an Either of clew/fp is the user's own Either.
  noExternal: [/^fp-ts/],
  // The same module as tree-shakeable ES: fp-ts/lib is CommonJS.
  esbuildOptions: (options) => {
    options.alias = { ...options.alias, "fp-ts/lib": "fp-ts/es6" };
  },
  sourcemap: true,
  clean: true,
});
