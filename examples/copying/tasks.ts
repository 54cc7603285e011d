// A symbol, a long time in which other things are seen, and the question.

import type { BatchFeeds, Source } from "clew";
import { randomOf } from "../harness/random.ts";
import { ask, distractions, symbols } from "./model.ts";

/** A symbol is shown, then a distraction at each of `delay` steps, then it is asked for. */
export function tasks(delay: number, batch: number, random: () => number): BatchFeeds {
  const time = delay + 2;
  const ids = Int32Array.from({ length: time * batch }, () => symbols + Math.floor(random() * distractions));
  const labels = new Int32Array(batch);
  for (let b = 0; b < batch; b++) {
    labels[b] = Math.floor(random() * symbols);
    ids[b] = labels[b]!;
    ids[(time - 1) * batch + b] = ask;
  }
  return { time, batch, feeds: { ids, labels } };
}

/** So many batches an epoch, drawn anew in each. */
export function tasksSource(delay: number, batch: number, batches: number): Source {
  return (epoch, seed) => {
    const random = randomOf(seed * 7919 + epoch);
    return Array.from({ length: batches }, () => tasks(delay, batch, random));
  };
}
