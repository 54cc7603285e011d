// A mistake is never lost: whatever an op makes of an operand that carries one, and whatever else is wrong, the report has it, once.

import * as clew from "clew";
import { expect, test } from "vitest";
import { lines, prelude } from "../types/agreement.ts";
import { told } from "./told.ts";

const operandName = /\b[fiq]_[a-zA-Z]*\b/g;

/** Every seventh line of an op, with each of its operands in turn exchanged for one that carries a mistake. */
function exchanged(op: string): readonly string[] {
  return lines[op]!.filter((_, i) => i % 7 === 0)
    .slice(0, 60)
    .flatMap((line) => [...line.matchAll(operandName)].map((m) => `${line.slice(0, m.index)}bad${line.slice(m.index + m[0].length)}`));
}

const bad = clew.add(clew.input("u", [clew.dim("u", 2)]) as never, clew.input("v", [clew.dim("v", 3)]) as never);
const mistake = told(bad)[0]!;

test.each(Object.keys(lines).filter((op) => exchanged(op).length > 0))("%s", (op) => {
  const texts = exchanged(op);
  const scope = { ...clew, bad, size: (n: number) => n };
  const body = `${prelude(texts.join("\n"))}\nreturn [${texts.map((t) => `() => ${t}`).join(",\n")}];`;
  const thunks = new Function(...Object.keys(scope), body)(...Object.values(scope)) as readonly (() => unknown)[];
  const lost = texts.filter((_, i) => told(thunks[i]!()).filter((d) => d === mistake).length !== 1);
  expect(lost).toEqual([]);
});
