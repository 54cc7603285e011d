// The README says of which machine and versions its chart is: those of the page that the benchmark wrote with it.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (page: string): string => readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");

test("the README has the machine and the versions of the benchmark's page", () => {
  const [page, readme] = [read("docs/benchmark.md"), read("README.md")];
  const versions = [...page.matchAll(/(Node\.js|tfjs-wasm|jax-js|JAX|PyTorch)(?: nn| cell)? (\d+\.\d+\.\d+)/g)].map(
    ([, name, version]) => `${name} ${version}`,
  );
  expect(new Set(versions).size).toBe(5);
  for (const one of versions) expect(readme).toContain(one);
  const [, machine, processors] = /nothing more: (.+), (\d+) processors/.exec(page)!;
  expect(readme).toContain(`${machine} with ${processors} processors`);
});
