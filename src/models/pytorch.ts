// Weights of PyTorch's nn.RNN, nn.LSTM and nn.GRU as the parameters of these cells, and back. There, weights stand the other way round,
// weight_ih [gates · hidden, input] for U [input, hidden]; the gates stand below each other (LSTM: i f g o; GRU: r z n); and there are two biases,
// which a cell only ever adds up: b is their sum, but for the GRU's n, where one of them is within the reset gate's reach.
//
// Source: the equations and the layout in the documentation of torch.nn.RNN, LSTM and GRU.

import * as E from "fp-ts/lib/Either.js";
import type { Checked, Diagnostic } from "../graph/diagnostics.ts";
import { badArgument, isRecord, shown } from "../graph/options.ts";

/** Numbers with their shape, row-major. */
interface Numbers<D extends ArrayLike<number> = ArrayLike<number>> {
  readonly shape: readonly number[];
  readonly data: D;
}

/** Weights by name, as `load` gives them. */
export type Weights = { readonly [name: string]: Numbers };
/** The same in typed arrays, as feeds, `fit`'s `from` and `save` take them. */
export type NamedWeights = { readonly [name: string]: Numbers<Float64Array> };

/** The gates' letters, in PyTorch's order. Their number is that of rows over that of columns of weight_hh. */
const gates: Readonly<Record<number, readonly string[]>> = { 1: [""], 4: ["_i", "_f", "_g", "_o"], 3: ["_r", "_z", "_n"] };

const keys = /^(weight_ih|weight_hh|bias_ih|bias_hh)_l(\d+)(_reverse)?$/;

/**
 * A state dict of nn.RNN, nn.LSTM or nn.GRU as parameters of a `stacked` or `bidirectional` of that name; which of the three it is, how many layers and
 * directions, and whether there are biases, is read off it. A GRU is one whose reset gate stands after the product.
 *
 * @param prefix what stands before the names in the dict, such as "encoder." for a module's part; other names are left alone
 */
export function fromPyTorch(name: string, dict: Weights, prefix = ""): Checked<NamedWeights> {
  if (!isRecord(dict)) return E.left([badArgument("fromPyTorch", `the state dict must be a record, found ${shown(dict)}`)]);
  const own = Object.entries(dict).flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : []));
  const found = new Map(own.filter(([key]) => keys.test(key)));
  const odd = own.filter(([key]) => !keys.test(key)).map(([key]) => key);
  const problems: Diagnostic[] = [];
  const wrong = (message: string, hint?: string): void => void problems.push(badArgument("fromPyTorch", message, hint));
  if (found.size === 0)
    wrong(
      `there is no weight_ih_l0 in it`,
      `it has ${
        own
          .map(([key]) => key)
          .slice(0, 8)
          .join(", ") || "nothing"
      }; a prefix may be given`,
    );
  else if (prefix === "" && odd.length > 0)
    wrong(`it has ${odd.join(", ")}`, "a prefix says which part of a module it is; projections (proj_size) are not known");
  const count = 1 + Math.max(-1, ...[...found.keys()].map((key) => Number(keys.exec(key)![2])));
  const both = [...found.keys()].some((key) => key.endsWith("_reverse"));
  const made: { [name: string]: Numbers<Float64Array> } = {};
  for (let layer = 0; layer < count; layer++) {
    for (const way of both ? ["", "_reverse"] : [""]) {
      const of = (part: string): Numbers | undefined => found.get(`${part}_l${layer}${way}`);
      const at = `l${layer}${way}`;
      const [ih, hh] = [of("weight_ih"), of("weight_hh")];
      if (ih === undefined || hh === undefined) {
        wrong(`weight_${ih === undefined ? "ih" : "hh"}_${at} is missing`);
        continue;
      }
      const [rows = 0, hidden = 0] = hh.shape;
      const letters = gates[rows / hidden];
      if (letters === undefined || ih.shape[0] !== rows || ih.shape.length !== 2) {
        wrong(
          `${at}: weight_ih [${ih.shape}] and weight_hh [${hh.shape}] are of no RNN, LSTM or GRU`,
          "[gates · hidden, input], [gates · hidden, hidden]",
        );
        continue;
      }
      const [b_ih, b_hh] = [of("bias_ih"), of("bias_hh")];
      const misfit = [ih, hh, b_ih, b_hh].find((n) => n !== undefined && n.data.length !== n.shape.reduce((p, d) => p * d, 1));
      if (
        misfit !== undefined ||
        [b_ih, b_hh].some((b) => b !== undefined && b.data.length !== rows) ||
        (b_ih === undefined) !== (b_hh === undefined)
      ) {
        wrong(
          `${at}: ${misfit === undefined ? "the biases do not fit" : `${misfit.data.length} numbers for [${misfit.shape}]`}`,
          `two biases of ${rows}, or none`,
        );
        continue;
      }
      const called = (matrix: string): string =>
        `${cellName(name, layer, count, both ? (way === "" ? "forward" : "backward") : undefined)}.${matrix}`;
      letters.forEach((letter, k) => {
        made[called(`U${letter}`)] = turned(ih, k * hidden, hidden);
        made[called(`W${letter}`)] = turned(hh, k * hidden, hidden);
        if (b_ih === undefined || b_hh === undefined) return;
        const apart = letter === "_n";
        made[called(`b${letter}`)] = row(hidden, (h) => b_ih.data[k * hidden + h]! + (apart ? 0 : b_hh.data[k * hidden + h]!));
        if (apart) made[called("b_hn")] = row(hidden, (h) => b_hh.data[k * hidden + h]!);
      });
    }
  }
  return problems.length > 0 ? E.left(problems) : E.right(made);
}

/**
 * The other way: parameters of a `stacked` or `bidirectional` of that name as a state dict. Where one bias is there for two, bias_hh is 0.
 */
export function toPyTorch(name: string, parameters: Weights): Checked<NamedWeights> {
  if (!isRecord(parameters)) return E.left([badArgument("toPyTorch", `the parameters must be a record, found ${shown(parameters)}`)]);
  const cells = new Map<string, Map<string, Numbers>>();
  for (const [full, value] of Object.entries(parameters)) {
    const parts = /^(?:layer(\d+)\.)?(?:(forward|backward)\.)?([UWb](?:_[ifgorzn]|_hn)?)$/.exec(
      full.startsWith(`${name}.`) ? full.slice(name.length + 1) : "",
    );
    if (parts === null) continue;
    const at = `l${Number(parts[1] ?? 1) - 1}${parts[2] === "backward" ? "_reverse" : ""}`;
    cells.set(at, (cells.get(at) ?? new Map<string, Numbers>()).set(parts[3]!, value));
  }
  if (cells.size === 0)
    return E.left([badArgument("toPyTorch", `there are no parameters of a cell "${name}"`, `"${name}.U", "${name}.layer1.U_f", …`)]);
  const made: { [name: string]: Numbers<Float64Array> } = {};
  for (const [at, of] of cells) {
    const letters = Object.values(gates).find((g) => g.every((letter) => of.has(`U${letter}`) && of.has(`W${letter}`)));
    const bias = letters?.every((letter) => of.has(`b${letter}`)) ?? false;
    if (letters === undefined)
      return E.left([badArgument("toPyTorch", `${at}: it has ${[...of.keys()].join(", ")}`, "U and W of every gate")]);
    if (letters.length === 3 && bias && !of.has("b_hn"))
      return E.left([
        badArgument("toPyTorch", `${at}: the reset gate stands before the product`, 'PyTorch has it after: gru(…, { reset: "after" })'),
      ]);
    const below = (matrix: string): Numbers<Float64Array> => {
      const parts = letters.map((letter) => of.get(`${matrix}${letter}`)!);
      const [input = 0, hidden = 0] = parts[0]!.shape;
      const data = new Float64Array(parts.length * hidden * input);
      parts.forEach((p, k) => {
        for (let h = 0; h < hidden; h++) for (let i = 0; i < input; i++) data[(k * hidden + h) * input + i] = p.data[i * hidden + h]!;
      });
      return { shape: [parts.length * hidden, input], data };
    };
    made[`weight_ih_${at}`] = below("U");
    made[`weight_hh_${at}`] = below("W");
    if (!bias) continue;
    const [hidden = 0] = of.get(`b${letters[0]!}`)!.shape;
    const beside = (b: (letter: string, h: number) => number): Numbers<Float64Array> => ({
      shape: [letters.length * hidden],
      data: Float64Array.from({ length: letters.length * hidden }, (_, i) => b(letters[Math.floor(i / hidden)]!, i % hidden)),
    });
    made[`bias_ih_${at}`] = beside((letter, h) => of.get(`b${letter}`)!.data[h]!);
    made[`bias_hh_${at}`] = beside((letter, h) => (letter === "_n" ? of.get("b_hn")!.data[h]! : 0));
  }
  return E.right(made);
}

function cellName(name: string, layer: number, count: number, way: string | undefined): string {
  return [name, ...(count === 1 ? [] : [`layer${layer + 1}`]), ...(way === undefined ? [] : [way])].join(".");
}

/** A gate's rows of a weight, transposed. */
function turned({ shape: [, width = 0], data }: Numbers, from: number, hidden: number): Numbers<Float64Array> {
  const out = Float64Array.from({ length: width * hidden }, (_, at) => data[(from + (at % hidden)) * width + Math.floor(at / hidden)]!);
  return { shape: [width, hidden], data: out };
}

function row(hidden: number, of: (h: number) => number): Numbers<Float64Array> {
  return { shape: [hidden], data: Float64Array.from({ length: hidden }, (_, h) => of(h)) };
}
