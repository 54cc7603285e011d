// Op functions are total: whatever they are given, they return a node. What makes no sense is reported by graph(), and what graph() accepts
// evaluates.

import * as fp from "clew/fp";
import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { isNode, type Node } from "../../src/graph/node.ts";
import * as vocabulary from "../../src/ops/index.ts";
import { anyArguments, feedsFor, show } from "./arguments.ts";

const initialisers = ["constantly", "glorot", "he", "identity", "normal", "orthogonal", "uniform"];
const ops = Object.entries(vocabulary).filter(([name]) => !initialisers.includes(name)) as unknown as readonly (readonly [
  string,
  (...args: readonly unknown[]) => unknown,
])[];

/** The node that a call returns, judged by the graph and then evaluated. */
function judged(node: unknown): void {
  if (!isNode(node)) throw new Error("did not return a node");
  const checked = fp.graph(node);
  if (E.isLeft(checked)) {
    expect(checked.left.length).toBeGreaterThan(0);
    expect(fp.showDiagnostics(checked.left)).not.toMatch(/\[object|undefined:|NaN:/);
    return;
  }
  for (const n of checked.right.nodes)
    for (const d of n.shape)
      expect([typeof d.name, d.name !== "", Number.isInteger(d.size), d.size >= 0]).toEqual(["string", true, true, true]);
  String(checked.right);
  fp.evaluate(node as Node, feedsFor(checked.right.inputs)); // Either way: it does not throw
}

describe("any argument", () => {
  test.each(ops)("%s", (name, op) => {
    fc.assert(
      fc.property(anyArguments, (args) => {
        try {
          judged(op(...args));
        } catch (e) {
          throw new Error(`${name}(${args.map(show).join(", ")}): ${(e as Error).stack}`);
        }
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});

describe("derivatives and transforms", () => {
  const { grad, valueAndGrad, vjp, jvp, jacobian, hessian, hvp, inference, lengthMask, graph, evaluate } = fp;
  const transforms = { grad, valueAndGrad, vjp, jvp, jacobian, hessian, hvp, inference, lengthMask, graph, evaluate };
  test.each(Object.entries(transforms))("%s", (name, transform) => {
    fc.assert(
      fc.property(anyArguments, (args) => {
        try {
          (transform as (...x: readonly unknown[]) => unknown)(...args);
        } catch (e) {
          throw new Error(`${name}(${args.map(show).join(", ")}): ${(e as Error).stack}`);
        }
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});
