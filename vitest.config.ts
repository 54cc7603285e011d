import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

const root = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const common = {
  resolve: {
    // Tests and examples write `import … from "clew"` as a user does, and run the sources.
    alias: [
      { find: /^clew\/fp$/, replacement: root("./src/fp.ts") },
      { find: /^clew$/, replacement: root("./src/index.ts") },
    ],
  },
};
const limits = { testTimeout: 30_000, hookTimeout: 120_000 };

// Loading the sources takes longer than most test files do, so files share processes, and what is loaded there. Alone stay those that need a process as it
// begins, or leave it changed. They run first: the longest are among them.
const alone = [
  "test/compile/host.test.ts", // whether the runtime can fuse is found out once
  "test/compile/long-run.test.ts", // long, and in processes of its own
  "test/compile/threads.test.ts", // programs share their workers
  "test/docs/examples.test.ts", // silences the console
  "test/examples/*.test.ts", // compare pictures to the byte, by a Graphviz that has drawn nothing else; one replaces the clock
  "test/export/dot.test.ts", // the same
  "test/export/linear.test.ts", // V8 counts only in code that is loaded after it was asked to
  "test/oracle/remake.test.ts", // long, and in a process of its own
  "test/package/stranger.test.ts", // the same
];

export default defineConfig({
  test: {
    globalSetup: "test/setup/global.ts",
    maxWorkers: "100%", // by default, one processor of two has nothing to do
    projects: [
      { ...common, test: { ...limits, name: "alone", include: alone } },
      {
        ...common,
        test: { ...limits, name: "shared", include: ["test/**/*.test.ts"], exclude: [...configDefaults.exclude, ...alone], isolate: false },
      },
    ],
  },
});
