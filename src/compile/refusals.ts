// What cannot be compiled, and why: told before anything is made.

import { bodyOf, orderOf } from "../graph/body.ts";
import { type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { showShape, sizeOf } from "../graph/dim.ts";
import { calledName, noteOf } from "../graph/make.ts";
import type { Node } from "../graph/node.ts";
import { ambientOrigin, showStep } from "../graph/source.ts";
import type { Precision } from "./loops.ts";
import { mostBytes } from "./machine.ts";

/** Ops of which only the reference is known. */
export function notCompilable(nodes: readonly Node[]): readonly Diagnostic[] {
  const told = new Set<string>();
  const found: Diagnostic[] = [];
  const look = (node: Node): void => {
    const body = bodyOf(node);
    if (body !== undefined) for (const n of orderOf(body).order) look(n);
    const isReader = node.inputs[0] !== undefined && bodyOf(node.inputs[0]) !== undefined;
    if (body !== undefined || isReader || node.op.computation !== undefined || told.has(node.op.name)) return;
    told.add(node.op.name);
    found.push(
      diagnostic({
        code: "NotCompilable",
        op: calledName(node),
        message: "only the reference interpreter can compute it",
        operands: node.inputs.map(noteOf),
        step: showStep(node.origin.step),
        site: node.origin.site,
        hint: "give its definition a formula, or use interpret(…)",
      }),
    );
  };
  for (const node of nodes) look(node);
  return found;
}

/** Tensors that the memory of a program cannot have, where they first come up. */
export function tooLarge(nodes: readonly Node[], precision: Precision): readonly Diagnostic[] {
  const bytes = ({ shape, dtype }: Node): number => sizeOf(shape) * (dtype === "float" && precision === "f64" ? 8 : 4);
  const large = new Set(nodes.filter((n) => bytes(n) > mostBytes));
  const first = [...large].filter((n) => !n.inputs.some((i) => large.has(i)));
  return first.map((n) => notHeld(calledName(n), `${showShape(n.shape)}: ${sizeOf(n.shape)} elements, ${gibibytes(bytes(n))} GiB`, n));
}

export function notHeld(op: string, what: string, node?: Node): Diagnostic {
  const message = `the memory of a compiled program does not hold ${what}`;
  const origin = node === undefined ? ambientOrigin() : node.origin;
  return diagnostic({
    code: "TooLarge",
    op,
    message,
    operands: node?.inputs.map(noteOf) ?? [],
    step: showStep(origin.step),
    site: origin.site,
  });
}

export function gibibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 30);
}
