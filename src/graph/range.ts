// Ids that are out of range. They come from data, so it shows when a graph runs; an op knows their values, who evaluates knows whose they are.

import { Fault, type Value } from "./value.ts";

/** Thrown by an op's reference for ids of which one is not from 0 to below `size`. */
export class OutOfRange extends Fault {
  /** The id that is out of range. */
  readonly id: number;
  constructor(
    readonly ids: Value,
    readonly element: number,
    readonly size: number,
  ) {
    super("BadFeed", sentence(`element ${element} of the ids`, ids.data[element]!, size));
    this.id = ids.data[element]!;
  }

  /** The same of ids that have a name. */
  of(name: string): Fault {
    return new Fault(this.code, sentence(name, this.id, this.size));
  }
}

function sentence(what: string, id: number, size: number): string {
  return `${what} is ${id}, out of range: there are ${size === 0 ? "none" : `${size} (0 … ${size - 1})`}`;
}
