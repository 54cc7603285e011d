// Learns the tags of the first sentences of a file, and tags the last 400.

import { existsSync } from "node:fs";
import { adam, chain, checkGradients, clipByGlobalNorm, dim, grad, graph, metrics, score } from "clew";
import { sharedData } from "../harness/data.ts";
import { NotThere, type Outcome, type Settings } from "../harness/example.ts";
import { learned } from "../harness/learn.ts";
import { type BuiltTagger, tagger } from "./model.ts";
import { numberingOf, readTagged, sourceOf, spellings } from "./sentences.ts";

/** A fifth, of fewer sentences than 2,000. */
const heldOut = 400;

export default async function tagging(settings: Settings): Promise<Outcome> {
  const file = settings.data ?? sharedData("tagged.txt");
  if (file === undefined || !existsSync(file))
    throw new NotThere(
      `no such file: ${file ?? "tagged.txt"}\n  mend  --data FILE, with a sentence a line: This/PRON is/AUX it/PRON ./PUNCT`,
    );
  const all = readTagged(file);
  const rest = all.slice(-Math.min(heldOut, Math.floor(all.length / 5)));
  const training = all.slice(0, settings.small ? 500 : all.length - rest.length).slice(0, all.length - rest.length);
  const numbering = numberingOf(training);
  const sizes = {
    words: numbering.words.size,
    endings: numbering.endings.size,
    spellings: spellings.length + 1,
    tags: numbering.tags.length,
  };
  const model = tagger({ ...sizes, size: settings.small ? 24 : 48, dropout: settings.small ? 0.2 : 0.5 });
  const optimiser = chain(clipByGlobalNorm(1), adam(5e-3));
  const options = { optimiser, epochs: settings.small ? 5 : 8 };
  const parameters = await learned(model, sourceOf(training, numbering, 16), options, settings);

  const accuracy = metrics.accuracy({ predictions: (built) => (built as BuiltTagger).scores });
  const said = score(model, parameters, sourceOf(rest, numbering, 50), { metrics: { accuracy }, engine: "f32" });

  // what is checked and drawn is as large as the check is quick
  const small = tagger({ words: 12, endings: 8, spellings: spellings.length + 1, tags: 4, size: 3, dropout: 0.5 });
  const [time, batch] = [dim("time", 4), dim("batch", 2)];
  const { loss } = small.build({ time, batch });
  const feeds = {
    words: [
      [2, 3],
      [4, 5],
      [6, 0],
      [11, 0],
    ],
    endings: [
      [2, 3],
      [4, 5],
      [6, 0],
      [7, 0],
    ],
    spellings: [
      [1, 2],
      [3, 4],
      [5, 0],
      [6, 0],
    ],
    labels: [
      [0, 1],
      [2, 3],
      [0, 0],
      [1, 0],
    ],
    lengths: [4, 2],
  };
  const gradientCheck = checkGradients(loss, { feeds, seed: settings.seed });
  const drawn = graph({ loss, gradient: grad(loss, small.parameters) });
  return {
    metrics: { tokenAccuracy: said.metrics.accuracy, trainedOn: training.length, sentences: rest.length },
    gradientCheck,
    pictures: { folded: { graph: drawn, view: "folded" }, unrolled: { graph: drawn, view: "unrolled" } },
  };
}
