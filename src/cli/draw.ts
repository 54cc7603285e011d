// `clew draw`: pictures of a model's graph.

import { extname } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { grad } from "../autodiff/derivatives.ts";
import { type DotOptions, toDot } from "../export/dot.ts";
import * as fp from "../fp.ts";
import { type Checked, diagnostic } from "../graph/diagnostics.ts";
import type { Tensor } from "../graph/node.ts";
import { writeFile } from "../train/files.ts";
import { type Command, choiceOption, countOption } from "./options.ts";
import { builtFor, loadScript, titleOf } from "./script.ts";
import { renderSvg } from "./svg.ts";

export const draw: Command = {
  name: "draw",
  takes: "model.ts",
  count: [1, 1],
  does: "a picture: the cell, its steps in time, or the way of the gradient back",
  about: `Draws how the loss is computed. folded: the cell once, with the recurrent edge. unrolled: each step, and one W with an arrow to each use.
backward: beside the states their adjoints, with local derivatives on the arrows.`,
  options: {
    view: choiceOption("folded when left out", ["folded", "unrolled", "backward"]),
    format: choiceOption("what FILE's ending says when left out, or dot; svg needs the package graphviz-cli", ["dot", "svg"]),
    out: { value: "FILE", about: "where it goes (to the terminal when left out)" },
    time: countOption("time steps (4 when left out)"),
    batch: countOption("examples side by side (1 when left out)"),
    steps: countOption("steps that are shown at most: the first, an ellipsis, the last (5 when left out)"),
  },
  run: async ([file], { view = "folded", format, out, time = "4", batch = "1", steps = "5", json }, { stdout }) => {
    const script = await loadScript(file!);
    if (E.isLeft(script)) return script;
    const made = builtFor(script.right, { time: Number(time), batch: Number(batch) });
    if (E.isLeft(made)) return made;
    const { loss } = made.right;
    const gradient = (): object => grad(loss, { ...script.right.parameters }, { unreached: "zero" }) as { readonly [name: string]: Tensor };
    const graph = fp.graph(view === "backward" ? { loss, gradient: gradient() } : { loss });
    if (E.isLeft(graph)) return graph;
    const dot = toDot(graph.right, { view: view as NonNullable<DotOptions["view"]>, title: titleOf(file!), steps: Number(steps) });
    const kind = format ?? (extname(out ?? "").toLowerCase() === ".svg" ? "svg" : "dot");
    const picture = kind === "dot" ? E.right(dot) : await svgOf(dot);
    if (E.isLeft(picture)) return picture;
    if (out !== undefined) {
      const written = await writeFile("draw", out, new TextEncoder().encode(picture.right))();
      if (E.isLeft(written)) return written;
    }
    if (json !== undefined)
      stdout.write(`${JSON.stringify({ view, format: kind, ...(out === undefined ? { picture: picture.right } : { out }) })}\n`);
    else if (out === undefined) stdout.write(picture.right);
    return E.right(0);
  },
};

async function svgOf(dot: string): Promise<Checked<string>> {
  try {
    return E.right(await renderSvg(dot));
  } catch (error) {
    if ((error as { readonly code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    const hint = "npm install graphviz-cli; or --format dot, and any Graphviz: dot -Tsvg";
    return E.left([
      diagnostic({ code: "BadArgument", op: "draw", message: "svg is drawn by the package graphviz-cli, which is not installed", hint }),
    ]);
  }
}
