// How much faster the example of `npm start` trains on the engine than on the reference interpreter: the least time of an epoch, engines in turns.
//
//   npm run bench:sentiment

import { type Engine, fit, sentences } from "clew";
import { rnnOptimiser } from "../examples/sentiment/learn.ts";
import { rnnOf } from "../examples/sentiment/model.ts";
import { phraseTask } from "../examples/sentiment/task.ts";

const engines = ["f32", "f64", "reference"] as const satisfies readonly Engine[];
const rounds = 3;
const task = phraseTask(1);
const longest = Math.max(...task.training.map((s) => s.ids.length));
const data = sentences(task.training, { size: task.recipe.batch, buckets: [longest] });

/** Milliseconds of the fastest of some epochs; the first has the compiling in it. */
async function epochOf(engine: Engine): Promise<number> {
  const times: number[] = [];
  let from = performance.now();
  for await (const event of fit(rnnOf(task), data, {
    optimiser: rnnOptimiser(task.recipe),
    epochs: engine === "reference" ? 2 : 12,
    seed: 1,
    engine,
  })) {
    if (event.kind !== "epoch") continue;
    times.push(performance.now() - from);
    from = performance.now();
  }
  return Math.min(...times);
}

const least = new Map<Engine, number>();
for (let round = 0; round < rounds; round++) {
  for (const engine of engines) least.set(engine, Math.min(least.get(engine) ?? Number.POSITIVE_INFINITY, await epochOf(engine)));
}
const reference = least.get("reference")!;
for (const engine of engines) {
  const ms = least.get(engine)!;
  console.log(
    `${engine.padEnd(10)} ${ms.toFixed(1).padStart(8)} ms an epoch of ${task.training.length} sentences   ${(reference / ms).toFixed(1)} × the reference`,
  );
}
