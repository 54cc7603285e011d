// What the benchmark says: a table in the terminal, a chart and a page for docs.

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TopLevelSpec } from "vega-lite";
import type { Row } from "./model.ts";

const columns = ["model", "hidden", "steps", "batch", "engine", "threads", "ms", "compile ms", "ready ms", "loss", "ms / Clew's"] as const;
const widths = [6, 7, 6, 6, 15, 8, 9, 11, 9, 9, 12] as const;

/** Numbers with three digits that matter. */
const digits = (n: number | null): string => (n === null ? "–" : n >= 100 ? n.toFixed(0) : n.toPrecision(3));

const line = (cells: readonly string[]): string =>
  cells.map((cell, i) => (columns[i] === "engine" ? `  ${cell.padEnd(widths[i]! - 2)}` : cell.padStart(widths[i]!))).join("");

/** The rows of one size, the fastest engine first. */
export function table(rows: readonly Row[], withTitle: boolean): string {
  const own = rows.find(({ engine }) => engine === "Clew")!;
  const lines = [...rows]
    .sort((a, b) => a.ms - b.ms)
    .map((row) =>
      line([
        row.model,
        `${row.hidden}`,
        `${row.steps}`,
        `${row.batch}`,
        row.engine,
        `${row.threads}`,
        digits(row.ms),
        digits(row.compileMs),
        digits(row.readyMs),
        row.loss.toFixed(5),
        (row.ms / own.ms).toFixed(2),
      ]),
    );
  return [...(withTitle ? [line(columns)] : []), ...lines, ""].join("\n");
}

const sizeOf = ({ model, hidden, steps, batch }: Row): string => `${model} ${hidden},${steps},${batch}`;

interface Compared {
  readonly size: string;
  readonly rows: readonly Row[];
  readonly best: Row | undefined;
  /** The best peer's time over Clew's: above 1, Clew is the faster. */
  readonly ratio: number | undefined;
}

function compared(rows: readonly Row[]): readonly Compared[] {
  return [...new Set(rows.map(sizeOf))].map((size) => {
    const of = rows.filter((row) => sizeOf(row) === size);
    const own = of.find(({ engine }) => engine === "Clew")!;
    const peers = of.filter((row) => row !== own).sort((a, b) => a.ms - b.ms);
    return { size, rows: of, best: peers[0], ratio: peers[0] === undefined ? undefined : peers[0].ms / own.ms };
  });
}

const inJavaScript: ReadonlySet<string> = new Set(["tfjs-wasm", "jax-js"]);

/** The geometric means of the better peer's time over Clew's, of those in JavaScript and of the others. */
function means(rows: readonly Row[]): readonly { readonly of: string; readonly mean: number }[] {
  const groups = [
    { of: "best of tfjs-wasm and jax-js", has: ({ engine }: Row) => inJavaScript.has(engine) },
    { of: "best of JAX and PyTorch", has: ({ engine }: Row) => engine !== "Clew" && !inJavaScript.has(engine) },
  ];
  return groups.flatMap(({ of, has }) => {
    const logs = compared(rows.filter((row) => row.engine === "Clew" || has(row))).flatMap(({ ratio }) =>
      ratio === undefined ? [] : [Math.log(ratio)],
    );
    return logs.length === 0 ? [] : [{ of, mean: Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length) }];
  });
}

const factor = (ratio: number): string => (ratio >= 1 ? `${ratio.toFixed(2)}× faster` : `${(1 / ratio).toFixed(2)}× slower`);

/** Clew and the best peer, for each size. */
export function ratios(rows: readonly Row[]): string {
  const lines = compared(rows).map(({ size, best, ratio }) =>
    best === undefined
      ? `${size.padEnd(18)} no peer`
      : `${size.padEnd(18)} ${factor(ratio!).padStart(14)} than ${best.engine}, the best peer (${best.threads} ${best.threads === 1 ? "thread" : "threads"})`,
  );
  return ["Clew is", ...lines, ...means(rows).map(({ of, mean }) => `${of.padEnd(28)} ${mean.toFixed(2)} as geometric mean`)].join("\n");
}

export interface About {
  readonly processor: string;
  readonly versions: readonly string[];
  readonly rounds: number;
  /** Of the machine before the run. */
  readonly load: number;
  readonly notes: readonly string[];
  readonly checkedStep: number;
  readonly tolerance: number;
}

const file = (name: string): string => fileURLToPath(new URL(`../docs/${name}`, import.meta.url));

export async function written(rows: readonly Row[], about: About): Promise<void> {
  mkdirSync(file("pictures"), { recursive: true });
  writeFileSync(file("benchmark.svg"), `${await drawn(chart(rows))}\n`);
  writeFileSync(file("benchmark.md"), page(rows, about));
}

function page(rows: readonly Row[], { processor, versions, rounds, load, notes, checkedStep, tolerance }: About): string {
  const engines = [...new Set(rows.map(({ engine }) => engine))];
  const peers = engines.filter((engine) => engine !== "Clew");
  const threads = (engine: string): number => rows.find((row) => row.engine === engine)!.threads;
  const named = (engine: string): string => `${engine}, ${threads(engine)} ${threads(engine) === 1 ? "thread" : "threads"}`;
  const cells = (of: readonly string[]): string => `| ${of.join(" | ")} |`;
  const body = compared(rows).map(({ size, rows: of, ratio }) => {
    const own = of.find(({ engine }) => engine === "Clew")!;
    const each = peers.map((peer) => {
      const row = of.find(({ engine }) => engine === peer);
      return row === undefined ? "–" : (row.ms / own.ms).toFixed(2);
    });
    return cells([size, ...each, ratio === undefined ? "–" : ratio.toFixed(2)]);
  });
  const ready = compared(rows).map(({ size, rows: of }) => {
    const own = of.find(({ engine }) => engine === "Clew")!.readyMs;
    const each = peers.map((name) => {
      const other = of.find(({ engine }) => engine === name)?.readyMs ?? null;
      return own === null || other === null ? "–" : (other / own).toFixed(2);
    });
    return cells([size, ...each]);
  });
  const rule = (count: number): string => `|---|${"---:|".repeat(count)}`;
  return `# How fast it trains

A character-level model with ${rows[0]!.vocabulary} characters: a row of U per character, an RNN or LSTM cell, a score per character, cross entropy averaged over all
steps and the batch. One step of training is the loss, the gradient of all parameters, and their update by SGD. All engines compute in f32, from the same weights
and the same characters; after ${checkedStep - 1} updates their losses agree with Clew's to ${tolerance}, relative.

![Time of a training step over that of Clew, for each size and engine](benchmark.svg)

A peer's time over Clew's: above 1, Clew is the faster; the last column is for the fastest peer. Sizes are hidden, steps, batch.

${cells(["size", ...peers.map(named), "best peer"])}
${rule(peers.length + 1)}
${body.join("\n")}

Geometric means over all sizes: ${means(rows)
    .map(({ of, mean }) => `${mean.toFixed(2)} for the ${of}`)
    .join(
      ", ",
    )}. Clew uses ${threads("Clew") === 1 ? "one thread" : `${threads("Clew")} threads`}. Times are the least over ${rounds} rounds in which the engines take turns, and tell ratios on this machine, nothing more: ${processor};
load of ${load.toFixed(1)} before the run${load > 0.5 ? "; where that is of work that went on beside it, expect ratios to be off by some tens of per cent, and what uses two threads to look slower than it is" : ""}. ${versions.join(", ")}.
${notes.length === 0 ? "" : `\n${notes.map((note) => `- ${note}`).join("\n")}\n`}
## Until it is fast

A peer's time over Clew's, from nothing (building the graph, compiling, first steps) until three steps in a row take at most 1.25 of a steady one. It is seen once
in a run, and the first size has the start of the process in it, too; – where that was not seen.

${cells(["size", ...peers])}
${rule(peers.length)}
${ready.join("\n")}

## To measure it again

\`npm run bench\` prints the table; \`-- --write\` writes this page; \`-- --help\` says what else there is. The peers in JavaScript are a package of their own, \`bench/package.json\`,
which is installed when the benchmark first runs. JAX and PyTorch come from a Python of yours: \`CLEW_BENCH_PYTHON=…/bin/python npm run bench\`.
`;
}

/** Vega takes a third of a second to load: only who draws waits for it. */
async function drawn(spec: TopLevelSpec): Promise<string> {
  const [{ compile }, { parse, View }] = await Promise.all([import("vega-lite"), import("vega")]);
  return await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}

function chart(rows: readonly Row[]): TopLevelSpec {
  const all = compared(rows);
  const values = all.flatMap(({ rows: of }) => {
    const own = of.find(({ engine }) => engine === "Clew")!;
    return of.map((row) => ({
      model: row.model.toUpperCase(),
      size: `${row.hidden}, ${row.steps}, ${row.batch}`,
      engine: row.engine,
      ratio: row.ms / own.ms,
    }));
  });
  const order = [...new Set(values.map(({ size }) => size))];
  return {
    data: { values },
    background: "white",
    config: {
      font: "system-ui, sans-serif",
      axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", gridColor: "#e8e8e4" },
    },
    facet: {
      column: {
        field: "model",
        type: "nominal",
        sort: ["RNN", "LSTM"],
        title: null,
        header: { labelFontSize: 14, labelFontWeight: "bold" },
      },
    },
    spec: {
      width: 330,
      height: 240,
      mark: { type: "line", point: { size: 55, filled: true }, strokeWidth: 2 },
      encoding: {
        x: { field: "size", type: "ordinal", sort: order, title: "hidden, steps, batch", axis: { labelAngle: -35 } },
        y: {
          field: "ratio",
          type: "quantitative",
          scale: { type: "log" },
          title: "time of a step over Clew's",
          axis: { format: "~g", tickCount: 5 },
        },
        color: {
          field: "engine",
          type: "nominal",
          title: null,
          sort: null,
          scale: { range: ["#1d1d1b", "#d1603d", "#3a7ca5", "#6a994e", "#8e6c8a", "#c9a227"] },
          legend: { orient: "top", labelFontSize: 12, symbolType: "stroke", symbolStrokeWidth: 2.2 },
        },
      },
    },
  };
}
