// `clew train`: texts to a trained model, in a folder that a killed training goes on from.

import * as E from "fp-ts/lib/Either.js";
import * as fp from "../fp.ts";
import { type Checked, showDiagnostics } from "../graph/diagnostics.ts";
import type { FitOptions } from "../train/fit-options.ts";
import type { LabelledText, Learning } from "../train/learning.ts";
import { type Known, knownOf, sizesOf, sourceOf } from "./lesson.ts";
import { type Command, countOption, type ExitCode, type Given, type Streams, seedOption, wrong } from "./options.ts";
import { progress } from "./progress.ts";
import { readRows } from "./rows.ts";
import { isRun, type Run, readRun, scriptFrom, weightsIn, writeRun } from "./run-folder.ts";
import { loadScript, titleOf } from "./script.ts";

export const train: Command = {
  name: "train",
  takes: "model.ts",
  count: [1, 1],
  does: "learns from a file of texts, and keeps what it learns: --data file.tsv --out run/",
  about: `Trains the model that the script's "learning" makes for the data. DIR gets run.json and model.safetensors, which is replaced as a whole after every epoch:
who is killed goes on with --resume, to the same bits. Of 20 rows or more every tenth is held out, and the epoch that is best on those is kept for clew predict.
FILE is .tsv (the columns text and label), .jsonl (the same names), .txt (a text a line), or what the script reads. With --json events come as JSON lines.`,
  options: {
    data: { value: "FILE", about: "the texts" },
    out: { value: "DIR", about: "the folder of this training" },
    epochs: countOption("how often the data are gone through (what the script says when left out, or 10)"),
    seed: seedOption,
    resume: { about: "goes on with the training that is in DIR" },
    text: { value: "NAME", about: "the column of texts (text when left out)" },
    label: { value: "NAME", about: "the column of labels, or tags (label when left out)" },
  },
  run: async ([file], given, streams) => {
    const { data, out, text = "text", label = "label" } = given;
    const missing = [...(data === undefined ? ["data"] : []), ...(out === undefined ? ["out"] : [])];
    if (data === undefined || out === undefined)
      return E.left(missing.map((o) => wrong(`train needs --${o}`, "clew train model.ts --data file.tsv --out run/")));
    const seed = seedFor(out, given);
    if (E.isLeft(seed)) return seed;
    const script = await loadScript(file!);
    if (E.isLeft(script)) return script;
    const { learning } = script.right;
    if (learning === undefined)
      return E.left([
        wrong(
          `"${file}" does not say how it learns`,
          "learning: { asks, model, optimiser } in its default export; clew init writes an example",
        ),
      ]);
    const rows = readRows(data, learning, { text, label });
    if (E.isLeft(rows)) return rows;
    const lesson = lessonOf(learning, rows.right);
    if (E.isLeft(lesson)) return lesson;
    const { known } = lesson.right;
    const described = await describe(out, { format: 1, script: scriptFrom(out, file!), seed: seed.right, ...known });
    if (E.isLeft(described)) return described;
    return learn(learning, lesson.right, { title: titleOf(file!), out, seed: seed.right, given }, streams);
  },
};

/** The seed of the training; whether DIR has one already is for --resume to know. */
function seedFor(out: string, { resume, seed }: Given): Checked<number> {
  if (resume === undefined) {
    if (!isRun(out)) return E.right(Number(seed ?? 0));
    return E.left([wrong(`"${out}" has a training already`, "--resume goes on with it; another one needs another folder")]);
  }
  return E.map(({ seed: before }: { readonly seed: number }) => Number(seed ?? before))(readRun(out));
}

/** Writes down what the training is of; one that is gone on with must be of the same. */
async function describe(out: string, run: Run): Promise<Checked<void>> {
  if (!isRun(out)) return writeRun(out, run);
  return E.chain(({ tokens, labels }: Run): Checked<void> => {
    if (JSON.stringify([tokens, labels]) === JSON.stringify([run.tokens, run.labels])) return E.right(undefined);
    return E.left([
      wrong(`the training in "${out}" is of other data: they have other words, or other labels`, "another folder for other data"),
    ]);
  })(readRun(out));
}

interface Lesson {
  readonly known: Known;
  readonly training: fp.Source;
  readonly validation: fp.Source | undefined;
  readonly counts: { readonly training: number; readonly heldOut: number };
}

function lessonOf(learning: Learning, rows: readonly LabelledText[]): Checked<Lesson> {
  const heldOut = rows.length < 20 ? [] : rows.filter((_, i) => i % 10 === 0);
  const rest = rows.length < 20 ? rows : rows.filter((_, i) => i % 10 !== 0);
  const known = knownOf(learning, rest, rows);
  if (E.isLeft(known)) return known;
  const training = sourceOf(learning, known.right, rest);
  const validation = heldOut.length === 0 ? E.right(undefined) : sourceOf(learning, known.right, heldOut);
  if (E.isLeft(training)) return training;
  if (E.isLeft(validation)) return validation;
  const counts = { training: rest.length, heldOut: heldOut.length };
  return E.right({ known: known.right, training: training.right, validation: validation.right, counts });
}

async function learn(
  learning: Learning,
  { known, training, validation, counts }: Lesson,
  { title, out, seed, given }: { readonly title: string; readonly out: string; readonly seed: number; readonly given: Given },
  { stdout, stderr }: Streams,
): Promise<Checked<ExitCode>> {
  const { optimiser, earlyStopping, engine, epochs = 10 } = learning;
  const options: FitOptions = {
    optimiser,
    epochs: Number(given.epochs ?? epochs),
    seed,
    checkpoint: { file: weightsIn(out) },
    ...(validation === undefined ? {} : { validation }),
    ...(earlyStopping === undefined ? {} : { earlyStopping }),
    ...(engine === undefined ? {} : { engine }),
  };
  const sizes = sizesOf(learning, known);
  const json = given.json !== undefined;
  if (!json) {
    const held = counts.heldOut === 0 ? "" : `, ${counts.heldOut} held out`;
    stdout.write(`${title}   ${counts.training} texts${held}; ${sizes.words} ids, ${sizes.labels} labels; seed ${seed}\n`);
  }
  const view = json ? undefined : await progress(stderr, options.epochs);
  let last: Extract<fp.FitEvent, { readonly kind: "epoch" }> | undefined;
  try {
    for await (const event of fp.fit(learning.model(sizes), training, options)) {
      // functions, such as `parameters`, are no JSON, and are left out
      if (json) stdout.write(`${JSON.stringify(event)}\n`);
      if (event.kind === "failure") {
        view?.done();
        if (!json) stderr.write(`${showDiagnostics(event.diagnostics)}\n`);
        return E.right(event.diagnostics.every((d) => d.code === "NotFinite") ? 1 : 2);
      }
      view?.listen(event);
      if (event.kind === "epoch") last = event;
    }
  } finally {
    view?.done();
  }
  if (!json && last !== undefined) {
    const { best, validation: seen, loss, metric, epoch, stopped } = last;
    const of = seen ?? { loss, metric };
    const right = of.metric === undefined ? "" : `, metric ${of.metric.toFixed(3)}`;
    stdout.write(
      [
        `${stopped ? "stopped early, " : ""}${epoch + 1} epochs: ${seen === undefined ? "training" : "held-out"} loss ${of.loss.toFixed(4)}${right}`,
        `best: epoch ${best.epoch + 1}. It is in ${weightsIn(out)}`,
        `clew predict ${out} "…"`,
        "",
      ].join("\n"),
    );
  }
  return E.right(0);
}
