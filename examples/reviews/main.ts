// Learns four sentences of five, and is asked for the opinion of the fifth.

import { existsSync } from "node:fs";
import { adam, ClewError, chain, checkGradients, clipByGlobalNorm, dim, grad, graph, lstm, manyToOne, score, sentences } from "clew";
import { isLeft } from "fp-ts/lib/Either.js";
import { sharedData } from "../harness/data.ts";
import { NotThere, type Outcome, type Settings } from "../harness/example.ts";
import { learned } from "../harness/learn.ts";
import { fileTask } from "../sentiment/task.ts";
import { reviewer } from "./model.ts";

export default async function reviews(settings: Settings): Promise<Outcome> {
  const file = settings.data ?? sharedData("reviews.tsv");
  if (file === undefined || !existsSync(file))
    throw new NotThere(`no such file: ${file ?? "reviews.tsv"}\n  mend  --data FILE, a table with the columns label and text`);
  const task = fileTask(file, {}, settings.seed);
  if (isLeft(task)) throw new ClewError(task.left);
  const { training, heldOut, vocabulary } = task.right;
  const model = reviewer(vocabulary.size);
  const options = { optimiser: chain(clipByGlobalNorm(1), adam(2e-3)), epochs: settings.small ? 10 : 15 };
  const buckets = [16, 32, 64];
  const parameters = await learned(model, sentences(training, { size: 32, buckets }), options, settings);
  const said = score(model, parameters, sentences(heldOut, { size: 64, buckets }), { engine: "f32" });

  const small = manyToOne({ words: 8, vector: 3, cell: lstm, hidden: 3, dropout: 0.5, labels: 2 });
  const { loss } = small.build({ time: dim("time", 4), batch: dim("batch", 2) });
  const feeds = {
    ids: [
      [2, 3],
      [4, 1],
      [5, 0],
      [7, 0],
    ],
    lengths: [4, 2],
    labels: [1, 0],
  };
  const drawn = graph({ loss, gradient: grad(loss, small.parameters) });
  return {
    metrics: { accuracy: said.metric, trainedOn: training.length, sentences: heldOut.length },
    gradientCheck: checkGradients(loss, { feeds, seed: settings.seed }),
    pictures: { folded: { graph: drawn, view: "folded" }, unrolled: { graph: drawn, view: "unrolled" } },
  };
}
