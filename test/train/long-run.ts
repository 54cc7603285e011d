// A run of training to be killed: `node long-run.js FILE` trains with a checkpoint after every second step, and says "step N" after each. Its data
// are shuffled, its net drops out, its rate follows a schedule: all that a run could forget when it goes on.

import { adam, chain, clipByGlobalNorm, cosineDecay, metrics, sentenceRnn, sentences, fit as train } from "../../src/index.ts";

const data = Array.from({ length: 23 }, (_, i) => ({
  ids: Array.from({ length: 1 + (i % 5) }, (_, t) => 1 + ((i * 7 + t * 3) % 9)),
  label: i % 2,
}));
const source = sentences(data.slice(0, 18), { size: 4, buckets: [3, 5] });
const model = sentenceRnn({ words: 10, vector: 4, hidden: 5, dropout: 0.3, loss: "every" });

for await (const event of train(model, source, {
  optimiser: chain(clipByGlobalNorm(1), adam(cosineDecay(0.02, { steps: 80 }))),
  epochs: 16,
  seed: 11,
  engine: "f32",
  validation: sentences(data.slice(18), { size: 5 }),
  metrics: { confusion: metrics.confusion() },
  earlyStopping: { patience: 16 },
  checkpoint: { file: process.argv[2]!, every: 2 },
}))
  if (event.kind === "step") process.stdout.write(`step ${event.step}\n`);
