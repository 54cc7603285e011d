// Word vectors that somebody else trained (GloVe, word2vec, an embedding in a safetensors file), for the words of a vocabulary: they are where the parameter of
// an embedding starts.
//
// The text format is one word a line, then its numbers, all parted by single blanks; a first line of two whole numbers (word2vec: how many words, how wide) is
// skipped. In large collections a word may hold blanks itself: the numbers are counted from the end.

import * as E from "fp-ts/lib/Either.js";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { badArgument, isRecord, shown, wrongSeed } from "../graph/options.ts";
import { normalAt, randomKey } from "../graph/random.ts";
import { ambientOrigin } from "../graph/source.ts";
import { type FileTask, readFile, readFileParts } from "./files.ts";
import { decoded } from "./safetensors/decode.ts";
import { coders, type Safetensors, type Stored } from "./safetensors/format.ts";
import { wrongPath } from "./save.ts";
import { paddingId, type Vocabulary } from "./vocabulary.ts";

export interface WordVectors {
  /** Numbers in a vector. */
  readonly width: number;
  readonly vectors: ReadonlyMap<string, Float64Array>;
}

export interface WordVectorOptions {
  /** Only the words of this vocabulary are kept: a file of a million words need not fit the memory. */
  readonly only?: Pick<Vocabulary, "id" | "tokens">;
  /** Of a safetensors file: which tensor, [word, vector]; the only one of two dims, when left out. */
  readonly tensor?: string;
  /** Of a safetensors file: the words of its rows; what its metadata have under "words" as JSON, when left out. */
  readonly words?: readonly string[];
}

/** What is wrong with a file, as a sentence about it. Stays within this file. */
class Bad {
  constructor(readonly message: string) {}
}

function attempt<A>(op: string, what: string, read: () => A): Checked<A> {
  try {
    return E.right(read());
  } catch (e) {
    if (!(e instanceof Bad)) throw e;
    return E.left([diagnostic({ code: "BadFile", op, message: `${what}: ${e.message}`, site: ambientOrigin().site })]);
  }
}

/** Reads lines one after the other. */
class Lines {
  readonly vectors = new Map<string, Float64Array>();
  width = 0;
  #count = 0;
  #rest = "";
  readonly #wanted: ReadonlySet<string> | undefined;
  constructor(only: WordVectorOptions["only"]) {
    this.#wanted = only === undefined ? undefined : new Set(only.tokens);
  }

  take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#line(line);
  }

  end(): WordVectors {
    if (this.#rest !== "") this.#line(this.#rest);
    if (this.width === 0) throw new Bad("there are no words in it");
    return { width: this.width, vectors: this.vectors };
  }

  #line(line: string): void {
    const fields = line.trimEnd().split(" ");
    this.#count++;
    if (this.#count === 1 && fields.length === 2 && fields.every((f) => /^\d+$/.test(f))) return;
    if (fields.length === 1 && fields[0] === "") return;
    if (this.width === 0) this.width = fields.length - 1;
    const from = fields.length - this.width;
    if (this.width === 0) throw new Bad(`line ${this.#count} has a word, and no numbers`);
    if (from < 1) throw new Bad(`line ${this.#count} has ${fields.length - 1} numbers, where the first word has ${this.width}`);
    const word = fields.slice(0, from).join(" ");
    if (this.#wanted !== undefined && !this.#wanted.has(word)) return;
    const vector = Float64Array.from(fields.slice(from), (x) => (x === "" ? Number.NaN : Number(x)));
    const odd = vector.findIndex((x) => !Number.isFinite(x));
    if (odd >= 0) throw new Bad(`line ${this.#count}: ${shown(fields[from + odd])} is no number`);
    if (!this.vectors.has(word)) this.vectors.set(word, vector);
  }
}

/** The word vectors of a text, or the first line that is none. */
export function wordVectors(text: string, options: Pick<WordVectorOptions, "only"> = {}): Checked<WordVectors> {
  const op = "wordVectors";
  const problems = [
    ...(typeof text === "string" ? [] : [badArgument(op, `the text is ${shown(text)}`, "a line for each word")]),
    ...wrongOptions(op, options),
  ];
  if (problems.length > 0) return E.left(problems);
  return attempt(op, "the text", () => {
    const lines = new Lines(options.only);
    lines.take(text);
    return lines.end();
  });
}

/** The word vectors of a file: text, or safetensors by its ending. */
export function loadWordVectors(path: string, options: WordVectorOptions = {}): FileTask<WordVectors> {
  const op = "loadWordVectors";
  const problems = [...wrongPath(op, path), ...wrongOptions(op, options)];
  if (problems.length > 0) return async () => E.left(problems);
  if (path.endsWith(".safetensors"))
    return async () => {
      const held = E.chain((bytes: Uint8Array) => decoded(op, `"${path}"`, bytes))(await readFile(op, path)());
      return E.chain((file: Safetensors) => attempt(op, `"${path}"`, () => fromTensor(file, options)))(held);
    };
  return async () => {
    const lines = new Lines(options.only);
    const decoder = new coders.TextDecoder("utf-8", { fatal: false });
    let failed: Checked<void> = E.right(undefined);
    const read = await readFileParts(op, path, (part) => {
      if (E.isRight(failed)) failed = attempt(op, `"${path}"`, () => lines.take(decoder.decode(part, { stream: true })));
    })();
    if (E.isLeft(read)) return read;
    return E.isLeft(failed) ? failed : attempt(op, `"${path}"`, () => lines.end());
  };
}

function fromTensor({ values, metadata }: Safetensors, { tensor, words, only }: WordVectorOptions): WordVectors {
  const tables = Object.keys(values).filter((name) => values[name]!.shape.length === 2);
  const name = tensor ?? (tables.length === 1 ? tables[0]! : undefined);
  const held = `it has ${Object.keys(values).map(shown).join(", ")}`;
  if (name === undefined) throw new Bad(`which tensor is meant? ${held}`);
  const table = Object.hasOwn(values, name) ? values[name]! : undefined;
  if (table?.shape.length !== 2) throw new Bad(`there is no tensor ${shown(name)} of two dims; ${held}`);
  const [count, width] = table.shape as [number, number];
  const own = words ?? wordsOf(metadata.words);
  if (own === undefined) throw new Bad('its metadata have no "words": give them as the option words');
  if (own.length !== count) throw new Bad(`${own.length} words for the ${count} rows of ${shown(name)}`);
  const wanted = only === undefined ? undefined : new Set(only.tokens);
  const row = (i: number): Float64Array => Float64Array.from(table.data.subarray(i * width, (i + 1) * width));
  return { width, vectors: new Map(own.flatMap((word, i) => (wanted === undefined || wanted.has(word) ? [[word, row(i)] as const] : []))) };
}

function wordsOf(text: string | undefined): readonly string[] | undefined {
  try {
    const words: unknown = JSON.parse(text ?? "null");
    return Array.isArray(words) && words.every((w) => typeof w === "string") ? words : undefined;
  } catch {
    return undefined; // a SyntaxError: the caller says what is missing
  }
}

function wrongOptions(op: string, options: unknown): readonly Diagnostic[] {
  if (!isRecord(options)) return [badArgument(op, `the options must be a record, found ${shown(options)}`, "{ only: vocabulary }")];
  const { only } = options;
  return only === undefined || (isRecord(only) && Array.isArray(only.tokens))
    ? []
    : [badArgument(op, `only is ${shown(only)}, expected a vocabulary`)];
}

/**
 * A value for the parameter of an embedding, [word, vector]: a row for each token of the vocabulary. A token without a vector is drawn, normally distributed,
 * with the mean and the spread of those that are there, by (seed, token); the padding is 0.
 *
 * @param seed default 0
 */
export function embeddingOf({ width, vectors }: WordVectors, vocabulary: Vocabulary, seed = 0): Checked<Stored> {
  const problems = wrongSeed("embeddingOf", seed);
  if (problems.length > 0) return E.left(problems);
  const { tokens } = vocabulary;
  const known = tokens.flatMap((token) => [...(vectors.get(token) ?? [])]);
  const mean = known.reduce((a, x) => a + x, 0) / Math.max(1, known.length);
  const spread = known.length === 0 ? 1 : Math.sqrt(known.reduce((a, x) => a + (x - mean) ** 2, 0) / known.length);
  const data = new Float64Array(tokens.length * width);
  for (const [id, token] of tokens.entries()) {
    if (id === paddingId) continue;
    const key = randomKey("embedding", seed, token);
    const drawn = (i: number): number => mean + spread * normalAt(key, i);
    data.set(vectors.get(token) ?? Float64Array.from({ length: width }, (_, i) => drawn(i)), id * width);
  }
  return E.right({ shape: [tokens.length, width], data });
}
