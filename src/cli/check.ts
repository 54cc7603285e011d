// `clew check`: the derived gradient against numeric differences, as a table.

import * as E from "fp-ts/lib/Either.js";
import type { CheckedEntry, GradientReport, ParameterCheck } from "../autodiff/check/report.ts";
import { fails } from "../autodiff/check/report.ts";
import * as fp from "../fp.ts";
import { nameOf } from "../graph/make.ts";
import { drawnFeeds } from "./feeds.ts";
import { type Command, columns, countOption, type Given, type Out, seedOption } from "./options.ts";
import { builtFor, loadScript, titleOf } from "./script.ts";

export const check: Command = {
  name: "check",
  takes: "model.ts",
  count: [1, 1],
  does: "is the derived gradient right? A numeric proof, parameter by parameter",
  about: `Compares the gradient that Clew derived with numeric differences of the loss, in f64, for a batch that is drawn by seed (or that the script's own
"example" gives). A relative error above 1e-7 fails, with exit code 1.`,
  options: {
    seed: seedOption,
    time: countOption("time steps (5 when left out)"),
    batch: countOption("examples side by side (3 when left out)"),
    entries: countOption("a parameter with more numbers is checked along random directions, which is quicker (1024 when left out)"),
    directions: countOption("how many random directions (16 when left out)"),
    order: { value: "1|2", about: "2 checks the second derivatives too", right: { test: (v) => v === "1" || v === "2", is: "1 or 2" } },
  },
  run: async ([file], given, { stdout }) => {
    const script = await loadScript(file!);
    if (E.isLeft(script)) return script;
    const sizes = { time: Number(given.time ?? 5), batch: Number(given.batch ?? 3) };
    const seed = Number(given.seed ?? 0);
    const made = builtFor(script.right, sizes);
    if (E.isLeft(made)) return made;
    const { loss } = made.right;
    const graph = fp.graph(loss);
    if (E.isLeft(graph)) return graph;
    const names = new Set(graph.right.inputs.map((n) => nameOf(n)!));
    const example = script.right.example?.(sizes, seed);
    const feeds = example === undefined ? drawnFeeds(graph.right, sizes.time, seed) : only(example, names);
    const limits = Object.fromEntries(
      ["entries", "directions"].flatMap((name) => (given[name] === undefined ? [] : [[name, Number(given[name])] as const])),
    );
    const report = fp.checkGradients(loss, { feeds, seed, order: given.order === "2" ? 2 : 1, ...limits });
    if (E.isLeft(report)) return report;
    const reached = new Set(graph.right.parameters);
    const unreached = Object.values(script.right.parameters)
      .filter((p) => !reached.has(p))
      .map((p) => p.parameter);
    print(stdout, given, { script: file!, seed, ...sizes, unreached, ...report.right });
    return E.right(report.right.verdict === "pass" ? 0 : 1);
  },
};

function only<V>(values: { readonly [name: string]: V }, names: ReadonlySet<string>): { readonly [name: string]: V } {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
}

interface Told extends GradientReport {
  readonly script: string;
  readonly seed: number;
  readonly time: number;
  readonly batch: number;
  /** Parameters that the loss does not read. */
  readonly unreached: readonly string[];
}

function print(out: Out, { json }: Given, told: Told): void {
  out.write(json !== undefined ? `${JSON.stringify(told)}\n` : `${page(told).join("\n")}\n`);
}

function page({ script, seed, time, batch, unreached, ...report }: Told): readonly string[] {
  const { parameters, loss, tolerance, kinks, reasons = [], verdict, maxRelativeError, worst } = report;
  const rows = parameters.map((p) => [nameIn(p), shapeOf(p), howOf(p), p.maxRelativeError.toExponential(1), fails(p) ? "FAIL" : "pass"]);
  return [
    `${titleOf(script)}   time ${time}, batch ${batch}, seed ${seed}   loss ${loss.toPrecision(6)}`,
    "",
    ...columns([["parameter", "shape", "checked", "max relative error", "verdict"], ...rows]),
    "",
    ...(kinks.length > 0 ? [`${kinks.length} on a kink, where one-sided derivatives were compared`] : []),
    ...unreached.map((name) => `${name}: the loss does not read it`),
    ...reasons,
    verdict === "pass"
      ? `pass: derived and numeric gradient differ by ${maxRelativeError.toExponential(1)} at most (relative), ${tolerance} is allowed`
      : `FAIL${stepOf(worst)}`,
  ];
}

const nameIn = ({ parameter, order }: ParameterCheck): string => (order === 1 ? parameter : `${parameter} (second order)`);
const shapeOf = ({ dims, shape }: ParameterCheck): string => `[${dims.map((name, i) => `${name}=${shape[i]}`).join(", ")}]`;
const howOf = ({ checked, count }: ParameterCheck): string =>
  `${count} ${checked === "every entry" ? "entries, all" : "random directions"}`;
const stepOf = (worst: CheckedEntry | undefined): string => (worst?.step === undefined ? "" : `: most at ${worst.step}`);
