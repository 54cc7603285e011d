// Runs an example and writes what it found: report.json, and its pictures as SVG.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toDot } from "clew";
import { renderSvg } from "../../scripts/render-svg.ts";
import type { Example, Picture, Settings } from "./example.ts";

export interface Report {
  readonly gradientCheck: { readonly maxRelativeError: number; readonly verdict: string };
  readonly metrics: { readonly [name: string]: unknown };
  readonly seconds: number;
}

export async function carryOut(example: Example, settings: Settings, folder: string): Promise<Report> {
  const started = performance.now();
  const { metrics, gradientCheck, pictures } = await example(settings);
  const { maxRelativeError, verdict } = gradientCheck;
  const report: Report = { gradientCheck: { maxRelativeError, verdict }, metrics, seconds: (performance.now() - started) / 1000 };
  mkdirSync(folder, { recursive: true });
  for (const [file, picture] of Object.entries(pictures)) writeFileSync(join(folder, `${file}.svg`), await drawn(picture));
  writeFileSync(join(folder, "report.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  return report;
}

/** Charts take a moment to load: only who has one waits for it. */
export async function drawn(picture: Picture): Promise<string> {
  if ("graph" in picture) return renderSvg(toDot(picture.graph, { view: picture.view }));
  return (await import("../sentiment/report/charts.ts")).drawn(picture.chart);
}
