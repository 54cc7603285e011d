// Names that nobody gave: letters are drawn, one after the other, as likely as the model holds them.

import { dim, type ParameterValues, type Value } from "clew";
import { trained } from "../harness/learn.ts";
import { letters } from "./letters.ts";
import type { Namer } from "./model.ts";

const longest = 20;

/** @param hidden numbers in the model's state */
export function invented(
  model: Namer,
  parameters: ParameterValues,
  count: number,
  hidden: number,
  random: () => number,
): readonly string[] {
  const next = trained(model.next(dim("batch", count)), parameters);
  const names = new Array<string>(count).fill("");
  let letter = new Int32Array(count);
  let state: { readonly h: Float64Array | Value; readonly c: Float64Array | Value } = {
    h: new Float64Array(count * hidden),
    c: new Float64Array(count * hidden),
  };
  const open = new Set(names.keys());
  for (let t = 0; t < longest && open.size > 0; t++) {
    const said = next({ letter, ...state });
    letter = letter.map((_, i) => drawn(said.probabilities.data, i * letters.length, random()));
    for (const i of open) {
      if (letter[i] === 0) open.delete(i);
      else names[i] = `${names[i]}${letters[letter[i]!]}`;
    }
    state = said.state;
  }
  return names.map((name) => name.replace(/(^|-)[a-z]/g, (first) => first.toUpperCase()));
}

/** The letter at which the sum of probabilities passes `at`, of the row that begins at `from`. */
function drawn(probabilities: ArrayLike<number>, from: number, at: number): number {
  let sum = 0;
  for (let k = 0; k < letters.length; k++) {
    sum += probabilities[from + k]!;
    if (at < sum) return k;
  }
  return 0; // rounding left the sum a little below 1
}
