// Where a node comes from. Everything that Clew can explain (pictures, equations, errors, folding) comes from four facts that every
// node carries: the user's source line, the time step it belongs to, the template node that it is an instance of, and, for a derived
// node, the forward node and the rule that made it.
//
// Nodes are made deep inside composites and transforms, so these facts are ambient: whoever starts a stretch of building says what holds
// for it (`building`), and every node made meanwhile takes it over.

import type { Node } from "./node.ts";

/** A place in the user's code: captured cheaply as an Error, formatted only when somebody asks. */
export interface Site {
  readonly error: { readonly stack?: string };
}

/** The instance of a cell that a node belongs to: step `t` of the unrolling `of`, inside `outer` when unrollings are nested. */
export interface Step {
  readonly of: Unrolling;
  readonly t: number;
  readonly outer?: Step | undefined;
}

/** One call of `unroll`: what its steps have in common. */
export interface Unrolling {
  /** The dim that is unrolled (`time`). */
  readonly dim: { readonly name: string; readonly size: number };
  /** Nodes of the template, in creation order: the cell as the user wrote it. */
  readonly template: readonly Node[];
  /** Template state → template next state, in the order of the state's leaves: the recurrent edges of the folded picture. */
  readonly carries: readonly { readonly state: Node; readonly next: Node }[];
  readonly reverse: boolean;
}

/** Why a derived node exists: which rule, applied to which forward node, made it. */
export interface Derivation {
  readonly of: Node;
  /** `∂tanh` (reverse), `d tanh` (forward), `Σ` (a sum of adjoints), `seed`. */
  readonly rule: string;
  /** The forward node whose adjoint (∂loss/∂node) this node is, or contributes to. */
  adjointOf?: Node;
}

export interface Origin {
  readonly site?: Site | undefined;
  readonly step?: Step | undefined;
  readonly template?: Node | undefined;
  readonly derived?: Derivation | undefined;
  /** The dim whose cell is being read right now: set on template nodes. */
  readonly cell?: { readonly name: string } | undefined;
}

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

const depth = 8; // frames kept: enough to step out of a library of cells, cheap enough (about 4 µs)

/** Captures the caller of `public_`, a function that the user called. */
function capture(public_: (...args: never[]) => unknown): Site {
  const error: { stack?: string } = {};
  const limited = Error as unknown as { stackTraceLimit?: number; captureStackTrace?: (target: object, above: unknown) => void };
  if (limited.captureStackTrace === undefined) return { error: new Error() };
  const before = limited.stackTraceLimit;
  limited.stackTraceLimit = depth;
  limited.captureStackTrace(error, public_);
  if (before !== undefined) limited.stackTraceLimit = before;
  return { error };
}

/**
 * Wraps a function that users call: its nodes carry the user's line. Called from inside another one (a composite, a transform),
 * it adds nothing: the outermost call is the user's.
 */
export function userCalled<F>(body: (...args: never[]) => unknown): F {
  const call = (...args: never[]): unknown => {
    if (ambient.site !== undefined) return body(...args);
    return building({ ...ambient, site: capture(call) }, () => body(...args));
  };
  return call as F;
}

/** Runs the user's own code (a cell) from inside one of our functions: what it calls is at its own lines again. */
export function callingUser<A>(code: () => A): A {
  return building({ ...ambient, site: undefined }, code);
}

/** The user's line, `file:line:column`, or undefined when the runtime gives none. */
export function showSite(site: Site | undefined): string | undefined {
  const frames = (site?.error.stack ?? "").split("\n").filter((l) => /^\s*at |@/.test(l));
  const theirs = frames.find((l) => !/node:internal|\(<anonymous>\)|<anonymous>$/.test(l) && /:\d+:\d+\)?$/.test(l));
  const place = theirs?.match(/\(?((?:file:\/\/|[A-Za-z]:\\|https?:\/\/|\/|\w)[^()]*:\d+:\d+)\)?$/)?.[1]?.replace(/^(async |at )+/, "");
  return place?.replace(/^file:\/\//, "");
}

/** `time = 3`, innermost last. */
export function showStep(step: Step | undefined): string | undefined {
  if (step === undefined) return undefined;
  const here = `${step.of.dim.name} = ${step.t}`;
  const outer = showStep(step.outer);
  return outer === undefined ? here : `${outer}, ${here}`;
}
