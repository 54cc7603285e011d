// graph(): the first verb. Validates everything that the outputs reach and reports all mistakes at once, in source order.

import * as E from "fp-ts/lib/Either.js";
import { type Checked, type Diagnostic, diagnostic } from "./diagnostics.ts";
import { type Dim, showShape } from "./dim.ts";
import { nameOf, noteOf } from "./make.ts";
import type { Node } from "./node.ts";
import { showStep } from "./source.ts";
import { topological } from "./traverse.ts";
import { nodesOf, oddIn, type Tree } from "./tree.ts";

/** A validated graph: immutable, printable. */
export interface Graph<T = Tree<Node>> {
  /** The tree of outputs as it was given. */
  readonly outputs: T;
  readonly inputs: readonly Node[];
  readonly parameters: readonly Node[];
  /** In topological order: every node after its operands. */
  readonly nodes: readonly Node[];
  toString(): string;
}

/**
 * Validates the graph of `outputs`: a tensor, or a record (of records) of tensors.
 *
 * @returns the graph, or every mistake that the outputs reach: one report for a cell's template, in source order.
 */
export function graph<T>(outputs: T): Checked<Graph<T>> {
  const odd = oddIn(outputs);
  if (odd !== undefined) {
    return E.left([
      diagnostic({
        code: "NotTensor",
        op: "graph",
        message: `outputs must be a tensor, or a record of tensors${odd.path === "" ? "" : `: ${odd.path} is ${odd.is}`}`,
        hint: "graph({ loss, gradient })",
      }),
    ]);
  }
  const nodes = topological(nodesOf(outputs));
  const problems = mistakesIn(nodes);
  if (problems.length > 0) return E.left(problems);
  const inputs = nodes.filter((n) => n.op.leaf === "input");
  const parameters = nodes.filter((n) => n.op.leaf === "parameter");
  return E.right({ outputs, inputs, parameters, nodes, toString: () => printed(nodes) });
}

/** All mistakes in these nodes, in source order. */
export function mistakesIn(nodes: readonly Node[]): readonly Diagnostic[] {
  const found = new Map<Diagnostic, number>(); // → where it stands in the source: the id of its first node
  const note = (d: Diagnostic, id: number) => found.set(d, Math.min(id, found.get(d) ?? id));
  for (const node of nodes) for (const d of node.diagnostics) note(d, (node.origin.template ?? node).id);
  for (const [d, id] of duplicateNames(nodes)) note(d, id);
  for (const [d, id] of escapedTemplates(nodes)) note(d, id);
  // A size that disagrees is usually what a shape mistake is about: say it once, as the shape mistake.
  if (found.size === 0) for (const [d, id] of inconsistentDims(nodes)) note(d, id);
  return [...found].sort((a, b) => a[1] - b[1]).map(([d]) => d);
}

type Found = readonly [Diagnostic, number];

function duplicateNames(nodes: readonly Node[]): readonly Found[] {
  const first = new Map<string, Node>();
  const found: Found[] = [];
  for (const node of nodes) {
    const name = node.op.leaf === "input" || node.op.leaf === "parameter" ? nameOf(node) : undefined;
    if (name === undefined) continue;
    const other = first.get(name);
    if (other === undefined) first.set(name, node);
    else {
      const [earlier, later] = other.id < node.id ? [other, node] : [node, other];
      found.push([
        diagnostic({
          code: "DuplicateName",
          op: later.op.name,
          message: `two different ${earlier.op.name === later.op.name ? `${later.op.name}s` : `nodes (${earlier.op.name}, ${later.op.name})`} are named "${name}"`,
          operands: [noteOf(earlier), noteOf(later)],
          site: later.origin.site,
          related: [placeOf("also at", earlier)],
          hint: "sharing is using the same node; otherwise give each its own name",
        }),
        later.id,
      ]);
    }
  }
  return found;
}

function placeOf(message: string, node: Node): { readonly message: string; readonly at?: string | undefined } {
  return { message, at: diagnostic({ code: "BadArgument", message, site: node.origin.site }).at };
}

function escapedTemplates(nodes: readonly Node[]): readonly Found[] {
  const found: Found[] = [];
  const told = new Set<unknown>();
  for (const node of nodes) {
    if (node.op.leaf !== "template") continue;
    const consumer = nodes.find((n) => n.inputs.includes(node)) ?? node;
    const cell = node.origin.cell;
    if (told.has(cell)) continue; // one report for a cell, however many of its nodes got out
    told.add(cell);
    found.push([
      diagnostic({
        code: "EscapedTemplate",
        op: consumer.op.name,
        message: `a node of the cell${cell === undefined ? "" : ` over ${cell.name}`} is used outside the cell, where it has no value`,
        operands: [noteOf(node)],
        site: consumer.origin.site,
        hint: "return it from the cell as its output, or take it from steps[t]",
      }),
      consumer.id,
    ]);
  }
  return found;
}

function inconsistentDims(nodes: readonly Node[]): readonly Found[] {
  const first = new Map<string, { readonly dim: Dim; readonly node: Node }>();
  const found: Found[] = [];
  const told = new Set<string>();
  for (const node of nodes) {
    for (const d of node.shape) {
      const before = first.get(d.name);
      if (before === undefined) first.set(d.name, { dim: d, node });
      else if (before.dim.size !== d.size && !told.has(d.name)) {
        told.add(d.name);
        const sides = [before.node, node].sort((a, b) => a.id - b.id) as [Node, Node];
        const sizes = sides[0] === node ? [d.size, before.dim.size] : [before.dim.size, d.size];
        found.push([
          diagnostic({
            code: "InconsistentDim",
            op: sides[1].op.name,
            message: `"${d.name}" has two sizes in one graph: ${sizes.join(" and ")}`,
            operands: sides.map(noteOf),
            site: sides[1].origin.site,
            related: [placeOf("also at", sides[0])],
            hint: "give one of them another name: dim(name, size)",
          }),
          sides[1].id,
        ]);
      }
    }
  }
  return found;
}

/** One line a node: `%12 [batch=8, hidden=16] = tanh(%11)   time = 3`. */
function printed(nodes: readonly Node[]): string {
  const number = new Map(nodes.map((n, i) => [n, i]));
  return nodes
    .map((n) => {
      const operands = n.inputs.map((i) => `%${number.get(i)}`).join(", ");
      const step = showStep(n.origin.step);
      const name = nameOf(n);
      const dtype = n.dtype === "float" ? "" : ` ${n.dtype}`;
      const note = [step, n.origin.derived?.rule].filter((t) => t !== undefined).join("  ");
      return `%${number.get(n)} ${showShape(n.shape)}${dtype} = ${n.op.name}${name === undefined ? "" : ` "${name}"`}(${operands})${note === "" ? "" : `   ${note}`}`;
    })
    .join("\n");
}
