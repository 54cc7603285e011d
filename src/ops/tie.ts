import type { Arithmetic } from "../graph/algebra.ts";
import type { Node } from "../graph/node.ts";

/** v where a is larger than b, half of it where they tie, 0 elsewhere: what maximum passes on to a, and minimum to b. */
export function whereLarger(m: Arithmetic<Node>, v: Node, a: Node, b: Node): Node {
  return m.where(m.less(b, a), v, m.where(m.equal(a, b), m.mul(v, m.constant(0.5)), m.constant(0)));
}
