// What an example is: something that is learned, and what comes out of it: figures, a gradient that was checked, pictures.

import type { GradientReport, Graph } from "clew";
import type { TopLevelSpec } from "vega-lite";

export interface Settings {
  readonly seed: number;
  /** A file of data instead of the example's own. */
  readonly data: string | undefined;
  /** A small part of the work, for tests: figures are then those of an unfinished training. */
  readonly small: boolean;
  readonly say: (line: string) => void;
}

/** A graph, or a chart of what was found. */
export type Picture = { readonly graph: Graph; readonly view: "folded" | "unrolled" | "backward" } | { readonly chart: TopLevelSpec };

export interface Outcome {
  /** Numbers by name, and whatever else is worth keeping. */
  readonly metrics: { readonly [name: string]: unknown };
  readonly gradientCheck: GradientReport;
  /** By file name, without its ending. */
  readonly pictures: { readonly [file: string]: Picture };
}

export type Example = (settings: Settings) => Promise<Outcome>;

/** Something that an example needs is not there, or what it was asked for makes no sense: told without a stack trace. */
export class NotThere extends Error {}
