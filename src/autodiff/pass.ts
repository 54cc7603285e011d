// The differentiation that runs right now: every node that it derives knows it, so that what was derived together can be told apart from what
// was derived later, and one can say in which direction of time a derived recurrence runs.

import type { Pass } from "../graph/node.ts";

let passes = 0;
let current: Pass = { number: 0, reverse: false };

export function currentPass(): Pass {
  return current;
}

export function inPass<A>(mode: "forward" | "reverse", run: () => A): A {
  const before = current;
  current = { number: ++passes, reverse: mode === "reverse" };
  try {
    return run();
  } finally {
    current = before;
  }
}
