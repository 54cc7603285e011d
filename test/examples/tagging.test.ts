import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sharedData } from "../../examples/harness/data.ts";
import { randomOf } from "../../examples/harness/random.ts";
import tagging from "../../examples/tagging/main.ts";
import { readTagged, spellingOf, spellings } from "../../examples/tagging/sentences.ts";
import { small } from "./small.ts";

/** Sentences in which "saw" and "duck" are nouns behind a determiner, and verbs elsewhere. */
function sentence(random: () => number): string {
  const one = (of: readonly string[]): string => of[Math.floor(random() * of.length)]!;
  const thing = (): string =>
    `${one(["the", "a", "my"])}/DET ${one(["old/ADJ ", "red/ADJ ", ""])}${one(["saw", "duck", "boat", "house"])}/NOUN`;
  return `${one(["I", "We", "Anna", "Ben"])}/${"PRON"} ${one(["saw", "duck", "like"])}/VERB ${thing()} and/CCONJ ${thing()} ./PUNCT`;
}

function withFile<A>(text: string, use: (file: string) => A): A {
  const folder = mkdtempSync(join(tmpdir(), "clew-"));
  const file = join(folder, "tagged.txt");
  writeFileSync(file, text);
  const done = use(file);
  if (done instanceof Promise) void done.finally(() => rmSync(folder, { recursive: true }));
  else rmSync(folder, { recursive: true });
  return done;
}

describe("tagging", () => {
  test("a file is read, slashes within words too", () => {
    const read = withFile("and/or/CCONJ 1/2/NUM\n\nx/X\n", readTagged);
    expect(read).toEqual([
      { words: ["and/or", "1/2"], tags: ["CCONJ", "NUM"] },
      { words: ["x"], tags: ["X"] },
    ]);
  });

  test("a spelling is one of a few kinds", () => {
    const kinds = ["...", "F-16", "USA", "Bush", "wheel-chair", "saw"].map((word) => spellings[spellingOf(word) - 1]![0]);
    expect(kinds).toEqual(["no letter or digit", "has a digit", "capitals", "a capital first", "with an inner sign", "small letters"]);
  });

  test("a word is tagged by what stands around it", async () => {
    const random = randomOf(1);
    const text = Array.from({ length: 600 }, () => sentence(random)).join("\n");
    const { metrics } = await withFile(text, (data) => small("tagging", tagging, "folded", { data }));
    expect(metrics["tokenAccuracy" as string]).toBe(1);
  }, 60_000);

  test("of real sentences most words are tagged rightly, after a small training", async (context) => {
    const data = sharedData("tagged.txt");
    if (data === undefined || !existsSync(data)) return context.skip("tagged.txt is not there");
    const { metrics } = await small("tagging", tagging, "folded", { data });
    expect(metrics["tokenAccuracy" as string]).toBeGreaterThan(0.6);
  }, 60_000);
});
