// A scan as one node of the graph: a body, and operands that are bound to its variables. It does not grow with the number of steps.

import type { Op } from "../../graph/node.ts";
import { backward, onward } from "./derive.ts";
import { lifted } from "./lift.ts";
import type { ScanAttributes } from "./results.ts";
import { rewritten } from "./rewrite.ts";
import { branchesOfScan, runScan } from "./run.ts";

export const scanOp: Op<ScanAttributes> = {
  name: "scan",
  doc: "A recurrence: a body, computed for every step; other nodes ask for its results.",
  infer: () => ({ shape: [], dtype: "float" }),
  evaluate: runScan,
  vjp: backward,
  jvp: onward,
  lift: lifted,
  atStep: (attributes, step) => ({ ...attributes, outer: step }),
  inference: (node, inputs) => rewritten(node, inputs, (n, operands) => n.op.inference?.(n, operands)),
  branch: branchesOfScan,
  label: ({ recurrence }) => `scan over ${recurrence.dim.name}`,
  latex: (operands) => `\\operatorname{scan}(${operands.join(", ")})`,
  samples: [],
};
