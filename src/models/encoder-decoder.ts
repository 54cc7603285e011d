// Encoder and decoder: a sequence is read, and another is written (Sutskever, Vinyals & Le, 2014). With attention, every word that is written looks
// back at all that was read, and takes most of what fits its state best (Bahdanau, Cho & Bengio, 2015; here as Luong, Pham & Manning, 2015, have it).

import { type Dim, dim, type Shape } from "../graph/dim.ts";
import type { Parameter, Tensor } from "../graph/node.ts";
import { isRecord } from "../graph/options.ts";
import { calledFrom, type Site, standingAt } from "../graph/source.ts";
import { add } from "../ops/add.ts";
import { contract } from "../ops/contract.ts";
import { dropout } from "../ops/dropout.ts";
import { input } from "../ops/input.ts";
import { matmul } from "../ops/matmul.ts";
import { parameter } from "../ops/parameter.ts";
import { softmax } from "../ops/softmax.ts";
import { tanh } from "../ops/tanh.ts";
import { transpose } from "../ops/transpose.ts";
import { where } from "../ops/where.ts";
import { lengthMask } from "../recurrence/mask.ts";
import { scan } from "../recurrence/scan/scan.ts";
import { unroll } from "../recurrence/unroll.ts";
import { buildOf, byName, type DataDims, type RecurrentModel, withoutOptions } from "./model.ts";
import { type BuiltWriting, rightWords, toldOf, type WritingOptions, writerOf } from "./one-to-many.ts";
import { readerOf } from "./reader.ts";
import { type IncomingOptions, incoming } from "./words.ts";
import { bridgeOf, free, taught } from "./writer.ts";

export interface EncoderDecoderOptions extends WritingOptions {
  /** What is read: `{ words, vector }`, `{ features }`, and whether from both ends. */
  readonly reads: IncomingOptions & { readonly bidirectional?: boolean };
  /** Whether the writer looks back at all that was read; true when left out. */
  readonly attention?: boolean;
}

/** The sizes of both sequences; what is read has the size of `time` when `source` is left out. */
export interface PairDims extends DataDims {
  readonly source?: Dim<"source">;
}

export interface BuiltEncoderDecoder extends BuiltWriting {
  /** How much of each word that was read is taken for each word of `words`, [time, batch, source]: shares of 1. Undefined without attention. */
  readonly attention: Tensor<readonly [Dim<"time">, Dim<"batch">, Dim<"source">]> | undefined;
}

export interface EncoderDecoder extends RecurrentModel<BuiltEncoderDecoder> {
  readonly build: (dims: PairDims) => BuiltEncoderDecoder;
  readonly unrolled: (dims: PairDims) => BuiltEncoderDecoder;
}

/**
 * The encoder reads m_1 … m_S; where it ends, the decoder begins, tanh(m·P + b). With attention, of the decoder's h:
 * weights a = softmax_s(h·(m_s·A)), context c = Σ_s a_s m_s, and scores are of tanh(h·D + c·C) instead of h.
 *
 * Inputs `ids` [source, batch] or `x` [source, batch, feature], `lengths` [batch]; to learn from, `words` [time, batch], each text with its end symbol,
 * and `wordLengths` [batch]. Predictions are ids, [batch, time].
 *
 * @example
 * import { dim, encoderDecoder, graph, gru } from "clew";
 * const model = encoderDecoder({ reads: { words: 20, vector: 8 }, words: 20, vector: 8, hidden: 16, cell: gru, end: 1 });
 * graph(model.build({ time: dim("time", 5), source: dim("source", 7), batch: dim("batch", 4) }).loss).parameters.length; // 29
 */
export function encoderDecoder(options: EncoderDecoderOptions): EncoderDecoder {
  const line = calledFrom(encoderDecoder);
  const hint = "{ reads: { words: 20, vector: 8 }, words: 20, vector: 8, hidden: 16, end: 1 }";
  const made = () =>
    isRecord(options) && isRecord(options.reads)
      ? madeAt(line, options)
      : withoutOptions<EncoderDecoder>(
          line,
          isRecord(options) ? "encoderDecoder, reads" : "encoderDecoder",
          isRecord(options) ? options.reads : options,
          hint,
        );
  return standingAt(line, made);
}

function madeAt(line: Site, options: EncoderDecoderOptions): EncoderDecoder {
  const { reads, dropout: rate = 0, attention = true } = options;
  const source = incoming(reads, { table: "E", word: "sourceWord", vector: "sourceVector" });
  const reader = readerOf("encoder", source.of, { ...options, bidirectional: reads.bidirectional === true });
  const { parts, parameters: own } = writerOf(options, { table: "E_written", word: "word", vector: "vector" });
  const bridge = bridgeOf("begin", parts.stack, reader.of);
  const look = attention ? attentionOf(dim("hidden", options.hidden), reader.of) : undefined;
  const table = source.words?.E === undefined ? {} : byName(source.words.E);
  const parameters = { ...table, ...reader.parameters, ...bridge.parameters, ...look?.parameters, ...own };

  const through = (recurrence: typeof scan) =>
    buildOf(line, ({ time, batch, source: given }: PairDims): BuiltEncoderDecoder => {
      const length = given ?? dim("source", time.size);
      const lengths = input("lengths", [batch], "int");
      const mask = lengthMask(lengths, length);
      const { inputs, x } = source.read(length, batch);
      const right = rightWords(time, batch, "wordLengths");
      const read = reader.read({ over: rate === 0 ? x : dropout(x, rate, "read"), mask, through: recurrence });
      const at = look?.at(read.outputs, mask);
      const scores = (h: Tensor): Tensor => parts.scores(at === undefined ? h : at(h).said);
      const from = bridge.cross(read.final as Tensor);
      const written = free({ ...parts, scores }, time, batch, from, recurrence);
      const h = taught(parts, right.words, from, recurrence);
      return {
        inputs: { ...inputs, lengths, ...right },
        ...toldOf(scores(h), right, written, options.l2, parameters),
        attention: at?.(h).weights as BuiltEncoderDecoder["attention"],
      };
    });
  return { parameters, build: through(scan), unrolled: through(unroll) };
}

type Memory = Tensor<readonly [Dim, Dim<"batch">, Dim]>;
interface Attention {
  readonly parameters: { readonly [name: string]: Parameter };
  /** For what was read [source, batch, of]: of h [..., batch, hidden], the weights [..., batch, source] and what h becomes. */
  readonly at: (read: Memory, mask: Tensor<Shape, "bool">) => (h: Tensor) => { readonly weights: Tensor; readonly said: Tensor };
}

function attentionOf(hidden: Dim, of: Dim): Attention {
  const A = parameter("attention.A", [of, hidden]);
  const C = parameter("attention.C", [of, hidden]);
  const D = parameter("attention.D", [hidden, hidden]);
  return {
    parameters: byName(A, C, D),
    at: (read, mask) => {
      const [source] = read.shape;
      const keys = matmul(read, A) as Tensor;
      const real = transpose(mask as Tensor<readonly [Dim, Dim], "bool">) as Tensor<Shape, "bool">;
      return (h) => {
        // far below any score, and finite: of a text without words all weights are the same, and none is NaN
        const fits = where(real, contract(h, keys, hidden) as Tensor, -1e9) as Tensor;
        const weights = softmax(fits as Tensor<readonly [...Shape, Dim]>, -1) as Tensor;
        const context = contract(weights, read as Tensor, source as Dim) as Tensor;
        return { weights, said: tanh(add(matmul(h, D) as Tensor, matmul(context, C) as Tensor) as Tensor) };
      };
    },
  };
}
