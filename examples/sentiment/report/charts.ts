// The charts, described to Vega-Lite and drawn as SVG without a browser. What they mean is said in their captions (report.ts).

import type { TopLevelSpec } from "vega-lite";
import type { GradientPerWord, Learned, Opinion } from "../results.ts";
import { gradientShare, percent } from "./html.ts";
import { colours, sans } from "./style.ts";
import type { ScoreDemand } from "./words.ts";

const models = { domain: ["bag of words", "RNN"], range: [colours.bag, colours.rnn] };

const config: TopLevelSpec["config"] = {
  font: sans,
  background: "white",
  view: { stroke: null },
  axis: {
    labelColor: colours.ink,
    titleColor: colours.muted,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: "normal",
    domainColor: colours.rule,
    tickColor: colours.rule,
    gridColor: colours.rule,
    gridOpacity: 0.7,
    labelPadding: 6,
    titlePadding: 10,
  },
  title: { anchor: "start", fontSize: 13, fontWeight: 600, color: colours.ink, offset: 12 },
  legend: {
    labelFontSize: 12,
    title: null,
    orient: "top",
    symbolType: "stroke",
    symbolSize: 500,
    symbolStrokeWidth: 2.2,
    labelColor: colours.ink,
  },
};

/** Vega takes a third of a second to load: only who draws waits for it. */
export async function drawn(spec: TopLevelSpec): Promise<string> {
  const [{ compile }, { parse, View }] = await Promise.all([import("vega-lite"), import("vega")]);
  return await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}

const percentAxis = { format: ".0%", tickCount: 5 } as const;

export function trainingCurve(bagOfWords: Learned, rnn: Learned): TopLevelSpec {
  const values = [
    ...bagOfWords.curve.map((epoch) => ({ model: "bag of words", ...epoch })),
    ...rnn.curve.map((epoch) => ({ model: "RNN", ...epoch })),
  ];
  const last = Math.max(...values.map((v) => v.epoch));
  const panel = (title: string, field: "loss" | "heldOutAccuracy") => ({
    title,
    width: 330,
    height: 210,
    mark: { type: "line" as const, strokeWidth: 2.2, point: last <= 5 },
    encoding: {
      x: {
        field: "epoch",
        type: "quantitative" as const,
        title: "epoch",
        scale: { domain: [1, Math.max(2, last)], nice: false },
        axis: { grid: false, values: ticks(last), format: "d" },
      },
      y: {
        field,
        type: "quantitative" as const,
        title: null,
        ...(field === "loss" ? { scale: { zero: true }, axis: { tickCount: 5 } } : { scale: { domain: [0, 1] }, axis: percentAxis }),
      },
      color: { field: "model", type: "nominal" as const, scale: models, title: null },
      // where the lines lie upon each other, the dashes let both be seen
      strokeDash: {
        field: "model",
        type: "nominal" as const,
        scale: {
          domain: models.domain,
          range: [
            [6, 3],
            [1, 0],
          ],
        },
        title: null,
      },
    },
  });
  return {
    config,
    data: { values },
    spacing: 46,
    hconcat: [panel("loss on the training data", "loss"), panel("right on the held-out data", "heldOutAccuracy")],
  } as TopLevelSpec;
}

/** 1 and some round numbers up to the last epoch. */
function ticks(last: number): number[] {
  const step = last <= 10 ? 1 : last <= 20 ? 2 : last <= 60 ? 5 : Math.ceil(last / 10);
  return [...new Set([1, ...Array.from({ length: Math.floor(last / step) }, (_, i) => (i + 1) * step)])];
}

const steep = (words: readonly string[]): boolean => words.length > 9 || words.some((word) => word.length > 12);

/** The words on the axis by position, since a word may come twice. */
function wordAxis(words: readonly string[]) {
  return {
    title: null,
    grid: false,
    ticks: false,
    domain: false,
    labelExpr: `${JSON.stringify(words)}[datum.value]`,
    labelFontSize: 13,
    labelOverlap: false as const,
    labelAngle: steep(words) ? -40 : 0,
    ...(steep(words) ? { labelAlign: "right" as const } : {}),
  };
}

/** Nearer than this to the middle, there is no opinion worth a colour. */
const decided = 0.1;

/** The probability of the second label after each word: a point a word, above or below the line of no opinion. */
export function opinionChart({ words, positive }: Opinion, labels: readonly [string, string]): TopLevelSpec {
  const values = words.map((_, t) => ({ t, positive: positive[t]! }));
  const x = { field: "t", type: "ordinal" as const, axis: wordAxis(words) };
  const y = {
    field: "positive",
    type: "quantitative" as const,
    scale: { domain: [0, 1] },
    axis: {
      title: null,
      values: [0, 0.5, 1],
      labelExpr: `datum.value === 0 ? ${JSON.stringify(cut(labels[0], 14))} : datum.value === 1 ? ${JSON.stringify(cut(labels[1], 14))} : '50 %'`,
      minExtent: 66,
      maxExtent: 66,
      domain: false,
      ticks: false,
    },
  };
  return {
    config,
    width: Math.max(310, words.length * 44),
    height: 130,
    // all of one size, so that the page shows them in one scale
    autosize: "none",
    padding: { left: 78, right: 62, top: 10, bottom: steep(words) ? 78 : 26 },
    data: { values },
    layer: [
      { mark: { type: "line", color: colours.faint, strokeWidth: 1.6 }, encoding: { x, y } },
      {
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: {
          x,
          y,
          color: {
            condition: { test: `abs(datum.positive - 0.5) > ${decided}`, value: colours.rnn },
            value: colours.faint,
          },
        },
      },
      {
        transform: [{ filter: `datum.t === ${words.length - 1}` }],
        mark: { type: "text", align: "left", dx: 12, fontSize: 12, fontWeight: 600, color: colours.ink, clip: false },
        encoding: { x, y, text: { value: percent(positive.at(-1) ?? Number.NaN) } },
      },
    ],
  } as TopLevelSpec;
}

export const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** ‖∂E/∂h_t‖ as a share of that at the last word. */
export function gradientChart({ words, shares }: GradientPerWord): TopLevelSpec {
  const x = { field: "t", type: "ordinal" as const, axis: wordAxis(words), scale: { paddingInner: 0.45, paddingOuter: 0.2 } };
  const y = { field: "share", type: "quantitative" as const, title: null, axis: percentAxis, scale: { domainMin: 0, nice: true } };
  return {
    config,
    width: Math.max(420, words.length * 50),
    height: 170,
    padding: { left: 4, right: 8, top: 20, bottom: 4 },
    data: { values: shares.map((share, t) => ({ t, share, shown: gradientShare(share) })) },
    layer: [
      { mark: { type: "bar", color: colours.adjoint }, encoding: { x, y } },
      {
        mark: { type: "text", dy: -9, fontSize: 12, fontWeight: 600, color: colours.ink },
        encoding: { x, y, text: { field: "shown" } },
      },
    ],
  } as TopLevelSpec;
}

/**
 * What bag of words knows of each word, and, beside the score that a word has, the ranges that the questions demand of it at once.
 */
export function scoreChart(
  scores: readonly { readonly word: string; readonly score: number }[],
  demands: readonly ScoreDemand[],
): TopLevelSpec {
  // wide enough for the text in the ranges beyond the bounds
  const reach = 2 * Math.max(0.5, ...scores.map((s) => Math.abs(s.score)), ...demands.map((d) => Math.abs(d.bound)));
  const words = scores.map((s) => s.word);
  const y = { field: "word", type: "ordinal" as const, sort: words, title: null, axis: { domain: false, ticks: false, labelFontSize: 13 } };
  const scale = { domain: [-reach, reach], nice: false };
  const x = (field: string) => ({
    field,
    type: "quantitative" as const,
    scale,
    title: "score: what the word adds",
    axis: { tickCount: 7, labelExpr: "datum.value === 0 ? '0' : format(datum.value, '+~g')" },
  });
  return {
    config,
    width: 480,
    height: { step: 46 },
    padding: { left: 4, right: 8, top: 4, bottom: 4 },
    layer: [
      {
        data: {
          values: demands.map((d) => ({
            word: d.word,
            from: d.below ? -reach : d.bound,
            to: d.below ? d.bound : reach,
            below: d.below,
            text: d.text,
          })),
        },
        layer: [
          {
            mark: { type: "bar", height: { band: 0.82 }, opacity: 0.16 },
            encoding: {
              y,
              x: x("from"),
              x2: { field: "to" },
              color: { value: colours.muted },
            },
          },
          ...[true, false].map((below) => ({
            transform: [{ filter: `datum.below === ${below}` }],
            mark: {
              type: "text" as const,
              align: below ? ("left" as const) : ("right" as const),
              dx: below ? 6 : -6,
              fontSize: 11.5,
              lineHeight: 14,
            },
            encoding: {
              y,
              x: x(below ? "from" : "to"),
              text: { field: "text" },
              color: { value: colours.muted },
            },
          })),
        ],
      },
      {
        data: {
          values: scores.map(({ word, score }) => ({ word, score, shown: `${score < 0 ? "−" : "+"}${Math.abs(score).toFixed(2)}` })),
        },
        layer: [
          { mark: { type: "bar", color: colours.bag, height: { band: 0.42 } }, encoding: { y, x: x("score"), x2: { datum: 0 } } },
          { mark: { type: "rule", color: colours.muted }, encoding: { x: { datum: 0, type: "quantitative", scale } } },
          ...[true, false].map((negative) => ({
            transform: [{ filter: negative ? "datum.score < 0" : "datum.score >= 0" }],
            mark: {
              type: "text" as const,
              // across the zero line from its bar, where no range can be
              align: negative ? ("left" as const) : ("right" as const),
              dx: negative ? 7 : -7,
              fontSize: 12,
              fontWeight: 600,
              color: colours.ink,
            },
            encoding: { y, x: { datum: 0, type: "quantitative" as const, scale }, text: { field: "shown" } },
          })),
        ],
      },
    ],
  } as TopLevelSpec;
}
