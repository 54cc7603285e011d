import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { randomOf } from "../../examples/harness/random.ts";
import reviews from "../../examples/reviews/main.ts";
import { small } from "./small.ts";

test("the opinion of made-up sentences, negated or not, after a small training", async () => {
  const random = randomOf(5);
  const one = (of: readonly string[]): string => of[Math.floor(random() * of.length)]!;
  const row = (): string => {
    const [good, negated] = [random() < 0.5, random() < 0.5];
    const opinion = `${negated ? "not " : ""}${one(good ? ["good", "great", "fine"] : ["bad", "poor", "awful"])}`;
    return `${good === negated ? "negative" : "positive"}\tthe ${one(["film", "food", "phone"])} ${one(["is", "was"])} ${opinion}`;
  };
  const folder = mkdtempSync(join(tmpdir(), "clew-"));
  try {
    const data = join(folder, "reviews.tsv");
    writeFileSync(data, `label\ttext\n${Array.from({ length: 600 }, row).join("\n")}\n`);
    const { metrics } = await small("reviews", reviews, "folded", { data });
    expect(metrics["accuracy" as string]).toBeGreaterThan(0.95);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
