// Both ways: one cell reads from the first step on, another from the last, and each step knows what came before it and what comes behind
// (Schuster & Paliwal, 1997). It needs the whole sequence, so it can tag a sentence, and cannot continue one.

import type { Dim } from "../graph/dim.ts";
import type { Parameter, Tensor } from "../graph/node.ts";
import { calledFrom, standingAt } from "../graph/source.ts";
import { concat } from "../ops/concat.ts";
import { dropout } from "../ops/dropout.ts";
import { scan } from "../recurrence/scan/scan.ts";
import type { AnyState, CellMaker } from "./cell.ts";
import { counted, layerName, type Read, type Reading, recur, type StackOptions } from "./stacked.ts";

/** The last states of a layer: `forward` that after the last step, `backward` that after the first. */
export type BothWays = { readonly forward: AnyState; readonly backward: AnyState };

/** From below: `layer1`, `layer2`, … */
export type LayersBothWays = { readonly [layer: string]: BothWays };

export interface ReadingBothWays<T extends Dim, B extends Dim, I extends Dim> extends Reading<T, B, I> {
  /** First states; zeros when left out. */
  readonly from?: LayersBothWays;
}

/** Layers that read both ways. */
export interface Bidirectional<I extends Dim, O extends Dim> {
  <T extends Dim, B extends Dim>(reading: ReadingBothWays<T, B, I>): Read<T, B, O, LayersBothWays>;
  readonly parameters: { readonly [name: string]: Parameter };
}

/**
 * Layers of cells that read both ways; each layer's output is [forward, backward], which is the input of the next.
 * The cells are called `name.layer1.forward`, `name.layer1.backward`, …; of a single layer `name.forward`, `name.backward`.
 *
 * @param both the dim of the outputs: twice the size of `hidden`
 * @returns a function of `{ over, from, mask, through }`, giving `outputs` [time, batch, both], `final` [batch, both], and the layers' last `states`
 * @example
 * import { bidirectional, dim, graph, gru, input, lengthMask } from "clew";
 * const time = dim("time", 4), batch = dim("batch", 8), word = dim("word", 12), hidden = dim("hidden", 16), both = dim("both", 32);
 * const reader = bidirectional("reader", gru, word, hidden, both, { layers: 2 });
 * const mask = lengthMask(input("lengths", [batch], "int"), time);
 * graph(reader({ over: input("x", [time, batch, word]), mask }).outputs).parameters.length; // 40
 */
export function bidirectional<I extends Dim, H extends Dim, O extends Dim>(
  name: string,
  maker: CellMaker,
  input: I,
  hidden: H,
  both: O,
  options: StackOptions = {},
): Bidirectional<I, O> {
  const line = calledFrom(bidirectional);
  return standingAt(line, () => {
    const { layers = 1, dropout: rate = 0 } = options;
    const [count, sound] = counted("bidirectional", layers, line);
    const cells = Array.from({ length: count }, (_, n) => {
      const [called, from] = [layerName(name, n, count), n === 0 ? (input as Dim) : both];
      return { called, forward: maker(`${called}.forward`, from, hidden), backward: maker(`${called}.backward`, from, hidden) };
    });
    const read = <T extends Dim, B extends Dim>(reading: ReadingBothWays<T, B, I>): Read<T, B, O, LayersBothWays> =>
      standingAt(calledFrom(read), () => {
        const { over, mask, through = scan, from } = reading;
        let said: Tensor<readonly [T, B, Dim]> = over;
        const states: { [layer: string]: BothWays } = {};
        cells.forEach(({ forward, backward, called }, n) => {
          if (n > 0 && rate > 0) said = dropout(said, rate, called);
          const first = from?.[`layer${n + 1}`] ?? {
            forward: forward.zeroState(over.shape[1]),
            backward: backward.zeroState(over.shape[1]),
          };
          const there = recur(through, forward, { over: said, from: first.forward, mask });
          const back = recur(through, backward, { over: said, from: first.backward, mask, reverse: true });
          said = sound(concat([there.outputs, -1], [back.outputs, -1], both)) as Tensor as Tensor<readonly [T, B, Dim]>;
          states[`layer${n + 1}`] = { forward: there.final, backward: back.final };
        });
        const top = cells[count - 1]!;
        const last = states[`layer${count}`]!;
        const final = sound(concat([top.forward.h(last.forward), -1], [top.backward.h(last.backward), -1], both));
        return { outputs: said as Tensor<readonly [T, B, O]>, final: final as Tensor as Tensor<readonly [B, O]>, states };
      });
    const parameters: { readonly [name: string]: Parameter } = Object.assign(
      {},
      ...cells.flatMap(({ forward, backward }) => [forward.parameters, backward.parameters]),
    );
    return Object.assign(read, { parameters });
  });
}
