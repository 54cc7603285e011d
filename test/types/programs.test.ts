import type ts from "typescript";
import { beforeAll, describe, expect, test } from "vitest";
import * as vocabulary from "../../src/ops/index.ts";
import { programOf } from "./compiler.ts";
import { called, disagreements, folder, programs } from "./programs.ts";

// Functions that give an initialiser take no tensors.
const initialisers = ["constantly", "glorot", "he", "identity", "normal", "orthogonal", "uniform"];
const ops = Object.keys(vocabulary).filter((name) => !initialisers.includes(name));
const settings = ["literal", "number", "generic"] as const;

describe("programs that must compile, and lines that must not", () => {
  let program: ts.Program;
  beforeAll(() => {
    program = programOf(programs.map((p) => folder + p));
  });

  test.each(programs)("%s", (path) => {
    expect(disagreements(program, folder + path)).toEqual([]);
  });

  test.each(settings)("every op is used with %s dims", (setting) => {
    const names = new Set(
      programs.filter((p) => p.startsWith(`${setting}/`)).flatMap((p) => [...called(program, folder + p, setting === "generic")]),
    );
    expect(ops.filter((op) => !names.has(op))).toEqual([]);
  });
});
