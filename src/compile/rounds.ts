// Loops over steps, and what a body reads in them.

import { computationOf } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import type { Step } from "../graph/source.ts";
import { placeOf, type Scope } from "./elements.ts";
import type { Loop, Place } from "./loops.ts";

let loops = 0;

export function newLoop(steps: number, backwards: boolean, rest: Pick<Loop, "from" | "ofSegment" | "range"> = {}): Loop {
  return { id: ++loops, steps, backwards, ...rest };
}

/** One row of a stack, which moves with the step. */
export function row({ buffer, offset, strides, times }: Place, loop: Loop, at: number): Place {
  const [first = 0, ...rest] = strides;
  return { buffer, offset: offset + at * first, strides: rest, times: [...times, { loop, stride: first }] };
}

/** A captured value is read where it is; one that is only a number stays one. */
export function bind(variable: Node, operand: Node, scope: Scope, places: Map<Node, Place>, aliases: Map<Node, Node>): void {
  const kind = scope.places.has(operand) ? undefined : computationOf(operand)?.kind;
  if (kind === "fill" || kind === "position") aliases.set(variable, operand);
  else places.set(variable, placeOf(operand, scope));
}

export function pathOf(step: Step | undefined): readonly number[] {
  return step === undefined ? [] : [...pathOf(step.outer), step.t];
}
