// What a box says, and its colour.

import type { Node } from "../../graph/node.ts";
import { along, type Box, isParameter, type Path, weightOf } from "./boxes.ts";
import { leafName, shapeText } from "./names.ts";
import type { Role } from "./print.ts";
import type { Vertex } from "./sketch.ts";

export function roleOf(box: Box): Role {
  const { main } = box;
  if (main.ellipsis) return "ellipsis";
  if (main.output !== undefined) return "output";
  if (main.state || main.placeholder === "state") return "state";
  if (main.placeholder === "input" || main.node.op.leaf === "input") return "input";
  if (main.node.op.leaf === "parameter") return "parameter";
  return "op";
}

/** Title, operation (with what is added in it, and the weight that it multiplies by), shape. */
export function linesOf(box: Box, added: readonly string[] = [], weighed?: string): readonly string[] {
  const { main } = box;
  const title = main.name ?? (main.output !== undefined && main.output !== "" ? main.output : undefined);
  const op =
    main.placeholder === undefined && main.node.op.leaf === undefined
      ? operationOf(box) + (weighed === undefined ? "" : ` ${weighed}`)
      : title === undefined
        ? leafName(main.node)
        : undefined;
  const operation = op === undefined ? undefined : added.length === 0 ? op : `${op}(… ${added.map((b) => `+ ${b}`).join(" ")})`;
  return [
    title,
    operation === title ? undefined : operation,
    shapeText(main.placeholder === "input" && main.slot ? main.node.shape.slice(1) : main.node.shape),
  ].filter((l) => l !== undefined);
}

/** The op's label, with numbers that are operands written in: `1 −`. */
export function operationOf(box: Box): string {
  if (box.call !== undefined) return box.call;
  const { node } = box.main;
  const label = node.op.label(node.attributes);
  const numbers = node.inputs.map(numberIn);
  if (node.inputs.length !== 2) return label;
  if (numbers[0] !== undefined) return `${numbers[0]} ${label}`;
  return numbers[1] !== undefined ? `${label} ${numbers[1]}` : label;
}

/** A number written down, through what repeats it. */
function numberIn(node: Node): string | undefined {
  let at = node;
  while (at.op.picture?.plumbing === true && at.inputs.length === 1) at = at.inputs[0]!;
  return at.op.leaf === "constant" && at.op.picture?.plumbing === true ? at.op.label(at.attributes) : undefined;
}

/** The weights that a path multiplies by, where `told` says that arrows tell them. */
export function weightsAlong(told: (v: Vertex) => boolean = () => true): (path: Path) => readonly string[] {
  return along<readonly string[]>([], (before, { of, at }) => {
    const weight = weightOf(of);
    return weight === undefined || weight === at || !told(of) ? before : [...before, leafName(weight.from.node)];
  });
}

/** Parameters that are only added: told in the box. */
export function biasesOf(box: Box, arrow: (v: Vertex) => boolean): readonly string[] {
  const found: string[] = [];
  const stack = box.members.flatMap((m) => m.wires.map((w) => w.from)).reverse();
  while (stack.length > 0) {
    const v = stack.pop()!;
    if (v.node.op.picture?.sum !== true || !arrow(v)) continue;
    for (const w of v.wires) {
      if (isParameter(w.from.node)) found.push(leafName(w.from.node));
      else stack.push(w.from);
    }
  }
  return [...new Set(found)];
}
