import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts", "src/fp.ts"],
  format: "esm",
  target: "es2022",
  platform: "neutral",
  tsconfig: "tsconfig.lib.json",
  // rollup's declaration bundler still sets an option that TypeScript 6.0 calls deprecated.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
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
