// What reads a sequence in the ready models: a stack of cells, one way or both.

import { type Dim, dim } from "../graph/dim.ts";
import type { Parameter } from "../graph/node.ts";
import { bidirectional } from "./bidirectional.ts";
import type { CellMaker } from "./cell.ts";
import { rnn } from "./rnn.ts";
import { layerByLayer, type Read, type Reading, type StackedCell, type StackOptions, stacked } from "./stacked.ts";

export interface ReaderOptions extends StackOptions {
  /** `rnn` (when left out), `lstm`, `gru`, or a maker of one's own. */
  readonly cell?: CellMaker;
  /** Numbers in a state. */
  readonly hidden: number;
  /** Reads from both ends; states are then twice as wide. */
  readonly bidirectional?: boolean;
}

export interface Reader {
  readonly parameters: { readonly [name: string]: Parameter };
  /** The last dim of what it says. */
  readonly of: Dim;
  readonly read: <T extends Dim, B extends Dim>(reading: Reading<T, B, Dim>) => Read<T, B, Dim, unknown>;
  /** The stack, when it reads one way. */
  readonly stack: StackedCell<Dim, Dim> | undefined;
}

export function readerOf(name: string, from: Dim, options: ReaderOptions): Reader {
  const hidden = dim("hidden", options.hidden);
  if (options.bidirectional === true) {
    const both = dim("both", 2 * options.hidden);
    const read = bidirectional(name, options.cell ?? rnn, from, hidden, both, options);
    return { parameters: read.parameters, of: both, read, stack: undefined };
  }
  const stack: StackedCell<Dim, Dim> = stacked(name, options.cell ?? rnn, from, hidden, options);
  return { parameters: stack.parameters, of: hidden, read: (reading) => layerByLayer(stack, reading), stack };
}
