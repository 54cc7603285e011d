// Where a node comes from. Everything that Clew can explain (pictures, equations, errors, folding) comes from four facts that every
// node carries: the user's source line, the time step it belongs to, the template node that it is an instance of, and, for a derived
// node, the forward node and the rule that made it.
//
// Nodes are made deep inside composites and transforms, so these facts are ambient: whoever starts a stretch of building says what holds
// for it (`building`), and every node made meanwhile takes it over.

import type { Call, Origin, Step } from "./node.ts";
import { captureSite, type Site } from "./site.ts";

export type { Call, Derivation, Origin, Step, Unrolling } from "./node.ts";
export { type Site, showSite } from "./site.ts";

let ambient: Origin = {};

export function ambientOrigin(): Origin {
  return ambient;
}

/** Runs `build`; every node made meanwhile has `origin`. */
export function building<A>(origin: Origin, build: () => A): A {
  const before = ambient;
  ambient = origin;
  try {
    return build();
  } finally {
    ambient = before;
  }
}

/**
 * Wraps a function that users call: its nodes carry the user's line. Called from inside another one (a composite, a transform),
 * it adds nothing: the outermost call is the user's.
 */
export function userCalled<F>(body: (...args: never[]) => unknown): F {
  return wrapped(undefined, body);
}

/**
 * The same for a function whose result is several nodes: they know the call, so that pictures can show them as one thing. `glue` is for a
 * function that builds around the user's code.
 */
export function composite<F>(name: string, body: (...args: never[]) => unknown, glue?: "glue"): F {
  return wrapped(glue === undefined ? { name } : { name, glue: true }, body);
}

function wrapped<F>(named: Call | undefined, body: (...args: never[]) => unknown): F {
  const call = (...args: never[]): unknown => {
    if (ambient.site !== undefined) return body(...args);
    const made = named === undefined ? undefined : { ...named }; // a new object: it is the identity of this call
    return building({ ...ambient, site: standing ?? captureSite(call), call: made }, () => body(...args));
  };
  return call as F;
}

/** Runs the user's own code (a cell) from inside one of our functions: what it calls is at its own lines again. */
export function callingUser<A>(code: () => A): A {
  return standingAt(undefined, () => building({ ...ambient, site: undefined, call: undefined }, code));
}

/** The user's line that code of ours stands for, when it is written as users write theirs. */
let standing: Site | undefined;

/**
 * Runs code of ours that is written as a user's (a ready model): what it calls, composites too, is as if the user had called it, all of it
 * at the one line that is given.
 */
export function standingAt<A>(site: Site | undefined, code: () => A): A {
  const before = standing;
  standing = site;
  try {
    return code();
  } finally {
    standing = before;
  }
}

/** The line from which `public_` is called; the user's, when code of ours calls it. */
export function calledFrom(public_: (...args: never[]) => unknown): Site {
  return ambient.site ?? standing ?? captureSite(public_);
}

/** A step of a recurrence within a cell, when the cell is made for step `outer`: one object for each, kept in `known`. */
export function insideOf(inner: Step, outer: Step, known: Map<Step, Step>): Step {
  const before = known.get(inner);
  if (before !== undefined) return before;
  const made: Step = { of: inner.of, t: inner.t, outer: inner.outer === undefined ? outer : insideOf(inner.outer, outer, known) };
  known.set(inner, made);
  return made;
}

/** `time = 3`, innermost last. */
export function showStep(step: Step | undefined): string | undefined {
  if (step === undefined) return undefined;
  const here = `${step.of.dim.name} = ${step.t}`;
  const outer = showStep(step.outer);
  return outer === undefined ? here : `${outer}, ${here}`;
}
