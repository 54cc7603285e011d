// Sentences that differ in their last word, side by side: a row for each number of the state, a column for each word, coloured by what the number says;
// beside them, how much of it is kept at the last word. Rows are in the order of what they say at the word before.

import type { TopLevelSpec } from "vega-lite";
import { percent } from "../sentiment/report/html.ts";
import { colours, sans } from "../sentiment/report/style.ts";
import { opinions, type Reading } from "./look.ts";

export interface Read {
  readonly words: readonly string[];
  readonly reading: Reading;
}

const row = 18;
const plain = { title: null, domain: false, ticks: false, grid: false, orient: "top", labelFontSize: 12, labelAngle: 0, labelPadding: 22 };

export function keptChart(sentences: readonly Read[]): TopLevelSpec {
  const said = sentences[0]!.reading.says.at(-2)!;
  const order = said.map((_, n) => n).sort((one, other) => said[other]! - said[one]!);
  const most = Math.max(...sentences.flatMap(({ reading }) => reading.says.flat().map(Math.abs)));
  const y = { field: "number", type: "ordinal", sort: order, axis: null };
  const colour = {
    field: "part",
    type: "quantitative",
    scale: { domain: [-most, 0, most], range: [colours.wrong, "#f2f4f6", colours.rnn], interpolate: "lab" },
    legend: {
      title: null,
      orient: "bottom",
      gradientLength: 230,
      gradientThickness: 9,
      values: [-most, most],
      labelExpr: "datum.value < 0 ? 'says negative' : 'says positive'",
      labelOverlap: false,
    },
  };

  const panel = ({ words, reading }: Read) => {
    const after = opinions(reading);
    const labels = words.map((word, t) => [word, percent(after[t]!)]);
    return {
      spacing: 12,
      hconcat: [
        {
          data: { values: reading.says.flatMap((parts, t) => parts.map((part, number) => ({ t, number, part }))) },
          width: words.length * 56,
          height: { step: row },
          mark: { type: "rect", stroke: "white", strokeWidth: 1.5 },
          encoding: {
            x: { field: "t", type: "ordinal", axis: { ...plain, labelExpr: `${JSON.stringify(labels)}[datum.value]` } },
            y,
            color: colour,
          },
        },
        {
          data: { values: reading.keeps.at(-1)!.map((share, number) => ({ number, share })) },
          width: 72,
          height: { step: row },
          mark: { type: "bar", color: colours.muted, height: { band: 0.5 } },
          encoding: {
            y,
            x: {
              field: "share",
              type: "quantitative",
              scale: { domain: [0, 1] },
              axis: { ...plain, values: [0], labelAlign: "left", labelExpr: `['kept at', '“${words.at(-1)}”']` },
            },
          },
        },
      ],
    };
  };
  return {
    config: {
      font: sans,
      background: "white",
      view: { stroke: null },
      axis: { labelColor: colours.ink },
      legend: { labelColor: colours.ink },
    },
    padding: 10,
    spacing: 44,
    hconcat: sentences.map(panel),
  } as TopLevelSpec;
}
