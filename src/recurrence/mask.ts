// Padded steps. Selecting afterwards is not enough: a NaN or an infinity that the cell made of padding would come back through the gradient
// as 0·∞. So in padded steps the cell is fed what is real: the sequence's first state, and its first real input.

import { alignment, type Dim, otherAxes, type Shape, sizeOf } from "../graph/dim.ts";
import { operand } from "../graph/make.ts";
import type { Node, Tensor } from "../graph/node.ts";
import { composite } from "../graph/source.ts";
import { algebra as m } from "../ops/algebra.ts";

/**
 * What the cell is fed in padded steps, for every input [time, …]: each sequence's first real element, in the order in which steps are
 * made; for a sequence that has none, one of another sequence; zeros when nothing at all is real.
 */
export function firstReal(inputs: readonly Node[], mask: Node, time: Dim, reverse: boolean): readonly Node[] {
  const batch = mask.shape.slice(1);
  if (time.size === 0) return inputs.map((x) => m.cast(m.full(x.shape.slice(1), 0), x.dtype));
  const behindTime = batch.map((_, i) => i + 1);
  const along = m.cast(m.iota([time], 0), "float");
  const position = m.broadcast(reverse ? m.sub(m.constant(time.size - 1), along) : along, mask.shape, [0]);
  // the first real step of a sequence has the smallest position among the real ones
  const first = smallest(m.where(mask, position, m.constant(time.size)), [0]);
  const isFirst = m.equal(position, m.broadcast(first, mask.shape, behindTime));
  const isEmpty = m.equal(first, m.constant(time.size));
  // the same over all sequences, counted one after the other
  const count = sizeOf(batch);
  const sequence = batch.reduce(
    (rank, d, i) => {
      const own = m.cast(m.iota(batch, i), "float");
      return i === 0 ? own : m.add(m.mul(rank, m.constant(d.size)), own);
    },
    m.full(batch, 0),
  );
  const order = m.add(m.mul(m.broadcast(sequence, mask.shape, behindTime), m.constant(time.size)), position);
  const firstOfAll = smallest(
    m.where(mask, order, m.constant(count * time.size)),
    mask.shape.map((_, i) => i),
  );
  const isFirstOfAll = m.equal(order, firstOfAll);
  return inputs.map((x) => {
    const at = alignment(batch, x.shape.slice(1)) ?? []; // checked when the cell was read
    const axes = [0, ...at.map((a) => a + 1)];
    const chosen = (which: Node, over: readonly number[]): Node =>
      m.sum(m.where(m.broadcast(which, x.shape, axes), m.cast(x, "float"), m.constant(0)), over);
    const own = chosen(isFirst, [0]);
    const others = chosen(isFirstOfAll, axes);
    const rest = otherAxes(own.shape.length, at);
    return m.cast(m.where(m.broadcast(isEmpty, own.shape, at), m.broadcast(others, own.shape, rest), own), x.dtype);
  });
}

/** The minimum over axes, dropped. */
function smallest(a: Node, axes: readonly number[]): Node {
  return m.neg([...axes].sort((x, y) => y - x).reduce((b, axis) => m.max(b, axis), m.neg(a)));
}

/**
 * The mask of padded sequences: true at step t of a sequence longer than t. lengths [batch] (int) gives [time, batch].
 *
 * @example
 * import { dim, evaluate, input, lengthMask } from "clew";
 * const lengths = input("lengths", [dim("batch", 2)], "int");
 * evaluate(lengthMask(lengths, dim("time", 3)), { lengths: [1, 3] }).data; // Uint8Array [1, 1, 0, 1, 0, 1]
 */
export const lengthMask: <B extends Shape, T extends Dim>(lengths: Tensor<B, "int">, time: T) => Tensor<readonly [T, ...B], "bool"> =
  composite("lengthMask", (given: unknown, time: Dim) => {
    const lengths = operand("lengthMask", given);
    const shape = [time, ...lengths.shape];
    const wide = m.broadcast(
      lengths,
      shape,
      lengths.shape.map((_, i) => i + 1),
    );
    return m.less(m.iota(shape, 0), wide);
  });
