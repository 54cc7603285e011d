import { make } from "../graph/make.ts";
import type { ForwardAt, Node } from "../graph/node.ts";

/** Tangent of an op that is linear in its first operand: the same op on the tangent. */
export function linear<A>({ node, inputs, tangents }: ForwardAt<A>): Node | undefined {
  return tangents[0] === undefined ? undefined : make(node.op, [tangents[0], ...inputs.slice(1)], node.attributes);
}
