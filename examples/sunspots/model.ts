// A real series, continued: a GRU reads a number a year, and says the next one. A ready model, with numbers at every step instead of words.

import { gru, type ManyToMany, manyToMany } from "clew";

/** Inputs `x` [time, batch, feature], `targets` [time, batch, target], `lengths` [batch]; squared error. */
export function forecaster(size: number): ManyToMany {
  return manyToMany({ features: 1, cell: gru, hidden: size, targets: 1 });
}

export default forecaster(16);
