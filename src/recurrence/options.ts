// What may be wrong with the options of an unrolling, before the cell is called.

import type { Code, Diagnostic } from "../graph/diagnostics.ts";
import { type Dim, sameDim, showShape } from "../graph/dim.ts";
import { mistakeHere } from "../graph/make.ts";
import { isNode, type Node } from "../graph/node.ts";
import { isRecord, shown } from "../graph/options.ts";
import { isTreeOfNodes, nodesOf, type Tree } from "../graph/tree.ts";
import type { Checkpoint, Truncation } from "./types.ts";

/** Options as they come: nothing of them is known to be what its type says. */
export interface Given {
  readonly from?: unknown;
  readonly over?: unknown;
  readonly steps?: unknown;
  readonly mask?: unknown;
  readonly reverse?: unknown;
  readonly truncate?: unknown;
  readonly checkpoint?: unknown;
}

export interface Options {
  readonly from: Tree<Node>;
  /** The empty record when there is none. */
  readonly over: Tree<Node>;
  readonly time: Dim;
  readonly mask: Node | undefined;
  readonly reverse: boolean;
  readonly truncate?: Truncation | undefined;
  readonly checkpoint?: Checkpoint | undefined;
}

export interface IllOptions {
  readonly mistakes: readonly Diagnostic[];
  /** Operands that carry mistakes of their own. */
  readonly rests: readonly Node[];
  /** As much of the options as can be made out. */
  readonly known: Partial<Options>;
}

/** The options when they make sense, or what is wrong with them. A mistake about an operand that is itself ill is not reported again. */
export function readOptions(verb: string, cell: unknown, given: Given | undefined): Options | IllOptions {
  const { from, over, steps, mask, reverse = false, truncate, checkpoint } = given ?? {};
  const trees: { readonly from?: Tree<Node>; readonly over?: Tree<Node> } = {
    ...(isTreeOfNodes(from) && nodesOf(from).length > 0 ? { from: from as Tree<Node> } : {}),
    // without steps there is no saying what the cell takes
    ...(over === undefined
      ? isDim(steps)
        ? { over: {} }
        : {}
      : isTreeOfNodes(over) && nodesOf(over).length > 0
        ? { over: over as Tree<Node> }
        : {}),
  };
  const xs = trees.over === undefined ? [] : nodesOf(trees.over);
  const time = isDim(steps) ? steps : xs.find((x) => x.shape.length > 0)?.shape[0];
  const known: Partial<Options> = { ...trees, ...(time === undefined ? {} : { time }) };
  const rests = [...(trees.from === undefined ? [] : nodesOf(trees.from)), ...xs, ...(isNode(mask) ? [mask] : [])];
  const wrong = (code: Code, message: string, operands: readonly Node[] = [], hint?: string): IllOptions => ({
    mistakes: operands.every((o) => o.certain) ? [mistakeHere(code, verb, message, operands, hint)] : [],
    rests,
    known,
  });
  if (typeof cell !== "function") return wrong("BadArgument", "the cell must be a function (state, x) => ({ state, output })");
  if (trees.from === undefined)
    return wrong("NotTensor", "`from`, the first state, must be a tensor or a record of tensors", [], "from: zeros([batch, hidden])");
  if (over === undefined && steps === undefined)
    return wrong("BadArgument", "what is it unrolled over? neither `over` nor `steps` is given", [], "over: x, or steps: time");
  if (steps !== undefined && !isDim(steps))
    return wrong("BadArgument", `\`steps\` must be a dim, found ${typeof steps}`, [], `steps: dim("time", 4)`);
  if (trees.over === undefined) return wrong("NotTensor", "`over` must be a tensor or a record of tensors", [], "over: x");
  const scalar = xs.find((x) => x.shape.length === 0);
  if (scalar !== undefined)
    return wrong("RankMismatch", "`over` is a scalar: it has no time", [scalar], "the first dim of `over` is unrolled");
  const odd = xs.find((x) => !sameDim(x.shape[0]!, time!));
  if (odd !== undefined) {
    const message = `the first dim of every \`over\` must be ${time!.name}=${time!.size}, found ${showShape(odd.shape)}`;
    return wrong("DimMismatch", message, isDim(steps) ? [odd] : [xs[0]!, odd]);
  }
  if (mask !== undefined) {
    const hint = "lengthMask(lengths, time)";
    if (!isNode(mask)) return wrong("NotTensor", `the mask must be a tensor, found ${typeof mask}`, [], hint);
    if (mask.dtype !== "bool") return wrong("DTypeMismatch", `the mask is ${mask.dtype}, expected bool`, [mask], hint);
    if (mask.shape.length === 0 || !sameDim(mask.shape[0]!, time!)) {
      const message = `the first dim of the mask must be ${time!.name}=${time!.size}, found ${showShape(mask.shape)}`;
      return wrong("DimMismatch", message, [mask], hint);
    }
  }
  const cut = wrongTruncation(truncate);
  if (cut !== undefined) return wrong("BadArgument", cut, [], "truncate: { forward: 10, backward: 20 }");
  if (!isCheckpoint(checkpoint))
    return wrong("BadArgument", `\`checkpoint\` is ${shown(checkpoint)}`, [], `"none", "sqrt", or { memory: bytes }`);
  return {
    from: trees.from,
    over: trees.over,
    time: time!,
    mask: mask as Node | undefined,
    reverse: reverse === true,
    truncate: truncate as Truncation | undefined,
    checkpoint,
  };
}

function isCheckpoint(value: unknown): value is Checkpoint | undefined {
  if (value === undefined || value === "none" || value === "sqrt") return true;
  return isRecord(value) && typeof value.memory === "number" && value.memory > 0;
}

/** Fewer steps back than forward would leave out the first steps' losses, whole: a passing over in silence that nobody means. */
function wrongTruncation(truncate: unknown): string | undefined {
  if (truncate === undefined) return undefined;
  if (!isRecord(truncate)) return `\`truncate\` is ${shown(truncate)}, expected numbers of steps`;
  for (const name of ["forward", "backward"]) {
    const steps = truncate[name];
    if (!(Number.isSafeInteger(steps) && (steps as number) > 0))
      return `\`truncate.${name}\` is ${shown(steps)}, expected a number of steps`;
  }
  const { forward, backward } = truncate as unknown as Truncation;
  if (backward >= forward) return undefined;
  return `a backward pass every ${forward} steps that goes back only ${backward} leaves out the losses of the others`;
}

function isDim(value: unknown): value is Dim {
  return (
    typeof value === "object" && value !== null && "size" in value && Number.isInteger((value as Dim).size) && (value as Dim).size >= 0
  );
}
