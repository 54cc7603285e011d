// What a run found out, as one page that opens without a server and without the net, and as pictures beside it.

import { readFileSync } from "node:fs";
import type { Files } from "../files.ts";
import type { Results } from "../results.ts";
import { drawn, trainingCurve } from "./charts.ts";
import { type Pictures, svgFigure } from "./figures.ts";
import { heatTable, proof, reach } from "./gradient.ts";
import { duration, grouped, html, percent } from "./html.ts";
import { drawGraph } from "./pictures.ts";
import { again, drawnComputation, opinions, resultTable, training, whatItDoesNotShow, whyNot } from "./sections.ts";
import { style } from "./style.ts";
import { finding, title } from "./words.ts";

/** The report of a run, with pictures of the net that was trained. */
export async function report(results: Results): Promise<Files> {
  return await reportFiles(results, await drawGraph(results));
}

/** The files of the report, by name: report.html, folded.svg, unrolled.svg, backward.svg and training.svg. */
export async function reportFiles(results: Results, pictures: Pictures): Promise<Files> {
  const curve = await drawn(trainingCurve(results.bagOfWords, results.rnn));
  return {
    "report.html": await page(results, pictures, curve),
    "folded.svg": pictures.folded,
    "unrolled.svg": pictures.unrolled,
    "backward.svg": pictures.backward,
    "training.svg": curve,
  };
}

async function page(results: Results, pictures: Pictures, curve: string): Promise<string> {
  const { data, seed, seconds, bagOfWords, rnn } = results;
  const end = ({ heldOutAccuracy, curve: epochs }: typeof rnn): string =>
    `training loss ${epochs.at(-1)?.loss.toFixed(3)}, ${percent(heldOutAccuracy)} of the held-out data right`;
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Clew">
<title>${title(results)}</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="kicker">Clew · ${data.name}, ${grouped(data.training)} to train on · seed ${seed} · ${duration(seconds)}</p>
<h1>${title(results)}</h1>
<p class="finding">${finding(results)}</p>
${resultTable(results)}${await whyNot(results)}${drawnComputation(results, pictures)}${training(
  results,
  svgFigure(
    "training",
    curve,
    `Training curves. At the end: bag of words, ${end(bagOfWords)}; RNN, ${end(rnn)}.`,
    html`<b>Learning curves.</b> Left, the mean loss of an epoch on the data trained on; right, the share of the held-out data that is read rightly after it.
      <a href="training.svg">training.svg</a>`,
    true,
  ),
)}${await opinions(results)}${await reach(results)}${heatTable(results.contributions, results)}${proof(results)}${whatItDoesNotShow(results)}${again(
  results,
  { node: process.versions.node, clew: clewVersion() },
)}<footer>Made by Clew: the same graph was differentiated, trained, checked and drawn. The figures are also in report.json.</footer>
</main>
</body>
</html>
`;
  return markup;
}

function clewVersion(): string {
  return (JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { readonly version: string }).version;
}
