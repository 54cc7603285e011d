// What is written down of a comparison: where it was made, and how far the two sides are apart.

import type { Environment, Node } from "../../graph/node.ts";
import type { Claim, Derived, Direction, Target } from "./claims.ts";
import type { Line } from "./difference.ts";
import { compared } from "./measure.ts";
import type { CheckedEntry, Element } from "./report.ts";
import type { Point } from "./run.ts";
import type { Estimate } from "./tableau.ts";

export interface Limits {
  readonly tolerance: number;
  /** Above so many elements: random directions. */
  readonly entries: number | undefined;
  readonly directions: number;
  readonly seed: number;
}

export interface Check {
  readonly claim: Claim;
  readonly loss: Node;
  readonly targets: readonly Target[];
  readonly point: Point;
  readonly environment: Environment;
  readonly limits: Limits;
}

function elementOf(node: Node, flat: number): Element {
  const index: number[] = [];
  let rest = flat;
  for (const d of [...node.shape].reverse()) {
    index.unshift(rest % d.size);
    rest = Math.floor(rest / d.size);
  }
  return { index, dims: node.shape.map((d) => d.name) };
}

function placeOf(target: Target, { element, number }: Direction): string {
  if (element === undefined) return `${target.name} along direction ${number ?? "?"}`;
  return target.node.shape.length === 0 ? target.name : `${target.name}[${elementOf(target.node, element).index.join(",")}]`;
}

/** Second order: which tensor of the gradient, and which element of it, a component is. */
function componentOf(targets: readonly Target[], c: number): { readonly target: Target; readonly element: number } {
  let rest = c;
  for (const target of targets) {
    if (rest < target.size) return { target, element: rest };
    rest -= target.size;
  }
  throw new Error(`no component ${c}`);
}

/** What was compared: the part of an entry that says where. */
export type Where = Pick<CheckedEntry, "parameter" | "order" | "place" | "element" | "direction" | "component">;

export function whereOf({ claim, targets }: Check, t: number, direction: Direction, c: number): Where {
  const target = targets[t]!;
  const own = placeOf(target, direction);
  const { element, number } = direction;
  const moved = {
    ...(element === undefined ? {} : { element: elementOf(target.node, element) }),
    ...(number === undefined ? {} : { direction: number }),
  };
  if (claim.order === 1) return { parameter: target.name, order: 1, place: own, ...moved };
  const with_ = componentOf(targets, c);
  return {
    parameter: target.name,
    order: 2,
    place: `∂²/∂${own}∂${placeOf(with_.target, { element: with_.element, vector: new Float64Array() })}`,
    ...moved,
    component: { parameter: with_.target.name, element: elementOf(with_.target.node, with_.element) },
  };
}

export function entryOf(check: Check, t: number, direction: Direction, way: Derived, e: Estimate, c: number, line: Line): CheckedEntry {
  const { derived, numeric, relative, floor, resolved } = compared(way.values[c]!, e, c, line);
  return {
    ...whereOf(check, t, direction, c),
    ...(way.mode === undefined ? {} : { mode: way.mode }),
    derived,
    numeric,
    absoluteError: Math.abs(derived - numeric),
    relativeError: relative,
    floor,
    h: e.h[c]!,
    resolved,
  };
}
