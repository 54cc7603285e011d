import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests and examples write `import … from "clew"` as a user does, and run the sources.
    alias: [
      { find: /^clew\/fp$/, replacement: root("./src/fp.ts") },
      { find: /^clew$/, replacement: root("./src/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/setup/global.ts",
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
