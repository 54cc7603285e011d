// How low the mean loss can get when the label is asked for at every word. The first words of a sentence do not tell how it ends: whoever knows
// the training data by heart, and only the words so far, still answers with the share that each label has among the sentences that begin so.
// The loss of that answer is the entropy of the label given the words so far, and no answer's is lower (Cover & Thomas, Elements of Information
// Theory, 2.6: a relative entropy is never negative).

import type { LabelledSentence } from "clew";

/** The entropy of the label given the words so far, in nats: the mean over all words of the data. */
export function lossFloor(data: readonly LabelledSentence[]): number {
  interface Beginning {
    readonly next: Map<number, Beginning>;
    readonly labels: Map<number, number>;
  }
  const beginning = (): Beginning => ({ next: new Map(), labels: new Map() });
  const start = beginning();
  const all: Beginning[] = [];
  for (const { ids, label } of data) {
    let at = start;
    for (const id of Array.from(ids)) {
      let next = at.next.get(id);
      if (next === undefined) {
        next = beginning();
        all.push(next);
        at.next.set(id, next);
      }
      next.labels.set(label, (next.labels.get(label) ?? 0) + 1);
      at = next;
    }
  }
  let [nats, words] = [0, 0];
  for (const { labels } of all) {
    const counts = [...labels.values()];
    const total = counts.reduce((a, b) => a + b);
    for (const count of counts) nats -= count * Math.log(count / total);
    words += total;
  }
  return words === 0 ? 0 : nats / words;
}
