// Using what was trained: predictions for sentences of any length, without dropout, by programs of their sizes.

import * as E from "fp-ts/lib/Either.js";
import type { Feeds } from "../evaluate/feeds.ts";
import { interpret, type Program } from "../evaluate/program.ts";
import { type Checked, type Diagnostic, diagnostic } from "../graph/diagnostics.ts";
import { isNode, type Parameter } from "../graph/node.ts";
import { badArgument, isRecord, meant, shown, wrongCount, wrongRecord } from "../graph/options.ts";
import { ambientOrigin } from "../graph/source.ts";
import type { Model } from "../models/model.ts";
import { batched, oddId } from "./batches.ts";
import { bySize, type Engine, predictionProgram, type Shared, wrongEngine } from "./programs.ts";
import { feedsOf } from "./sentences.ts";
import { isSlot } from "./transformation.ts";

/** Of what a batch has, what a program takes: predictions do not need the labels. */
export function taken({ inputs }: { readonly inputs: readonly string[] }, feeds: Feeds): Feeds {
  return isRecord(feeds) ? only(inputs, feeds) : feeds; // the program says what is wrong with them
}

function only(names: readonly string[], values: Feeds): Feeds {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(values, name)).map((name) => [name, values[name]!]));
}

export function wrongModel(op: string, model: unknown): readonly Diagnostic[] {
  const { parameters, build } = (model ?? {}) as { readonly parameters?: unknown; readonly build?: unknown };
  if (isRecord(parameters) && Object.values(parameters).every(isNode) && typeof build === "function") return [];
  return [badArgument(op, `the model must be { parameters, build }, found ${shown(model)}`, "such as sentenceRnn({ … })")];
}

/**
 * Fills the store with the given values: some or all of the model's parameters and of the optimiser's `slots`; the others take their initial values.
 * Slots of another optimiser, or those that a prediction has no use for, are known by their names and left out; any other name is a mistake.
 */
export function loadStore(op: string, model: Model, { seed, store }: Shared, from: Feeds, slots: readonly Parameter[] = []): Checked<void> {
  if (!isRecord(from))
    return E.left([
      badArgument(op, `parameters must be a record of values by name, found ${shown(from)}`, "as an epoch's event gives them"),
    ]);
  const parameters = Object.values(model.parameters);
  const nameOf = ({ parameter }: Parameter): string => parameter;
  const known = [...parameters, ...slots].map(nameOf);
  const unknown = Object.keys(from).filter((name) => !known.includes(name) && !isSlot(name, parameters.map(nameOf)));
  if (unknown.length > 0) return E.left(unknown.map((name) => unknownParameter(op, name, parameters.map(nameOf))));
  return E.chain((program: Program<unknown>) => program.set(only(known, from)))(
    interpret(Object.fromEntries([...parameters, ...slots].map((p, i) => [i, p])), { seed, store }),
  );
}

function unknownParameter(op: string, name: string, known: readonly string[]): Diagnostic {
  const message = `the model has no parameter "${name}"`;
  const hint = `${meant(name, known)}it has ${known.map((n) => `"${n}"`).join(", ")}`;
  return diagnostic({ code: "BadFeed", op, message, hint, site: ambientOrigin().site });
}

export interface PredictOptions {
  /** Sentences in a batch, at most; 64 when left out. */
  readonly size?: number;
  /** As for fit. */
  readonly engine?: Engine;
}

/**
 * What a model says of each sentence: its row of `predictions`, for a classifier the probability of each label.
 *
 * @param parameters trained values by name, as an epoch's event gives them
 * @param of encoded sentences; each has a length of its own, 1 or more
 */
export function predict(
  model: Model,
  parameters: Feeds,
  of: readonly ArrayLike<number>[],
  options: PredictOptions = {},
): Checked<readonly Float64Array[]> {
  const problems = [...wrongModel("predict", model), ...wrongSentences(of), ...wrongOptions(options)];
  if (problems.length > 0) return E.left(problems);
  const { size = 64, engine = "f64" } = options;
  const shared: Shared = { seed: 0, store: new Map(), engine };
  const loaded = loadStore("predict", model, shared, parameters);
  if (E.isLeft(loaded)) return loaded;
  const programs = bySize((sizes) => predictionProgram(model, sizes, shared));
  const rows = new Array<Float64Array>(of.length);
  const lengths = [...new Set(of.map((ids) => Math.max(1, ids.length)))].sort((a, b) => a - b);
  for (const batch of batched(
    of.map((ids) => ({ ids, label: 0 })),
    { size, buckets: lengths },
  )) {
    const { feeds, ...sizes } = feedsOf(batch);
    const program = programs(sizes);
    if (E.isLeft(program)) return program;
    const result = program.right.run(taken(program.right, feeds));
    if (E.isLeft(result)) return result;
    const { data } = result.right.predictions;
    const width = data.length / sizes.batch;
    batch.indices.forEach((index, b) => {
      rows[index] = Float64Array.from(data.subarray(b * width, (b + 1) * width));
    });
  }
  return E.right(rows);
}

function wrongSentences(of: unknown): readonly Diagnostic[] {
  if (!Array.isArray(of)) return [badArgument("predict", `the sentences must be an array of ids, found ${shown(of)}`, "[v.encode(text)]")];
  const odd = of.findIndex((ids) => oddId(ids) !== undefined);
  return odd < 0 ? [] : [badArgument("predict", `of[${odd}]${oddId(of[odd])}`, "ids are whole numbers (32 bits): v.encode(text)")];
}

function wrongOptions(options: PredictOptions): readonly Diagnostic[] {
  const problems = wrongRecord("predict", options);
  return problems.length > 0
    ? problems
    : [...wrongCount("predict", "size", options.size ?? 64, 1), ...wrongEngine("predict", options.engine)];
}
