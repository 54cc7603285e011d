// Sums of random binary numbers, as columns of digits from the right.

import type { BatchFeeds, Source } from "clew";
import { randomOf } from "../harness/random.ts";

/** `batch` pairs of numbers of `bits` digits each; the sum has one more. */
export function sums(bits: number, batch: number, random: () => number): BatchFeeds {
  const time = bits + 1;
  const digits = new Float64Array(time * batch * 2);
  const labels = new Int32Array(time * batch);
  for (let b = 0; b < batch; b++) {
    let carry = 0;
    for (let t = 0; t < time; t++) {
      const [one, other] = t < bits ? [Math.floor(random() * 2), Math.floor(random() * 2)] : [0, 0];
      digits.set([one, other], (t * batch + b) * 2);
      const column = one + other + carry;
      labels[t * batch + b] = column % 2;
      carry = column >> 1;
    }
  }
  return { time, batch, feeds: { digits, labels } };
}

/** So many batches an epoch, drawn anew in each: nothing can be learned by heart. */
export function sumsSource(bits: number, batch: number, batches: number): Source {
  return (epoch, seed) => {
    const random = randomOf(seed * 7919 + epoch);
    return Array.from({ length: batches }, () => sums(bits, batch, random));
  };
}

/** How many sums are right in every digit. */
export function exact(said: ArrayLike<number>, { time, batch, feeds }: BatchFeeds): number {
  const right = feeds["labels" as string] as Int32Array;
  let count = 0;
  for (let b = 0; b < batch; b++) {
    let all = true;
    for (let t = 0; t < time; t++) all &&= said[t * batch + b] === right[t * batch + b];
    if (all) count++;
  }
  return count;
}
