// Names as numbers: a letter's id is its place in a row of 28, and 0, the line's end, both starts a name and ends it.

import { type Source, sequences } from "clew";

export const letters = "\n-abcdefghijklmnopqrstuvwxyz";

export function encoded(name: string): readonly number[] {
  return Array.from(name, (letter) => letters.indexOf(letter));
}

/** What is read begins with the start, what is to be said ends with the end. */
export function namesSource(names: readonly string[], size: number): Source {
  const spelled = names.map((name) => {
    const ids = encoded(name);
    return { steps: { ids: [0, ...ids], labels: [...ids, 0] } };
  });
  return sequences(spelled, { size, buckets: [16] });
}
