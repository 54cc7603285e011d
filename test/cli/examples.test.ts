// The model script of every example, as the command takes it.

import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { clear, clew } from "./command.ts";

afterAll(clear);

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
const examples = readdirSync(folder).filter((name) => existsSync(`${folder}${name}/main.ts`));
const small = ["--time", "2", "--batch", "1"];

test.each(examples)(
  "%s: its gradient is right, every parameter is read, and it is drawn",
  async (name) => {
    const script = `${folder}${name}/model.ts`;
    // along directions: each reaches all numbers of a parameter
    const { code, out, err } = await clew(["check", script, ...small, "--entries", "8", "--directions", "4", "--json"]);
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({ verdict: "pass", unreached: [] });
    const drawn = await clew(["draw", script, ...small]);
    expect([drawn.code, drawn.err]).toEqual([0, ""]);
    expect(drawn.out).toMatch(/^digraph/);
  },
  90_000,
);
