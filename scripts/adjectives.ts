// How many examples make a rule? The held-out accuracy of the main job's RNN over the number of adjectives that it is trained on, five seeds each:
// docs/adjectives.json and docs/adjectives.svg. Takes some minutes.

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TopLevelSpec } from "vega-lite";
import { learn, rnnOptimiser } from "../examples/sentiment/learn.ts";
import { rnnOf } from "../examples/sentiment/model.ts";
import { drawn } from "../examples/sentiment/report/charts.ts";
import { phraseTask } from "../examples/sentiment/task.ts";

const docs = fileURLToPath(new URL("../docs/", import.meta.url));
const sizes = [20, 30, 40, 50, 60, 70];
const seeds = [1, 2, 3, 4, 5];

interface Point {
  /** Adjectives a polarity; 10 of them are never negated in training. */
  readonly adjectives: number;
  readonly seed: number;
  /** Share of the 400 negations of those 10 + 10 that is read rightly. */
  readonly heldOutAccuracy: number;
}

const unseen = { listen: () => {}, going: () => {} };
const points: Point[] = [];
for (const adjectives of sizes) {
  for (const seed of seeds) {
    const task = phraseTask(seed, adjectives);
    const { heldOutAccuracy } = await learn(rnnOf(task), task, rnnOptimiser(task.recipe), seed, unseen);
    points.push({ adjectives, seed, heldOutAccuracy });
    console.log(`${adjectives} adjectives, seed ${seed}: ${(100 * heldOutAccuracy).toFixed(1)} %`);
  }
}

const values = points.map((p) => ({ ...p, percent: 100 * p.heldOutAccuracy }));
const x = {
  field: "adjectives",
  type: "quantitative" as const,
  title: "adjectives a polarity, 10 of them never negated",
  scale: { domain: [15, 75] },
};
const y = { field: "percent", type: "quantitative" as const, title: "held-out negations right, %", scale: { domain: [0, 100] } };
const chart: TopLevelSpec = {
  data: { values },
  width: 420,
  height: 240,
  layer: [
    { mark: { type: "line", color: "#1f5fa8" }, encoding: { x, y: { ...y, aggregate: "mean" } } },
    { mark: { type: "point", color: "#1f5fa8", filled: true, opacity: 0.6 }, encoding: { x, y } },
  ],
};

mkdirSync(docs, { recursive: true });
writeFileSync(`${docs}adjectives.json`, `${JSON.stringify({ madeBy: "scripts/adjectives.ts", points }, undefined, 2)}\n`);
writeFileSync(`${docs}adjectives.svg`, await drawn(chart));
