// Layers of recurrence: what one says at every step is the input of the next. A stack of cells is a cell again, so it goes wherever a cell does.
//
// One step of a stack goes through all layers, as it must where an output is fed back. Where the inputs are there from the start, the layers may
// as well be gone through one after the other: the same values, and what a layer does with its input is one product for all steps.

import type { Dim, Shape } from "../graph/dim.ts";
import type { Parameter, Tensor } from "../graph/node.ts";
import { shown } from "../graph/options.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { dropout } from "../ops/dropout.ts";
import { scan } from "../recurrence/scan/scan.ts";
import type { Recurrence } from "../recurrence/types.ts";
import { type AnyState, type Cell, type CellMaker, mistaken } from "./cell.ts";

export interface StackOptions {
  /** How many; 1 when left out. */
  readonly layers?: number;
  /** Share of the numbers between two layers that is dropped while training; 0 when left out. */
  readonly dropout?: number;
}

/** The layers' states, from below: `layer1`, `layer2`, … */
export type LayerStates = { readonly [layer: string]: AnyState };

export interface StackedCell<I extends Dim, H extends Dim> {
  <B extends Dim>(state: LayerStates, x_t: Tensor<readonly [B, I]>): Recurrence<LayerStates, Tensor<readonly [B, H]>>;
  readonly parameters: { readonly [name: string]: Parameter };
  readonly zeroState: (batch: Dim) => LayerStates;
  /** The h of the top layer. */
  readonly h: (state: LayerStates) => Tensor<readonly [Dim, H]>;
  /** From below. */
  readonly layers: readonly Cell<Dim, H>[];
  /** What goes from a layer to the one above, [..., hidden]. */
  readonly between: <T extends Tensor>(h: T, layer: number) => T;
}

/**
 * A stack of cells as one cell, with dropout between the layers. The cells are called `name.layer1`, …; a single one just `name`.
 *
 * @param maker makes a layer's cell: `rnn`, `lstm`, `gru`, or a function of (name, input, hidden)
 * @example
 * import { dim, graph, input, lstm, scan, stacked } from "clew";
 * const time = dim("time", 4), batch = dim("batch", 8), word = dim("word", 12), hidden = dim("hidden", 16);
 * const encoder = stacked("encoder", lstm, word, hidden, { layers: 2, dropout: 0.5 });
 * const { final } = scan(encoder, { over: input("x", [time, batch, word]), from: encoder.zeroState(batch) });
 * graph(encoder.h(final)).parameters.length; // 24
 */
export function stacked<I extends Dim, H extends Dim>(
  name: string,
  maker: CellMaker,
  input: I,
  hidden: H,
  options: StackOptions = {},
): StackedCell<I, H> {
  const line = calledFrom(stacked);
  return standingAt(line, () => stackAt(line, name, maker, input, hidden, options));
}

function stackAt<I extends Dim, H extends Dim>(
  line: Site,
  name: string,
  maker: CellMaker,
  input: I,
  hidden: H,
  { layers = 1, dropout: rate = 0 }: StackOptions,
): StackedCell<I, H> {
  const [count, sound] = counted("stacked", layers, line);
  const cells: readonly Cell<Dim, H>[] = Array.from({ length: count }, (_, n) =>
    maker(layerName(name, n, count), n === 0 ? (input as Dim) : hidden, hidden),
  );
  const top = count - 1;
  const between = <T extends Tensor>(h: T, layer: number): T =>
    sound(layer === top || rate === 0 ? h : (dropout(h as Tensor, rate, layerName(name, layer, count)) as T));
  const cell = <B extends Dim>(state: LayerStates, x_t: Tensor<readonly [B, I]>) =>
    standingAt(line, () => {
      const next: { [layer: string]: AnyState } = {};
      let h: Tensor<readonly [Dim, Dim]> = x_t;
      cells.forEach((layer, n) => {
        const made = layer(state[`layer${n + 1}`]!, h);
        next[`layer${n + 1}`] = made.state;
        h = between(made.output, n);
      });
      return { state: next, output: h as Tensor<readonly [B, H]> };
    });
  return Object.assign(cell, {
    parameters: Object.assign({}, ...cells.map((c) => c.parameters)) as { readonly [name: string]: Parameter },
    zeroState: (batch: Dim) => Object.fromEntries(cells.map((c, n) => [`layer${n + 1}`, c.zeroState(batch)])),
    h: (state: LayerStates) => sound(cells[top]!.h(state[`layer${count}`]!)),
    layers: cells,
    between,
  });
}

/** A number of layers; for one that is none, 1, and what tells of it. */
export function counted(of: string, layers: unknown, line: Site): readonly [number, <T extends Tensor>(a: T) => T] {
  if (Number.isSafeInteger(layers) && (layers as number) >= 1) return [layers as number, (a) => a];
  return [1, mistaken(of, `layers is ${shown(layers)}`, "a whole number, 1 or more", line)];
}

/** A single layer needs no number. */
export function layerName(name: string, layer: number, count: number): string {
  return count === 1 ? name : `${name}.layer${layer + 1}`;
}

/** What a sequence is read with. */
export interface Reading<T extends Dim, B extends Dim, I extends Dim> {
  readonly over: Tensor<readonly [T, B, I]>;
  /** Which steps are real. */
  readonly mask?: Tensor<Shape, "bool">;
  /** `scan` when left out; `unroll` writes every step out. */
  readonly through?: typeof scan;
}

/** What was read: what is said after every step, and the h and the states of the end. */
export interface Read<T extends Dim, B extends Dim, O extends Dim, S> {
  readonly outputs: Tensor<readonly [T, B, O]>;
  readonly final: Tensor<readonly [B, O]>;
  readonly states: S;
}

/**
 * A sequence, read by a stack layer by layer: values as those of `scan(stack, …)`, in as many recurrences as there are layers. (Dropout between
 * layers draws for all steps at once: other draws than within a step, of the same kind.)
 *
 * @returns `outputs` [time, batch, hidden], `final` [batch, hidden], and the layers' last `states`
 * @example
 * import { dim, graph, gru, input, layerByLayer, stacked } from "clew";
 * const time = dim("time", 4), batch = dim("batch", 8), word = dim("word", 12), hidden = dim("hidden", 16);
 * const encoder = stacked("encoder", gru, word, hidden, { layers: 3 });
 * const { outputs, final } = layerByLayer(encoder, { over: input("x", [time, batch, word]) });
 * graph({ outputs, final }).parameters.length; // 30
 */
export function layerByLayer<T extends Dim, B extends Dim, I extends Dim, H extends Dim>(
  stack: StackedCell<I, H>,
  { over, mask, through = scan, from }: Reading<T, B, I> & { readonly from?: LayerStates },
): Read<T, B, H, LayerStates> {
  return standingAt(calledFrom(layerByLayer), () => {
    const states: { [layer: string]: AnyState } = {};
    const first: LayerStates = from ?? stack.zeroState(over.shape[1]);
    let said: Tensor<readonly [T, B, Dim]> = over;
    stack.layers.forEach((cell, n) => {
      const layer = `layer${n + 1}`;
      const made = recur(through, cell, { over: said, from: first[layer]!, mask });
      states[layer] = made.final;
      said = stack.between(made.outputs, n);
    });
    return { outputs: said as Tensor<readonly [T, B, H]>, final: stack.h(states) as Tensor<readonly [B, H]>, states };
  });
}

/** A cell over a sequence. The types of trees are seen through by `scan` for a tree that is known, not for any. */
export function recur<T extends Dim, B extends Dim, H extends Dim>(
  through: typeof scan,
  cell: Cell<Dim, H>,
  options: {
    readonly over: Tensor<readonly [T, B, Dim]>;
    readonly from: AnyState;
    readonly mask: Tensor<Shape, "bool"> | undefined;
    readonly reverse?: boolean;
  },
): { readonly outputs: Tensor<readonly [T, B, H]>; readonly final: AnyState } {
  const { mask, ...rest } = options;
  type Untyped = (cell: unknown, options: unknown) => { readonly outputs: Tensor<readonly [T, B, H]>; readonly final: AnyState };
  return (through as unknown as Untyped)(cell, mask === undefined ? rest : { ...rest, mask });
}
