// A picture as DOT text. Only what every Graphviz knows: plain labels, six-digit colours, fonts by one name (Helvetica, which each renderer
// replaces by what it has).

import { grouped } from "./grouped.ts";

export type Role = "input" | "parameter" | "state" | "op" | "output" | "adjoint" | "gradient" | "ellipsis";
export type EdgeRole = "data" | "recurrent" | "weight" | "mask" | "adjoint" | "gradient";

export interface PictureBox {
  readonly id: string;
  readonly lines: readonly string[];
  readonly role: Role;
  readonly frame?: string | undefined;
  /** Centre in points, where the picture is laid out by us. */
  readonly x?: number;
  readonly y?: number;
  readonly round?: boolean;
}

export interface PictureEdge {
  readonly from: string;
  readonly to: string;
  readonly role: EdgeRole;
  readonly label?: string | undefined;
  /** The label is a parameter's name. */
  readonly weighs?: boolean;
  /** DOT attributes that only place. */
  readonly placing?: Readonly<Record<string, string>>;
}

export interface Frame {
  readonly id: string;
  readonly label: string;
  /** Corners in points, where the picture is laid out by us. */
  readonly corners?: readonly [left: number, bottom: number, right: number, top: number];
  readonly bare?: boolean;
}

export interface Picture {
  readonly title?: string | undefined;
  readonly pinned: boolean;
  readonly boxes: readonly PictureBox[];
  readonly edges: readonly PictureEdge[];
  readonly frames: readonly Frame[];
  readonly legend?: { readonly x: number; readonly y: number } | undefined;
  readonly direction?: "BT" | "LR";
}

const colours: Readonly<Record<Role, { readonly fill: string; readonly line: string; readonly legend: string }>> = {
  input: { fill: "#e3effb", line: "#3b76b5", legend: "input" },
  parameter: { fill: "#fdf0d0", line: "#b7791f", legend: "parameter" },
  state: { fill: "#dff3e3", line: "#2f855a", legend: "state" },
  op: { fill: "#f1f2f4", line: "#6b7280", legend: "operation" },
  output: { fill: "#ece5fa", line: "#6b46c1", legend: "output" },
  adjoint: { fill: "#fde4e1", line: "#c53030", legend: "adjoint δ" },
  gradient: { fill: "#fbd9e7", line: "#b83280", legend: "gradient" },
  ellipsis: { fill: "#ffffff", line: "#9ca3af", legend: "" },
};

const lines: Readonly<
  Record<EdgeRole, { readonly colour: string; readonly style?: string; readonly width?: number; readonly legend: string }>
> = {
  data: { colour: "#4b5563", legend: "" },
  recurrent: { colour: "#2f855a", width: 1.6, legend: "to the next step" },
  weight: { colour: "#b7791f", legend: "" },
  mask: { colour: "#9ca3af", style: "dotted", legend: "mask" },
  adjoint: { colour: "#c53030", width: 1.6, legend: "back, by the local derivative" },
  gradient: { colour: "#b83280", legend: "one term of the sum" },
};

/** A DOT string: quotes and backslashes escaped, line breaks as \n. */
export function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a name may hold anything; XML and DOT may not
  const printable = text.replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, " ");
  return `"${printable.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** A label with room between it and a vertical line, beside which it is put. */
export function aside(label: string): string {
  return `\u00a0\u00a0${label}\u00a0\u00a0`;
}

type Attributes = Readonly<Record<string, string | undefined>>;

function attributes(of: Attributes): string {
  const given = Object.entries(of).filter((e): e is [string, string] => e[1] !== undefined);
  return given.length === 0 ? "" : ` [${given.map(([k, v]) => `${k}=${quoted(v)}`).join(", ")}]`;
}

const points = (n: number): string => String(Math.round(n * 10) / 10);

export function printDot(picture: Picture): string {
  const { title, pinned, boxes, edges, frames } = picture;
  const out = ["digraph clew {"];
  const say = (line: string, depth = 1) => out.push(`${"  ".repeat(depth)}${line}`);
  const layout: Attributes = pinned
    ? { layout: "neato", inputscale: "72", splines: "line", outputorder: "edgesfirst" }
    : { rankdir: picture.direction ?? "BT", ranksep: "0.45", nodesep: "0.35" };
  const named: Attributes = title === undefined ? {} : { label: title, labelloc: "t", fontsize: "15" };
  say(`graph${attributes({ ...layout, fontname: "Helvetica", fontcolor: "#1f2937", pad: "0.15", ...named })};`);
  say(
    `node${attributes({ shape: "box", style: "rounded,filled", fontname: "Helvetica", fontsize: "12", fontcolor: "#111827", margin: "0.14,0.06", height: "0.4", width: "0.5" })};`,
  );
  say(`edge${attributes({ fontname: "Helvetica", fontsize: "10", arrowsize: "0.7", color: lines.data.colour })};`);
  const inFrame = grouped(boxes, (b) => b.frame);
  for (const frame of frames) {
    say(`subgraph ${quoted(`cluster_${frame.id}`)} {`);
    const label = frame.label === "" ? {} : { label: frame.label };
    say(
      `graph${attributes({ ...label, labelloc: pinned ? "b" : "t", labeljust: pinned ? "c" : "r", style: "rounded", color: frame.bare ? "#ffffff" : "#d1d5db", fontsize: "10", fontcolor: "#6b7280", margin: "10" })};`,
      2,
    );
    if (frame.corners !== undefined) {
      const [left, bottom, right, top] = frame.corners;
      // invisible corners give a frame its size
      for (const [i, [x, y]] of [
        [left, bottom],
        [right, top],
      ].entries())
        say(
          `${quoted(`${frame.id}_${i}`)}${attributes({ shape: "point", style: "invis", width: "0", height: "0", label: "", pos: `${points(x!)},${points(y!)}!` })};`,
          2,
        );
    }
    for (const box of inFrame.get(frame.id) ?? []) say(printBox(box), 2);
    say("}");
  }
  for (const box of inFrame.get(undefined) ?? []) say(printBox(box));
  for (const e of edges) say(printEdge(e));
  if (picture.legend !== undefined || !pinned) legend(picture, say);
  out.push("}");
  return `${out.join("\n")}\n`;
}

function printBox({ id, lines: text, role, x, y, round }: PictureBox): string {
  const { fill, line } = colours[role];
  const place = x === undefined || y === undefined ? {} : { pos: `${points(x)},${points(y)}!` };
  const look: Attributes =
    role === "ellipsis" ? { shape: "plaintext", style: "solid", fontsize: "18", fontcolor: line } : { fillcolor: fill, color: line };
  return `${quoted(id)}${attributes({ label: text.join("\n"), ...look, ...(round ? { shape: "circle", margin: "0.02", width: "0.35", height: "0.35" } : {}), ...place })};`;
}

function printEdge({ from, to, role, label, weighs, placing }: PictureEdge): string {
  const { colour, style, width } = lines[role];
  return `${quoted(from)} -> ${quoted(to)}${attributes({
    label,
    color: colour,
    fontcolor: weighs && role === "data" ? colours.parameter.line : colour,
    style,
    penwidth: width === undefined ? undefined : String(width),
    ...placing,
  })};`;
}

/** What the colours mean: of those that occur. */
function legend(picture: Picture, say: (line: string, depth?: number) => void): void {
  const roles = (Object.keys(colours) as Role[]).filter((r) => colours[r].legend !== "" && picture.boxes.some((b) => b.role === r));
  if (picture.legend === undefined) {
    say(`subgraph "cluster_legend" {`);
    say(`graph${attributes({ style: "invis" })};`, 2);
    say(`node${attributes({ fontsize: "9", height: "0.22", width: "0.4", margin: "0.06,0.02" })};`, 2);
    for (const role of roles)
      say(
        `${quoted(`legend_${role}`)}${attributes({ label: colours[role].legend, fillcolor: colours[role].fill, color: colours[role].line })};`,
        2,
      );
    // two columns, so that the legend is not higher than a small picture
    const perColumn = roles.length > 4 ? Math.ceil(roles.length / 2) : roles.length;
    for (const [i, role] of roles.entries())
      if (i % perColumn > 0) say(`${quoted(`legend_${roles[i - 1]}`)} -> ${quoted(`legend_${role}`)}${attributes({ style: "invis" })};`, 2);
    say("}");
    return;
  }
  let { x } = picture.legend;
  const { y } = picture.legend;
  const small: Attributes = { fontsize: "9", height: "0.22", width: "0.1", margin: "0.06,0.02" };
  const item = (name: string, text: string, look: Attributes) => {
    const width = [...text].length * 5 + 14;
    say(`${quoted(`legend_${name}`)}${attributes({ label: text, ...look, ...small, pos: `${points(x + width / 2)},${points(y)}!` })};`);
    x += width + 10;
  };
  for (const role of roles) item(role, colours[role].legend, { fillcolor: colours[role].fill, color: colours[role].line });
  for (const role of Object.keys(lines) as EdgeRole[]) {
    const { legend: text, colour } = lines[role];
    if (text !== "" && picture.edges.some((e) => e.role === role))
      item(role === "adjoint" || role === "gradient" ? `${role}s` : role, `→ ${text}`, {
        shape: "plaintext",
        style: "solid",
        fontcolor: colour,
      });
  }
}
