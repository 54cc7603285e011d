// Pictures and their captions as batches. In training each picture is moved a little, another way in every epoch: what is said of it stays true.

import type { BatchFeeds, Source } from "clew";
import { randomOf } from "../harness/random.ts";
import { captionOf, encoded, longest } from "./captions.ts";
import { type Digit, moved, side } from "./digits.ts";

/** @param most by how many pixels a picture is moved at most */
export function pictures(of: readonly Digit[], size: number, most: number): Source {
  const captions = of.map((digit) => encoded(captionOf(digit)));
  return (epoch, seed) => {
    const random = randomOf(seed * 7919 + epoch);
    const shift = (): number => Math.floor(random() * (2 * most + 1)) - most;
    const order = of.map((_, i) => [most === 0 ? 0 : random(), i] as const).sort(([x], [y]) => x - y);
    return Array.from({ length: Math.ceil(of.length / size) }, (_, k) => {
      const some = order.slice(k * size, (k + 1) * size).map(([, i]) => i);
      return batchOf(
        some.map((i) => moved(of[i]!.pixels, shift(), shift())),
        some.map((i) => captions[i]!),
      );
    });
  };
}

function batchOf(images: readonly Float64Array[], captions: readonly (readonly number[])[]): BatchFeeds {
  const batch = images.length;
  const image = new Float64Array(batch * side ** 2);
  const before = new Int32Array(longest * batch);
  const labels = new Int32Array(longest * batch);
  for (const [i, words] of captions.entries()) {
    image.set(images[i]!, i * side ** 2);
    for (const [t, word] of words.entries()) {
      labels[t * batch + i] = word;
      if (t + 1 < longest) before[(t + 1) * batch + i] = word;
    }
  }
  return { time: longest, batch, feeds: { image, before, labels, lengths: captions.map((words) => words.length) } };
}
