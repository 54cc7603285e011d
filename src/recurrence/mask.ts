// Padded steps. Selecting afterwards is not enough: a NaN or an infinity that the cell made of padding would come back through the gradient
// as 0·∞. So in padded steps the cell is fed what is real: the sequence's first real input and its first state.

import type { Dim, Shape } from "../graph/dim.ts";
import type { Node, Tensor } from "../graph/node.ts";
import { composite } from "../graph/source.ts";
import { nodesOf } from "../graph/tree.ts";
import { algebra as m } from "../ops/algebra.ts";

/** For every input: each sequence's first real element (in the order in which steps are made); zeros for a sequence that has none. */
export function maskedInput(over: unknown, mask: Node, time: Dim, reverse: boolean): { readonly firstReal: readonly Node[] } {
  const batch = mask.shape.slice(1);
  // the first real step is where the count of real steps, this one included, is 1: found by position, as the smallest (or largest) one
  const position = m.broadcast(m.cast(m.iota([time], 0), "float"), mask.shape, [0]);
  const nowhere = m.constant(reverse ? -1 : time.size);
  const real = m.where(mask, position, nowhere);
  const first = time.size === 0 ? m.full(batch, 0) : reverse ? m.max(real, 0) : m.neg(m.max(m.neg(real), 0));
  const isFirst = m.equal(
    position,
    m.broadcast(
      first,
      mask.shape,
      batch.map((_, i) => i + 1),
    ),
  );
  return {
    firstReal: nodesOf(over).map((x) => {
      const chosen = m.where(isFirst, asFloat(x), m.constant(0));
      const sum = m.sum(chosen, [0]);
      return m.cast(sum, x.dtype);
    }),
  };
}

function asFloat(x: Node): Node {
  return m.cast(x, "float");
}

/** The mask of padded sequences: true at step t of a sequence longer than t. lengths [batch] (int) gives [time, batch]. */
export const lengthMask: <B extends Shape, T extends Dim>(lengths: Tensor<B, "int">, time: T) => Tensor<readonly [T, ...B], "bool"> =
  composite("lengthMask", (lengths: Node, time: Dim) => {
    const shape = [time, ...lengths.shape];
    const wide = m.broadcast(
      lengths,
      shape,
      lengths.shape.map((_, i) => i + 1),
    );
    return m.less(m.iota(shape, 0), wide);
  });
